"""Levels of sums beside the days: hours by one dimension alone, and all dimensions by spans of days.

Each says of how many calls it is. Calls only ever come, so that equal numbers mean the same calls; a level that is of
other calls than its days is not read, and is added up anew.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Insert,
    Table,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
    update,
)

from openhearth.stores.sql.tables import USAGE_HOURS
from openhearth.stores.sql.usage_lock import lock_folding
from openhearth.stores.sql.usage_scope import DIMENSIONS, column_of
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, FOLDED_SPANS, USAGE_DAYS, USAGE_HOUR_SUMS, USAGE_SPANS
from openhearth.stores.usage_ports import SUMMED

HOURS_A_DAY = 24
SPANS = (7, 28)  # days; each holds the one before some times over
PIECES = 8  # of a day's hours: what is added up in one transaction, with calls written in between
_FIRST = 3  # the first of January 1970 was the fourth day of a span
_PIECE_HOURS = HOURS_A_DAY // PIECES
_KEY = tuple(column.name for column in USAGE_DAYS.primary_key if column.name != "day")
_COLUMNS = [column.name for column in USAGE_DAYS.columns if column.name != "day"]
_ADD_SPAN = text(
    f"INSERT INTO usage_spans (days, span, {', '.join(_COLUMNS)}) "
    "SELECT CAST(:days AS INTEGER), CAST(:span AS INTEGER), "
    + ", ".join(name if name in _KEY else f"{'SUM' if name in SUMMED else 'MAX'}({name})" for name in _COLUMNS)
    + f" FROM usage_days WHERE day >= :first AND day < :last GROUP BY {', '.join(_KEY)}"
)


def adding(table: Table, source: Table, when: str) -> Insert:
    """A statement: rows of ``table`` from those of ``source`` from ``first`` up to ``last``, one by each value of each
    dimension."""
    column, org = source.c[when], column_of(source, "org")
    within = and_(column >= bindparam("first"), column < bindparam("last"))
    sums = [cast(func.sum(source.c[name]), BigInteger).label(name) for name in SUMMED]
    parts = []
    for dimension in DIMENSIONS:
        name = column_of(source, dimension)
        chosen = select(literal_column(f"'{dimension}'"), column, org, name.label("name"), *sums).where(within)
        parts.append(chosen.group_by(*dict.fromkeys((column, org, name))))
    return insert(table).from_select([*table.c.keys()], union_all(*parts))


_ADD_HOURS = adding(USAGE_HOUR_SUMS, USAGE_HOURS, "hour")


def stale_hours(connection: Connection, since: int) -> list[int]:
    """Days from ``since`` on, newest first, whose hours by one dimension are not of the calls the day is of."""
    days = FOLDED_DAYS.c
    asked = select(days.day).where(days.day >= since, ~days.alone, days.hour_calls != days.calls)
    return list(connection.execute(asked.order_by(days.day.desc())).scalars())


def fold_hour_sums(connection: Connection, day: int, piece: int) -> None:
    """Add up one of the ``PIECES`` of ``day``. Until ``note_hour_sums`` nobody reads them."""
    lock_folding(connection)
    first = day * HOURS_A_DAY + piece * _PIECE_HOURS
    connection.execute(update(FOLDED_DAYS).where(FOLDED_DAYS.c.day == day).values(hour_calls=0))
    _forget(connection, range(first, first + _PIECE_HOURS))
    if not connection.execute(select(FOLDED_DAYS.c.alone).where(FOLDED_DAYS.c.day == day)).scalar():
        connection.execute(_ADD_HOURS, {"first": first, "last": first + _PIECE_HOURS})


def note_hour_sums(connection: Connection, day: int) -> None:
    """All pieces of ``day`` are added up: note of how many calls. Calls that came between pieces make dimensions
    differ; then the day stays as it is, to be added up once more."""
    lock_folding(connection)
    sums, first = USAGE_HOUR_SUMS.c, day * HOURS_A_DAY
    within = and_(sums.dimension.in_(DIMENSIONS), sums.hour >= first, sums.hour < first + HOURS_A_DAY)
    found = connection.execute(select(func.sum(sums.calls)).where(within).group_by(sums.dimension)).scalars().all()
    if len(set(found)) == 1 and len(found) == len(DIMENSIONS):
        noted = update(FOLDED_DAYS).where(FOLDED_DAYS.c.day == day, ~FOLDED_DAYS.c.alone)
        connection.execute(noted.values(hour_calls=int(found[0])))


def forget_hours(connection: Connection, day: int) -> None:
    """The hours of ``day`` are no longer kept, and so their sums."""
    _forget(connection, range(day * HOURS_A_DAY, (day + 1) * HOURS_A_DAY))
    connection.execute(update(FOLDED_DAYS).where(FOLDED_DAYS.c.day == day).values(hour_calls=0))


def days_of(span_days: int, span: int) -> range:
    """The days of a span."""
    return range(span * span_days - _FIRST, (span + 1) * span_days - _FIRST)


def span_of(span_days: int, day: int) -> int:
    """The span that ``day`` is in."""
    return (day + _FIRST) // span_days


def whole_spans(days: Iterable[int], span_days: int) -> list[int]:
    """The spans all of whose days are among ``days``."""
    counts: dict[int, int] = {}
    for day in days:
        span = span_of(span_days, day)
        counts[span] = counts.get(span, 0) + 1
    return [span for span, count in counts.items() if count == span_days]


def valid_spans(connection: Connection, days: dict[int, int], span_days: int) -> set[int]:
    """The spans that are added up of the very calls that ``days`` are of (calls by day)."""
    there = {span: sum(days[day] for day in days_of(span_days, span)) for span in whole_spans(days, span_days)}
    if not there:
        return set()
    spans = FOLDED_SPANS.c
    asked = select(spans.span, spans.calls).where(spans.days == span_days, spans.span.between(min(there), max(there)))
    return {span for span, calls in connection.execute(asked) if there.get(span) == calls}


def stale_spans(connection: Connection, since: int) -> list[tuple[int, int]]:
    """Spans that end after day ``since``, newest first, all of whose days are added up while they are not or not of
    the same calls: days of each, and number."""
    asked = select(FOLDED_DAYS.c.day, FOLDED_DAYS.c.calls).where(FOLDED_DAYS.c.day >= since - max(SPANS))
    days = {int(row[0]): int(row[1]) for row in connection.execute(asked)}
    stale = [
        (span_days, span)
        for span_days in SPANS
        for span in set(whole_spans(days, span_days)) - valid_spans(connection, days, span_days)
    ]
    return sorted(stale, key=lambda one: (-one[1] * one[0], one[0]))


def fold_span(connection: Connection, span_days: int, span: int) -> None:
    """Add up a span from its days, anew if it was before."""
    lock_folding(connection)
    days = days_of(span_days, span)
    key: dict[str, Any] = {"days": span_days, "span": span}
    for table in (USAGE_SPANS, FOLDED_SPANS):
        connection.execute(delete(table).where(table.c.days == span_days, table.c.span == span))
    connection.execute(_ADD_SPAN, {**key, "first": days.start, "last": days.stop})
    calls = select(func.sum(USAGE_SPANS.c.calls)).where(USAGE_SPANS.c.days == span_days, USAGE_SPANS.c.span == span)
    connection.execute(insert(FOLDED_SPANS), {**key, "calls": int(connection.execute(calls).scalar() or 0)})


def _forget(connection: Connection, hours: Sequence[int]) -> None:
    sums = USAGE_HOUR_SUMS.c
    within = and_(sums.dimension.in_(DIMENSIONS), sums.hour >= hours[0], sums.hour <= hours[-1])
    connection.execute(delete(USAGE_HOUR_SUMS).where(within))
