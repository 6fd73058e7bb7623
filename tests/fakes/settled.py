"""Settled calls and the price rows they name, as the ledger keeps them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from openhearth.core.call import Usage
from openhearth.core.rates import card_of, price_of
from openhearth.stores.ports import LedgerEntry, PriceRecord

CALL = LedgerEntry(
    effect="call_1",
    key_id="key_1",
    user_id="user_1",
    project_id="",
    org_id="org_1",
    owner="owner_1",
    group_name="default",
    operation="chat",
    model="gpt-4o",
    target_id="target_1",
    outcome="ok",
    stream=False,
    attempts=1,
    created_at=1_795_000_000.25,
    duration_ms=900,
    first_byte_ms=250,
    input_tokens=0,
    output_tokens=0,
    cached_tokens=0,
    images=0,
    usage_source="upstream",
    reserved_nanos=10_000_000,
    cost_nanos=0,
    charge_nanos=0,
)
ROW = PriceRecord(
    version=7,
    model="gpt-4o*",
    provider="openai",
    target_id="",
    service="standard",
    hours="",
    effective_from=1_790_000_000.0,
    rates={"input_micros_per_mtok": 2_500_000, "cached_input_micros_per_mtok": 1_250_000},
    source="operator",
    changed_by="key_admin",
    changed_at=1_790_000_000.0,
)
_COLUMNS = ("input_tokens", "output_tokens", "cached_tokens", "images")


def call_with(**changes: Any) -> LedgerEntry:
    """``CALL`` with these fields instead of its own."""
    return msgspec.structs.replace(CALL, **changes)


def row_with(**rates: Any) -> PriceRecord:
    """``ROW`` with these rates instead of its own."""
    return msgspec.structs.replace(ROW, rates=rates)


def settled(usage: Usage, row: PriceRecord | None = None, *, ratio_ppm: int = 1_000_000, **more: Any) -> LedgerEntry:
    """The entry of a call that used ``usage`` and was charged by ``row``."""
    counted = msgspec.structs.asdict(usage)
    rare = {name: value for name, value in counted.items() if value and name not in (*_COLUMNS, "source")}
    entry = call_with(
        **{name: counted[name] for name in _COLUMNS},
        usage_source=usage.source,
        ratio_ppm=ratio_ppm,
        more=msgspec.json.encode(rare).decode() if rare else "",
        **more,
    )
    if row is None or row.rates is None:
        return entry
    price = price_of(card_of(row.rates), row.version)
    return msgspec.structs.replace(
        entry,
        price_version=row.version,
        cost_nanos=price.cost(usage),
        charge_nanos=price.charge(usage, ratio_ppm),
    )


class Book:
    """A ledger and a price table of what it was given. Calls ``late`` are there after the first ``flushed``."""

    def __init__(self, calls: Sequence[LedgerEntry] = (), rows: Sequence[PriceRecord] = (ROW,)) -> None:
        self.calls = {call.effect: call for call in calls}
        self.late: dict[str, LedgerEntry] = {}
        self.rows = {row.version: row for row in rows}
        self.flushes = 0

    async def entry(self, effect: str) -> LedgerEntry | None:
        return self.calls.get(effect)

    async def version(self, version: int) -> PriceRecord | None:
        return self.rows.get(version)

    async def flushed(self) -> bool:
        self.flushes += 1
        self.calls |= self.late
        return True
