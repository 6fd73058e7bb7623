"""Settled calls, for those who may see them: their owner's keys, their user, administrators of their organisation.

A call of somebody else is absent, exactly like one that never was.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from openhearth.core.call import Principal, Usage
from openhearth.core.errors import NotFound
from openhearth.core.permissions import Permission
from openhearth.stores.ports import LedgerEntry, PriceRecord

_ID_CHARS = 100
_MORE = msgspec.json.Decoder(dict[str, int | str])
_COUNTERS = frozenset(Usage.__struct_fields__)


class Entries(Protocol):
    """``stores.ports.LedgerRecords``, as readers of single calls see it."""

    async def entry(self, effect: str) -> LedgerEntry | None: ...


class PriceRows(Protocol):
    """``accounts.prices.Prices``, as readers of single calls see it."""

    async def version(self, version: int) -> PriceRecord | None: ...


class CallBook:
    """Finds settled calls. ``flushed`` returns when all that is settled by now is written, and soon anyway."""

    def __init__(self, entries: Entries, prices: PriceRows, flushed: Callable[[], Awaitable[object]]) -> None:
        self._entries = entries
        self._prices = prices
        self._flushed = flushed

    async def find(self, principal: Principal, call_id: str) -> LedgerEntry:
        """The entry of a call that ``principal`` may see. Raises NotFound (``call_not_found``).

        A call may be settled and not written yet; a foreign one is waited for as well, so that time tells nothing.
        """
        entry = await self._seen(principal, call_id) if len(call_id) <= _ID_CHARS else None
        if entry is None and len(call_id) <= _ID_CHARS:
            await self._flushed()
            entry = await self._seen(principal, call_id)
        if entry is None:
            raise NotFound(f"There is no settled call '{call_id[:_ID_CHARS]}'.", code="call_not_found", param="id")
        return entry

    async def price(self, entry: LedgerEntry) -> PriceRecord | None:
        """The row of the price table that made the call's cost, if one did."""
        return await self._prices.version(entry.price_version) if entry.price_version > 0 else None

    async def _seen(self, principal: Principal, call_id: str) -> LedgerEntry | None:
        entry = await self._entries.entry(call_id)
        return entry if entry is not None and may_see(principal, entry) else None


def may_see(principal: Principal, entry: LedgerEntry) -> bool:
    """Whether the call is the caller's: of its owner, of its user where it may see the account, of its organisation
    where it administers that; operators see all."""
    if principal.may(Permission.OPERATE):
        return True
    if entry.org_id != principal.org_id:
        return False
    return (
        entry.owner == principal.owner
        or (entry.user_id == principal.user_id and principal.may(Permission.ACCOUNT))
        or principal.may(Permission.ADMIN)
    )


def usage_of(entry: LedgerEntry) -> Usage:
    """Everything that was counted, common counters and rare ones."""
    more = _MORE.decode(entry.more) if entry.more else {}
    usage = msgspec.convert({name: value for name, value in more.items() if name in _COUNTERS}, Usage)
    usage.input_tokens = entry.input_tokens
    usage.output_tokens = entry.output_tokens
    usage.cached_tokens = entry.cached_tokens
    usage.images = entry.images
    usage.source = entry.usage_source
    return usage


def counted(usage: Usage) -> dict[str, int | str]:
    """What ``usage`` holds beside zeros, by name."""
    return {name: value for name, value in msgspec.structs.asdict(usage).items() if value and name != "source"}
