"""Search among millions of calls, newest first, in bounded time.

The ledger is read in spans of time, newest first. Where the rollups tell hours and keys apart that can have what is
asked, only those are read; else slices of so many rows. Between two spans the clock is looked at.
"""

import math
from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select, true

from openhearth.core.call import Outcome
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.tables import LEDGER, USAGE_HOURS
from openhearth.stores.sql.usage_scope import conditions, is_rolled_up, last_alone, spelled_out
from openhearth.stores.usage_ports import DAY_S, HOUR_S, CallCount, CallFilter, CallPage, Place, Scope

_ENDED_WELL = str(Outcome.OK)
# In the index's own words, not as a parameter: only so does a database see that a partial index serves.
_FAILED = LEDGER.c.outcome != literal_column(f"'{_ENDED_WELL}'")
_HAS_ERROR = LEDGER.c.error_code != literal_column("''")


class Steps(msgspec.Struct, frozen=True):
    """How many rows are read between two looks at the clock, of calls and of hours, and how many keys may be named."""

    first_slice: int = 2_000
    slice: int = 20_000
    hour_rows: int = 1_000
    keys: int = 64


class Search(msgspec.Struct, frozen=True):
    """``limit`` calls after ``skip`` of those after ``before``; ``is_over`` says that the time for it is."""

    limit: int
    before: Place | None
    skip: int
    is_over: Callable[[], bool]
    steps: Steps = Steps()


class _Span(msgspec.Struct, frozen=True):
    """A stretch of the ledger to read: from ``start``, before ``end``, of ``keys`` only where any are named."""

    start: float
    end: float
    keys: tuple[str, ...] = ()


def calls(connection: Connection, wanted: CallFilter, search: Search) -> CallPage:
    """One page, newest first."""
    most = search.skip + search.limit + 1
    found: list[LedgerEntry] = []
    for span in _spans(connection, wanted, search.before, search.steps):
        asked = select(LEDGER).where(*_conditions(wanted, span, search.before))
        asked = asked.order_by(LEDGER.c.created_at.desc(), LEDGER.c.effect.desc()).limit(most - len(found))
        found.extend(LedgerEntry(*row) for row in connection.execute(asked))
        if len(found) == most:
            last = found[most - 2]
            return CallPage(found[search.skip : most - 1], Place(last.created_at, last.effect))
        if search.is_over():
            # Whoever goes on from there skips nothing: it lies behind all that was found.
            return CallPage(found[search.skip :], Place(span.start))
    return CallPage(found[search.skip :])


def count(
    connection: Connection, wanted: CallFilter, most: int, is_over: Callable[[], bool], steps: Steps
) -> CallCount:
    """Up to ``most``."""
    counted = 0
    for span in _spans(connection, wanted, None, steps):
        some = select(LEDGER.c.effect).where(*_conditions(wanted, span, None)).limit(most + 1 - counted)
        counted += connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
        if counted > most:
            return CallCount(most, exact=False)
        if is_over():
            return CallCount(counted, exact=False)
    return CallCount(counted, exact=True)


def oldest(connection: Connection) -> float | None:
    """When the oldest call that is kept began."""
    return connection.execute(select(func.min(LEDGER.c.created_at))).scalar()


def _spans(connection: Connection, wanted: CallFilter, before: Place | None, steps: Steps) -> Iterator[_Span]:
    end = wanted.end if before is None else min(wanted.end, _just_above(before))
    if wanted.effect:
        yield _Span(wanted.start, end)
        return
    first = oldest(connection)
    start = wanted.start if first is None else max(wanted.start, first)
    scope = spelled_out(connection, wanted.scope)
    if start >= end:
        return
    if wanted.error_code:
        yield from _slices(connection, and_(_HAS_ERROR, LEDGER.c.error_code == wanted.error_code), start, end, steps)
    elif len(scope.keys) == 1 and not (scope.models or scope.targets):
        yield from _slices(connection, LEDGER.c.key_id == scope.keys[0], start, end, steps)
    elif is_rolled_up(scope):
        alone = last_alone(connection)
        kept = start if alone is None else min(max(start, float((alone + 1) * DAY_S)), end)  # hours from there on
        yield from _hours(connection, scope, kept, end, steps, failed=_only_failed(wanted))
        yield from _slices(connection, _FAILED if _only_failed(wanted) else true(), start, kept, steps)
    else:
        yield from _slices(connection, _FAILED if _only_failed(wanted) else true(), start, end, steps)


def _slices(
    connection: Connection, rows: ColumnElement[bool], start: float, end: float, steps: Steps
) -> Iterator[_Span]:
    """Of so many of ``rows`` each, which an index has in the order of time."""
    size = steps.first_slice
    while start < end:
        when = LEDGER.c.created_at
        asked = select(when).where(rows, when >= start, when < end).order_by(when.desc()).limit(1).offset(size)
        edge = connection.execute(asked).scalar()
        # ``edge`` belongs to the next slice, unless all of this one began at the same moment.
        low = start if edge is None else min(math.nextafter(edge, math.inf), math.nextafter(end, -math.inf))
        yield _Span(low, end)
        end, size = low, steps.slice


def _hours(
    connection: Connection, scope: Scope, start: float, end: float, steps: Steps, *, failed: bool
) -> Iterator[_Span]:
    """The hours that have calls of ``scope``, with the keys that made them where these are few."""
    hour, key = USAGE_HOURS.c.hour, USAGE_HOURS.c.key_id
    counted = USAGE_HOURS.c.failures if failed else USAGE_HOURS.c.calls
    narrow = [*conditions(USAGE_HOURS, scope), counted > 0, hour >= math.floor(start) // HOUR_S]
    last = math.floor(end) // HOUR_S
    while True:
        asked = select(hour, key).where(*narrow, hour <= last).order_by(hour.desc()).limit(steps.hour_rows)
        rows = list(connection.execute(asked))
        keys: dict[int, set[str]] = {}
        for row in rows:
            keys.setdefault(row[0], set()).add(row[1])
        is_all = len(rows) < steps.hour_rows
        is_part = not is_all and len(keys) == 1
        if not is_all and not is_part:
            del keys[rows[-1][0]]  # it may be cut off in the middle, and comes again
        for number, some in keys.items():
            named = () if is_part or len(some) > steps.keys else tuple(sorted(some))
            span = _Span(max(start, number * HOUR_S), min(end, (number + 1) * HOUR_S), named)
            if span.start < span.end:
                yield span
            last = number - 1
        if is_all:
            return


def _conditions(wanted: CallFilter, span: _Span, before: Place | None) -> Iterator[ColumnElement[bool]]:
    when = LEDGER.c.created_at
    if span.keys:
        yield LEDGER.c.key_id.in_(span.keys)
    yield when >= span.start
    yield when < span.end
    if before is not None:
        yield or_(when < before.created_at, and_(when == before.created_at, LEDGER.c.effect < before.effect))
    yield from conditions(LEDGER, wanted.scope)
    yield from _narrow(wanted)


def _narrow(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    """All that is asked beside time and scope."""
    charge = LEDGER.c.charge_nanos
    if wanted.effect:
        yield LEDGER.c.effect == wanted.effect
    if wanted.outcomes:
        yield LEDGER.c.outcome.in_(wanted.outcomes)
    if _only_failed(wanted):
        yield _FAILED
    elif wanted.failed is False:
        yield LEDGER.c.outcome == _ENDED_WELL
    if wanted.error_code:
        yield and_(_HAS_ERROR, LEDGER.c.error_code == wanted.error_code)
    if wanted.stream is not None:
        yield LEDGER.c.stream.is_(wanted.stream)
    if wanted.least_nanos is not None:
        yield charge >= wanted.least_nanos
    if wanted.most_nanos is not None:
        yield charge <= wanted.most_nanos


def _only_failed(wanted: CallFilter) -> bool:
    return wanted.failed is True or (bool(wanted.outcomes) and _ENDED_WELL not in wanted.outcomes)


def _just_above(place: Place) -> float:
    """The end, exclusive, of a stretch that still has calls of the moment where the last page ended."""
    return math.nextafter(place.created_at, math.inf) if place.effect else place.created_at
