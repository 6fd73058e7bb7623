"""What is kept when single calls and hours no longer are, so that every sum still follows from what is there.

Removed calls live on as one opening posting per account and as sums by counter; removed hours as their days.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, text

from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.bulk import delete_many
from openhearth.stores.sql.sums import charged
from openhearth.stores.sql.tables import LEDGER, POSTINGS, SPEND, USAGE_HOURS
from openhearth.stores.sql.usage_folded import folded_spend
from openhearth.stores.sql.usage_scope import DIMENSIONS, column_of
from openhearth.stores.sql.usage_tables import FOLDED_CALLS, FOLDED_DAYS, USAGE_DAY_SUMS, USAGE_DAYS
from openhearth.stores.usage_ports import DAY_S, SUMMED

OPENING = "opening"
_HOURS_A_DAY = 24
_CHUNK = 500
_OPEN = text(
    "INSERT INTO postings (effect, account, nanos, created_at) VALUES (:effect, :account, :nanos, :created_at) "
    "ON CONFLICT (effect, account) DO UPDATE SET nanos = postings.nanos + excluded.nanos, "
    "created_at = excluded.created_at"
)
_FOLD = text(
    "INSERT INTO folded_calls (kind, name, amount) VALUES (:kind, :name, :amount) "
    "ON CONFLICT (kind, name) DO UPDATE SET amount = folded_calls.amount + excluded.amount"
)
_KEY = tuple("day" if column is USAGE_HOURS.c.hour else column.name for column in USAGE_HOURS.primary_key)
# A key of the table has one user, project and organisation, whatever they were at each hour.
_CHOSEN = ", ".join(
    "CAST(:day AS INTEGER)"
    if name == "day"
    else name
    if name in _KEY
    else f"{'SUM' if name in SUMMED else 'MAX'}({name})"
    for name in (column.name for column in USAGE_DAYS.columns)
)
# In SQL from end to end: thousands of rows that Python need not see.
_ADD_DAY = text(
    f"INSERT INTO usage_days ({', '.join(column.name for column in USAGE_DAYS.columns)}) "
    f"SELECT {_CHOSEN} FROM usage_hours WHERE hour >= :first AND hour < :last GROUP BY {', '.join(_KEY[1:])} "
    f"ON CONFLICT ({', '.join(_KEY)}) "
    f"DO UPDATE SET {', '.join(f'{name} = usage_days.{name} + excluded.{name}' for name in SUMMED)}"
)
_WINDOW = re.compile(r"(?P<year>\d{4})-(?:W(?P<week>\d{2})|(?P<month>\d{2})(?:-(?P<day>\d{2}))?)")


def fold_calls(connection: Connection, before: float, limit: int) -> int:
    """Remove the oldest calls; returns how many."""
    oldest = select(LEDGER).where(LEDGER.c.created_at < before).order_by(LEDGER.c.created_at).limit(limit)
    gone = [LedgerEntry(*row) for row in connection.execute(oldest)]
    if not gone:
        return 0
    effects = [entry.effect for entry in gone]
    opening = _postings_of(connection, effects)
    connection.execute(
        _OPEN,
        [
            {"effect": OPENING, "account": account, "nanos": nanos, "created_at": before}
            for account, nanos in sorted(opening.items())
        ]
        or [{"effect": OPENING, "account": "margin", "nanos": 0, "created_at": before}],
    )
    _fold(connection, "spend", charged(gone))
    _fold(connection, "usage", _usage_of(gone))
    delete_many(connection, POSTINGS, POSTINGS.c.effect, effects)
    delete_many(connection, LEDGER, LEDGER.c.effect, effects)
    return len(gone)


def close_windows(connection: Connection, before: float) -> int:
    """Forget counters of days, weeks and months that ended before ``before`` and whose calls are all removed."""
    folded = folded_spend(connection)
    ended = [name for name in folded if _is_window_before(name, folded, before)]
    closed = []
    for start in range(0, len(ended), _CHUNK):
        asked = select(SPEND).where(SPEND.c.counter.in_(ended[start : start + _CHUNK]))
        closed += [counter for counter, nanos in connection.execute(asked) if nanos == folded[counter]]
    delete_many(connection, SPEND, SPEND.c.counter, closed)
    for start in range(0, len(closed), _CHUNK):
        some = closed[start : start + _CHUNK]
        connection.execute(delete(FOLDED_CALLS).where(FOLDED_CALLS.c.kind == "spend", FOLDED_CALLS.c.name.in_(some)))
    return len(closed)


def stale_days(connection: Connection, now: float, days: int) -> list[int]:
    """Days that are over and not added up, or have more calls than when they were."""
    today = int(now) // DAY_S
    first = today - days if days else 0
    day = (USAGE_HOURS.c.hour // _HOURS_A_DAY).label("day")
    within = and_(USAGE_HOURS.c.hour >= first * _HOURS_A_DAY, USAGE_HOURS.c.hour < today * _HOURS_A_DAY)
    asked = select(day, func.sum(USAGE_HOURS.c.calls)).where(within).group_by(day)
    there = {int(row[0]): int(row[1]) for row in connection.execute(asked)}
    known = select(FOLDED_DAYS.c.day, FOLDED_DAYS.c.calls, FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day >= first)
    done = {row[0]: row[1] for row in connection.execute(known) if not row[2]}
    alone = {row[0] for row in connection.execute(known) if row[2]}
    return sorted(day for day, calls in there.items() if day not in alone and done.get(day) != calls)


def fold_day(connection: Connection, day: int) -> None:
    """Add up ``day`` from its hours, anew if it was before."""
    if not connection.execute(select(FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day == day)).scalar():
        connection.execute(delete(USAGE_DAYS).where(USAGE_DAYS.c.day == day))
        _add_day(connection, day, alone=False)


def oldest_day(connection: Connection) -> int | None:
    """The first day that still has hours."""
    hour = connection.execute(select(func.min(USAGE_HOURS.c.hour))).scalar()
    return None if hour is None else int(hour) // _HOURS_A_DAY


def fold_hours(connection: Connection, day: int) -> None:
    """Keep ``day`` without its hours. What came for it after its hours had gone is added to it."""
    if not connection.execute(select(FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day == day)).scalar():
        connection.execute(delete(USAGE_DAYS).where(USAGE_DAYS.c.day == day))
    _add_day(connection, day, alone=True)
    connection.execute(delete(USAGE_HOURS).where(_of_day(day)))


def _fold(connection: Connection, kind: str, amounts: Mapping[str, int]) -> None:
    rows = [{"kind": kind, "name": name, "amount": amount} for name, amount in sorted(amounts.items()) if amount]
    if rows:
        connection.execute(_FOLD, rows)


def _postings_of(connection: Connection, effects: Sequence[str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for start in range(0, len(effects), _CHUNK):
        part = POSTINGS.c.effect.in_(effects[start : start + _CHUNK])
        for account, nanos in connection.execute(select(POSTINGS.c.account, POSTINGS.c.nanos).where(part)):
            sums[account] = sums.get(account, 0) + nanos
    return sums


def _usage_of(entries: Iterable[LedgerEntry]) -> dict[str, int]:
    usage = dict.fromkeys(SUMMED, 0)
    for entry in entries:
        for name in SUMMED[2:]:
            usage[name] += getattr(entry, name)
        usage["calls"] += 1
        usage["failures"] += entry.outcome != Outcome.OK
    return usage


def _add_day(connection: Connection, day: int, *, alone: bool) -> None:
    """Add the hours of ``day`` to it, and note of how many calls it is now."""
    connection.execute(_ADD_DAY, {"day": day, "first": day * _HOURS_A_DAY, "last": (day + 1) * _HOURS_A_DAY})
    connection.execute(delete(USAGE_DAY_SUMS).where(USAGE_DAY_SUMS.c.day == day))
    for dimension in DIMENSIONS:
        name = column_of(USAGE_DAYS, dimension)
        chosen = select(
            literal(dimension),
            USAGE_DAYS.c.day,
            USAGE_DAYS.c.org_id,
            name,
            *(func.sum(USAGE_DAYS.c[n]) for n in SUMMED),
        )
        grouped = dict.fromkeys((USAGE_DAYS.c.day, USAGE_DAYS.c.org_id, name))
        rows = chosen.where(USAGE_DAYS.c.day == day).group_by(*grouped)
        connection.execute(insert(USAGE_DAY_SUMS).from_select([*USAGE_DAY_SUMS.c.keys()], rows))
    calls = connection.execute(select(func.sum(USAGE_DAYS.c.calls)).where(USAGE_DAYS.c.day == day)).scalar()
    connection.execute(delete(FOLDED_DAYS).where(FOLDED_DAYS.c.day == day))
    connection.execute(insert(FOLDED_DAYS), {"day": day, "calls": int(calls or 0), "alone": alone})


def _of_day(day: int) -> ColumnElement[bool]:
    return and_(USAGE_HOURS.c.hour >= day * _HOURS_A_DAY, USAGE_HOURS.c.hour < (day + 1) * _HOURS_A_DAY)


def _is_window_before(counter: str, counters: Mapping[str, int], before: float) -> bool:
    """Whether ``counter`` is of a window that ended by ``before``. A model may be named like one (``m@2024-08-06``):
    its window has a total beside it, as every window has."""
    total, _, window = counter.rpartition("@")
    parts = _WINDOW.fullmatch(window)
    if not parts or total not in counters:
        return False
    try:
        return _end(parts).timestamp() <= before
    except ValueError:  # no day of any calendar: part of a model's name
        return False


def _end(parts: re.Match[str]) -> datetime:
    year = int(parts["year"])
    if parts["week"]:
        return datetime.fromisocalendar(year, int(parts["week"]), 1).replace(tzinfo=UTC) + timedelta(days=7)
    if parts["day"]:
        return datetime(year, int(parts["month"]), int(parts["day"]), tzinfo=UTC) + timedelta(days=1)
    return datetime(year + int(parts["month"]) // 12, int(parts["month"]) % 12 + 1, 1, tzinfo=UTC)
