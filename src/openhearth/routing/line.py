"""Who waits for a place at a target, and whose turn is next: tenants in turn, each one's calls in order.

The next place goes to the tenant that has waited longest since its last turn. So a tenant with one call waits for the
place that comes free next, however many calls another has in the line.
"""

import asyncio
from collections.abc import Iterator
from typing import Generic, TypeVar

from openhearth.core.provider import Target

PlaceT = TypeVar("PlaceT")
_MOST_TURNS_KEPT = 10_000


class Waiter(Generic[PlaceT]):
    """One waiting call. It may stand in the lines of several ``targets``, by id; ``got`` is the place at the first that
    had one."""

    __slots__ = ("got", "lines", "owner", "targets", "tokens")

    def __init__(self, owner: str, tokens: int, targets: dict[str, Target], got: "asyncio.Future[PlaceT]") -> None:
        self.owner = owner
        self.tokens = tokens
        self.targets = targets
        self.got = got
        self.lines: set[Line[PlaceT]] = set()

    def leave(self) -> None:
        """Stand in no line any more."""
        for line in tuple(self.lines):
            line.remove(self)


class Line(Generic[PlaceT]):
    """The waiting calls of one target."""

    __slots__ = ("_owners", "_turn", "_turns", "count")

    def __init__(self) -> None:
        self._owners: dict[str, dict[Waiter[PlaceT], None]] = {}
        self._turns: dict[str, int] = {}
        self._turn = 0
        self.count = 0

    def __iter__(self) -> Iterator[Waiter[PlaceT]]:
        return iter([waiter for waiters in self._owners.values() for waiter in waiters])

    def add(self, waiter: Waiter[PlaceT]) -> None:
        self._owners.setdefault(waiter.owner, {})[waiter] = None
        waiter.lines.add(self)
        self.count += 1

    def remove(self, waiter: Waiter[PlaceT]) -> None:
        waiters = self._owners[waiter.owner]
        del waiters[waiter]
        waiter.lines.discard(self)
        self.count -= 1
        if not waiters:
            del self._owners[waiter.owner]
        if not self.count or len(self._turns) > _MOST_TURNS_KEPT:
            self._turns.clear()

    def next(self) -> Waiter[PlaceT] | None:
        """Whose turn it is; ``None`` when nobody waits."""
        if not self.count:
            return None
        owner = min(self._owners, key=lambda owner: self._turns.get(owner, 0))
        return next(iter(self._owners[owner]))

    def served(self, owner: str) -> None:
        """``owner`` has had its turn."""
        self._turn += 1
        self._turns[owner] = self._turn

    def ahead_of(self, owner: str) -> int:
        """How many would be served before one more call of ``owner``."""
        own = len(self._owners.get(owner, ()))
        return own + sum(min(len(waiters), own + 1) for name, waiters in self._owners.items() if name != owner)

    def of(self, owner: str) -> int:
        """How many calls of ``owner`` wait."""
        return len(self._owners.get(owner, ()))

    def surplus(self, owner: str) -> Waiter[PlaceT] | None:
        """The newest call of the tenant with the most, if that has more than ``owner`` would have: in a full line it
        makes room, so that nobody can keep others out."""
        if not self.count:
            return None
        greediest = max(self._owners, key=lambda name: len(self._owners[name]))
        waiters = self._owners[greediest]
        return next(reversed(waiters)) if len(waiters) > self.of(owner) + 1 else None
