"""Money held before a call and booked after it, so that no key can spend what it does not have."""

from openhearth.accounts.entries import entry_of
from openhearth.accounts.ledger import Ledger
from openhearth.core.call import Call
from openhearth.core.errors import BudgetSpent
from openhearth.stores.ports import Holds


class Reservation:
    """Held money of one call; closed exactly once."""

    __slots__ = ("_held_micros", "_holds", "_ledger", "_settled", "amount_micros")

    def __init__(self, amount_micros: int, held_micros: int, holds: Holds, ledger: Ledger) -> None:
        self.amount_micros = amount_micros
        self._held_micros = held_micros
        self._holds = holds
        self._ledger = ledger
        self._settled = False

    def settle(self, call: Call) -> None:
        """Write the ledger entry, give back the hold, book the cost. A second call does nothing."""
        if self._settled:
            return
        self._settled = True
        entry = entry_of(call, self.amount_micros)
        if self._held_micros or entry.cost_micros:
            self._holds.settle(entry.key_id, self._held_micros, entry.cost_micros)
        self._ledger.settle(entry)


class Limits:
    """Guards each key's quota. What a key may hold is its quota less what it spent and what its open calls hold.

    A call that turns out dearer than its hold is booked in full, so a key can end above its quota by at most what its
    open calls cost beyond their holds; the next call that costs anything is then refused.
    """

    def __init__(self, holds: Holds, ledger: Ledger) -> None:
        self._holds = holds
        self._ledger = ledger

    def reserve(self, call: Call, amount_micros: int) -> Reservation:
        """Hold ``amount_micros`` for ``call``. Raises BudgetSpent, and StorageFull when no call can be recorded."""
        principal = call.principal
        held = 0
        if principal.quota_micros is not None:
            if not self._holds.hold(principal.key_id, amount_micros, principal.quota_micros):
                raise self._spent(principal.key_id, principal.quota_micros, amount_micros)
            held = amount_micros
        try:
            self._ledger.open(call, amount_micros)
        except Exception:
            if held:
                self._holds.settle(principal.key_id, held, 0)
            raise
        return Reservation(amount_micros, held, self._holds, self._ledger)

    def _spent(self, key_id: str, quota_micros: int, amount_micros: int) -> BudgetSpent:
        spent, held = self._holds.spent(key_id), self._holds.held(key_id)
        return BudgetSpent(
            f"This key's quota of {_dollars(quota_micros)} does not cover this call: {_dollars(spent)} is spent, "
            f"{_dollars(held)} is held by open calls, and this call may cost up to {_dollars(amount_micros)}."
        )


def _dollars(micros: int) -> str:
    return f"${micros / 1_000_000:.6f}"
