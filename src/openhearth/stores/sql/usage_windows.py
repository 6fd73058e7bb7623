"""Counters of days, weeks and months that ended long ago: nobody asks for them any more, and every key has one a day.

What is removed up to when is noted first. The proof does not look for windows before that time, and a call that is
settled later than that makes a counter that the next round removes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from openhearth.core.allowance import window_of
from openhearth.stores.sql.bulk import delete_many
from openhearth.stores.sql.tables import RESERVATIONS, SPEND, USAGE_HOURS
from openhearth.stores.sql.usage_scope import models_in
from openhearth.stores.sql.usage_tables import FOLDED_CALLS, USAGE_DAY_SUMS

CHUNK = 500
_KIND = "windows"
_WINDOW = re.compile(r"@(?P<year>\d{4})-(?:W(?P<week>\d{2})|(?P<month>\d{2})(?:-(?P<day>\d{2}))?)")


def closed_before(connection: Connection) -> float:
    """The unix time before which windows that have ended are no longer kept."""
    asked = select(FOLDED_CALLS.c.amount).where(FOLDED_CALLS.c.kind == _KIND)
    return float(connection.execute(asked).scalar() or 0)


def note_closed(connection: Connection, before: float) -> None:
    """Windows that ended by ``before`` no longer count. Earlier than noted changes nothing."""
    latest = max(closed_before(connection), before)
    connection.execute(delete(FOLDED_CALLS).where(FOLDED_CALLS.c.kind == _KIND))
    connection.execute(insert(FOLDED_CALLS), {"kind": _KIND, "name": "", "amount": int(latest)})


def endable(connection: Connection, before: float) -> float:
    """``before``, or when the oldest call began that is still open: what it holds is of a window it will count for."""
    first = connection.execute(select(func.min(RESERVATIONS.c.created_at))).scalar()
    return before if first is None else min(before, float(first))


def ended(connection: Connection, before: float) -> list[str]:
    """Counters of windows that ended by ``before``, in use or of removed calls. Never a total, also not of a model that
    is named like a window."""
    like = "%@____-%"
    found = set(connection.execute(select(SPEND.c.counter).where(SPEND.c.counter.like(like))).scalars())
    removed = select(FOLDED_CALLS.c.name).where(FOLDED_CALLS.c.kind == "spend", FOLDED_CALLS.c.name.like(like))
    found.update(connection.execute(removed).scalars())
    totals = _model_totals(connection)
    return sorted(name for name in found if name not in totals and is_window_before(name, before))


def close(connection: Connection, counters: Sequence[str]) -> None:
    """Remove ``counters``, and what removed calls came to in them."""
    delete_many(connection, SPEND, SPEND.c.counter, counters)
    of_calls = FOLDED_CALLS.c.kind == "spend"
    connection.execute(delete(FOLDED_CALLS).where(of_calls, FOLDED_CALLS.c.name.in_(counters)))


def still_counted(connection: Connection, charges: Mapping[str, int]) -> dict[str, int]:
    """``charges`` by counter without windows that are no longer kept."""
    before = closed_before(connection)
    return {name: nanos for name, nanos in charges.items() if not is_window_before(name, before)}


def is_window_before(counter: str, before: float) -> bool:
    """Whether ``counter`` ends like one of a window that ended by ``before``."""
    parts = _WINDOW.fullmatch(window_of(counter))
    if not parts:
        return False
    try:
        return _end(parts).timestamp() <= before
    except ValueError:  # no day of any calendar: part of a model's name
        return False


def _model_totals(connection: Connection) -> set[str]:
    """Totals of models whose names end like a window (``gpt-4o@2024-08-06``)."""
    names: Iterable[str] = models_in(connection, USAGE_HOURS.c.model)
    sums = USAGE_DAY_SUMS
    asked = select(sums.c.name).where(sums.c.dimension == "model", sums.c.name.like("%@____-%")).distinct()
    names = {*names, *connection.execute(asked).scalars()}
    return {f"model:{name}" for name in names if window_of(name)}


def _end(parts: re.Match[str]) -> datetime:
    year = int(parts["year"])
    if parts["week"]:
        return datetime.fromisocalendar(year, int(parts["week"]), 1).replace(tzinfo=UTC) + timedelta(days=7)
    if parts["day"]:
        return datetime(year, int(parts["month"]), int(parts["day"]), tzinfo=UTC) + timedelta(days=1)
    return datetime(year + int(parts["month"]) // 12, int(parts["month"]) % 12 + 1, 1, tzinfo=UTC)
