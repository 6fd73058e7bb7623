"""What is kept when single calls and hours no longer are, so that every sum still follows from what is there.

Removed calls live on as one opening posting per account and as sums by counter; removed hours as their days.
"""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, text

from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.bulk import delete_many
from openhearth.stores.sql.sums import charged
from openhearth.stores.sql.tables import LEDGER, POSTINGS, USAGE_HOURS
from openhearth.stores.sql.usage_levels import HOURS_A_DAY, adding, forget_hours
from openhearth.stores.sql.usage_lock import lock_folding, lock_hours
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, USAGE_DAY_SUMS, USAGE_DAYS
from openhearth.stores.sql.usage_windows import still_counted
from openhearth.stores.usage_ports import DAY_S, SUMMED

OPENING = "opening"
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
_ADD_DAY_SUMS = adding(USAGE_DAY_SUMS, USAGE_DAYS, "day")
_NOTE_DAY = text(
    "INSERT INTO folded_days (day, calls, alone, hour_calls) VALUES (:day, :calls, :alone, 0) "
    "ON CONFLICT (day) DO UPDATE SET calls = excluded.calls, alone = excluded.alone"
)


def fold_calls(connection: Connection, before: float, limit: int) -> int:
    """Remove the oldest calls; returns how many."""
    lock_folding(connection)
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
    _fold(connection, "spend", still_counted(connection, charged(gone)))
    _fold(connection, "usage", _usage_of(gone))
    delete_many(connection, POSTINGS, POSTINGS.c.effect, effects)
    delete_many(connection, LEDGER, LEDGER.c.effect, effects)
    return len(gone)


def stale_days(connection: Connection, now: float, days: int) -> list[int]:
    """Days that are over and not added up, or have more calls than when they were."""
    today = int(now) // DAY_S
    first = today - days if days else 0
    day = (USAGE_HOURS.c.hour // HOURS_A_DAY).label("day")
    within = and_(USAGE_HOURS.c.hour >= first * HOURS_A_DAY, USAGE_HOURS.c.hour < today * HOURS_A_DAY)
    asked = select(day, func.sum(USAGE_HOURS.c.calls)).where(within).group_by(day)
    there = {int(row[0]): int(row[1]) for row in connection.execute(asked)}
    known = select(FOLDED_DAYS.c.day, FOLDED_DAYS.c.calls, FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day >= first)
    done = {row[0]: row[1] for row in connection.execute(known) if not row[2]}
    alone = {row[0] for row in connection.execute(known) if row[2]}
    return sorted(day for day, calls in there.items() if day not in alone and done.get(day) != calls)


def fold_day(connection: Connection, day: int) -> None:
    """Add up ``day`` from its hours, anew if it was before."""
    lock_folding(connection)
    if not connection.execute(select(FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day == day)).scalar():
        connection.execute(delete(USAGE_DAYS).where(USAGE_DAYS.c.day == day))
        _add_day(connection, day, alone=False)


def oldest_day(connection: Connection) -> int | None:
    """The first day that still has hours."""
    hour = connection.execute(select(func.min(USAGE_HOURS.c.hour))).scalar()
    return None if hour is None else int(hour) // HOURS_A_DAY


def fold_hours(connection: Connection, day: int) -> None:
    """Keep ``day`` without its hours. What came for it after its hours had gone is added to it."""
    lock_folding(connection)
    lock_hours(connection)
    if not connection.execute(select(FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day == day)).scalar():
        connection.execute(delete(USAGE_DAYS).where(USAGE_DAYS.c.day == day))
    _add_day(connection, day, alone=True)
    connection.execute(delete(USAGE_HOURS).where(_of_day(day)))
    forget_hours(connection, day)


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
    connection.execute(_ADD_DAY, {"day": day, "first": day * HOURS_A_DAY, "last": (day + 1) * HOURS_A_DAY})
    connection.execute(delete(USAGE_DAY_SUMS).where(USAGE_DAY_SUMS.c.day == day))
    connection.execute(_ADD_DAY_SUMS, {"first": day, "last": day + 1})
    calls = connection.execute(select(func.sum(USAGE_DAYS.c.calls)).where(USAGE_DAYS.c.day == day)).scalar()
    connection.execute(_NOTE_DAY, {"day": day, "calls": int(calls or 0), "alone": alone})


def _of_day(day: int) -> ColumnElement[bool]:
    return and_(USAGE_HOURS.c.hour >= day * HOURS_A_DAY, USAGE_HOURS.c.hour < (day + 1) * HOURS_A_DAY)
