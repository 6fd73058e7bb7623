"""Usage of one database: each question handed to its query, in the right thread."""

import time
from collections.abc import Callable, Sequence

from typing_extensions import override

from openhearth.stores.sql import usage_calls, usage_folding, usage_sums
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.usage_calls import Search, Steps
from openhearth.stores.sql.usage_scope import DIMENSIONS
from openhearth.stores.usage_ports import (
    DAY_S,
    CallCount,
    CallFilter,
    CallPage,
    Dimension,
    Grain,
    Place,
    Scope,
    UsageRecords,
    UsageSum,
)


class SqlUsage(UsageRecords):
    """Calls and their rollups in SQLite or PostgreSQL."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        steps: Steps = Steps(),  # noqa: B008 (a frozen value)
    ) -> None:
        self._database = database
        self._steps = steps
        self._clock = clock

    @property
    @override
    def dimensions(self) -> tuple[Dimension, ...]:
        return DIMENSIONS

    @override
    async def calls(
        self, wanted: CallFilter, limit: int, before: Place | None = None, *, skip: int = 0, within_s: float
    ) -> CallPage:
        search = Search(limit, before, skip, self._timer(within_s), self._steps)
        return await self._database.read(usage_calls.calls, wanted, search)

    @override
    async def count_calls(self, wanted: CallFilter, most: int, *, within_s: float) -> CallCount:
        return await self._database.read(usage_calls.count, wanted, most, self._timer(within_s), self._steps)

    @override
    async def sums(
        self, scope: Scope, start: float, end: float, *, by: Sequence[Dimension], per: Grain, most: int
    ) -> Sequence[UsageSum]:
        return await self._database.read(usage_sums.sums, scope, start, end, by=by, per=per, most=most)

    @override
    async def fold_days(self, now: float, days: int) -> int:
        stale = await self._database.read(usage_folding.stale_days, now, days)
        for day in stale:  # one transaction each: calls are written between them
            await self._database.write(usage_folding.fold_day, day)
        return len(stale)

    @override
    async def fold_calls(self, before: float, limit: int) -> int:
        return await self._database.write(usage_folding.fold_calls, before, limit)

    @override
    async def close_windows(self, before: float) -> int:
        return await self._database.write(usage_folding.close_windows, before)

    @override
    async def fold_hours(self, before: float) -> bool:
        day = await self._database.read(usage_folding.oldest_day)
        if day is None or (day + 1) * DAY_S > before:
            return False
        await self._database.write(usage_folding.fold_hours, day)
        return True

    def _timer(self, within_s: float) -> Callable[[], bool]:
        """Starts when the question is asked: waiting for a free reader is part of it."""
        end = self._clock() + within_s
        return lambda: self._clock() >= end
