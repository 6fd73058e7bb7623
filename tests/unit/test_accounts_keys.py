"""Keys: found in memory, stopped at once, never told apart by more than they may know."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.accounts.keys import CacheTimes, Keys
from openhearth.core.errors import AccessError, RequestError
from openhearth.stores.ports import KeyRecord, KeyRecords
from openhearth.stores.sql import SqlRecords

PEPPER = b"p" * 32


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class Watched(KeyRecords):
    """The real records, counting lookups, failing and pausing on demand."""

    def __init__(self, inner: KeyRecords) -> None:
        self._inner = inner
        self.lookups = 0
        self.is_away = False
        self.answered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    @override
    async def add_key(self, key: KeyRecord) -> None:
        await self._inner.add_key(key)

    @override
    async def key_by_digest(self, digest: str) -> KeyRecord | None:
        self.lookups += 1
        if self.is_away:
            raise OSError("The store is away.")
        found = await self._inner.key_by_digest(digest)
        self.answered.set()
        await self.go_on.wait()
        return found

    @override
    async def list_keys(self) -> Sequence[KeyRecord]:
        return await self._inner.list_keys()

    @override
    async def disable_key(self, key_id: str) -> bool:
        return await self._inner.disable_key(key_id)

    @override
    async def moderate_key(self, key_id: str, moderate: str) -> KeyRecord | None:
        return await self._inner.moderate_key(key_id, moderate)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Watched]:
    inner = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await inner.open()
    yield Watched(inner)
    await inner.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(records: Watched, clock: Clock) -> Keys:
    return Keys(records, PEPPER, now=clock)


def again(records: Watched, clock: Clock, bounds: tuple[int, int] = (100, 100)) -> Keys:
    """The same store after a restart."""
    return Keys(records, PEPPER, now=clock, bounds=bounds)


async def test_a_new_key_has_its_form_and_is_stored_as_an_hmac_only(keys: Keys, records: Watched) -> None:
    record, text = await keys.create(name="laptop")
    assert text.startswith("sk-oh-")
    assert len(text) == len("sk-oh-") + 43
    assert record.digest == hmac.digest(PEPPER, text.encode(), "sha256").hex()
    assert record.hint == text[-4:]
    assert text not in repr(await records.list_keys())
    assert record.owner == record.id


async def test_two_keys_are_two_secrets(keys: Keys) -> None:
    assert (await keys.create(name="a"))[1] != (await keys.create(name="a"))[1]


async def test_a_new_key_works_without_asking_the_store(keys: Keys, records: Watched) -> None:
    record, text = await keys.create(name="laptop", owner="team", is_admin=True, quota_micros=5, models=["gpt-*"])
    principal = keys.find_cached(text.encode())
    assert principal is not None
    assert (principal.key_id, principal.owner, principal.name) == (record.id, "team", "laptop")
    assert (principal.is_admin, principal.quota_micros, principal.models) == (True, 5, ("gpt-*",))
    assert records.lookups == 0


async def test_after_a_restart_the_store_is_asked_once(keys: Keys, records: Watched, clock: Clock) -> None:
    record, text = await keys.create(name="laptop")
    restarted = again(records, clock)
    assert restarted.find_cached(text.encode()) is None
    assert (await restarted.find(text.encode())).key_id == record.id
    cached = restarted.find_cached(text.encode())
    assert cached is not None
    assert cached.key_id == record.id
    assert records.lookups == 1


async def test_unknown_disabled_and_expired_are_told_apart_without_echo(keys: Keys, clock: Clock) -> None:
    disabled, disabled_text = await keys.create(name="a")
    _, expired_text = await keys.create(name="b", expires_at=clock.time + 10)
    await keys.disable(disabled.id)
    clock.time += 10
    told = {}
    for token in ("sk-oh-secret-of-someone", disabled_text, expired_text):
        with pytest.raises(AccessError) as caught:
            await keys.find(token.encode())
        assert token not in caught.value.message
        assert caught.value.status == 401
        told[caught.value.code] = caught.value.message
    assert set(told) == {"invalid_api_key", "key_disabled", "key_expired"}
    assert len(set(told.values())) == 3


async def test_a_disabled_key_stops_at_once(keys: Keys) -> None:
    record, text = await keys.create(name="a")
    assert keys.find_cached(text.encode()) is not None
    assert await keys.disable(record.id)
    with pytest.raises(AccessError, match="disabled"):
        keys.find_cached(text.encode())


async def test_what_is_moderated_of_a_key_can_be_changed(keys: Keys, records: Watched, clock: Clock) -> None:
    record, text = await keys.create(name="a")
    changed = await keys.moderate(record.id, "both")
    assert changed is not None
    assert (changed.moderate, changed.digest) == ("both", "")
    cached = keys.find_cached(text.encode())
    assert cached is not None
    assert cached.screens == "both"
    assert (await again(records, clock).find(text.encode())).screens == "both"
    assert await keys.moderate("key_none", "off") is None
    with pytest.raises(RequestError):
        await keys.moderate(record.id, "some")


async def test_disabling_a_key_that_is_not_there_says_so(keys: Keys) -> None:
    assert not await keys.disable("key_none")


async def test_a_lookup_under_way_does_not_bring_a_disabled_key_back(
    keys: Keys, records: Watched, clock: Clock
) -> None:
    record, text = await keys.create(name="a")
    restarted = again(records, clock)
    records.go_on.clear()
    lookup = asyncio.create_task(restarted.find(text.encode()))
    await records.answered.wait()
    await restarted.disable(record.id)
    records.go_on.set()
    with pytest.raises(AccessError, match="disabled"):
        await lookup
    with pytest.raises(AccessError, match="disabled"):
        restarted.find_cached(text.encode())


async def test_a_key_expires_while_it_is_cached(keys: Keys, clock: Clock) -> None:
    _, text = await keys.create(name="a", expires_at=clock.time + 5)
    clock.time += 4.9
    assert keys.find_cached(text.encode()) is not None
    clock.time += 0.1
    with pytest.raises(AccessError, match="expired on 1970-01-12"):
        keys.find_cached(text.encode())


async def test_an_unknown_token_is_remembered_for_a_short_time(keys: Keys, records: Watched, clock: Clock) -> None:
    with pytest.raises(AccessError):
        await keys.find(b"sk-oh-wrong")
    with pytest.raises(AccessError):
        keys.find_cached(b"sk-oh-wrong")
    assert records.lookups == 1
    clock.time += CacheTimes().unknown_s
    assert keys.find_cached(b"sk-oh-wrong") is None


async def test_a_key_disabled_elsewhere_stops_when_it_is_looked_at_again(
    keys: Keys, records: Watched, clock: Clock
) -> None:
    record, text = await keys.create(name="a")
    await records.disable_key(record.id)
    clock.time += CacheTimes().fresh_s + 1
    assert keys.find_cached(text.encode()) is None
    with pytest.raises(AccessError, match="disabled"):
        await keys.find(text.encode())


async def test_a_key_in_use_goes_on_while_the_store_is_away_but_not_for_ever(
    keys: Keys, records: Watched, clock: Clock
) -> None:
    _, text = await keys.create(name="a")
    records.is_away = True
    for _ in range(9):
        clock.time += CacheTimes().fresh_s + 1
        assert keys.find_cached(text.encode()) is None
        await keys.find(text.encode())
        assert keys.find_cached(text.encode()) is not None
    clock.time += CacheTimes().fresh_s + 1
    with pytest.raises(OSError, match="away"):
        await keys.find(text.encode())


async def test_an_unseen_token_fails_with_the_store(keys: Keys, records: Watched) -> None:
    records.is_away = True
    with pytest.raises(OSError, match="away"):
        await keys.find(b"sk-oh-never-seen")


async def test_calls_go_on_while_a_key_is_looked_at_again(keys: Keys, records: Watched, clock: Clock) -> None:
    _, text = await keys.create(name="a")
    clock.time += CacheTimes().fresh_s + 1
    records.go_on.clear()
    lookup = asyncio.create_task(keys.find(text.encode()))
    await records.answered.wait()
    assert keys.find_cached(text.encode()) is not None
    records.go_on.set()
    await lookup
    assert records.lookups == 1


async def test_memory_is_bounded_by_the_oldest_leaving(keys: Keys, records: Watched, clock: Clock) -> None:
    texts = [(await keys.create(name=str(number)))[1] for number in range(4)]
    small = again(records, clock, bounds=(3, 2))
    for text in texts:
        await small.find(text.encode())
    assert small.find_cached(texts[0].encode()) is None
    assert all(small.find_cached(text.encode()) for text in texts[1:])
    for number in range(3):
        with pytest.raises(AccessError):
            await small.find(b"wrong %d" % number)
    assert small.find_cached(b"wrong 0") is None
    with pytest.raises(AccessError):
        small.find_cached(b"wrong 2")


async def test_a_list_holds_no_digest(keys: Keys) -> None:
    record, _ = await keys.create(name="a")
    listed = await keys.list()
    assert [(key.id, key.digest, key.hint) for key in listed] == [(record.id, "", record.hint)]


@pytest.mark.parametrize("token", [b"", b"\xff\xfe", b"' OR 1=1 --", b"x" * 100_000])
async def test_any_bytes_are_just_an_unknown_key(keys: Keys, token: bytes) -> None:
    with pytest.raises(AccessError):
        await keys.find(token)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "\u202ereversed"])
async def test_a_bad_name_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(RequestError, match="name"):
        await keys.create(name=name)


async def test_what_is_moderated_is_kept_and_known(keys: Keys) -> None:
    for moderate, screens in (("off", ""), ("input", "input"), ("output", "output"), ("both", "both")):
        record, text = await keys.create(name="a", moderate=moderate)
        assert record.moderate == moderate
        assert (await keys.find(text.encode())).screens == screens
    with pytest.raises(RequestError, match="moderate"):
        await keys.create(name="a", moderate="sometimes")


async def test_a_negative_quota_is_refused(keys: Keys) -> None:
    with pytest.raises(RequestError, match="quota"):
        await keys.create(name="a", quota_micros=-1)
