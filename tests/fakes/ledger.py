"""A ledger store that fails as told, around a real one."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from openhearth.core.call import Call, Principal
from openhearth.core.operations import Operation
from openhearth.stores.ports import LedgerEntry, LedgerRecords, OpenReservation


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

    @override
    async def write_batch(self, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation]) -> None:
        try:
            await self._write(settled, opened)
        finally:
            self.tried.set()

    async def _write(self, settled: Sequence[LedgerEntry], opened: Sequence[OpenReservation]) -> None:
        mode = self.script.pop(0) if self.script else "ok"
        self.entered.set()
        await self.go_on.wait()
        if self.is_away or mode == "before":
            raise OSError("The store is away.")
        await self._inner.write_batch(settled, opened)
        self.batches.append((len(settled), len(opened)))
        if mode == "after":
            raise OSError("The store went away after it wrote.")

    @override
    async def sweep(self, boot_id: str, now: float) -> int:
        return await self._inner.sweep(boot_id, now)

    @override
    async def spent_by_key(self) -> dict[str, int]:
        return await self._inner.spent_by_key()

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
