"""Sums of usage: whole days where they are added up already, hours everywhere else."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Integer, and_, cast, func, literal, or_, select

from openhearth.stores.sql.tables import USAGE_HOURS
from openhearth.stores.sql.usage_scope import DIMENSIONS, column_of, conditions, spelled_out
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, USAGE_DAY_SUMS, USAGE_DAYS
from openhearth.stores.usage_ports import DAY_S, HOUR_S, SUMMED, Dimension, Grain, Scope, UsageSum

_HOURS_A_DAY = 24
_Ranges = list[tuple[int, int]]  # from, up to and without


def sums(
    connection: Connection, scope: Scope, start: float, end: float, *, by: Sequence[Dimension], per: Grain, most: int
) -> list[UsageSum]:
    """By bucket and names, in this order."""
    hours = (math.floor(start) // HOUR_S, -(-math.ceil(end) // HOUR_S))
    days: _Ranges = [] if per == "hour" else _folded(connection, hours)
    scope = spelled_out(connection, scope)
    found: dict[tuple[Any, ...], list[int]] = {}
    for table, ranges in ((_days(scope, by), days), (USAGE_HOURS, _rest(hours, days))):
        for row in _summed(connection, table, ranges, scope, by=by, per=per, most=most):
            bucket, so_far = tuple(row[: len(by) + 1]), found.get(tuple(row[: len(by) + 1]))
            numbers = [int(number) for number in row[len(by) + 1 :]]
            found[bucket] = numbers if so_far is None else [*map(sum, zip(so_far, numbers, strict=True))]
    unit = {"hour": HOUR_S, "day": DAY_S, "all": 0}[per]
    return [UsageSum(key[0] * unit, key[1:], *found[key]) for key in sorted(found)[: most + 1]]


def _summed(
    connection: Connection,
    table: FromClause,
    ranges: _Ranges,
    scope: Scope,
    *,
    by: Sequence[Dimension],
    per: Grain,
    most: int,
) -> Iterator[Sequence[Any]]:
    if not ranges:
        return
    is_day = table is not USAGE_HOURS
    when = table.c.day if is_day else table.c.hour
    names = [column_of(table, dimension) for dimension in by]
    within = or_(*(and_(when >= low, when < high) for low, high in ranges))
    bucket = _bucket(when, per, is_day=is_day)
    grouped = names if per == "all" else [bucket, *names]
    asked = select(bucket, *names, *(func.sum(table.c[name]) for name in SUMMED)).where(
        within, *conditions(table, scope)
    )
    for row in connection.execute(asked.group_by(*grouped).order_by(*grouped).limit(most + 1)):
        if row[-1] is not None:  # the sum of nothing
            yield row


def _days(scope: Scope, by: Sequence[Dimension]) -> FromClause:
    """Where days are read from: the sums by one dimension, if the question has no other (but the organisation)."""
    asked: tuple[tuple[Dimension, bool], ...] = (
        ("key", bool(scope.keys)),
        ("user", bool(scope.users)),
        ("project", bool(scope.projects)),
        ("model", bool(scope.models)),
        ("target", bool(scope.targets)),
        ("operation", bool(scope.operations) and "operation" in DIMENSIONS),
    )
    named = {*by, *(dimension for dimension, is_asked in asked if is_asked)} - {"org"}
    if len(named) > 1:
        return USAGE_DAYS
    dimension: Dimension = next(iter(named), "org")
    sums, column = USAGE_DAY_SUMS, column_of(USAGE_DAYS, dimension).name
    named_columns = [] if dimension == "org" else [sums.c.name.label(column)]
    chosen = select(sums.c.day, sums.c.org_id, *named_columns, *(sums.c[name] for name in SUMMED))
    return chosen.where(sums.c.dimension == dimension).subquery()


def _bucket(when: ColumnElement[int], per: Grain, *, is_day: bool) -> ColumnElement[int]:
    if per == "all":
        return literal(0)
    return cast(when // _HOURS_A_DAY, Integer) if per == "day" and not is_day else when


def _folded(connection: Connection, hours: tuple[int, int]) -> _Ranges:
    """The days that lie wholly in ``hours`` and are added up, as few ranges. Days whose hours are gone count wholly."""
    day, alone = FOLDED_DAYS.c.day, FOLDED_DAYS.c.alone
    first, last = -(-hours[0] // _HOURS_A_DAY), hours[1] // _HOURS_A_DAY
    inside = and_(day >= first, day < last)
    touched = and_(alone, day >= hours[0] // _HOURS_A_DAY, day < -(-hours[1] // _HOURS_A_DAY))
    ranges: _Ranges = []
    for number in connection.execute(select(day).where(or_(inside, touched)).order_by(day)).scalars():
        if ranges and ranges[-1][1] == number:
            ranges[-1] = (ranges[-1][0], number + 1)
        else:
            ranges.append((number, number + 1))
    return ranges


def _rest(hours: tuple[int, int], days: _Ranges) -> _Ranges:
    """What of ``hours`` is in none of ``days``."""
    rest, low = [], hours[0]
    for first, end in days:
        if low < first * _HOURS_A_DAY:
            rest.append((low, first * _HOURS_A_DAY))
        low = end * _HOURS_A_DAY
    if low < hours[1]:
        rest.append((low, hours[1]))
    return rest
