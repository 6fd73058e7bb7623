"""Money held in this process: enough for one server, and the meaning every other implementation must copy."""

from collections.abc import Mapping
from threading import Lock

from typing_extensions import override

from openhearth.stores.ports import Holds


class MemoryHolds(Holds):
    """Spend and open holds per key, in whole micros. A lock makes check and hold one step, also across threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._spent: dict[str, int] = {}
        self._held: dict[str, int] = {}

    @override
    def load(self, spent: Mapping[str, int]) -> None:
        with self._lock:
            self._spent = dict(spent)

    @override
    def hold(self, key_id: str, amount_micros: int, most_micros: int) -> bool:
        if amount_micros < 0:
            raise ValueError("A hold cannot be negative.")
        with self._lock:
            held = self._held.get(key_id, 0)
            if self._spent.get(key_id, 0) + held + amount_micros > most_micros:
                return False
            if amount_micros:
                self._held[key_id] = held + amount_micros
            return True

    @override
    def settle(self, key_id: str, held_micros: int, spent_micros: int) -> None:
        with self._lock:
            if held_micros:
                left = self._held.get(key_id, 0) - held_micros
                if left > 0:
                    self._held[key_id] = left
                else:
                    self._held.pop(key_id, None)
            if spent_micros:
                self._spent[key_id] = self._spent.get(key_id, 0) + spent_micros

    @override
    def spent(self, key_id: str) -> int:
        return self._spent.get(key_id, 0)

    @override
    def held(self, key_id: str) -> int:
        return self._held.get(key_id, 0)
