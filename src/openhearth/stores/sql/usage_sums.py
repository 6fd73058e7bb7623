"""Sums of usage, in one query over all levels that ``usage_plan`` chose."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, Select, cast, func, select, union_all

from openhearth.stores.sql.usage_levels import HOURS_A_DAY
from openhearth.stores.sql.usage_plan import Part, plan
from openhearth.stores.sql.usage_scope import column_of, conditions, spelled_out
from openhearth.stores.usage_ports import DAY_S, HOUR_S, SUMMED, Dimension, Grain, Scope, UsageSum

_UNIT_S = {"hour": HOUR_S, "day": DAY_S, "all": 0}


def sums(
    connection: Connection, scope: Scope, start: float, end: float, *, by: Sequence[Dimension], per: Grain, most: int
) -> list[UsageSum]:
    """By bucket and names, in this order."""
    hours = (math.floor(start) // HOUR_S, -(-math.ceil(end) // HOUR_S))
    scope = spelled_out(connection, scope)
    parts = plan(connection, hours, per, scope, by)
    if not parts:
        return []
    rows = union_all(*(_rows(part, scope, by, per) for part in parts)).subquery()
    grouped = [rows.c[name] for name in _grouped(by, per)]
    asked = select(*grouped, *(cast(func.sum(rows.c[name]), BigInteger) for name in SUMMED)).limit(most + 1)
    if grouped:
        # A stretch may be taken from a longer one, and nothing be left of a name.
        asked = asked.group_by(*grouped).having(func.sum(rows.c.calls) > 0).order_by(*grouped)
    width, unit = len(grouped), _UNIT_S[per]
    found = (
        UsageSum(row[0] * unit if unit else 0, tuple(row[width - len(by) : width]), *row[width:])
        for row in connection.execute(asked)
        if row[width]  # the sum of nothing is one row without numbers
    )
    return sorted(found, key=lambda one: (one.start, one.names))


def _grouped(by: Sequence[Dimension], per: Grain) -> list[str]:
    """The columns that tell sums apart."""
    return [*([] if per == "all" else ["bucket"]), *(f"name_{place}" for place in range(len(by)))]


def _rows(part: Part, scope: Scope, by: Sequence[Dimension], per: Grain) -> Select[tuple[object, ...]]:
    """The rows of one part in the columns of all."""
    names: list[ColumnElement[Any]] = [] if per == "all" else [_bucket(part, per)]
    names += [column_of(part.source, dimension) for dimension in by]
    labels = (name.label(label) for name, label in zip(names, _grouped(by, per), strict=True))
    numbers = [(part.source.c[name] if part.adds else -part.source.c[name]).label(name) for name in SUMMED]
    return select(*labels, *numbers).where(part.within, *conditions(part.source, scope))


def _bucket(part: Part, per: Grain) -> ColumnElement[int]:
    return cast(part.when // HOURS_A_DAY, Integer) if per == "day" and part.unit_hours == 1 else part.when
