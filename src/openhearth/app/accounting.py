"""What calls are charged and how that is shown: counters, ledger, limits, receipts."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from starlette.routing import BaseRoute

from openhearth.accounts.ledger import Ledger, Sizes
from openhearth.accounts.limits import Limits
from openhearth.accounts.prices import Prices
from openhearth.accounts.receipts import open_receipt_key
from openhearth.accounts.usage import Keeper, Usage
from openhearth.app.routes.calls import CallParts, call_routes
from openhearth.app.routes.usage import routes as usage_routes
from openhearth.app.stores import open_counters, trouble
from openhearth.config import Config
from openhearth.core.ids import new_id
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog
from openhearth.stores.counter_ports import Counters
from openhearth.stores.receipt_ports import DigestRecords
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.books import SqlBooks
from openhearth.stores.sql.costs import SqlCosts
from openhearth.stores.sql.receipts import SqlDigests
from openhearth.stores.sql.usage import SqlUsage
from openhearth.surfaces.admin.ledger import routes as ledger_routes
from openhearth.telemetry.log import Log

_KEEP_EVERY_S = 3600.0


class Accounting(msgspec.Struct):
    """Open counters and an open ledger on one database."""

    records: SqlRecords
    ledger: Ledger
    limits: Limits
    counters: Counters
    digests: DigestRecords

    @property
    def trouble(self) -> str:
        """Why this process should get no new work at the moment; empty when all is well."""
        return trouble(self.records.database, self.counters)

    def routes(self, gate: Gate, prices: Prices, catalog: Catalog, folder: Path) -> list[BaseRoute]:
        """What calls cost and why, receipts, costs added up, the books as a whole."""
        about_calls = call_routes(
            CallParts(
                gate=gate,
                records=self.records,
                prices=prices,
                flushed=self.ledger.flushed,
                target=catalog.target,
                digests=self.digests,
                costs=SqlCosts(self.records.database),
                key=open_receipt_key(folder),
            )
        )
        usage = Usage(SqlUsage(self.records.database))
        books = ledger_routes(SqlBooks(self.records.database), gate)
        return [*about_calls, *books, *usage_routes(usage, gate)]


async def open_accounting(config: Config, records: SqlRecords, folder: Path, stack: AsyncExitStack) -> Accounting:
    """Settle what earlier runs left open, load what was spent, begin to write. Closed by ``stack``."""
    counters = open_counters(config, records.database)
    stack.push_async_callback(counters.close)
    ledger = Ledger(
        records,
        boot_id=new_id("boot"),
        folder=folder,
        flush_ms=config.store.flush_ms,
        sizes=Sizes(beat_s=config.store.beat_s),
    )
    limits = Limits(counters, ledger)
    await ledger.start()
    stack.push_async_callback(ledger.close)
    if counters.is_local and len(await ledger.alive()) > 1:
        Log("app").warning("other processes serve on this database and limits are not shared: see store.shared")
    keeping = Keeper(SqlUsage(records.database), config.usage).keep_on(_KEEP_EVERY_S)
    stack.callback(asyncio.create_task(keeping, name="usage kept").cancel)
    await counters.load(await records.spent() if counters.is_local else {})
    return Accounting(records, ledger, limits, counters, SqlDigests(records.database))
