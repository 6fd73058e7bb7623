"""A price table in memory, for whoever needs prices and no database."""

from collections.abc import Sequence

import msgspec

from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import PriceRecord


class KeptPrices:
    """``PriceRecords`` without a database. ``away`` makes every call fail, like a store that is gone."""

    def __init__(self) -> None:
        self.rows: list[PriceRecord] = []
        self.away = False
        self.failures = 0

    async def add_prices(self, prices: Sequence[PriceRecord], audit: Audit | None = None) -> Sequence[PriceRecord]:
        self._check()
        start = len(self.rows) + 1
        added = [msgspec.structs.replace(price, version=start + n) for n, price in enumerate(prices)]
        self.rows += added
        return added

    async def prices_in_force(self, now: float) -> Sequence[PriceRecord]:
        self._check()
        return list(self.rows)

    async def price_history(self, model: str, limit: int, before: int | None = None) -> Sequence[PriceRecord]:
        found = [row for row in self.rows if model in ("", row.model) and (before is None or row.version < before)]
        return found[::-1][:limit]

    async def price(self, version: int) -> PriceRecord | None:
        return next((row for row in self.rows if row.version == version), None)

    async def last_price_version(self) -> int:
        self._check()
        return len(self.rows)

    def _check(self) -> None:
        if self.away:
            self.failures += 1
            raise OSError("The store is away.")
