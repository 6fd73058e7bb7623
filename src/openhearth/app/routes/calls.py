"""What calls cost and why, receipts, and costs added up."""

from collections.abc import Awaitable, Callable

import msgspec
from starlette.routing import BaseRoute

from openhearth.accounts.call_book import CallBook
from openhearth.accounts.prices import Prices
from openhearth.accounts.receipts import ReceiptKey
from openhearth.core.provider import Target
from openhearth.relay.gate import Gate
from openhearth.stores.cost_ports import CostRecords
from openhearth.stores.ports import LedgerRecords
from openhearth.stores.receipt_ports import DigestRecords
from openhearth.surfaces.calls import costs, routes


class CallParts(msgspec.Struct, frozen=True):
    """``flushed`` is ``Ledger.flushed``; ``target`` finds one by its id."""

    gate: Gate
    records: LedgerRecords
    prices: Prices
    flushed: Callable[[], Awaitable[object]]
    target: Callable[[str], Target | None]
    digests: DigestRecords
    costs: CostRecords
    key: ReceiptKey


def call_routes(parts: CallParts) -> list[BaseRoute]:
    """Those of callers, and of operators."""
    book = CallBook(parts.records, parts.prices, parts.flushed)
    return [
        *routes.routes(book, parts.gate, parts.target, parts.digests, parts.key),
        *costs.routes(parts.costs, parts.gate, parts.target),
    ]
