"""T9: the n-th step in the database fails, for every n, on every flow of money; nothing is lost, doubled or stuck.

A step is a statement, a commit, or the answer to a commit. Each flow is what the platform does, which tries again by
itself or is asked again by its caller; afterwards a new process starts, and the books must be in order.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from openhearth.accounts.entries import Reservation, reservation_of
from openhearth.accounts.ledger import Ledger, Sizes
from openhearth.accounts.limits import Limits
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Call
from openhearth.core.errors import StoreAway
from openhearth.core.ids import new_id
from openhearth.stores.counter_ports import Take
from openhearth.stores.ports import KeyRecord, NodeRecord, Posting, PriceRecord
from openhearth.stores.shared.line import SharedCounters, Times
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.counters import SqlCounterRows
from tests.races.faults import Fault, FaultyRecords, count_rows
from tests.races.node import call_of, charge, come_to

NOON = 1_795_435_200.0
QUICK = "RACES" not in os.environ
LONG_S = 60.0
LIMITS = [Limit("key:n", Bound.TOTAL, 10_000), Limit("org:n", Bound.CONCURRENCY, 50)]
KEY = KeyRecord("key_9", "d9", "abcd", "laptop", "key_9", is_admin=False, disabled=False, created_at=NOON)
TOP_UP = [Posting("topup_1", "user:n", 500, NOON), Posting("topup_1", "funding", -500, NOON)]
_R = TypeVar("_R")


class House:
    """One run of the platform over a faulty database."""

    def __init__(self, url: str, folder: Path, fault: Fault, boot: str = "boot_1") -> None:
        self.records = FaultyRecords(url, fault)
        self.counters = SharedCounters(SqlCounterRows(self.records.database), Times(tend_s=0.05, probe_s=0.005))
        sizes = Sizes(retry_s=0.002, beat_s=0.05, close_s=LONG_S)
        self.ledger = Ledger(self.records, boot_id=boot, folder=folder, flush_ms=1, sizes=sizes)
        self.limits = Limits(self.counters, self.ledger)
        self.calls: dict[str, Call] = {}

    async def start(self) -> None:
        """Whoever runs the program starts it again when it could not start."""
        await again(self.ledger.start)
        await self.counters.load({})

    async def close(self) -> None:
        await self.ledger.close()
        await self.counters.close()
        await self.records.close()

    async def call(self, name: str, nanos: int, steps: int = 0) -> None:
        """One call from its admission to its end; its client comes again when told to."""
        call = self.calls[name] = call_of(name, "n", LIMITS, NOON)
        reservation = await again(lambda: self.limits.reserve_shared(call, 100))
        for step in range(steps):
            come_to(call, nanos * step // steps)
            await asyncio.sleep(0.015)
        charge(call, nanos)
        reservation.settle(call)


async def again(work: Callable[[], Awaitable[_R]]) -> _R:
    """As a caller that gets 503 with Retry-After."""
    async with asyncio.timeout(LONG_S):
        while True:
            try:
                return await work()
            except StoreAway:
                await asyncio.sleep(0.005)


async def admit(house: House) -> None:
    """A call that opens and settles between two writes, and one that is written while it is open."""
    await asyncio.gather(house.call("call_short", 30), house.call("call_long", 70, steps=4))
    assert await house.ledger.flushed(LONG_S)


async def settle_many(house: House) -> None:
    await asyncio.gather(*(house.call(f"call_{number}", number) for number in range(30)))
    assert await house.ledger.flushed(LONG_S)


async def sweep_the_dead(house: House) -> None:
    """A process that was killed while it had two calls open, one of which had come to 40 nanos."""
    async with asyncio.timeout(LONG_S):
        while any(left.boot_id == "boot_dead" for left in await again(house.records.open_reservations)):
            await asyncio.sleep(0.005)
    await house.call("call_after", 5)


async def top_up(house: House) -> None:
    await again(lambda: house.records.post(TOP_UP))
    assert await again(lambda: house.records.post(TOP_UP)) is False


async def make_a_key(house: House) -> None:
    """A caller who is told 503 looks whether the key is there before it makes it again."""

    async def make() -> None:
        if await house.records.key_by_digest(KEY.digest) is None:
            await house.records.add_key(KEY)

    await again(make)
    await again(lambda: house.records.change_key(KEY.id, {"disabled": True}))


async def set_prices(house: House) -> None:
    row = PriceRecord(0, "m", "", "", "standard", "", NOON, {"request_micros": 5}, "operator", "key_1", NOON)

    async def bring() -> None:
        if not await house.records.price_history("m", 1):
            await house.records.add_prices([row])

    await again(bring)


async def leave_open(house: House) -> None:
    """The process ends with a call open: the next start settles it as interrupted, at its checkpoint."""
    call = call_of("call_left", "n", LIMITS, NOON)
    await again(lambda: house.limits.reserve_shared(call, 100))
    come_to(call, 40)
    await asyncio.sleep(0.05)


FLOWS: dict[str, Callable[[House], Awaitable[None]]] = {
    "admit": admit,
    "settle many": settle_many,
    "sweep the dead": sweep_the_dead,
    "top up": top_up,
    "make a key": make_a_key,
    "set prices": set_prices,
    "leave open": leave_open,
}


async def prepare(url: str) -> None:
    """What an earlier process left: two calls open, one of which had come to 40 nanos, and what they hold."""
    records = SqlRecords(url)
    await records.open()
    await records.beat(NodeRecord("boot_dead", "another host", 1, 0.0, 0.0))
    calls = [
        Reservation(call_of(f"dead_{number}", "n", LIMITS, NOON), 100, None, _nothing, _nothing) for number in (0, 1)
    ]
    come_to(calls[1].call, 40)
    await records.write_batch([], [reservation_of(call, "boot_dead") for call in calls])
    scopes = calls[0].call.principal.scopes
    takes = [Take(call.call.id, "boot_dead", scopes, tuple(LIMITS), 100, 0, NOON) for call in calls]
    rows = SqlCounterRows(records.database)
    await rows.apply([], takes)
    await records.close()


def _nothing(_: Reservation) -> None: ...


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """A new database each time it is called."""
    if request.param == "postgresql":
        server, made = request.getfixturevalue("postgres"), request.getfixturevalue("made_postgres")
        return lambda: str(server.empty(made))
    return lambda: f"sqlite:///{tmp_path / new_id('db')}.db"


@pytest.mark.parametrize("name", FLOWS)
async def test_no_failing_step_loses_doubles_or_leaves_anything(
    name: str, fresh: Callable[[], str], tmp_path: Path
) -> None:
    """Without ``RACES`` some of the steps of each kind, other ones in each flow."""
    steps = await one_run(name, fresh(), tmp_path / "none", Fault())
    failed = 0
    for kind, most in steps.items():
        stride = max(1, most // 2) if QUICK else 1
        for fail_at in range(1 + list(FLOWS).index(name) % stride, most + 1, stride):
            fault = Fault()
            fault.begin(kind, fail_at)
            folder = tmp_path / f"{kind}-{fail_at}"
            failed += (await one_run(name, fresh(), folder, fault))[kind] >= fail_at
    assert failed > 3


async def one_run(name: str, url: str, folder: Path, fault: Fault) -> dict[str, int]:
    """How many steps of each kind a flow took, of which one failed; the books are in order after it."""
    await asyncio.to_thread(folder.mkdir)
    await prepare(url)
    house = House(url, folder, fault)
    await house.start()
    await FLOWS[name](house)
    await house.close()
    steps = fault.steps
    fault.begin()
    after = House(url, folder, fault, "boot_2")
    await after.start()
    await judge(after, house.calls, f"{name}, {folder.name}")
    await after.close()
    return steps


async def judge(house: House, calls: dict[str, Call], what: str) -> None:
    records = house.records
    async with asyncio.timeout(LONG_S):
        while await records.open_reservations():
            await asyncio.sleep(0.01)
    assert await records.check_ledger() == [], what
    spent = 0
    for call_id, call in calls.items():
        entry = await records.entry(call_id)
        assert entry is not None, (what, call_id)
        assert (entry.outcome, entry.charge_nanos) == ("ok", call.charge_nanos), (what, call_id)
        spent += entry.charge_nanos
    for call_id, charges in {"dead_0": [0], "dead_1": [40], "call_left": [0, 40]}.items():
        entry = await records.entry(call_id)
        if entry is not None:
            assert (entry.outcome, entry.charge_nanos in charges) == ("interrupted", True), (what, call_id)
            spent += entry.charge_nanos
    assert (await records.spent()).get("key:n", 0) == spent, what
    topped_up = 500 if await records.postings("topup_1") else 0
    assert await records.balance("user:n") == topped_up - spent, what
    for table, most in (("keys", 1), ("prices", 1)):
        assert await records.database.read(count_rows, table) <= most, what
    for limit in LIMITS:
        async with asyncio.timeout(LONG_S):
            while await looks(house, limit) != ((spent, 0) if limit.bound is Bound.TOTAL else (0, 0)):
                await asyncio.sleep(0.01)


async def looks(house: House, limit: Limit) -> tuple[int, int]:
    probe = Take("probe", "boot_2", (limit.scope,), (Limit(limit.scope, limit.bound, 0),), 1, 0, NOON)
    refused = await house.counters.take(probe)
    assert refused is not None
    return refused.used, refused.held
