"""Who edits now and who waits: one at a time, in order, with visible places and a true estimate."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable

from openhearth.core.errors import LimitError

_FIRST_GUESS_S = 5.0
_WEIGHT = 0.3


class Ticket:
    """A place: 0 may work, 1 is next."""

    def __init__(self) -> None:
        self.place = 0
        self._moved = asyncio.Event()

    async def moved(self, timeout_s: float) -> None:
        """Wait until the place changes, at most ``timeout_s``."""
        try:
            await asyncio.wait_for(self._moved.wait(), timeout_s)
        except TimeoutError:
            pass
        self._moved.clear()

    def move(self, place: int) -> None:
        if place != self.place:
            self.place = place
            self._moved.set()


class Line:
    """One works, up to ``queue`` wait."""

    def __init__(self, queue: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._clock = clock
        self._tickets: deque[Ticket] = deque()
        self._began_at = 0.0
        self._typical_s = _FIRST_GUESS_S

    def __len__(self) -> int:
        """Requests here, the one being worked on included."""
        return len(self._tickets)

    def enter(self) -> Ticket:
        """Raises LimitError with the time until a place is likely free when the line is full."""
        if len(self._tickets) > self._queue:
            left_s = self._typical_s - (self._clock() - self._began_at)
            raise LimitError(
                f"The local editor is busy: {len(self._tickets) - 1} edits are waiting. 本地编辑器繁忙，请稍后再试。",
                code="engine_queue_full",
                retry_after_s=float(max(1, math.ceil(left_s))),
            )
        ticket = Ticket()
        self._tickets.append(ticket)
        self._renumber()
        return ticket

    def leave(self, ticket: Ticket) -> None:
        """Give the place up, working or waiting. Harmless when repeated."""
        if ticket not in self._tickets:
            return
        if ticket.place == 0:
            took_s = self._clock() - self._began_at
            self._typical_s = (1 - _WEIGHT) * self._typical_s + _WEIGHT * took_s
        self._tickets.remove(ticket)
        self._renumber()

    def _renumber(self) -> None:
        for place, ticket in enumerate(self._tickets):
            if place == 0 and (ticket.place != 0 or len(self._tickets) == 1):
                self._began_at = self._clock()
            ticket.move(place)
