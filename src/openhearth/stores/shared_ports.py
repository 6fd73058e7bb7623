"""What counters that several processes share are made of: rows somewhere that change in one step, and the ledger's
truth about money."""

from collections.abc import Mapping, Sequence, Set
from typing import Protocol

import msgspec

from openhearth.core.allowance import Bound
from openhearth.core.errors import StoreAway
from openhearth.stores.counter_ports import Given, Refusal, Take
from openhearth.stores.pace import Pace


class LedgerAway(StoreAway):
    """The counts can be reached, but not the ledger that says what was spent."""


Verdict = Refusal | StoreAway | None


class Applied(msgspec.Struct, frozen=True):
    """What came of each take, in their order (``None``: taken), and how the paces stand that were looked at."""

    verdicts: list[Verdict]
    paces: Mapping[tuple[str, Bound], Pace] = {}


class CounterRows(Protocol):
    """Where the counts lie. Used by one task at a time."""

    @property
    def name(self) -> str:
        """What it is, for messages: no address, no secret."""

    @property
    def waits_s(self) -> float:
        """Seconds until takes begin, while the counts are being filled again."""

    async def apply(self, gives: Sequence[Given], takes: Sequence[Take]) -> Applied:
        """First give back, then take, each call in one step that nobody sees half of. Raises StoreAway, and then some
        of it may have been done: giving back again is safe, and a take may be given back that never was. Raises
        LedgerAway when nothing was given back for want of the ledger."""

    async def release(self, boot_ids: Sequence[str]) -> None:
        """Give back all that calls of these processes hold. Raises StoreAway."""

    async def tend(self) -> None:
        """Once in a while: find out whether it is there, and release what calls hold whose process is not in the
        ledger's list any more. Raises StoreAway."""

    async def close(self) -> None: ...


class Truth(Protocol):
    """What the ledger says, which every process may rely on."""

    async def spent_of(self, counters: Sequence[str]) -> dict[str, int]:
        """Nanos by counter name; a counter that is not there has spent nothing. Raises StoreAway."""

    async def boots(self) -> Set[str]:
        """The processes whose calls may still be open. Raises StoreAway."""
