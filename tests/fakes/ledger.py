"""A ledger store that fails as told, around a real one, and runs of the platform that end as told."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from openhearth.accounts.entries import Reservation
from openhearth.accounts.ledger import Ledger, Sizes
from openhearth.accounts.limits import Limits
from openhearth.accounts.spool import spool_name
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Call, Principal
from openhearth.core.operations import Operation
from openhearth.stores.ports import LedgerEntry, LedgerRecords, NodeRecord, OpenReservation, Posting
from openhearth.stores.shared.memory import MemoryCounters

QUICK = Sizes(retry_s=0.001)
ANNA = Principal(
    "key_anna",
    "anna",
    "laptop",
    limits=(Limit("key:key_anna", Bound.TOTAL, 10**9),),
    scopes=("key:key_anna", "user:user_root", "org:org_default"),
)


class Flaky(LedgerRecords):
    """Each write takes one word of ``script``: ``ok``, ``before`` (fails unwritten), ``after`` (fails written).

    An empty script is ``ok``; ``is_away`` fails everything. While ``go_on`` is clear, a write that ``entered`` waits.
    """

    def __init__(self, inner: LedgerRecords, script: Sequence[str] = ()) -> None:
        self._inner = inner
        self.script = list(script)
        self.is_away = False
        self.entered = asyncio.Event()
        self.tried = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.batches: list[tuple[int, int]] = []
        self.closed: list[str] = []

    @override
    async def write_batch(
        self, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation], closed: Sequence[str] | None = None
    ) -> None:
        try:
            await self._write(settled, opened, closed)
        finally:
            self.tried.set()

    async def _write(
        self, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation], closed: Sequence[str] | None = None
    ) -> None:
        mode = self.script.pop(0) if self.script else "ok"
        self.entered.set()
        await self.go_on.wait()
        if self.is_away or mode == "before":
            raise OSError("The store is away.")
        await self._inner.write_batch(settled, opened, closed)
        self.batches.append((len(settled), len(opened)))
        self.closed += closed or []
        if mode == "after":
            raise OSError("The store went away after it wrote.")

    @override
    async def checkpoint(self, open_calls: Sequence[OpenReservation]) -> None:
        await self._inner.checkpoint(open_calls)

    @override
    async def beat(self, node: NodeRecord) -> None:
        await self._inner.beat(node)

    @override
    async def nodes(self) -> Sequence[NodeRecord]:
        return await self._inner.nodes()

    @override
    async def sweep(self, dead: Sequence[NodeRecord], now: float) -> Sequence[str]:
        return await self._inner.sweep(dead, now)

    @override
    async def spent(self) -> dict[str, int]:
        return await self._inner.spent()

    @override
    async def post(self, postings: Sequence[Posting]) -> bool:
        return await self._inner.post(postings)

    @override
    async def postings(self, effect: str) -> Sequence[Posting]:
        return await self._inner.postings(effect)

    @override
    async def balance(self, account: str) -> int:
        return await self._inner.balance(account)

    @override
    async def check_ledger(self) -> Sequence[str]:
        return await self._inner.check_ledger()

    @override
    async def entry(self, effect: str) -> LedgerEntry | None:
        return await self._inner.entry(effect)

    @override
    async def open_reservations(self) -> Sequence[OpenReservation]:
        return await self._inner.open_reservations()


def call_of(principal: Principal, number: int) -> Call:
    """The call of this number, as the gate opens it."""
    return Call(
        id=f"call_{number}",
        operation=Operation.CHAT,
        model="m",
        principal=principal,
        created_at=100.0 + number,
        started_s=0.0,
    )


class Boot:
    """One run of the platform over a store and a spool file."""

    def __init__(
        self, store: Flaky, folder: Path, name: str = "boot_1", sizes: Sizes = QUICK, flush_ms: int = 1
    ) -> None:
        self.store = store
        self.spool = folder / spool_name(name)
        self.ledger = Ledger(store, boot_id=name, folder=folder, flush_ms=flush_ms, sizes=sizes)
        self.counters = MemoryCounters()
        self.limits = Limits(self.counters, self.ledger)
        self.calls: dict[int, tuple[Call, Reservation]] = {}

    async def start(self) -> "Boot":
        await self.ledger.start()
        await self.counters.load(await self.store.spent())
        return self

    def open(self, number: int) -> None:
        call = call_of(ANNA, number)
        self.calls[number] = (call, self.limits.reserve(call, 100))

    def settle(self, number: int, nanos: int = 70) -> None:
        call, reservation = self.calls[number]
        call.cost_nanos = call.charge_nanos = nanos
        reservation.settle(call)

    async def kill(self) -> None:
        """End as kill -9 does: nothing more reaches the store or the disk."""
        spooled = self.spool.read_bytes() if self.spool.exists() else None
        self.store.is_away = True
        await self.ledger.close()
        self.store.is_away = False
        self.spool.unlink(missing_ok=True)
        if spooled is not None:
            self.spool.write_bytes(spooled)


async def cost_of(store: Flaky, number: int) -> int | None:
    entry = await store.entry(f"call_{number}")
    return None if entry is None else entry.charge_nanos
