"""T29: the clock jumps an hour, over midnight, over the ends of weeks, months and years: a budget begins anew once."""

import itertools
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from openhearth.core.allowance import Bound, windows_at
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import sums
from tests.billing.answers import wholes
from tests.billing.house import House, Tenants, house, target
from tests.billing.policy import PRICES
from tests.billing.wires import FastClient, request_bytes
from tests.fakes.media import Clock

CALL = 1_500_000  # nanos: what a call holds and costs
KEY = "ratio-1000000"
HOUR, DAY = 3600.0, 86_400.0
MONEY = (Bound.DAY, Bound.WEEK, Bound.MONTH)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


class Told(msgspec.Struct):
    """What a client was told."""

    status: int
    code: str
    retry_after_s: int


class Timed(msgspec.Struct):
    """A house and its clock."""

    house: House
    clock: Clock

    def begin(self) -> FastClient:
        """A call goes out."""
        client = self.house.client()
        body: dict[str, object] = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        client.send(request_bytes(body, KEY))
        return client

    async def end(self, client: FastClient) -> Told:
        """Its answer, if it was let in."""
        if not client.heard:
            line = await self.house.lines.asked()
            answer = wholes()[0]
            line.say(answer.head + answer.body)
        head, _, rest = client.heard.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        client.leave()
        error = json.loads(rest).get("error") or {"code": ""}
        return Told(int(head.split()[1]), error["code"], int(lines.get("retry-after", 0)))

    async def call(self) -> Told:
        return await self.end(self.begin())

    def spent(self, bound: Bound) -> int:
        counter = windows_at(self.clock()).counter(f"key:{KEY}", bound)
        return self.house.counters.spent(counter)


@asynccontextmanager
async def timed(folder: Path, start: str, **bounds: int) -> AsyncIterator[Timed]:
    """``bounds`` are calls for money, else what they say."""
    clock = Clock(at(start))
    wide = tuple((Bound(name), most * (CALL if Bound(name) in MONEY else 1)) for name, most in bounds.items())
    targets = [target("m", PRICES["request"])]
    async with house(folder, targets, keys=Tenants(*wide), now=clock) as made:
        yield Timed(made, clock)
        await made.check()


WINDOWS = [
    # budget, begins, the last moment of it, the first of the next
    ("day", "2026-11-22T12:00", "2026-11-22T23:59:59.9", "2026-11-23T00:00"),
    ("day", "2028-02-28T12:00", "2028-02-28T23:59:59.9", "2028-02-29T00:00"),
    ("week", "2026-11-16T00:00", "2026-11-22T23:59:59.9", "2026-11-23T00:00"),
    ("week", "2026-12-31T23:00", "2027-01-03T23:59:59.9", "2027-01-04T00:00"),
    ("month", "2026-11-01T00:00", "2026-11-30T23:59:59.9", "2026-12-01T00:00"),
    ("month", "2028-02-29T23:59", "2028-02-29T23:59:59.9", "2028-03-01T00:00"),
    ("month", "2026-12-31T00:00", "2026-12-31T23:59:59.9", "2027-01-01T00:00"),
]


@pytest.mark.parametrize(("bound", "first", "last", "then"), WINDOWS)
async def test_a_budget_begins_anew_at_the_end_of_its_window_and_not_before(
    tmp_path: Path, bound: str, first: str, last: str, then: str
) -> None:
    async with timed(tmp_path, first, **{bound: 3}) as here:
        assert [(await here.call()).status for _ in range(4)] == [200, 200, 200, 402]
        here.clock.now = at(last)
        told = await here.call()
        assert (told.status, told.code, told.retry_after_s) == (402, "insufficient_quota", 1)
        here.clock.now = at(then)
        assert [(await here.call()).status for _ in range(4)] == [200, 200, 200, 402]
        assert here.spent(Bound(bound)) == 3 * CALL


@pytest.mark.parametrize("bound", ["day", "week", "month"])
async def test_a_clock_set_back_gives_no_budget_again(tmp_path: Path, bound: str) -> None:
    async with timed(tmp_path, "2027-01-31T23:30", **{bound: 2}) as here:  # a Sunday: all windows end at midnight
        assert [(await here.call()).status for _ in range(3)] == [200, 200, 402]
        here.clock.now += HOUR
        assert (await here.call()).status == 200
        for _ in range(3):
            here.clock.now -= HOUR
            assert (await here.call()).status == 402
            assert here.spent(Bound(bound)) == 2 * CALL
            here.clock.now += HOUR
        assert [(await here.call()).status for _ in range(2)] == [200, 402]
        assert here.spent(Bound(bound)) == 2 * CALL


async def test_a_call_counts_for_the_day_on_which_it_began(tmp_path: Path) -> None:
    async with timed(tmp_path, "2026-11-30T23:59:59", day=2, month=2) as here:
        open_call = here.begin()
        here.clock.now += 2
        assert (here.spent(Bound.DAY), here.house.counters.held(f"key:{KEY}")) == (0, CALL)
        assert (await here.end(open_call)).status == 200
        assert (here.spent(Bound.DAY), here.spent(Bound.MONTH)) == (0, 0)
        assert [(await here.call()).status for _ in range(3)] == [200, 200, 402]
        here.clock.now -= 2
        assert (here.spent(Bound.DAY), here.spent(Bound.MONTH)) == (CALL, CALL)


@pytest.mark.parametrize("jump_s", [-HOUR, HOUR, -DAY, 40 * DAY])
async def test_a_jump_stops_nobody_for_longer_than_a_minute(tmp_path: Path, jump_s: float) -> None:
    async with timed(tmp_path, "2026-11-22T12:00:30", rpm=3) as here:
        assert [(await here.call()).status for _ in range(4)] == [200, 200, 200, 429]
        here.clock.now += jump_s
        told = await here.call()
        if told.status != 200:
            assert 1 <= told.retry_after_s <= 60
            here.clock.now += 60
            assert (await here.call()).status == 200
        statuses = [(await here.call()).status for _ in range(4)]
        assert statuses == sorted(statuses)  # once full, full for this minute
        assert statuses[-1] == 429


@pytest.mark.parametrize("seed", range(6))
async def test_any_walk_through_time_keeps_every_budget(tmp_path: Path, seed: int) -> None:
    """Against a count of our own: what each window was charged. At the end a fresh start reads the same."""
    dice = random.Random(seed)
    bounds = {Bound.DAY: 3, Bound.WEEK: 6, Bound.MONTH: 9}
    counted: dict[str, int] = {}
    jumps = (0.0, 1.0, -1.0, HOUR, -HOUR, 20 * HOUR, DAY, -DAY, 6 * DAY)
    async with timed(tmp_path, "2026-12-30T23:00", day=3, week=6, month=9) as here:
        for _ in range(120):
            here.clock.now += dice.choice(jumps)
            names = {bound: windows_at(here.clock()).counter(f"key:{KEY}", bound) for bound in bounds}
            fits = all(counted.get(names[bound], 0) < most for bound, most in bounds.items())
            told = await here.call()
            assert told.status == (200 if fits else 402), f"seed {seed} at {here.clock.now}"
            if fits:
                for name in names.values():
                    counted[name] = counted.get(name, 0) + 1
            else:
                assert 1 <= told.retry_after_s <= 31 * DAY
            for bound, name in names.items():
                assert here.spent(bound) == counted.get(name, 0) * CALL
        assert await here.house.ledger.flushed(60.0)
        again = MemoryCounters()
        await again.load(await here.house.records.database.read(sums.spent, here.clock.now))
        for bound in itertools.chain(bounds, (Bound.TOTAL,)):
            name = windows_at(here.clock()).counter(f"key:{KEY}", bound)
            assert again.spent(name) == here.house.counters.spent(name)
