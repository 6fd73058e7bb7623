"""Money held before a call and booked after it, so that no key can spend what it does not have."""

from openhearth.accounts.entries import Reservation
from openhearth.accounts.ledger import Ledger
from openhearth.core.call import Call
from openhearth.core.errors import BudgetSpent
from openhearth.stores.ports import Holds


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
        reservation = Reservation(call, amount_micros, held, self._book, self._ledger.settle)
        try:
            self._ledger.open(reservation)
        except Exception:
            if held:
                self._holds.settle(principal.key_id, held, 0)
            raise
        return reservation

    def _book(self, reservation: Reservation) -> None:
        self._holds.settle(reservation.call.principal.key_id, reservation.held_micros, reservation.cost_micros)

    def _spent(self, key_id: str, quota_micros: int, amount_micros: int) -> BudgetSpent:
        spent, held = self._holds.spent(key_id), self._holds.held(key_id)
        return BudgetSpent(
            f"This key's quota of {_dollars(quota_micros)} does not cover this call: {_dollars(spent)} is spent, "
            f"{_dollars(held)} is held by open calls, and this call may cost up to {_dollars(amount_micros)}."
        )


def _dollars(micros: int) -> str:
    return f"${micros / 1_000_000:.6f}"
