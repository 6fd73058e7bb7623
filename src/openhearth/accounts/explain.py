"""How the amount of a call came about, from its ledger entry and the row of the price table it names: in numbers.

Pure. What the ledger says was charged is never replaced: the same sum is made again and compared with it.
"""

from datetime import UTC, datetime
from typing import Any

import msgspec

from openhearth.accounts.amounts import MEASURES, usd_of_exact, usd_of_micros
from openhearth.accounts.call_book import counted, usage_of
from openhearth.accounts.explain_words import words_of
from openhearth.accounts.explanation import (
    Explanation,
    Item,
    PriceShown,
    Ratio,
    Reservation,
    Rounding,
    Sum,
    amount,
)
from openhearth.core.call import ONE_PPM, Outcome, Usage
from openhearth.core.errors import RequestError
from openhearth.core.money import EXACT_PER_MICRO, EXACT_PER_NANO, UNPRICED_VERSION, Line, Price
from openhearth.core.rates import RateCard, card_of, price_of
from openhearth.stores.ports import LedgerEntry, PriceRecord

ROUNDING = "The exact sum, times the group's ratio, is rounded up once to a whole nano-dollar (1/1,000,000,000 USD)."
CHARGED = frozenset({Outcome.OK.value, Outcome.CLIENT_GONE.value, Outcome.INTERRUPTED.value})


def explain(entry: LedgerEntry, row: PriceRecord | None, provider: str = "") -> Explanation:
    """``row`` is the price row that ``entry`` names, if it names one; ``provider`` the name of its target's provider,
    where that is still known."""
    usage = usage_of(entry)
    card = _card(row)
    price = None if card is None else price_of(card, entry.price_version)
    lines = price.lines(usage) if price is not None and entry.outcome in CHARGED else []
    exact = sum(line.exact for line in lines)
    charge = entry.charge_nanos
    shown = PriceShown(_status(entry, row), entry.price_version) if row is None else _shown(row)
    items = [_item(line) for line in lines]
    told = Explanation(
        object="call.explanation",
        call=call_shown(entry, provider),
        price=shown,
        items=items,
        sum=Sum(exact, usd_of_exact(exact), _agrees(entry, price, usage) if lines else None),
        cost=amount(entry.cost_nanos),
        ratio=Ratio(entry.group_name, entry.ratio_ppm, usd_of_micros(entry.ratio_ppm)),
        rounding=_rounding(exact, entry),
        charge=amount(charge),
        reservation=Reservation(
            amount(entry.reserved_nanos),
            amount(max(0, entry.reserved_nanos - charge)),
            amount(max(0, charge - entry.reserved_nanos)),
        ),
        words=[],
    )
    return msgspec.structs.replace(told, words=words_of(told, usage, card))


def call_shown(entry: LedgerEntry, provider: str = "") -> dict[str, Any]:
    """A settled call as its owner sees it."""
    usage = usage_of(entry)
    return {
        "id": entry.effect,
        "object": "call",
        "operation": entry.operation,
        "model": entry.model,
        "target_id": entry.target_id or None,
        "provider": provider or None,
        "outcome": entry.outcome,
        "error_code": entry.error_code or None,
        "stream": entry.stream,
        "attempts": entry.attempts,
        "created_at": entry.created_at,
        "created": datetime.fromtimestamp(entry.created_at, UTC).isoformat(timespec="milliseconds"),
        "first_byte_ms": entry.first_byte_ms,
        "duration_ms": entry.duration_ms,
        "usage": counted(usage),
        "usage_source": entry.usage_source,
        "price_version": entry.price_version,
        "cost": amount(entry.cost_nanos),
        "charge": amount(entry.charge_nanos),
        "reserved": amount(entry.reserved_nanos),
        "ratio_ppm": entry.ratio_ppm,
        "group": entry.group_name,
        "key_id": entry.key_id or None,
        "user_id": entry.user_id or None,
        "project_id": entry.project_id or None,
        "organization_id": entry.org_id or None,
    }


def _card(row: PriceRecord | None) -> RateCard | None:
    """The rates of the row; ``None`` for a row without any, or with rates of a release we do not know."""
    if row is None or row.rates is None:
        return None
    try:
        return card_of(row.rates)
    except RequestError:
        return None


def _status(entry: LedgerEntry, row: PriceRecord | None) -> str:
    if row is not None:
        return "listed"
    if entry.price_version == UNPRICED_VERSION:
        return "unknown"
    return "gone" if entry.price_version > 0 else "none"


def _shown(row: PriceRecord) -> PriceShown:
    return PriceShown(
        status="listed",
        version=row.version,
        model=row.model,
        provider=row.provider,
        target_id=row.target_id,
        service=row.service,
        hours=row.hours,
        effective_from=row.effective_from,
        source=row.source,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        note=row.note,
        rates=row.rates or {},
    )


def _item(line: Line) -> Item:
    measure = MEASURES[line.rate]
    return Item(
        line.rate,
        measure.what,
        line.quantity,
        measure.size,
        usd_of_micros(line.micros),
        usd_of_exact(line.exact),
        line.exact,
    )


def _agrees(entry: LedgerEntry, price: Price | None, usage: Usage) -> bool | None:
    if price is None:
        return None
    return price.cost(usage) == entry.cost_nanos and price.charge(usage, entry.ratio_ppm) == entry.charge_nanos


def _rounding(exact: int, entry: LedgerEntry) -> Rounding:
    """Parts of a millionth of a part: the charge before rounding has them as a whole number."""
    rated = exact * entry.ratio_ppm
    unit = EXACT_PER_MICRO * ONE_PPM * 1_000_000
    added = entry.charge_nanos * EXACT_PER_NANO * ONE_PPM - rated if exact else 0
    return Rounding(ROUNDING, _finely(rated, unit), _finely(added, unit))


def _finely(parts: int, per_usd: int) -> str:
    """To 24 places, cut there; more have no meaning for anybody and only endless decimals have more."""
    places = 10**24
    digits = str(abs(parts) * places // per_usd).rjust(25, "0")
    text = f"{digits[:-24]}.{digits[-24:].rstrip('0').ljust(2, '0')}"
    return f"-{text}" if parts < 0 else text
