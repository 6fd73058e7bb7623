"""What an explanation of an amount consists of: the JSON of ``/v1/calls/{id}/explain``."""

from typing import Any

import msgspec

from openhearth.accounts.amounts import usd_of_nanos


class Amount(msgspec.Struct, frozen=True):
    """Money: whole nanos of USD, and the same as an exact decimal text."""

    nanos: int
    usd: str


class Item(msgspec.Struct, frozen=True):
    """One line of a cost: ``quantity`` of ``what`` at ``rate_usd`` for ``per`` of them. ``parts`` is the line's exact
    amount in 1/18,000,000,000,000 of a dollar, ``usd`` the same as a decimal."""

    rate: str
    what: str
    quantity: int
    per: int
    rate_usd: str
    usd: str
    parts: int


class PriceShown(msgspec.Struct, frozen=True):
    """The row of the price table. ``status``: ``listed``; ``none`` (free by declaration, or nothing to charge);
    ``unknown`` (nobody said what the model costs); ``gone`` (the row cannot be read any more)."""

    status: str
    version: int
    model: str = ""
    provider: str = ""
    target_id: str = ""
    service: str = ""
    hours: str = ""
    effective_from: float | None = None
    source: str = ""
    changed_by: str = ""
    changed_at: float | None = None
    note: str = ""
    rates: dict[str, Any] = {}


class Sum(msgspec.Struct, frozen=True):
    """The exact sum of the items, in parts (see ``Item``) and dollars. ``agrees``: made again from the usage and the
    price row, cost and charge are those of the ledger; ``None`` where there is nothing to make again."""

    parts: int
    usd: str
    agrees: bool | None


class Ratio(msgspec.Struct, frozen=True):
    """What the caller's group pays of the cost: parts per million, and the same as a decimal factor."""

    group: str
    ppm: int
    factor: str


class Rounding(msgspec.Struct, frozen=True):
    """``exact_usd`` times the ratio is what would be charged without rounding, ``added_usd`` what rounding added."""

    rule: str
    exact_usd: str
    added_usd: str


class Reservation(msgspec.Struct, frozen=True):
    """``held`` before the call, ``released`` afterwards; ``beyond`` is charged although it was not held."""

    held: Amount
    released: Amount
    beyond: Amount


class Explanation(msgspec.Struct, frozen=True):
    """Everything about one amount. ``words`` say the same in sentences."""

    object: str
    call: dict[str, Any]
    price: PriceShown
    items: list[Item]
    sum: Sum
    cost: Amount
    ratio: Ratio
    rounding: Rounding
    charge: Amount
    reservation: Reservation
    words: list[str]


def amount(nanos: int) -> Amount:
    """``nanos`` in both forms."""
    return Amount(nanos, usd_of_nanos(nanos))
