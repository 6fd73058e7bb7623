"""What calls cost: the price table kept in the store, looked up when the catalog or a price changes, never per call.

Rows are only added, so that every cost in the ledger can name the row that made it. Whoever holds prices elsewhere is
told of a change by ``listen``.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from openhearth.accounts.price_seed import Seed, SeedRow
from openhearth.accounts.price_table import BY_SEED, EVERY, STANDARD, PriceTable, key_of, minutes_of
from openhearth.core.errors import RequestError
from openhearth.core.money import Price
from openhearth.core.provider import Target
from openhearth.core.rates import card_of, values_of
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import PriceRecord, PriceRecords

_LOG = logging.getLogger(__name__)
_NAME_CHARS = 256
_NOTE_CHARS = 500
_LATE_S = 60.0
_FAR_S = 100 * 366 * 86400.0
OPERATOR = "operator"
TARGET = "target"

Service = Literal["standard", "batch", "flex", "priority"]


class NewPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator says. ``rates`` are those of ``core.rates``; ``withdrawn`` instead of them takes a price away.

    ``effective_from`` in unix seconds is now or later; ``None`` is now.
    """

    model: str
    rates: dict[str, Any] | None = None
    provider: str = ""
    target_id: str = ""
    service: Service = "standard"
    hours: str = ""
    effective_from: float | None = None
    withdrawn: bool = False
    note: str = ""


class Prices:
    """The table, its changes and who is told of them. Used from one event loop."""

    def __init__(
        self,
        records: PriceRecords,
        *,
        seed: Seed | None = None,
        now: Callable[[], float] = time.time,
        look_every_s: float = 60.0,
    ) -> None:
        """``seed`` None: the operator says every price himself. ``look_every_s``: how soon changes of others count."""
        self._records = records
        self._seed = seed
        self._now = now
        self._look_every_s = look_every_s
        self._table = PriceTable()
        self._seeded: set[str] = set()
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._on_change: Callable[[], None] = _nothing

    def listen(self, on_change: Callable[[], None]) -> None:
        """Call ``on_change`` whenever a target's price may be another one."""
        self._on_change = on_change

    async def load(self) -> None:
        """Read the table from the store."""
        # First the version: a row added meanwhile is then read twice, and never missed.
        version = await self._records.last_price_version()
        self._table = PriceTable(await self._records.prices_in_force(self._now()))
        # What is in force says nothing of rows that were superseded before they began.
        self._table.last_version = max(version, self._table.last_version)

    def price(self, target: Target, service: str = STANDARD) -> Price:
        """What calls of ``service`` at ``target`` cost now."""
        return self._table.price_for(target, self._now(), service)

    def priced(self, target: Target) -> Target:
        """``target`` with its price of now."""
        price = self.price(target)
        return target if price is target.price else msgspec.structs.replace(target, price=price)

    def in_force(self) -> list[PriceRecord]:
        """Every row in force and to come."""
        return self._table.all_in_force(self._now())

    async def history(self, model: str = "", limit: int = 100, before: int | None = None) -> Sequence[PriceRecord]:
        """Rows of a model, or all, newest first."""
        return await self._records.price_history(model, limit, before)

    async def version(self, version: int) -> PriceRecord | None:
        """One row, in force or not: what a ledger entry names."""
        return await self._records.price(version)

    async def attend(self, targets: Iterable[Target], given: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Targets were attached: take over what we know of their providers, and ``given``, rates by target id.

        A target's own rates are taken over once; after that the table says what it costs.
        """
        given = given or {}
        async with self._writing:
            now = self._now()
            rows: list[PriceRecord] = []
            news: set[str] = set()
            for target in targets:
                rows += self._own(target, given.get(target.id), now)
                news.add(target.provider.name)
            for provider in sorted(news - self._seeded):
                rows += self._seed_rows(provider, now)
            await self._add(rows)
            self._seeded |= news

    async def set(self, new: NewPrice, by: str) -> PriceRecord:
        """Add one row; ``by`` is who did it. Raises RequestError."""
        (row,) = await self.bring([new], by)
        return row

    async def bring(
        self, prices: Sequence[NewPrice], by: str, source: str = OPERATOR, audit: Audit | None = None
    ) -> Sequence[PriceRecord]:
        """Add rows, all or none. Raises RequestError."""
        now = self._now()
        rows = [_row(new, by, source, now) for new in prices]
        async with self._writing:
            return await self._add(rows, audit)

    async def keep_time(self) -> None:
        """Tell listeners when a price changes by itself or in another process. Runs until it is cancelled."""
        since = self._now()
        while True:
            change = self._table.next_change(since)
            wait_s = self._look_every_s if change is None else max(0.0, change - self._now()) + 0.001
            # A row that is added meanwhile may begin before the moment that is waited for.
            await self._wait(min(wait_s, self._look_every_s))
            await self._catch_up()
            change, since = self._table.next_change(since), self._now()
            if change is not None and since >= change:
                self._on_change()

    async def _wait(self, most_s: float) -> None:
        try:
            async with asyncio.timeout(most_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _catch_up(self) -> None:
        try:
            if await self._records.last_price_version() <= self._table.last_version:
                return
            async with self._writing:
                await self.load()
        except Exception as error:
            # Whatever the store's trouble is, the prices we know stay in force.
            _LOG.warning("Prices cannot be read, those known stay in force: %s", type(error).__name__)
            return
        self._on_change()

    async def _add(self, rows: Sequence[PriceRecord], audit: Audit | None = None) -> Sequence[PriceRecord]:
        if not rows:
            return ()
        added = await self._records.add_prices(rows, audit)
        self._table.put(added)
        self._news.set()
        self._on_change()
        return added

    def _own(self, target: Target, rates: Mapping[str, Any] | None, now: float) -> list[PriceRecord]:
        if not rates:
            return []
        row = _bare(EVERY, dict(rates), start=now, source=TARGET, by=TARGET, now=now)
        row = msgspec.structs.replace(row, target_id=target.id)
        return [] if self._table.in_force(key_of(row), now) else [row]

    def _seed_rows(self, provider: str, now: float) -> list[PriceRecord]:
        """Rows for what the seed says of a provider and the table does not; what somebody set himself stays."""
        if self._seed is None:
            return []
        wanted = [row for each in self._seed.rows(provider) for row in self._from_seed(each, provider, now)]
        changed = [row for row in wanted if self._is_news(row, now)]
        kept = {key_of(row) for row in wanted}
        for key in self._table.keys(provider):
            row = self._table.in_force(key, now)
            if key not in kept and row is not None and row.changed_by == BY_SEED and row.rates is not None:
                changed.append(msgspec.structs.replace(row, rates=None, effective_from=now, changed_at=now))
        return changed

    def _from_seed(self, row: SeedRow, provider: str, now: float) -> list[PriceRecord]:
        assert self._seed is not None
        source = self._seed.source
        return [
            msgspec.structs.replace(
                _bare(name, row.rates, start=max(now, row.starts_at()), source=source, by=BY_SEED, now=now),
                provider=provider,
                service=row.service,
                hours=row.hours,
            )
            for name in row.names
        ]

    def _is_news(self, row: PriceRecord, now: float) -> bool:
        key = key_of(row)
        there = (
            self._table.in_force(key, now) if row.effective_from <= now else self._table.coming(key, row.effective_from)
        )
        return there is None or (there.changed_by == BY_SEED and there.rates != row.rates)


def _row(new: NewPrice, by: str, source: str, now: float) -> PriceRecord:
    _check_text("model", new.model, least=1)
    _check_text("provider", new.provider)
    _check_text("note", new.note, most=_NOTE_CHARS)
    if new.provider and new.target_id:
        raise RequestError("A price is for a provider or for a target, not for both.", param="target_id")
    if (new.rates is None) is not new.withdrawn:
        raise RequestError("Give 'rates' ({} is free), or 'withdrawn': true.", param="rates")
    if new.hours:
        try:
            minutes_of(new.hours)
        except ValueError as error:
            raise RequestError(
                "'hours' looks like 16:30-00:30, in UTC.", param="hours", code="invalid_value"
            ) from error
    start = now if new.effective_from is None else new.effective_from
    if not now - _LATE_S <= start <= now + _FAR_S:
        raise RequestError(
            "'effective_from' is past, and what was charged stays; or it is too far away.", param="effective_from"
        )
    rates = None if new.rates is None else values_of(card_of(new.rates))
    return msgspec.structs.replace(
        _bare(new.model, rates, start=start, source=source, by=by, now=now),
        provider=new.provider,
        target_id=new.target_id,
        service=new.service,
        hours=new.hours,
        note=new.note,
    )


def _check_text(name: str, text: str, *, least: int = 0, most: int = _NAME_CHARS) -> None:
    if not least <= len(text) <= most or not text.isprintable():
        raise RequestError(f"'{name}' is {least} to {most} printable characters.", param=name, code="invalid_value")


def _bare(model: str, rates: dict[str, Any] | None, *, start: float, source: str, by: str, now: float) -> PriceRecord:
    """A row for a model anywhere, at any hour."""
    return PriceRecord(
        version=0,
        model=model,
        provider="",
        target_id="",
        service=STANDARD,
        hours="",
        effective_from=start,
        rates=rates,
        source=source,
        changed_by=by,
        changed_at=now,
    )


def _nothing() -> None:
    return None
