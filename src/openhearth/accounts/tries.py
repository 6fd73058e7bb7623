"""How often somebody may guess: wrong passwords counted per username and per address, in this process."""

import time
from collections import deque
from collections.abc import Callable

from openhearth.core.errors import LimitError

_MOST_NAMES = 10_000
_ADDRESS_TIMES = 5


class Tries:
    """At most ``most`` tries of a username within ``within_s``, and five times as many of an address.

    A try counts from its start, so that many at once are not more than many in a row; a right password takes back the
    tries of its username and its own one of the address.
    """

    def __init__(self, most: int, within_s: float, *, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._within_s = within_s
        self._now = now
        self._seen: dict[str, deque[float]] = {}

    def begin(self, username: str, address: str) -> None:
        """Count a try. Raises LimitError, equally for names that exist and others."""
        now = self._now()
        asked = ((f"user {username}", self._most), (f"from {address}", self._most * _ADDRESS_TIMES))
        for name, most in asked:
            seen = self._kept(name, now)
            if len(seen) >= most:
                raise LimitError(
                    "Too many wrong passwords. Wait before you try again.",
                    code="too_many_tries",
                    retry_after_s=max(1.0, seen[0] + self._within_s - now),
                )
        for name, _ in asked:
            self._seen.setdefault(name, deque()).append(now)
        if len(self._seen) > _MOST_NAMES:
            self._clear(now)

    def succeeded(self, username: str, address: str) -> None:
        """The password was right."""
        self._seen.pop(f"user {username}", None)
        seen = self._seen.get(f"from {address}")
        if seen:
            seen.pop()

    def _kept(self, name: str, now: float) -> deque[float]:
        seen = self._seen.get(name)
        if seen is None:
            return deque()
        while seen and seen[0] <= now - self._within_s:
            seen.popleft()
        return seen

    def _clear(self, now: float) -> None:
        """Forget what is over, and if that is not enough the older half."""
        for name in list(self._seen):
            if not self._kept(name, now):
                del self._seen[name]
        if len(self._seen) > _MOST_NAMES:
            for name in list(self._seen)[: _MOST_NAMES // 2]:
                del self._seen[name]
