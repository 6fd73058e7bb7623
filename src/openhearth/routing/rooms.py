"""What goes on at one target: the calls that are open there, what a minute may bring it, who waits."""

import asyncio
from collections import deque
from typing import Protocol

from openhearth.core.provider import UNBOUNDED, Target, TargetLimits
from openhearth.routing.line import Line

_MINUTE_S = 60
_SMOOTHING = 0.2


class Minute:
    """A sum over the last sixty seconds, kept by the second: it never lets more through than a minute may have."""

    __slots__ = ("_slots", "total")

    def __init__(self) -> None:
        self._slots: deque[list[int]] = deque()
        self.total = 0

    def add(self, now_s: float, amount: int) -> None:
        """``amount`` more, now."""
        self.trim(now_s)
        second = int(now_s)
        if not self._slots or self._slots[-1][0] != second:
            self._slots.append([second, 0])
        self._slots[-1][1] += amount
        self.total += amount

    def correct(self, now_s: float, added_s: float, amount: int) -> None:
        """What was added at ``added_s`` was too little by ``amount``, or (below zero) too much."""
        self.trim(now_s)
        for slot in self._slots:
            if slot[0] == int(added_s):
                slot[1] += amount
                self.total += amount
                return
        if amount > 0:
            self.add(now_s, amount)

    def trim(self, now_s: float) -> None:
        """Forget what is more than a minute ago."""
        while self._slots and self._slots[0][0] < int(now_s) - _MINUTE_S:
            self.total -= self._slots.popleft()[1]

    def fits_in_s(self, now_s: float, amount: int, most: int) -> float:
        """When ``amount`` more fits under ``most``: 0 for now. What alone is more gets a minute of its own."""
        self.trim(now_s)
        over = self.total + amount - most
        if over <= 0 or self.total <= 0:
            return 0.0
        for second, had in self._slots:
            over -= had
            if over <= 0:
                return max(0.001, second + _MINUTE_S + 1 - now_s)
        return max(0.001, self._slots[-1][0] + _MINUTE_S + 1 - now_s)


class Keeper(Protocol):
    """Who gives places and takes them back: ``routing.entrance.Entrance``."""

    def heard(self, place: "Place") -> None: ...

    def left(self, place: "Place", used_tokens: int) -> None: ...


class Place:
    """A call's place at a target since ``since_s``. Give it back with ``leave``, whatever happened."""

    __slots__ = ("_keeper", "_left", "probes", "since_s", "target", "tokens")

    def __init__(self, keeper: Keeper, target: Target, since_s: float, tokens: int, *, probes: bool) -> None:
        self._keeper = keeper
        self._left = False
        self.target = target
        self.since_s = since_s
        self.tokens = tokens
        self.probes = probes

    def heard(self) -> None:
        """The first byte of the answer is here."""
        self._keeper.heard(self)

    def leave(self, used_tokens: int = 0) -> None:
        """The call has ended, having used that many tokens; the next in the line gets the place. Once only."""
        if not self._left:
            self._left = True
            self._keeper.left(self, used_tokens)


class Room:
    """One target's open calls, minute and line. ``service_s`` is how long calls stay, smoothed; 0 before the first."""

    __slots__ = ("calls", "id", "limits", "line", "open", "service_s", "timer", "tokens", "tokens_each")

    def __init__(self, target_id: str) -> None:
        self.id = target_id
        self.limits: TargetLimits = UNBOUNDED
        self.open: dict[Place, None] = {}
        self.calls = Minute()
        self.tokens = Minute()
        self.tokens_each = 0.0
        self.service_s = 0.0
        self.line: Line[Place] = Line()
        self.timer: asyncio.TimerHandle | None = None

    def fits_in_s(self, now_s: float, tokens: int) -> float | None:
        """When a call of ``tokens`` fits: 0 for now, ``None`` when another must leave first."""
        limits = self.limits
        if limits.concurrency and len(self.open) >= limits.concurrency:
            return None
        wait_s = 0.0
        if limits.rpm:
            wait_s = self.calls.fits_in_s(now_s, 1, limits.rpm)
        if limits.tpm:
            wait_s = max(wait_s, self.tokens.fits_in_s(now_s, tokens, limits.tpm))
        return wait_s

    def take(self, place: Place) -> None:
        """A call goes in."""
        self.open[place] = None
        if self.limits.rpm:
            self.calls.add(place.since_s, 1)
        if self.limits.tpm:
            self.tokens.add(place.since_s, place.tokens)

    def give_back(self, place: Place, now_s: float, used_tokens: int) -> None:
        """A call has ended."""
        self.open.pop(place, None)
        stayed_s = now_s - place.since_s
        self.service_s += (stayed_s - self.service_s) * (_SMOOTHING if self.service_s else 1.0)
        if self.limits.tpm and used_tokens:
            self.tokens.correct(now_s, place.since_s, used_tokens - place.tokens)
            self.tokens_each += (used_tokens - self.tokens_each) * (_SMOOTHING if self.tokens_each else 1.0)

    def serves_each_s(self, now_s: float) -> float:
        """How many seconds apart places come free here, as measured; a guess of a second before anything was."""
        limits = self.limits
        apart_s = 0.0
        if limits.concurrency:
            oldest_s = now_s - min((place.since_s for place in self.open), default=now_s)
            apart_s = (self.service_s or oldest_s or 1.0) / limits.concurrency
        if limits.rpm:
            apart_s = max(apart_s, _MINUTE_S / limits.rpm)
        if limits.tpm:
            apart_s = max(apart_s, _MINUTE_S * self.tokens_each / limits.tpm)
        return apart_s or 1.0
