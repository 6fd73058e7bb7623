"""Which sums a question is answered from: the fewest rows that come to the same.

A time is covered by the longest stretches that are added up: spans of days, days, hours. Of a stretch that is wanted
for the greater part, the lesser part is taken away instead of adding up the greater.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, and_, func, or_, select

from openhearth.stores.sql.tables import USAGE_HOURS
from openhearth.stores.sql.usage_levels import HOURS_A_DAY, SPANS, days_of, span_of, valid_spans
from openhearth.stores.sql.usage_scope import DIMENSIONS, column_of
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, USAGE_DAY_SUMS, USAGE_DAYS, USAGE_HOUR_SUMS, USAGE_SPANS
from openhearth.stores.usage_ports import Dimension, Grain, Scope

_Ranges: TypeAlias = list[tuple[int, int]]  # from, up to and without
_RAW, _HOUR, _DAY = "raw", "hour", "day"
_Kind: TypeAlias = str | int  # a number: spans of so many days
_MOST_RANGES = 100


class Part(msgspec.Struct, frozen=True):
    """Rows of ``source`` with ``when`` in ``within``; taken away where not ``adds``."""

    source: FromClause
    when: ColumnElement[int]
    within: ColumnElement[bool]
    unit_hours: int
    adds: bool


class _Days(msgspec.Struct, frozen=True):
    """Days that are added up: calls by day, those whose hours are by one dimension too, those without hours."""

    calls: dict[int, int]
    by_hour: set[int]
    alone: set[int]


def plan(
    connection: Connection, hours: tuple[int, int], per: Grain, scope: Scope, by: Sequence[Dimension]
) -> list[Part]:
    """What to read for ``hours``, from and up to, in buckets of ``per``."""
    named = _named(scope, by)
    is_narrow = len(named) <= 1
    days = _known(connection, hours)
    cover = _Cover(connection, days, per, has_spans=per == "all" and not is_narrow, has_sums=is_narrow)
    cover.add(*hours)
    dimension: Dimension = next(iter(named), "org")
    return [
        part
        for (kind, adds), ranges in cover.parts.items()
        for part in _part(kind, _joined(ranges), dimension, adds=adds, is_narrow=is_narrow)
    ]


class _Cover:
    """Gathers what covers a time: by kind of sums, and whether they are added or taken away."""

    def __init__(self, connection: Connection, days: _Days, per: Grain, *, has_spans: bool, has_sums: bool) -> None:
        self._connection = connection
        self._days = days
        self._per = per
        self._known = sorted(days.calls)
        self._by_hour = sorted(days.by_hour) if has_sums else []
        self._spans = {size: valid_spans(connection, days.calls, size) for size in SPANS} if has_spans else {}
        self.parts: dict[tuple[_Kind, bool], _Ranges] = {}

    def add(self, low: int, high: int) -> None:
        """Cover the hours from ``low`` up to ``high``."""
        if self._per == "hour":
            self._hours(low, high, adds=True)
            return
        run: list[int] = []  # days one after the other that are taken whole
        done = low
        for day in _touched(self._known, low, high):
            start, end = day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY
            first, last = max(low, start), min(high, end)
            if done < first:  # days that are not added up: years, where all there ever was is asked for
                self._run(run)
                run = []
                self._note(_RAW, True, done, first)
            done = last
            if last - first == HOURS_A_DAY or day in self._days.alone:
                run.append(day)
                continue
            if 2 * (last - first) > HOURS_A_DAY and self._is_same(day):
                run.append(day)
                self._hours(start, first, adds=False)
                self._hours(last, end, adds=False)
                continue
            self._hours(first, last, adds=True)
            self._run(run)
            run = []
        self._run(run)
        if done < high:
            self._note(_RAW, True, done, high)

    def _run(self, days: list[int]) -> None:
        if days:
            self._whole(days[0], days[-1] + 1, list(self._spans), adds=True)

    def _whole(self, low: int, high: int, sizes: Sequence[int], *, adds: bool) -> None:
        """Days, all of them added up, by spans of ``sizes`` and what these leave over by shorter ones."""
        if low >= high:
            return
        if not sizes:
            self._note(_DAY, adds, low, high)
            return
        *shorter, size = sizes
        for span in range(span_of(size, low), span_of(size, high - 1) + 1):
            whole = days_of(size, span)
            first, last = max(low, whole.start), min(high, whole.stop)
            if span in self._spans[size] and 2 * (last - first) > size:
                self._note(size, adds, span, span + 1)
                self._whole(whole.start, first, shorter, adds=not adds)
                self._whole(last, whole.stop, shorter, adds=not adds)
            else:
                self._whole(first, last, shorter, adds=adds)

    def _hours(self, low: int, high: int, *, adds: bool) -> None:
        """Hours: by one dimension where they are added up so and no more is asked, else as they were written."""
        for day in _touched(self._by_hour, low, high):
            first, last = max(low, day * HOURS_A_DAY), min(high, (day + 1) * HOURS_A_DAY)
            if low < first:
                self._note(_RAW, adds, low, first)
            self._note(_HOUR, adds, first, last)
            low = last
        if low < high:
            self._note(_RAW, adds, low, high)

    def _is_same(self, day: int) -> bool:
        """Whether the hours of ``day`` are of the very calls that the day is of, so that they can be taken from it."""
        if self._by_hour and day in self._days.by_hour:
            return True
        hour = USAGE_HOURS.c.hour
        within = and_(hour >= day * HOURS_A_DAY, hour < (day + 1) * HOURS_A_DAY)
        calls = self._connection.execute(select(func.sum(USAGE_HOURS.c.calls)).where(within)).scalar()
        return int(calls or 0) == self._days.calls[day]

    def _note(self, kind: _Kind, adds: bool, low: int, high: int) -> None:
        self.parts.setdefault((kind, adds), []).append((low, high))


def _known(connection: Connection, hours: tuple[int, int]) -> _Days:
    """The days that ``hours`` touch, and those of the spans that these are in."""
    days, most = FOLDED_DAYS.c, max(SPANS)
    first, last = hours[0] // HOURS_A_DAY - most, -(-hours[1] // HOURS_A_DAY) + most
    known = _Days({}, set(), set())
    for row in connection.execute(select(FOLDED_DAYS).where(days.day >= first, days.day < last)):
        known.calls[row.day] = int(row.calls)
        if row.alone:
            known.alone.add(row.day)
        elif row.hour_calls == row.calls:
            known.by_hour.add(row.day)
    return known


def _named(scope: Scope, by: Sequence[Dimension]) -> set[Dimension]:
    """The dimensions that a question tells apart, but the organisation, which sums by one dimension have as well."""
    asked: tuple[tuple[Dimension, bool], ...] = (
        ("key", bool(scope.keys)),
        ("user", bool(scope.users)),
        ("project", bool(scope.projects)),
        ("model", bool(scope.models)),
        ("target", bool(scope.targets)),
        ("operation", bool(scope.operations) and "operation" in DIMENSIONS),
    )
    return {*by, *(dimension for dimension, is_asked in asked if is_asked)} - {"org"}


def _part(kind: _Kind, ranges: _Ranges, dimension: Dimension, *, adds: bool, is_narrow: bool) -> Iterator[Part]:
    source: FromClause
    for start in range(0, len(ranges), _MOST_RANGES):
        some = ranges[start : start + _MOST_RANGES]
        if isinstance(kind, int):
            span = USAGE_SPANS.c.span
            within = and_(USAGE_SPANS.c.days == kind, _within(span, some))
            yield Part(USAGE_SPANS, span, within, kind * HOURS_A_DAY, adds)
            continue
        unit, column = (HOURS_A_DAY, "day") if kind == _DAY else (1, "hour")
        source = USAGE_DAYS if kind == _DAY else USAGE_HOURS
        if kind == _HOUR or (kind == _DAY and is_narrow):
            source = _by(USAGE_DAY_SUMS if kind == _DAY else USAGE_HOUR_SUMS, dimension)
        yield Part(source, source.c[column], _within(source.c[column], some), unit, adds)


def _by(sums: Any, dimension: Dimension) -> FromClause:
    """Rows of sums by one dimension, which is named as in the other tables."""
    name = column_of(USAGE_DAYS, dimension).name
    columns = [one for one in sums.c if one.name not in ("dimension", "name")]
    named = [] if dimension == "org" else [sums.c.name.label(name)]
    chosen: FromClause = select(*columns, *named).where(sums.c.dimension == dimension).subquery()
    return chosen


def _touched(days: Sequence[int], low: int, high: int) -> Sequence[int]:
    """Those of the sorted ``days`` that the hours from ``low`` up to ``high`` lie in."""
    if low >= high:
        return ()
    return days[bisect_left(days, low // HOURS_A_DAY) : bisect_left(days, -(-high // HOURS_A_DAY))]


def _within(when: ColumnElement[int], ranges: _Ranges) -> ColumnElement[bool]:
    return or_(*(and_(when >= low, when < high) for low, high in ranges))


def _joined(ranges: _Ranges) -> _Ranges:
    """The same as few ranges."""
    joined: _Ranges = []
    for low, high in sorted(ranges):
        if joined and joined[-1][1] == low:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined
