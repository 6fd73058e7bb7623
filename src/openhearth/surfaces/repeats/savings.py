"""What answers from the cache saved: the charge of the call that each of them came from, summed per key.

The ledger knows that charge, a moment after the call; hits that are quicker wait for it.
"""

from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from openhearth.core.call import Principal

_MOST_KEYS = 10_000
_MOST_CALLS = 10_000
_OTHERS = "others"

Charge = Callable[[str], Awaitable[int | None]]
"""The charge of a call in nanos of USD, by its id; ``None`` while the ledger does not know it."""


class Saved(msgspec.Struct):
    """Of one key: answers it was given from the cache, and what they would have cost in nanos of USD."""

    key_id: str
    hits: int = 0
    saved_nanos: int = 0


class Savings:
    """Since the start of this process."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._by_key: dict[str, Saved] = {}
        self._charges: OrderedDict[str, int] = OrderedDict()
        self._waiting: dict[str, Counter[str]] = {}
        self.hits = 0
        self.misses = 0
        self.saved_nanos = 0

    def missed(self) -> None:
        """An answer was asked for and not there."""
        self.misses += 1

    async def hit(self, principal: Principal, call_id: str) -> None:
        """An answer of ``call_id`` was given again."""
        saved = self._of(principal.key_id or principal.user_id)
        saved.hits += 1
        self.hits += 1
        charge = await self._charge_of(call_id)
        if charge is not None:
            self._add(saved, charge)
        elif call_id in self._waiting or len(self._waiting) < _MOST_CALLS:
            self._waiting.setdefault(call_id, Counter())[saved.key_id] += 1

    async def all(self) -> list[Saved]:
        """Of every key, the largest sum first."""
        for call_id in list(self._waiting):
            await self._catch_up(call_id)
        return sorted(self._by_key.values(), key=lambda saved: (-saved.saved_nanos, -saved.hits, saved.key_id))

    async def _catch_up(self, call_id: str) -> None:
        charge = await self._charge_of(call_id)
        if charge is not None:
            for key_id, times in self._waiting.pop(call_id, Counter()).items():
                self._add(self._of(key_id), charge * times)

    async def _charge_of(self, call_id: str) -> int | None:
        if not call_id:
            return 0
        known = self._charges.get(call_id)
        if known is None:
            known = await self._charge(call_id)
            if known is not None:
                self._charges[call_id] = known
                if len(self._charges) > _MOST_CALLS:
                    self._charges.popitem(last=False)
        return known

    def _of(self, key_id: str) -> Saved:
        if key_id not in self._by_key and len(self._by_key) >= _MOST_KEYS:
            key_id = _OTHERS
        return self._by_key.setdefault(key_id, Saved(key_id))

    def _add(self, saved: Saved, nanos: int) -> None:
        saved.saved_nanos += nanos
        self.saved_nanos += nanos
