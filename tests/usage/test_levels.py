"""Whatever level a sum is read from, it is what adding up the calls gives: also where a level is added up by half, not
at all, or before calls that came late."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, update
from typing_extensions import override

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql import usage_plan
from openhearth.stores.sql.usage import SqlUsage
from openhearth.stores.sql.usage_tables import FOLDED_DAYS, FOLDED_SPANS, USAGE_HOUR_SUMS, USAGE_SPANS
from openhearth.stores.usage_ports import Dimension, Grain, Scope, UsageSum
from tests.usage.made import DAY_S, MIDNIGHT, Store, call, many, store
from tests.usage.test_sums import SCOPES, added

DAYS = 34  # a span of 28 days lies in them
START = MIDNIGHT - DAYS * DAY_S
NOW = MIDNIGHT - 7 * 3600
ENTRIES = [one for one in many(400, days=DAYS) if one.created_at < NOW]
BY: tuple[tuple[Dimension, ...], ...] = ((), ("model",), ("org", "key"), ("model", "key"), ("key", "model", "target"))
HOUR, DAY, SPAN = {"usage_hours"}, {"usage_days"}, {"usage_spans"}


class _Died(Exception):
    """What a process that is killed does not say."""


class _Dying(SqlUsage):
    """Dies in the transaction after ``left`` others."""

    left: int

    @override
    async def _write(self, work: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        def half(connection: Connection) -> None:
            work(connection, *args, **kwargs)
            if not self.left:
                raise _Died
            self.left -= 1

        await self._database.write(half)


async def _fold(made: Store, dies_after: int | None = None) -> None:
    if dies_after is None:
        await made.usage.fold_days(NOW, 0)
        return
    dying = _Dying(made.records.database, pause_s=0.0)
    dying.left = dies_after
    try:
        await dying.fold_days(NOW, 0)
    except _Died:
        pass


async def _sources(made: Store, start: float, end: float, per: Grain, by: Sequence[Dimension]) -> set[str]:
    def read(connection: Connection) -> set[str]:
        hours = (int(start) // 3600, -(-int(end) // 3600))
        parts = usage_plan.plan(connection, hours, per, Scope(), by)
        return {table for part in parts for table in _tables(str(part.source))}

    return await made.records.database.read(read)


def _tables(source: str) -> set[str]:
    names = ("usage_hours", "usage_days", "usage_spans", "usage_day_sums", "usage_hour_sums")
    return {name for name in names if name in source.replace(",", " ").split() or source == name}


async def test_each_question_is_answered_from_the_level_meant_for_it(url: str) -> None:
    async with store(url) as made:
        await made.records.write_batch(ENTRIES, [])
        assert await _sources(made, START, NOW, "all", ("model",)) == HOUR
        await _fold(made)
        assert await _sources(made, START, NOW, "all", ("model", "key")) == {*SPAN, *DAY, *HOUR}
        assert await _sources(made, START, NOW, "day", ("model", "key")) == {*DAY, *HOUR}
        assert await _sources(made, START, NOW, "all", ("model",)) == {"usage_day_sums", *HOUR}
        assert await _sources(made, START, NOW, "hour", ("model",)) == {"usage_hour_sums", *HOUR}
        assert await _sources(made, START, NOW - DAY_S, "hour", ()) == {"usage_hour_sums"}
        assert await _sources(made, START, NOW, "hour", ("model", "key")) == HOUR


async def test_what_an_older_release_added_up_is_completed_later(url: str) -> None:
    """After the migration there are days and nothing else; every answer is the same before and after."""
    async with store(url) as made:
        await made.records.write_batch(ENTRIES, [])
        await _fold(made)
        await made.records.database.write(_as_of_an_older_release)
        await _check(made, ENTRIES, START, NOW)
        assert await _sources(made, START, NOW - DAY_S, "hour", ()) == HOUR
        assert await made.usage.fold_days(NOW, 0) == 0
        assert await _sources(made, START, NOW - DAY_S, "hour", ()) == {"usage_hour_sums"}
        await _check(made, ENTRIES, START, NOW)


def _as_of_an_older_release(connection: Connection) -> None:
    for table in (USAGE_SPANS, FOLDED_SPANS, USAGE_HOUR_SUMS):
        connection.execute(delete(table))
    connection.execute(update(FOLDED_DAYS).values(hour_calls=0))


async def test_levels_go_with_the_hours_and_the_days_stay(url: str) -> None:
    async with store(url) as made:
        await made.records.write_batch(ENTRIES, [])
        await _fold(made)
        while await made.usage.fold_hours(NOW - 20 * DAY_S):
            pass
        rows = await made.usage.sums(Scope(), 0.0, NOW, by=("model",), per="hour", most=100_000)
        assert min(one.start for one in rows) >= NOW - 21 * DAY_S
        for by in BY:
            assert await made.usage.sums(Scope(), START, NOW, by=by, per="all", most=9_999) == added(
                ENTRIES, START, NOW, by, "all"
            )
        late = [call(9_000 + n, START + n * DAY_S) for n in range(DAYS - 1)]
        await made.records.write_batch(late, [])
        await _fold(made)
        while await made.usage.fold_hours(NOW - 20 * DAY_S):
            pass
        await _fold(made)
        for by in BY:
            assert await made.usage.sums(Scope(), START, NOW, by=by, per="all", most=9_999) == added(
                [*ENTRIES, *late], START, NOW, by, "all"
            )


_HOURS = st.integers(0, DAYS * 24 - 8)


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    ranges=st.lists(st.tuples(_HOURS, _HOURS), min_size=1, max_size=3),
    deaths=st.lists(st.integers(0, 34 * 10), min_size=1, max_size=2),
    late=st.lists(_HOURS, max_size=8),
)
def test_a_sum_is_that_of_the_calls_wherever_adding_up_was_cut_off(
    fresh_url: Callable[[], str], ranges: list[tuple[int, int]], deaths: list[int], late: list[int]
) -> None:
    asyncio.run(_run(fresh_url(), ranges, deaths, late))


async def _run(url: str, ranges: list[tuple[int, int]], deaths: list[int], late: list[int]) -> None:
    periods = [(START + min(pair) * 3600, START + (max(pair) + 1) * 3600) for pair in ranges]
    async with store(url) as made:
        await made.records.write_batch(ENTRIES, [])
        for after in deaths:
            await _fold(made, after)
            await _check(made, ENTRIES, *periods[0])
        entries = [*ENTRIES, *(call(9_000 + n, START + hour * 3600 + 1) for n, hour in enumerate(late))]
        await made.records.write_batch(entries[len(ENTRIES) :], [])
        await _fold(made, deaths[0])
        await _nothing_negative(made, periods)
        await _fold(made)
        for start, end in periods:
            await _check(made, entries, start, end)
        assert await made.records.check_ledger() == []


async def _nothing_negative(made: Store, periods: Sequence[tuple[float, float]]) -> None:
    """Also of days that miss a call which their hours have by now."""
    for start, end in periods:
        for per in _GRAINS:
            for by in BY:
                found = await made.usage.sums(Scope(), start, end, by=by, per=per, most=100_000)
                assert all(one.calls > 0 and one.failures >= 0 and one.charge_nanos > 0 for one in found)


_GRAINS: tuple[Grain, ...] = ("hour", "day", "all")


async def _check(made: Store, entries: Sequence[LedgerEntry], start: float, end: float) -> None:
    for name in ("all", "models"):
        scope, fits = SCOPES[name]
        some = [one for one in entries if fits(one)]
        for per in _GRAINS:
            for by in BY:
                found: Sequence[UsageSum] = await made.usage.sums(scope, start, end, by=by, per=per, most=100_000)
                assert list(found) == added(some, start, end, by, per), (name, start, end, by, per)
