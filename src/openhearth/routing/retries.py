"""How many calls may be tried again: a small share of them all, so that retries never make a storm worse.

When everything fails, each call that is tried three times triples the load just where there is too much of it. Here, of
the calls of the last ten seconds a tenth may be tried again (and a few in any case, or a quiet server could not move to
another target at all).
"""

import time
from collections import deque
from collections.abc import Callable

_WINDOW_S = 10


class RetryBudget:
    """Counts on the way of a failure only: ``ended`` says how many attempts have ended at all, and is asked then."""

    def __init__(
        self,
        ended: Callable[[], int],
        *,
        percent: int = 10,
        always: int = 10,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ended = ended
        self._percent = percent
        self._always = always
        self._clock = clock
        self._slots: deque[list[int]] = deque()  # second, attempts ended, retries granted
        self._last_ended = 0
        self._last_s = 0

    def has_room(self) -> bool:
        """Whether one more call may be tried again now."""
        self._look()
        retries = sum(slot[2] for slot in self._slots)
        calls = sum(slot[1] for slot in self._slots) - retries
        return retries + 1 <= max(self._always, calls * self._percent // 100)

    def take(self) -> None:
        """A call is tried again."""
        self._look()
        self._slots[-1][2] += 1

    def granted(self) -> int:
        """How many calls were tried again in the last ten seconds."""
        self._look()
        return sum(slot[2] for slot in self._slots)

    def _look(self) -> None:
        """Bring the slots up to now. What ended before the window is not known by the second: it does not count."""
        second = int(self._clock())
        ended = self._ended()
        news = ended - self._last_ended if second - self._last_s < _WINDOW_S else 0
        self._last_ended, self._last_s = ended, second
        if not self._slots or self._slots[-1][0] != second:
            self._slots.append([second, 0, 0])
        self._slots[-1][1] += max(0, news)
        while self._slots[0][0] <= second - _WINDOW_S:
            self._slots.popleft()
