"""A program that makes many calls at once against limits, together with others of its kind. A test starts it.

Reads one line of JSON (``Race``), writes ``ready``, waits for the line ``go``, races, writes what came of it
(``Result``) and looks at the counters (``looks``) when told so by one more line; then it ends.
"""

import asyncio
import random
import sys
import time

import msgspec

from openhearth.accounts.entries import Reservation
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Call
from openhearth.core.errors import LimitError, StoreAway
from tests.races.node import Node, Where, call_of, charge


class Case(msgspec.Struct, frozen=True):
    """``calls`` calls at once against one cap. Money: each holds ``hold`` nanos and costs at most that."""

    name: str
    limit: Limit
    calls: int
    hold: int = 100


class Race(msgspec.Struct, frozen=True):
    where: Where
    seed: int
    now: float
    cases: list[Case]


class Outcome(msgspec.Struct):
    """What one case came to here: ``spans`` are when each granted call was open, in monotonic seconds."""

    charged: int = 0
    refused: int = 0
    spans: list[tuple[float, float]] = []


class Result(msgspec.Struct, frozen=True):
    outcomes: dict[str, Outcome]


class Looks(msgspec.Struct, frozen=True):
    """At the end: spent and held (or a count and 0) of each case, and what the ledger says of itself."""

    counted: dict[str, tuple[int, int]]
    wrong: list[str]
    open_calls: int
    entries: int


async def run(race: Race) -> None:
    node = await Node(race.where).start()
    await _say("ready")
    assert await _hear() == "go"
    dice = random.Random(race.seed)
    outcomes = {case.name: Outcome(spans=[]) for case in race.cases}
    calls = [_one(node, race, case, number, dice.random()) for case in race.cases for number in range(case.calls)]
    dice.shuffle(calls)
    for name, charged, span in await asyncio.gather(*calls):
        outcomes[name].charged += charged
        outcomes[name].refused += span is None
        outcomes[name].spans += [span] if span else []
    assert await node.ledger.flushed(60.0)
    await node.counters.give([])
    await _say(msgspec.json.encode(Result(outcomes)).decode())
    assert await _hear() == "look"
    counted = {case.name: await node.looks(case.limit.scope, case.limit.bound, race.now) for case in race.cases}
    looks = Looks(counted, list(await node.records.check_ledger()), len(await node.records.open_reservations()), 0)
    await _say(msgspec.json.encode(looks).decode())
    await node.close()


async def _one(
    node: Node, race: Race, case: Case, number: int, chance: float
) -> tuple[str, int, tuple[float, float] | None]:
    """One call: what it was charged, and when it was open; no span for a call that was refused."""
    call = call_of(f"{race.where.boot}_{case.name}_{number}", case.name, [case.limit], race.now)
    try:
        reservation = await _reserved(node, call, case.hold)
    except LimitError:
        return case.name, 0, None
    began = time.monotonic()
    await asyncio.sleep(chance / 20)
    spent = int(case.hold * (1 - chance / 2)) if case.limit.bound not in (Bound.RPM, Bound.CONCURRENCY) else 0
    charge(call, spent)
    ended = time.monotonic()
    reservation.settle(call)
    return case.name, spent, (began, ended)


async def _reserved(node: Node, call: Call, hold: int) -> Reservation:
    """As a client that comes again when it is told to: a slow machine cannot check thousands of calls in time."""
    async with asyncio.timeout(90):
        while True:
            try:
                return await node.limits.reserve_shared(call, hold)
            except StoreAway:
                await asyncio.sleep(0.5)


async def _hear() -> str:
    return str(await asyncio.to_thread(sys.stdin.readline)).strip()


async def _say(line: str) -> None:
    await asyncio.to_thread(print_line, line)


def print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(run(msgspec.json.decode(sys.stdin.readline(), type=Race)))
