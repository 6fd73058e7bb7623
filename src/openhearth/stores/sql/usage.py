"""Usage of one database: each question handed to its query, in the right thread."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Concatenate, ParamSpec

from sqlalchemy import Connection
from typing_extensions import override

from openhearth.stores.sql import usage_calls, usage_folding, usage_levels, usage_sums, usage_windows
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

_P = ParamSpec("_P")


class SqlUsage(UsageRecords):
    """Calls and their rollups in SQLite or PostgreSQL."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        steps: Steps = Steps(),  # noqa: B008 (a frozen value)
        pause_s: float = 0.02,
    ) -> None:
        self._database = database
        self._pause_s = pause_s
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
        stale = await self._database.survey(usage_folding.stale_days, now, days)
        for day in stale:  # one transaction each: calls are written between them
            await self._write(usage_folding.fold_day, day)
        since = int(now) // DAY_S - days if days else 0
        for size, span in await self._database.survey(usage_levels.stale_spans, since):
            await self._write(usage_levels.fold_span, size, span)
        for day in await self._database.survey(usage_levels.stale_hours, since):
            for piece in range(usage_levels.PIECES):
                await self._write(usage_levels.fold_hour_sums, day, piece)
            await self._write(usage_levels.note_hour_sums, day)
        return len(stale)

    @override
    async def fold_calls(self, before: float, limit: int) -> int:
        return await self._database.write(usage_folding.fold_calls, before, limit)

    @override
    async def close_windows(self, before: float) -> int:
        before = await self._database.survey(usage_windows.endable, before)
        await self._database.write(usage_windows.note_closed, before)
        ended = await self._database.survey(usage_windows.ended, before)
        for start in range(0, len(ended), usage_windows.CHUNK):
            await self._write(usage_windows.close, ended[start : start + usage_windows.CHUNK])
        return len(ended)

    @override
    async def fold_hours(self, before: float) -> bool:
        day = await self._database.read(usage_folding.oldest_day)
        if day is None or (day + 1) * DAY_S > before:
            return False
        await self._database.write(usage_folding.fold_hours, day)
        return True

    async def _write(
        self, work: Callable[Concatenate[Connection, _P], None], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """One transaction of many; others may be written before the next."""
        await self._database.write(work, *args, **kwargs)
        await asyncio.sleep(self._pause_s)

    def _timer(self, within_s: float) -> Callable[[], bool]:
        """Starts when the question is asked: waiting for a free reader is part of it."""
        end = self._clock() + within_s
        return lambda: self._clock() >= end
