"""What calls are charged and how that is shown: counters, ledger, limits, receipts."""

from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from starlette.routing import BaseRoute

from openhearth.accounts.ledger import Ledger
from openhearth.accounts.limits import Limits
from openhearth.accounts.prices import Prices
from openhearth.accounts.receipts import open_receipt_key
from openhearth.app.routes.calls import CallParts, call_routes
from openhearth.config import Config
from openhearth.core.ids import new_id
from openhearth.relay.gate import Gate
from openhearth.routing.catalog import Catalog
from openhearth.stores.receipt_ports import DigestRecords
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.costs import SqlCosts
from openhearth.stores.sql.receipts import SqlDigests


class Accounting(msgspec.Struct):
    """Open counters and an open ledger on one database."""

    records: SqlRecords
    ledger: Ledger
    limits: Limits
    digests: DigestRecords

    def routes(self, gate: Gate, prices: Prices, catalog: Catalog, folder: Path) -> list[BaseRoute]:
        """What calls cost and why, receipts, costs added up."""
        return call_routes(
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


async def open_accounting(config: Config, records: SqlRecords, folder: Path, stack: AsyncExitStack) -> Accounting:
    """Settle what earlier runs left open, load what was spent, begin to write. Closed by ``stack``."""
    counters = MemoryCounters()
    ledger = Ledger(records, boot_id=new_id("boot"), folder=folder, flush_ms=config.store.flush_ms)
    limits = Limits(counters, ledger)
    await ledger.start()
    stack.push_async_callback(ledger.close)
    await counters.load(await records.spent())
    return Accounting(records, ledger, limits, SqlDigests(records.database))
