"""The line in front of shared counters, over rows that answer at once: what becomes of a take nobody waits for."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from openhearth.core.allowance import Bound, Limit
from openhearth.stores.counter_ports import Given, Take
from openhearth.stores.shared.line import SharedCounters
from openhearth.stores.shared_ports import Applied, CounterRows


class Rows(CounterRows):
    """Grants everything. ``taker`` is cancelled in the moment in which it is granted something."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.taker: asyncio.Task[object] | None = None

    @property
    @override
    def name(self) -> str:
        return "rows of the test"

    @property
    @override
    def waits_s(self) -> float:
        return 0.0

    @override
    async def apply(self, gives: Sequence[Given], takes: Sequence[Take]) -> Applied:
        self.held -= {given.take.call_id for given in gives}
        self.held |= {take.call_id for take in takes}
        if self.taker is not None and takes:
            asyncio.get_running_loop().call_soon(self.taker.cancel)
        return Applied([None] * len(takes))

    @override
    async def release(self, boot_ids: Sequence[str]) -> None: ...

    @override
    async def tend(self) -> None: ...

    @override
    async def close(self) -> None: ...


async def test_a_take_granted_in_the_moment_its_caller_leaves_is_given_back() -> None:
    rows = Rows()
    counters = SharedCounters(rows)
    take = Take("call_1", "boot_1", ("key:k",), (Limit("key:k", Bound.TOTAL, 100),), 60, 0, 1_795_000_000.0)
    rows.taker = asyncio.create_task(counters.take(take))
    (left,) = await asyncio.gather(rows.taker, return_exceptions=True)
    assert isinstance(left, asyncio.CancelledError)
    assert rows.held == {"call_1"}
    await counters.give([])
    assert rows.held == set()
    await counters.close()
