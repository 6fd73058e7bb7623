"""Counting per minute, and when windows of money end: the rules that every implementation of the counters shares."""

from openhearth.core.allowance import Bound, windows_at

MINUTE_S = 60.0


class Pace:
    """Counts of this minute and the last; the last weighs with its part that is still within sixty seconds.

    Several processes count in one minute although their clocks differ a little: a time of the minute before counts in
    this one. A time further back means that the clock was set back: counting goes on there with what this minute had.
    """

    __slots__ = ("last", "minute", "this")

    def __init__(self, minute: int = 0, this: int = 0, last: int = 0) -> None:
        self.minute = minute
        self.this = this
        self.last = last

    def add(self, count: int, now: float) -> None:
        self._turn(now)
        self.this += count

    def add_late(self, count: int, now: float) -> None:
        """Count what a call took that began or ended at ``now``, which may be long past; it counts in no older minute
        than others did since."""
        if now // MINUTE_S > self.minute:
            self._turn(now)
        self.this += count

    def used(self, now: float) -> int:
        self._turn(now)
        return self.this + -int(-self.last * self._weight(now) // 1)

    def wait_s(self, room: int, now: float) -> float:
        """Seconds until no more than ``room`` counts, if nothing is added."""
        self._turn(now)
        return wait_s(self.this, self.last, room, MINUTE_S * (1.0 - self._weight(now)))

    def _turn(self, now: float) -> None:
        minute = int(now // MINUTE_S)
        ahead = minute - self.minute
        if ahead > 0:
            self.last = self.this if ahead == 1 else 0
            self.this = 0
            self.minute = minute
        elif ahead < -1:
            self.last = 0
            self.minute = minute

    def _weight(self, now: float) -> float:
        return 1.0 - now % MINUTE_S / MINUTE_S if now // MINUTE_S == self.minute else 1.0


def wait_s(this: int, last: int, room: int, passed_s: float) -> float:
    """Seconds until a minute's sliding count is at most ``room``: while this minute lasts the last one's weight falls,
    in the next this minute's does."""
    if last and this <= room:
        return max(0.0, MINUTE_S * (1.0 - (room - this) / last) - passed_s)
    weight = max(0.0, 1.0 - max(0, room) / this) if this else 0.0
    return MINUTE_S - passed_s + MINUTE_S * weight


def window_end(bound: Bound, now: float) -> float:
    """Unix time when the window of a money bound ends: the next midnight, Monday or first of a month, in UTC."""
    end = windows_at(now)
    name = end.counter("", bound)
    while end.counter("", bound) == name:
        end = windows_at(end.until_s)
    return end.until_s - 86_400
