"""Our cost ledger beside an upstream's bill: sums per day and model of both, and where they differ.

Pure. Upstreams name a model by its snapshot (``gpt-4o-2024-08-06``) or by a title (``Claude Haiku 4.5``): names are
compared without those differences, and whatever is still left over can be renamed.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

import msgspec

from openhearth.accounts.amounts import usd_of_nanos
from openhearth.core.call import ONE_PPM

Measure = Literal["cost", "tokens", "calls"]
ALL_MODELS = "*"
EXACTLY = Context(prec=60, rounding=ROUND_HALF_EVEN)
_NANOS = Decimal(10**9)
_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
_JOINTS = re.compile(r"[\s._/@-]+")


class Spent(msgspec.Struct, frozen=True):
    """What one side says of one model on one day. ``None``: it does not say. ``usd`` has all its digits."""

    day: str
    model: str
    usd: Decimal | None = None
    calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Tolerance(msgspec.Struct, frozen=True):
    """How far two amounts may lie apart: so many nanos, or so many parts per million of theirs, whichever is more.
    Counts of tokens and calls have the parts only."""

    nanos: int = 0
    ppm: int = 0

    def money(self, theirs_nanos: int) -> int:
        """In nanos."""
        return max(self.nanos, self.count(theirs_nanos))

    def count(self, theirs: int) -> int:
        """For counts."""
        return abs(theirs) * self.ppm // ONE_PPM


class Side(msgspec.Struct):
    """A sum of one side."""

    cost_nanos: int | None = None
    cost_usd: str | None = None
    calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Row(msgspec.Struct, frozen=True):
    """One model on one day. ``difference_nanos`` is ours less theirs; ``differs`` names what is beyond tolerance."""

    day: str
    model: str
    ours: Side
    theirs: Side
    difference_nanos: int | None
    difference_usd: str | None
    differs: tuple[str, ...]


class Result(msgspec.Struct, frozen=True):
    """All rows by day and model, their sums, and whether all is well."""

    rows: list[Row]
    ours: Side
    theirs: Side
    difference_usd: str | None
    agrees: bool


class _Sum:
    """Adds up one side of one row; a count that nobody named stays unknown."""

    def __init__(self) -> None:
        self.usd: Decimal | None = None
        self.counts: dict[str, int] = {}

    def add(self, spent: Spent) -> None:
        if spent.usd is not None:
            self.usd = EXACTLY.add(self.usd or Decimal(0), spent.usd)
        for name in _COUNTS:
            value = getattr(spent, name)
            if value is not None:
                self.counts[name] = self.counts.get(name, 0) + value

    def side(self) -> Side:
        nanos = None if self.usd is None else nanos_of(self.usd)
        return Side(nanos, None if nanos is None else usd_of_nanos(nanos), **self.counts)


_COUNTS = ("calls", "input_tokens", "output_tokens")


def reconcile(
    ours: Iterable[Spent],
    theirs: Iterable[Spent],
    *,
    tolerance: Tolerance,
    measures: Iterable[Measure] = ("cost",),
    renamed: Mapping[str, str] | None = None,
) -> Result:
    """Compare by day and model. ``renamed`` maps names of theirs to ours.

    Where their side names no model, days are compared as wholes. ``measures`` decide what counts as a difference.
    """
    named = {plain_name(their): plain_name(our) for their, our in (renamed or {}).items()}
    theirs = list(theirs)
    as_wholes = any(not spent.model for spent in theirs)
    sums: dict[tuple[str, str], tuple[_Sum, _Sum]] = {}
    shown: dict[str, str] = {}
    for place, spent in ((place, spent) for place, side in enumerate((ours, theirs)) for spent in side):
        name = plain_name(spent.model)
        name = ALL_MODELS if as_wholes else named.get(name, name) if place else name
        shown.setdefault(name, ALL_MODELS if as_wholes else spent.model)
        sums.setdefault((spent.day, name), (_Sum(), _Sum()))[place].add(spent)
    wanted = tuple(measures)
    rows = [_row(day, shown[name], pair, tolerance, wanted) for (day, name), pair in sorted(sums.items())]
    here, there = _total(row.ours for row in rows), _total(row.theirs for row in rows)
    return Result(rows, here, there, _difference(here, there)[1], not any(row.differs for row in rows))


def plain_name(model: str) -> str:
    """``model`` without its snapshot's date, in small letters, its words joined by ``-``."""
    return _DATED.sub("", _JOINTS.sub("-", model.strip().lower()))


def nanos_of(usd: Decimal) -> int:
    """Dollars in nanos; what is finer is rounded, a half to the even one."""
    return int(EXACTLY.multiply(usd, _NANOS).quantize(Decimal(1), context=EXACTLY))


def _row(day: str, model: str, pair: tuple[_Sum, _Sum], tolerance: Tolerance, measures: tuple[Measure, ...]) -> Row:
    ours, theirs = pair[0].side(), pair[1].side()
    nanos, usd = _difference(ours, theirs)
    differs = tuple(measure for measure in measures if _beyond(measure, ours, theirs, tolerance))
    return Row(day, model, ours, theirs, nanos, usd, differs)


def _difference(ours: Side, theirs: Side) -> tuple[int | None, str | None]:
    if ours.cost_nanos is None and theirs.cost_nanos is None:
        return None, None
    nanos = (ours.cost_nanos or 0) - (theirs.cost_nanos or 0)
    return nanos, usd_of_nanos(nanos)


def _beyond(measure: Measure, ours: Side, theirs: Side, tolerance: Tolerance) -> bool:
    """A row that only one side has differs by all of it; nothing beside nothing is the same."""
    if measure == "cost":
        there = theirs.cost_nanos or 0
        return abs((ours.cost_nanos or 0) - there) > tolerance.money(there)
    names = ("calls",) if measure == "calls" else ("input_tokens", "output_tokens")
    pairs = [(getattr(ours, name) or 0, getattr(theirs, name) or 0) for name in names]
    return any(abs(here - there) > tolerance.count(there) for here, there in pairs)


def _total(sides: Iterable[Side]) -> Side:
    added = _Sum()
    for side in sides:
        usd = None if side.cost_nanos is None else Decimal(side.cost_nanos) / _NANOS
        added.add(Spent("", "", usd, side.calls, side.input_tokens, side.output_tokens))
    return added.side()
