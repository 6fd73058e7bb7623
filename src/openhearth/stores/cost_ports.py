"""What calls cost, added up: the side of our ledger that an upstream's bill is compared with."""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol

import msgspec

Part = Literal["day", "model", "target"]


class Period(msgspec.Struct, frozen=True):
    """Unix seconds from ``start`` up to and without ``end``; days are cut ``offset_s`` east of UTC."""

    start: float
    end: float
    offset_s: int = 0


class CostRow(msgspec.Struct, frozen=True):
    """One sum. ``day`` counts from 1970-01-01 in the period's time; -1, and empty texts, where sums go across them.

    ``calls`` are settled calls, ``failures`` those of them that did not end well.
    """

    day: int
    model: str
    target_id: str
    calls: int
    failures: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    images: int
    cost_nanos: int
    charge_nanos: int


class CostRecords(Protocol):
    async def costs(self, period: Period, by: Collection[Part], most: int) -> Sequence[CostRow]:
        """Sums over the calls that began in ``period``, one for each value of what ``by`` names, in its order; at most
        ``most`` rows."""
