"""Keys: found in memory, stopped at once, never told apart by more than they may know."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.accounts.keys import CacheTimes, Keys
from openhearth.core.allowance import Allowance, Bound, Limit
from openhearth.core.errors import AccessError, RequestError
from openhearth.core.permissions import Role
from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql import SqlRecords

PEPPER = b"p" * 32


class Clock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time


class Watched(SqlRecords):
    """The real records, counting lookups, failing and pausing on demand."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.lookups = 0
        self.is_away = False
        self.answered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    @override
    async def key_by_digest(self, digest: str) -> KeyRecord | None:
        self.lookups += 1
        if self.is_away:
            raise OSError("The store is away.")
        found = await super().key_by_digest(digest)
        self.answered.set()
        await self.go_on.wait()
        return found


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Watched]:
    made = Watched(f"sqlite:///{tmp_path / 'records.db'}")
    await made.open()
    yield made
    await made.close()


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


async def test_a_new_key_stands_for_what_it_was_made_with(keys: Keys, records: Watched) -> None:
    record, text = await keys.create(
        name="laptop", owner="team", is_admin=True, allowance=Allowance(quota_micros=5), models=["gpt-*"]
    )
    assert keys.find_cached(text.encode()) is None  # its first use is one to be noted
    principal = await keys.find(text.encode())
    lookups = records.lookups
    assert (principal.key_id, principal.owner, principal.name) == (record.id, "team", "laptop")
    assert (principal.role, principal.models) == (Role.ROOT, ("gpt-*",))
    assert principal.limits == (Limit(f"key:{record.id}", Bound.TOTAL, 5000),)
    assert principal.scopes == (f"key:{record.id}", "user:user_root", "org:org_default")
    assert keys.find_cached(text.encode()) == principal
    assert records.lookups == lookups


async def test_after_a_restart_the_store_is_asked_once(keys: Keys, records: Watched, clock: Clock) -> None:
    record, text = await keys.create(name="laptop")
    restarted = again(records, clock)
    records.lookups = 0
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
    await keys.find(text.encode())
    assert await keys.disable(record.id)
    assert keys.find_cached(text.encode()) is None
    with pytest.raises(AccessError, match="disabled"):
        await keys.find(text.encode())
    with pytest.raises(AccessError, match="disabled"):
        keys.find_cached(text.encode())
    assert await keys.enable(record.id)
    assert (await keys.find(text.encode())).key_id == record.id


async def test_what_is_moderated_of_a_key_can_be_changed(keys: Keys, records: Watched, clock: Clock) -> None:
    record, text = await keys.create(name="a")
    await keys.find(text.encode())
    changed = await keys.change(record.id, {"moderate": "both"})
    assert changed is not None
    assert (changed.moderate, changed.digest) == ("both", "")
    assert keys.find_cached(text.encode()) is None
    assert (await keys.find(text.encode())).screens == "both"
    assert (await again(records, clock).find(text.encode())).screens == "both"
    assert await keys.change("key_none", {"moderate": "off"}) is None
    with pytest.raises(RequestError):
        await keys.change(record.id, {"moderate": "some"})


async def test_disabling_a_key_that_is_not_there_says_so(keys: Keys) -> None:
    assert not await keys.disable("key_none")


async def test_a_lookup_under_way_does_not_bring_a_disabled_key_back(
    keys: Keys, records: Watched, clock: Clock
) -> None:
    record, text = await keys.create(name="a")
    restarted = again(records, clock)
    records.go_on.clear()
    records.answered.clear()
    records.lookups = 0
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
    await keys.find(text.encode())
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
    await records.change_key(record.id, {"disabled": True})
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
    records.answered.clear()
    records.lookups = 0
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


@pytest.mark.parametrize("field", ["models", "operations"])
@pytest.mark.parametrize("names", [("",), ("a*b",), ("x" * 257,), ("two\nlines",), tuple("m" * 201)])
async def test_a_bad_list_is_refused(keys: Keys, field: str, names: tuple[str, ...]) -> None:
    record, _ = await keys.create(name="a")
    with pytest.raises(RequestError) as caught:
        await keys.change(record.id, {field: names})
    assert caught.value.param == field


async def test_operations_that_there_are_not_are_refused(keys: Keys) -> None:
    record, _ = await keys.create(name="a", operations=["chat", "image*", "*"])
    with pytest.raises(RequestError, match=r"'chats' is none of chat, .* nor the beginning of one"):
        await keys.change(record.id, {"operations": ("chat", "chats")})


@pytest.mark.parametrize("network", ["", "10.0.0.1/8", "300.1.1.1", "2001:db8::1/32", "example.com", "1.2.3.4/33"])
async def test_what_is_no_network_is_refused(keys: Keys, network: str) -> None:
    with pytest.raises(RequestError, match="ips"):
        await keys.create(name="a", ips=[network])


async def test_a_rotated_key_has_a_new_secret_and_the_same_id(keys: Keys, records: Watched) -> None:
    record, old = await keys.create(name="a", models=["m"])
    await keys.find(old.encode())
    rotated = await keys.rotate(record.id)
    assert rotated is not None
    after, new = rotated
    assert (after.id, after.models, after.hint) == (record.id, ("m",), new[-4:])
    assert (await keys.find(new.encode())).key_id == record.id
    with pytest.raises(AccessError, match="not known"):
        await keys.find(old.encode())
    assert await keys.rotate("key_none") is None


async def test_an_old_secret_goes_on_for_as_long_as_was_said(records: Watched) -> None:
    clock = Clock()
    clock.time = time.time()
    keys = Keys(records, PEPPER, now=clock)
    record, old = await keys.create(name="a")
    rotated = await keys.rotate(record.id, overlap_s=3600)
    assert rotated is not None
    assert (await keys.find(old.encode())).key_id == (await keys.find(rotated[1].encode())).key_id
    clock.time += 3600
    with pytest.raises(AccessError) as caught:
        await keys.find(old.encode())
    assert caught.value.code == "key_expired"
    clock.time += 1
    assert (await keys.find(rotated[1].encode())).key_id == record.id


async def test_a_change_under_way_is_seen_by_a_lookup_that_read_before_it(
    keys: Keys, records: Watched, clock: Clock
) -> None:
    record, text = await keys.create(name="a")
    restarted = again(records, clock)
    records.go_on.clear()
    records.answered.clear()
    records.lookups = 0
    lookup = asyncio.create_task(restarted.find(text.encode()))
    await records.answered.wait()
    await restarted.change(record.id, {"models": ("new",)})
    records.go_on.set()
    assert (await lookup).models == ("new",)
    assert records.lookups == 2
