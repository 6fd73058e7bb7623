"""Which processes serve on one database, so that the calls of one that died are settled, and of no other.

A process beats; one that has not beaten for a while is dead, and so is one of this machine whose process id is gone.
"""

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from openhearth.stores.ports import LedgerRecords, NodeRecord

LEASE_S = 30.0


class Nodes:
    """This process among all."""

    def __init__(
        self,
        records: LedgerRecords,
        boot_id: str,
        *,
        lease_s: float = LEASE_S,
        host: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.boot_id = boot_id
        self._records = records
        self._lease_s = lease_s
        self._host = host or this_host()
        self._now = now
        self._started_at = now()

    async def beat(self) -> None:
        """Say that this process lives."""
        await self._records.beat(
            NodeRecord(self.boot_id, self._host, os.getpid(), started_at=self._started_at, seen_at=self._now())
        )

    async def alive(self) -> list[str]:
        """The boot ids of all that live, this one among them."""
        found = [node.boot_id for node in await self._records.nodes() if self._lives(node)]
        return found if self.boot_id in found else [*found, self.boot_id]

    async def dead(self) -> list[NodeRecord]:
        """Those that were there and live no more."""
        return [node for node in await self._records.nodes() if not self._lives(node)]

    def _lives(self, node: NodeRecord) -> bool:
        return node.boot_id == self.boot_id or lives(node, self._now(), host=self._host, lease_s=self._lease_s)


def lives(node: NodeRecord, now: float, *, host: str = "", lease_s: float = LEASE_S) -> bool:
    """Whether ``node``, another process than this, still serves at ``now``; ``host`` is where this one is."""
    if node.seen_at < now - lease_s:
        return False
    return node.host != (host or this_host()) or (node.pid != os.getpid() and _runs(node.pid))


def this_host() -> str:
    """A name for what process ids belong to: the machine, since its last start, and its namespace of processes."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    except OSError:
        pass  # not Linux: the name of the machine must do
    return "/".join(parts)


def _runs(pid: int) -> bool:
    """Whether the process is there and not a dead one that nobody has asked for yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return state[:1] != ["Z"]
    except OSError:
        pass  # gone, or not Linux
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
