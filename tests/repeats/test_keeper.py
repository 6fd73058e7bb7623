"""The records behind the keys: one of many runs, dead processes let go, nothing stays longer than it should."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from openhearth.config import Idempotency
from openhearth.core.call import Principal
from openhearth.core.errors import Conflict
from openhearth.stores.repeats_ports import RepeatRecord, RepeatState
from openhearth.stores.sql.repeats import SqlRepeats
from openhearth.surfaces.repeats.answers import Head
from openhearth.surfaces.repeats.keeper import Claim, Keeper, Place
from openhearth.surfaces.repeats.sealing import FRAME_BYTES, Damaged, Seal
from tests.repeats.serving import SECRET, Alive, Clock, keeper, stores

ONE = Principal("key_1", "owner_1", "one")
HEAD = Head(200, [(b"content-type", b"audio/mpeg")])


def _place(kept: Keeper, key: str = "k") -> Place:
    return kept.place(ONE, key)


async def _claimed(kept: Keeper, place: Place) -> Claim:
    found = await kept.claim(place)
    assert isinstance(found, Claim)
    return found


async def _keep(kept: Keeper, place: Place, body: bytes) -> None:
    claim = await _claimed(kept, place)
    keeping = kept.keeping(claim)
    for start in range(0, len(body), 10_000):
        await keeping.write(body[start : start + 10_000])
    await keeping.finish(HEAD, "print")
    kept.ended(claim)


async def _given(kept: Keeper, place: Place) -> bytes:
    found = await kept.claim(place)
    assert isinstance(found, RepeatRecord)
    sent: list[bytes] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message.get("body", b""))

    answer = await kept.again(None, place, found)
    await answer.give(send)
    return b"".join(sent)


def _blobs(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


class Flaky(SqlRepeats):
    """Forgets how to look for what is old."""

    def __init__(self, records: SqlRepeats) -> None:
        super().__init__(records._database)
        self.asked = asyncio.Semaphore(0)

    @override
    async def expired_repeats(self, now: float, limit: int) -> Sequence[RepeatRecord]:
        self.asked.release()
        raise OSError("the database is gone")


async def test_of_many_at_once_one_gets_the_right_to_run(tmp_path: Path) -> None:
    alive = Alive("boot_1", "boot_2")
    async with keeper(tmp_path, alive=alive) as (kept, _), keeper(tmp_path, boot="boot_2", alive=alive) as (other, __):
        place = _place(kept)
        found = await asyncio.gather(*(one.claim(place) for one in (kept, other) for _ in range(20)))
        assert len([one for one in found if isinstance(one, Claim)]) == 1
        assert {one.state for one in found if isinstance(one, RepeatRecord)} == {RepeatState.RUNNING}


async def test_what_a_dead_process_ran_may_run_again_once(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, _):
        await _claimed(kept, _place(kept))
    alive = Alive("boot_1")
    async with keeper(tmp_path, boot="boot_2", alive=alive) as (after, _):
        there = await after.claim(_place(after))
        assert isinstance(there, RepeatRecord)
        alive.boots = ("boot_2",)
        found = await asyncio.gather(*(after.claim(_place(after)) for _ in range(10)))
        assert len([one for one in found if isinstance(one, Claim)]) == 1


async def test_an_answer_outlives_its_process(tmp_path: Path) -> None:
    body = b"sound" * 50_000
    async with keeper(tmp_path) as (kept, _):
        await _keep(kept, _place(kept), body)
    async with keeper(tmp_path, boot="boot_2") as (after, _):
        assert await _given(after, _place(after)) == body


async def test_a_late_end_of_a_run_taken_for_dead_changes_nothing(tmp_path: Path) -> None:
    """A process that was only slow ends its run after another took over."""
    async with keeper(tmp_path) as (slow, _), keeper(tmp_path, boot="boot_2") as (quick, __):
        place = _place(slow)
        claim = await _claimed(slow, place)
        late = slow.keeping(claim)
        await late.write(b"late" * 50_000)
        await _keep(quick, place, b"in time")
        await late.finish(HEAD, "print")
        await slow.release(claim)
        assert await _given(quick, place) == b"in time"
        assert _blobs(tmp_path) == []


async def test_a_run_that_ended_without_a_record_may_run_again(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, _):
        claim = await _claimed(kept, _place(kept))
        assert isinstance(await kept.claim(_place(kept)), RepeatRecord)
        kept.ended(claim)
        assert isinstance(await kept.claim(_place(kept)), Claim)


async def test_old_answers_are_swept_with_their_bytes(tmp_path: Path) -> None:
    async with keeper(tmp_path, settings=Idempotency(keep_s=100)) as (kept, clock):
        for key in ("a", "b"):
            await _keep(kept, _place(kept, key), key.encode() * 100_000)
        clock.now_s += 50
        await _keep(kept, _place(kept, "c"), b"c" * 100_000)
        assert len(_blobs(tmp_path)) == 3
        clock.now_s += 50
        assert await kept.sweep() == 2
        assert len(_blobs(tmp_path)) == 1
        assert await _given(kept, _place(kept, "c")) == b"c" * 100_000
        assert isinstance(await kept.claim(_place(kept, "a")), Claim)


async def test_an_expired_answer_goes_when_its_key_is_used_anew(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, clock):
        await _keep(kept, _place(kept), b"x" * 100_000)
        clock.now_s += 86_400
        await _claimed(kept, _place(kept))
        assert _blobs(tmp_path) == []


async def test_sweeping_goes_on_when_the_store_failed(tmp_path: Path) -> None:
    async with stores(tmp_path) as (records, blobs):
        flaky = Flaky(records)
        kept = Keeper(flaky, blobs, Idempotency(), secret=SECRET, boot_id="b", alive=Alive(), now=Clock())
        task = asyncio.create_task(kept.sweep_on(0.001))
        async with asyncio.timeout(30):
            for _ in range(3):
                await flaky.asked.acquire()
        task.cancel()


async def test_with_another_secret_nothing_is_found(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, clock), stores(tmp_path) as (records, blobs):
        await _keep(kept, _place(kept), b"answer")
        other = Keeper(records, blobs, Idempotency(), secret=b"another", boot_id="boot_1", alive=Alive(), now=clock)
        assert isinstance(await other.claim(_place(other)), Claim)


async def test_a_damaged_answer_is_lost_and_not_given(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, _):
        await _keep(kept, _place(kept), b"x" * 100_000)
        found = await kept.claim(kept.place(ONE, "k"))
        assert isinstance(found, RepeatRecord)
        with pytest.raises(Conflict) as caught:
            await kept.again(None, kept.place(ONE, "another"), found)
        assert caught.value.code == "idempotency_answer_lost"


async def test_callers_and_keys_never_share_a_place(tmp_path: Path) -> None:
    async with keeper(tmp_path) as (kept, _):
        places = [
            kept.place(Principal("key_1", "owner_1", ""), "k"),
            kept.place(Principal("key_2", "owner_1", ""), "k"),
            kept.place(Principal("key_1", "owner_2", ""), "k"),
            kept.place(Principal("", "owner_1", "", user_id="key_1"), "k"),
            kept.place(Principal("", "owner_1", "", user_id="user_2"), "k"),
            kept.place(Principal("key_1", "owner_1", ""), "l"),
        ]
        assert len({place.id for place in places}) == len(places)
        again = kept.place(Principal("key_1", "owner_1", "renamed", user_id="user_9"), "k")
        assert again.id == places[0].id


# -- sealing -------------------------------------------------------------------------------------------------------


def _sealed(seal: Seal, body: bytes) -> list[bytes]:
    frames = [body[at : at + FRAME_BYTES] for at in range(0, max(1, len(body)), FRAME_BYTES)]
    return [seal.close(frame, number, is_last=number == len(frames) - 1) for number, frame in enumerate(frames)]


async def _opened(seal: Seal, pieces: list[bytes]) -> bytes:
    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return b"".join([piece async for piece in seal.opened(stream())])


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 3 * FRAME_BYTES), st.integers(1, 100_000))
def test_any_size_is_opened_as_it_was_closed(size: int, piece: int) -> None:
    seal = Seal(SECRET, "caller", "key", "run")
    body = bytes(range(256)) * (size // 256) + bytes(size % 256)
    stored = b"".join(_sealed(seal, body))
    pieces = [stored[at : at + piece] for at in range(0, len(stored), piece)]
    assert asyncio.run(_opened(seal, pieces)) == body


async def test_what_was_cut_swapped_or_changed_is_not_opened() -> None:
    seal = Seal(SECRET, "caller", "key", "run")
    frames = _sealed(seal, b"x" * (2 * FRAME_BYTES + 5))
    wrong: tuple[list[bytes], ...] = (
        frames[:2],
        frames[:1],
        [],
        [frames[1], frames[0], frames[2]],
        [frames[0], frames[1], frames[2][:-1]],
        [b"y" + frames[0][1:], *frames[1:]],
    )
    for pieces in wrong:
        with pytest.raises(Damaged):
            await _opened(seal, pieces)
    for other in (Seal(SECRET, "caller", "key", "run2"), Seal(SECRET, "caller", "kez", "run")):
        with pytest.raises(Damaged):
            await _opened(other, frames)
    with pytest.raises(Damaged):
        seal.open_head(seal.close_head(b"head")[:-1])
