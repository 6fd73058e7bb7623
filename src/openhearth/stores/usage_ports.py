"""What is asked about calls that are settled: single ones, sums of them, and how long each is kept.

Sums come from rollups and never from the calls themselves. A search reads calls only where the rollups say that there
are some, for a bounded time: it may hand back less than a full page, and then says where to go on.
"""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from openhearth.stores.ports import LedgerEntry

HOUR_S = 3600
DAY_S = 86_400
Dimension = Literal["key", "user", "project", "org", "model", "target", "operation"]
Grain = Literal["hour", "day", "all"]


class Scope(msgspec.Struct, frozen=True):
    """Which calls: those that fit one value of every field that has any. A model may end with ``*`` (by beginning)."""

    keys: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    orgs: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()


class CallFilter(msgspec.Struct, frozen=True):
    """Calls of ``scope`` from ``start`` up to and without ``end`` (unix seconds).

    ``outcomes`` are words of ``core.call.Outcome``; ``failed`` True asks for all that did not end well. The amounts
    bound ``charge_nanos``. ``effect`` is a call's id.
    """

    start: float
    end: float
    scope: Scope = Scope()
    outcomes: tuple[str, ...] = ()
    failed: bool | None = None
    error_code: str = ""
    stream: bool | None = None
    least_nanos: int | None = None
    most_nanos: int | None = None
    effect: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where a page ended: what follows began before ``created_at``, or then, with a smaller id than ``effect``."""

    created_at: float
    effect: str = ""


class CallPage(msgspec.Struct, frozen=True):
    """Calls, newest first. ``next`` is where to go on; ``None``: there is nothing more."""

    calls: Sequence[LedgerEntry]
    next: Place | None = None


class CallCount(msgspec.Struct, frozen=True):
    """How many calls there are; when not ``exact``, at least so many."""

    count: int
    exact: bool


class UsageSum(msgspec.Struct, frozen=True):
    """What the calls of one bucket come to. ``start`` is its unix time (0 for the grain ``all``), ``names`` the values
    of the dimensions asked for, in their order."""

    start: int
    names: tuple[str, ...] = ()
    calls: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    images: int = 0
    duration_ms: int = 0
    cost_nanos: int = 0
    charge_nanos: int = 0


SUMMED = UsageSum.__struct_fields__[2:]


class UsageRecords(Protocol):
    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What the rollups tell apart."""

    async def calls(
        self, wanted: CallFilter, limit: int, before: Place | None = None, *, skip: int = 0, within_s: float
    ) -> CallPage:
        """At most ``limit`` calls after ``skip`` of them, of those after ``before``. It stops soon after ``within_s``,
        with what it has found."""

    async def count_calls(self, wanted: CallFilter, most: int, *, within_s: float) -> CallCount:
        """Counts up to ``most``, and for ``within_s`` at the longest."""

    async def sums(
        self, scope: Scope, start: float, end: float, *, by: Sequence[Dimension], per: Grain, most: int
    ) -> Sequence[UsageSum]:
        """Sums over the whole hours that hold ``start`` and lie before ``end``, by bucket and names; at most ``most``
        and one."""

    async def fold_days(self, now: float, days: int) -> int:
        """Add up each of the last ``days`` UTC days that is over (0: all there are) and was not, or has grown since,
        and the other levels of sums that follow. Returns how many days were."""

    async def fold_calls(self, before: float, limit: int) -> int:
        """Remove the ``limit`` oldest calls that began before ``before``, so that every balance still follows: their
        postings become part of one opening posting per account. Returns how many were removed."""

    async def close_windows(self, before: float) -> int:
        """Forget what was spent in days, weeks and months that ended before ``before`` (never in all), but for those
        that a call which is still open began in or before. Returns how many were."""

    async def fold_hours(self, before: float) -> bool:
        """Replace the hours of the oldest day that has any, if all of it is before ``before``, by the day itself."""
