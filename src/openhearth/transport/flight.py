"""One attempt from ``send`` to its end: who waits for it, where it is, and which deadline runs.

No timer per request: the client's one sweep calls ``check`` on every flight a few times a second, and data only sets
the ``moving`` mark, so that a chunk costs no look at the clock.
"""

from enum import Enum, auto
from typing import Protocol

import msgspec

from openhearth.core.errors import UpstreamBusy, UpstreamError, UpstreamTimeout
from openhearth.transport.wire import Outgoing, Receiver


class Phase(Enum):
    """What the flight waits for."""

    ROOM = auto()
    CONNECTION = auto()
    ANSWER = auto()
    BODY = auto()


class Carrier(Protocol):
    """What holds a flight: the queue, a connection being opened, or an open connection."""

    def drop(self, flight: "Flight") -> None:
        """Forget the flight and free what it used, at once."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class Flight(msgspec.Struct, eq=False):
    """``wire.Flight``. ``receiver`` is ``None`` once the flight has ended: then nothing more is told."""

    request: Outgoing
    receiver: Receiver | None
    started_s: float
    since_s: float
    limit_s: float
    carrier: Carrier | None = None
    phase: Phase = Phase.ROOM
    moving: bool = False
    paused: bool = False
    resent: bool = False

    @property
    def name(self) -> str:
        """Who is called, for messages."""
        return self.request.name or self.request.origin.host

    def abort(self) -> None:
        self.receiver = None
        carrier = self.carrier
        if carrier is not None:
            self.carrier = None
            carrier.drop(self)

    def pause(self) -> None:
        if not self.paused and self.receiver is not None:
            self.paused = True
            if self.carrier is not None:
                self.carrier.pause()

    def resume(self) -> None:
        if self.paused and self.receiver is not None:
            self.paused = False
            self.moving = True
            if self.carrier is not None:
                self.carrier.resume()

    def fail(self, error: UpstreamError) -> None:
        """End with ``error``: free the carrier first, because the receiver may send again from its callback."""
        receiver = self.receiver
        self.abort()
        if receiver is not None:
            receiver.answer_failed(error)

    @classmethod
    def begin(cls, request: Outgoing, receiver: Receiver, now_s: float) -> "Flight":
        """A flight that waits for a connection."""
        return cls(request, receiver, now_s, now_s, request.deadlines.connect_s)

    def enter(self, phase: Phase, carrier: Carrier, limit_s: float, now_s: float) -> None:
        """Wait for the next thing, held by ``carrier``, for at most ``limit_s``."""
        self.phase = phase
        self.carrier = carrier
        self.limit_s = limit_s
        self.since_s = now_s

    def await_answer(self, carrier: Carrier, now_s: float) -> None:
        """An open connection takes the flight over."""
        self.enter(Phase.ANSWER, carrier, self.request.deadlines.first_byte_s, now_s)

    def check(self, now_s: float) -> None:
        """Fail with the deadline that has passed, if one has. A paused receiver does not count as a silent upstream."""
        if self.moving or (self.paused and self.phase is Phase.BODY):
            self.moving = False
            self.since_s = now_s
        if now_s - self.started_s >= self.request.deadlines.total_s:
            total_s = self.request.deadlines.total_s
            self.fail(
                UpstreamTimeout(f"{self.name} did not finish its answer within {total_s:g} s.", code="total_timeout")
            )
        elif now_s - self.since_s >= self.limit_s:
            self.fail(self._overdue())

    def _overdue(self) -> UpstreamError:
        limit = f"{self.limit_s:g} s"
        if self.phase is Phase.ROOM:
            return UpstreamBusy(f"All connections to {self.name} stayed busy for {limit}.", code="upstream_pool_full")
        if self.phase is Phase.CONNECTION:
            return UpstreamTimeout(f"Connecting to {self.name} took more than {limit}.", code="connect_timeout")
        if self.phase is Phase.ANSWER:
            return UpstreamTimeout(f"{self.name} did not start to answer within {limit}.", code="first_byte_timeout")
        return UpstreamTimeout(f"{self.name} fell silent for {limit} in its answer.", code="idle_timeout")
