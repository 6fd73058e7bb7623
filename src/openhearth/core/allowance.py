"""What somebody may use, and the bounds that follow from it for one call.

An ``Allowance`` is what people write down, in micros of USD; a ``Limit`` is what is guarded, in nanos or as a count.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec

NANOS_PER_MICRO = 1000
_WINDOW = re.compile(r"@\d{4}-(?:\d\d-\d\d|W\d\d|\d\d)$")
_MOST_MICROS = 10**12
_Micros = Annotated[int, msgspec.Meta(ge=0, le=_MOST_MICROS)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


class Bound(StrEnum):
    """What a limit counts. Money: in all, or per UTC day, ISO week or month. The others: per minute, and at once."""

    TOTAL = "total"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    RPM = "rpm"
    TPM = "tpm"
    CONCURRENCY = "concurrency"


MONEY = frozenset({Bound.TOTAL, Bound.DAY, Bound.WEEK, Bound.MONTH})


class Allowance(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Bounds of one key, project, user, organisation, group or model. ``None``: unbounded. ``quota_micros`` is money in
    all, the other ``…_micros`` money per UTC day, ISO week and month."""

    quota_micros: _Micros | None = None
    day_micros: _Micros | None = None
    week_micros: _Micros | None = None
    month_micros: _Micros | None = None
    rpm: _Count | None = None
    tpm: _Count | None = None
    concurrency: _Count | None = None


UNBOUNDED = Allowance()


class Limit(msgspec.Struct, frozen=True):
    """``scope`` (``key:ID``, ``project:ID``, ``user:ID``, ``org:ID``, ``model:NAME``) may use ``most`` of ``bound``:
    nanos of USD for money, else a count."""

    scope: str
    bound: Bound
    most: int


def limits_of(scope: str, allowance: Allowance) -> Iterator[Limit]:
    """The limits that ``allowance`` sets on ``scope``."""
    money = (
        (Bound.TOTAL, allowance.quota_micros),
        (Bound.DAY, allowance.day_micros),
        (Bound.WEEK, allowance.week_micros),
        (Bound.MONTH, allowance.month_micros),
    )
    for bound, micros in money:
        if micros is not None:
            yield Limit(scope, bound, micros * NANOS_PER_MICRO)
    counts = (
        (Bound.RPM, allowance.rpm),
        (Bound.TPM, allowance.tpm),
        (Bound.CONCURRENCY, allowance.concurrency),
    )
    for bound, most in counts:
        if most is not None:
            yield Limit(scope, bound, most)


class Windows(msgspec.Struct, frozen=True):
    """The names that end a counter's name at one moment: ``key:ID`` counts in all, ``key:ID@2026-11-22`` that day."""

    day: str
    week: str
    month: str
    until_s: float

    def counter(self, scope: str, bound: Bound) -> str:
        """The counter that a money limit of ``scope`` looks at."""
        if bound is Bound.TOTAL:
            return scope
        return scope + {Bound.DAY: self.day, Bound.WEEK: self.week, Bound.MONTH: self.month}[bound]

    def counters(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """All counters that a charge on ``scopes`` is added to."""
        ends = ("", self.day, self.week, self.month)
        return tuple(scope + end for scope in scopes for end in ends)


def windows_at(now: float) -> Windows:
    """The windows that unix time ``now`` is in; ``until_s`` is the unix time when the day, in UTC, is over."""
    moment = datetime.fromtimestamp(now, UTC)
    year, week, _ = moment.isocalendar()
    midnight = (int(now) // 86_400 + 1) * 86_400
    return Windows(f"@{moment:%Y-%m-%d}", f"@{year:04d}-W{week:02d}", f"@{moment:%Y-%m}", float(midnight))


def window_of(counter: str) -> str:
    """How a counter's name ends if it counts for a window (``@2026-11-22``), else an empty text. Names of models may
    hold an ``@`` of their own."""
    found = _WINDOW.search(counter)
    return found.group() if found else ""
