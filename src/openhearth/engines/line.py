"""Who works in an engine now and who waits: a bounded queue with visible places and a true estimate.

A busy processor makes all work slower, so little runs at once and the rest is told where it stands.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable

from openhearth.core.errors import LimitError

FIRST_GUESS_S = 10.0
WEIGHT = 0.3


class Ticket:
    """A place in the line. ``place`` is 0 once it may run, else 1 for the next one."""

    def __init__(self, line: "Line") -> None:
        self._line = line
        self._moved = asyncio.Event()
        self._held = 0
        self._left = False
        self.place = 0
        self.started_at = 0.0

    async def moved(self, timeout_s: float) -> int:
        """Wait until the place changes, at most ``timeout_s``; the place then."""
        if self.place:
            try:
                await asyncio.wait_for(self._moved.wait(), timeout_s)
            except TimeoutError:
                pass
        self._moved.clear()
        return self.place

    def hold(self) -> None:
        """A thread works for this ticket: the place is not free before its ``release``, even after ``leave``."""
        self._held += 1

    def release(self) -> None:
        self._held -= 1
        self._free_if_done()

    def leave(self) -> None:
        """Give the place up, running or waiting. Harmless when repeated."""
        self._left = True
        self._free_if_done()

    def _free_if_done(self) -> None:
        if self._left and not self._held:
            self._line.left(self)

    def move(self, place: int) -> None:
        if place != self.place:
            self.place = place
            self._moved.set()


class Line:
    """``slots`` tickets run, up to ``queue`` wait. ``busy`` says to people what is busy when the line is full."""

    def __init__(
        self,
        slots: int,
        queue: int,
        *,
        busy: str = "The local model is busy",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._busy = busy
        self._slots = slots
        self._queue = queue
        self._clock = clock
        self._running: set[Ticket] = set()
        self._waiting: deque[Ticket] = deque()
        self._typical_s = 0.0

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def health(self) -> dict[str, float]:
        """What an engine's ``/health`` says of its work; ``oldest_s`` is how long the oldest request has run."""
        now = self._clock()
        oldest_s = max((now - ticket.started_at for ticket in self._running), default=0.0)
        running, waiting = self.running, self.waiting
        return {"running": running, "waiting": waiting, "queue": running + waiting, "oldest_s": round(oldest_s, 3)}

    def enter(self) -> Ticket:
        """A running or a waiting ticket. Raises LimitError, with the time until a place is likely free, when full."""
        ticket = Ticket(self)
        if len(self._running) < self._slots:
            self._run(ticket)
        elif len(self._waiting) < self._queue:
            self._waiting.append(ticket)
            ticket.place = len(self._waiting)
        else:
            raise LimitError(
                f"{self._busy}: {len(self._running)} requests run and {len(self._waiting)} wait.",
                code="engine_queue_full",
                retry_after_s=self.free_in_s(),
            )
        return ticket

    def free_in_s(self) -> float:
        """Whole seconds until the next running work is likely to end, from measured durations."""
        now = self._clock()
        typical_s = self._typical_s or FIRST_GUESS_S
        left = [typical_s - (now - ticket.started_at) for ticket in self._running]
        return float(max(1, math.ceil(min(left, default=typical_s))))

    def left(self, ticket: Ticket) -> None:
        if ticket in self._running:
            self._running.discard(ticket)
            took_s = self._clock() - ticket.started_at
            self._typical_s = took_s if not self._typical_s else (1 - WEIGHT) * self._typical_s + WEIGHT * took_s
        elif ticket in self._waiting:
            self._waiting.remove(ticket)
        while self._waiting and len(self._running) < self._slots:
            self._run(self._waiting.popleft())
        for place, waiting in enumerate(self._waiting, start=1):
            waiting.move(place)

    def _run(self, ticket: Ticket) -> None:
        self._running.add(ticket)
        ticket.started_at = self._clock()
        ticket.move(0)
