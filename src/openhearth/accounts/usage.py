"""Usage as people ask for it: pages of calls, totals, series, top lists; and how long each is kept.

Everything here is a question to the rollups or a bounded look at the calls; nothing waits for millions of rows.
"""

import asyncio
import logging
import operator
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from openhearth.config import UsageKeeping
from openhearth.core.errors import RequestError
from openhearth.stores.ports import LedgerEntry
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

_LOG = logging.getLogger(__name__)
_WITHIN_S = 0.2
_EXPORT_WITHIN_S = 2.0
_EXPORT_ROWS = 5_000
_MOST_SUMS = 50_000
_COUNT_TO = 10_000
_WINDOW_DAYS = 35
MOST_SKIPPED = 10_000
OTHER = "(other)"
Measure = Literal["charge_nanos", "cost_nanos", "calls", "failures", "input_tokens", "output_tokens"]


class Usage:
    """Questions about settled calls. ``within_s`` bounds how long one search reads."""

    def __init__(self, records: UsageRecords, *, within_s: float = _WITHIN_S) -> None:
        self._records = records
        self._within_s = within_s

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        """What sums can be taken by."""
        return self._records.dimensions

    async def calls(self, wanted: CallFilter, limit: int, before: Place | None = None, skip: int = 0) -> CallPage:
        """A page, newest first. It may hold less than ``limit`` although there is more: then ``next`` says so.

        Raises RequestError when ``skip`` is more than 10,000: whoever goes that far goes on from a place.
        """
        if skip > MOST_SKIPPED:
            raise RequestError(
                f"Pages reach back {MOST_SKIPPED} calls: narrow the time, or go on by cursor.",
                code="invalid_value",
            )
        return await self._records.calls(wanted, limit, before, skip=skip, within_s=self._within_s)

    async def count(self, wanted: CallFilter, most: int = _COUNT_TO) -> CallCount:
        """How many calls there are, counted up to ``most``."""
        return await self._records.count_calls(wanted, most, within_s=self._within_s)

    async def all_calls(self, wanted: CallFilter) -> AsyncIterator[Sequence[LedgerEntry]]:
        """Every call, newest first, some thousands at a time."""
        place: Place | None = None
        while True:
            page = await self._records.calls(wanted, _EXPORT_ROWS, place, within_s=_EXPORT_WITHIN_S)
            if page.calls:
                yield page.calls
            place = page.next
            if place is None:
                return

    async def total(self, scope: Scope, start: float, end: float) -> UsageSum:
        """All of ``scope`` in the hours from ``start`` to ``end`` as one sum."""
        found = await self._records.sums(scope, start, end, by=(), per="all", most=1)
        return found[0] if found else UsageSum(0)

    async def totals(
        self, scope: Scope, start: float, end: float, by: Sequence[Dimension], *, order: Measure = "charge_nanos"
    ) -> list[UsageSum]:
        """One sum for each combination of names, greatest first. Raises RequestError when there are too many."""
        found = await self._sums(scope, start, end, by, "all")
        return sorted(found, key=lambda one: (-getattr(one, order), one.names))

    async def series(
        self, scope: Scope, start: float, end: float, per: Grain, by: Sequence[Dimension] = (), *, top: int = 0
    ) -> list[UsageSum]:
        """Sums per hour or UTC day, oldest first, without empty ones; with ``top``, the names charged most have sums of
        their own and all others are summed up as ``(other)``. Raises RequestError when there are too many."""
        if len(by) == 1 and top:
            return await self._top_series(scope, start, end, per=per, by=by[0], top=top)
        found = await self._sums(scope, start, end, by, per)
        return _top(found, top, len(by)) if top and by else list(found)

    async def _top_series(
        self, scope: Scope, start: float, end: float, *, per: Grain, by: Dimension, top: int
    ) -> list[UsageSum]:
        """Without reading the sums of thousands of names that are then shown as one."""
        names = [one.names[0] for one in await self.totals(scope, start, end, (by,))]
        if len(names) <= top:
            return list(await self._sums(scope, start, end, (by,), per))
        narrow = msgspec.structs.replace(scope, **{f"{by}s": tuple(names[:top])})
        own = await self._sums(narrow, start, end, (by,), per)
        rest = {one.start: _numbers(one) for one in await self._sums(scope, start, end, (), per)}
        for one in own:  # thousands of them
            left = rest.get(one.start)
            if left is not None:
                rest[one.start] = tuple(map(operator.sub, left, _numbers(one)))
        others = [UsageSum(start, (OTHER,), *left) for start, left in rest.items() if left[0] > 0]
        return sorted([*own, *others], key=lambda one: (one.start, one.names))

    async def _sums(
        self, scope: Scope, start: float, end: float, by: Sequence[Dimension], per: Grain
    ) -> Sequence[UsageSum]:
        found = await self._records.sums(scope, start, end, by=by, per=per, most=_MOST_SUMS)
        if len(found) > _MOST_SUMS:
            raise RequestError(
                f"These are more than {_MOST_SUMS} sums: ask for less time, or for fewer kinds of names at once.",
                code="invalid_value",
            )
        return found


class Keeper:
    """Adds up days that are over, and lets go of calls and hours that are older than the policy says."""

    def __init__(
        self,
        records: UsageRecords,
        policy: UsageKeeping,
        *,
        now: Callable[[], float] = time.time,
        batch_rows: int = 500,
        pause_s: float = 0.2,
    ) -> None:
        self._records = records
        self._policy = policy
        self._now = now
        self._batch_rows = batch_rows
        self._pause_s = pause_s

    async def keep_on(self, every_s: float) -> None:
        """``keep`` now and every ``every_s`` until cancelled. All days are looked at once a day, the last three always:
        a call of an older day is settled late only when a process died."""
        rounds = max(1, round(DAY_S / every_s))
        number = 0
        while True:
            try:
                await self.keep(days=3 if number % rounds else 0)
            except Exception:  # a store in trouble must not end the keeping for good
                _LOG.exception("Usage could not be folded; it is tried again in %g s.", every_s)
            number += 1
            await asyncio.sleep(every_s)

    async def keep(self, days: int = 0) -> None:
        """One round over the last ``days`` days (0: all). Small transactions with pauses: calls are written between."""
        now = self._now()
        await self._records.fold_days(now, days)
        if self._policy.keep_days:
            before = _midnight(now - self._policy.keep_days * DAY_S)
            await self._repeat(lambda: self._a_batch_of_calls(before))
        await self._records.close_windows(_midnight(now - _WINDOW_DAYS * DAY_S))
        if self._policy.keep_hours_days:
            first = _midnight(now - self._policy.keep_hours_days * DAY_S)
            await self._repeat(lambda: self._records.fold_hours(first))

    async def _a_batch_of_calls(self, before: float) -> bool:
        return await self._records.fold_calls(before, self._batch_rows) == self._batch_rows

    async def _repeat(self, step: Callable[[], Awaitable[bool]]) -> None:
        """``step`` until it says that there is no more to do."""
        more = True
        while more:
            more = await step()
            await asyncio.sleep(self._pause_s if more else 0.0)


def _midnight(moment: float) -> float:
    return float(int(moment) // DAY_S * DAY_S)


def _top(found: Sequence[UsageSum], top: int, width: int) -> list[UsageSum]:
    charged: dict[tuple[str, ...], tuple[int, int]] = {}
    for one in found:
        charge, calls = charged.get(one.names, (0, 0))
        charged[one.names] = (charge + one.charge_nanos, calls + one.calls)
    own = set(sorted(charged, key=lambda names: (tuple(-number for number in charged[names]), names))[:top])
    rest: dict[int, UsageSum] = {}
    shown = [one for one in found if one.names in own]
    for one in found:
        if one.names not in own:
            rest[one.start] = _plus(rest.get(one.start, UsageSum(one.start, (OTHER,) * width)), one)
    return sorted([*shown, *rest.values()], key=lambda one: (one.start, one.names))


def _plus(one: UsageSum, other: UsageSum) -> UsageSum:
    return UsageSum(one.start, one.names, *map(operator.add, _numbers(one), _numbers(other)))


def _numbers(one: UsageSum) -> tuple[int, ...]:
    """In the order of ``SUMMED``."""
    return msgspec.structs.astuple(one)[2:]
