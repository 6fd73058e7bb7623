"""One serving process without the serving: its stores, ledger and limits, as ``app.platform`` puts them together."""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from openhearth.accounts.entries import Reservation
from openhearth.accounts.ledger import Ledger, Sizes
from openhearth.accounts.limits import Limits
from openhearth.accounts.nodes import Nodes
from openhearth.app.stores import open_counters, open_records
from openhearth.config import Config, Store
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Call, Checkpoint, Principal
from openhearth.core.errors import StoreAway
from openhearth.core.operations import Operation
from openhearth.stores.counter_ports import Take


class Where(msgspec.Struct, frozen=True):
    """What a process is told when it starts."""

    boot: str
    folder: str
    url: str = ""
    shared: str = "memory"
    lease_s: float = 30.0
    beat_s: float = 0.05


class Node:
    """Open with ``start``, end with ``close``; or with SIGKILL."""

    def __init__(self, where: Where) -> None:
        self.where = where
        config = Config(store=Store(folder=where.folder, url=where.url, shared=where.shared))
        self.records = open_records(config)
        self.counters = open_counters(config, self.records.database)
        self.ledger = Ledger(
            self.records,
            boot_id=where.boot,
            folder=Path(where.folder),
            flush_ms=5,
            sizes=Sizes(beat_s=where.beat_s, retry_s=0.05),
            nodes=Nodes(self.records, where.boot, lease_s=where.lease_s),
        )
        self.limits = Limits(self.counters, self.ledger)

    async def start(self) -> "Node":
        await self.records.open()
        await self.ledger.start()
        await self.counters.load(await self.records.spent() if self.counters.is_local else {})
        async with asyncio.timeout(60):
            while not await self._counts():
                await asyncio.sleep(0.1)
        return self

    async def _counts(self) -> bool:
        try:
            await self.looks("key:nobody", Bound.TOTAL, 0.0)
        except StoreAway:
            return False
        return True

    async def close(self) -> None:
        await self.ledger.close()
        await self.counters.close()
        await self.records.close()

    def journal(self, path: Path) -> None:
        """Write each call down that is durable in the ledger: what no crash may take back."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        tell = self.ledger.after_written

        async def note(settled: Sequence[Reservation]) -> None:
            os.write(handle, "".join(f"{one.call.id} {one.charge_nanos}\n" for one in settled).encode())
            if tell is not None:
                await tell(settled)

        self.ledger.after_written = note

    async def looks(self, scope: str, bound: Bound, now: float) -> tuple[int, int]:
        """What a limit counts: spent and held, or a count and 0."""
        probe = Take("call_probe", self.where.boot, (scope,), (Limit(scope, bound, 0),), 1, 0, now)
        refused = await self.counters.take(probe)
        assert refused is not None
        return refused.used, refused.held


def call_of(call_id: str, name: str, limits: Sequence[Limit], now: float) -> Call:
    """A call of the key, project, user and organisation called ``name``, for a model called so too."""
    scopes = (f"key:{name}", f"project:{name}", f"user:{name}", f"org:{name}")
    who = Principal(name, name, "race", user_id=name, org_id=name, project_id=name, limits=tuple(limits), scopes=scopes)
    return Call(call_id, Operation.CHAT, name, who, now, 0.0)


def charge(call: Call, nanos: int) -> None:
    """What the gate does when a call ends."""
    call.target_id = "target_1"
    call.cost_nanos = call.charge_nanos = nanos


def come_to(call: Call, nanos: int) -> None:
    """What a stream does on its way: it would cost this if it ended now."""
    call.target_id = "target_1"
    call.so_far = Checkpoint(
        input_tokens=1, output_tokens=nanos, cached_tokens=0, cost_nanos=nanos, charge_nanos=nanos, price_version=1
    )


async def forever() -> None:
    await asyncio.Event().wait()
