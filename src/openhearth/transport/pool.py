"""All connections to one origin: idle ones to reuse, a cap on how many, and a bounded queue when the cap is reached."""

import asyncio
from collections import deque
from collections.abc import Callable

import msgspec
from typing_extensions import override

from openhearth.core.errors import UpstreamBusy, UpstreamError
from openhearth.core.provider import Origin
from openhearth.transport.coding import DecodeLimits
from openhearth.transport.connection import Connection, Home
from openhearth.transport.dial import Dialer
from openhearth.transport.flight import Carrier, Flight, Phase


class PoolLimits(msgspec.Struct, frozen=True):
    """Per origin: open connections, flights that wait for one, and how long an unused one is kept."""

    connections: int
    waiting: int
    idle_s: float
    decode: DecodeLimits


class _Dial(Carrier):
    """A flight whose connection is being opened."""

    __slots__ = ("flight", "task")

    def __init__(self, flight: Flight) -> None:
        self.flight = flight
        self.task: asyncio.Task[None] | None = None

    @override
    def drop(self, flight: Flight) -> None:
        if self.task is not None:
            self.task.cancel()

    @override
    def pause(self) -> None:
        """Nothing is read yet; the flight remembers."""

    @override
    def resume(self) -> None:
        """Nothing is read yet; the flight remembers."""


class Pool(Home):
    """The connections to ``origin``. As a ``Carrier`` it holds the flights that wait for room."""

    __slots__ = ("_clock", "_dialer", "_dials", "_limits", "_loop", "_open", "_waiting", "idle", "origin")

    def __init__(
        self,
        origin: Origin,
        dialer: Dialer,
        limits: PoolLimits,
        loop: asyncio.AbstractEventLoop,
        clock: Callable[[], float],
    ) -> None:
        self.origin = origin
        self.idle: deque[Connection] = deque()
        self._dialer = dialer
        self._limits = limits
        self._loop = loop
        self._clock = clock
        self._open: set[Connection] = set()
        self._dials: set[_Dial] = set()
        self._waiting: deque[Flight] = deque()

    def admit(self, flight: Flight, now_s: float) -> None:
        """No idle connection: open one, or queue, or fail (from the loop, not from here)."""
        if len(self._open) + len(self._dials) < self._limits.connections:
            self._dial(flight, now_s)
        elif len(self._waiting) < self._limits.waiting:
            flight.enter(Phase.ROOM, self, flight.request.deadlines.connect_s, now_s)
            self._waiting.append(flight)
        else:
            error = UpstreamBusy(f"Too many calls wait for a connection to {flight.name}.", code="upstream_pool_full")
            self._loop.call_soon(flight.fail, error)

    def _dial(self, flight: Flight, now_s: float) -> None:
        dial = _Dial(flight)
        flight.enter(Phase.CONNECTION, dial, flight.request.deadlines.connect_s, now_s)
        self._dials.add(dial)
        dial.task = self._loop.create_task(self._connect(dial))
        # A task that is cancelled before its first step runs none of its code, not even a ``finally``.
        dial.task.add_done_callback(lambda _: self._end_dial(dial))

    def _end_dial(self, dial: _Dial) -> None:
        if dial in self._dials:
            self._dials.discard(dial)
            self._serve_waiting()

    async def _connect(self, dial: _Dial) -> None:
        connection = Connection(self, self._limits.decode)
        failure: UpstreamError | None = None
        opened = False
        try:
            await self._dialer.open(self.origin, connection, dial.flight.name)
            opened = True
        except UpstreamError as error:
            failure = error
        finally:
            self._dials.discard(dial)
            if not opened:
                connection.close()
        dial.flight.carrier = None
        if failure is not None:
            dial.flight.fail(failure)
            return
        if not connection.closed:
            self._open.add(connection)
        dial.flight.await_answer(connection, self.now_s())
        connection.start(dial.flight)

    @override
    def release(self, connection: Connection) -> None:
        if self._waiting:
            flight = self._waiting.popleft()
            flight.await_answer(connection, self._clock())
            connection.start(flight)
        else:
            connection.idle_since_s = 0.0  # not known until the next sweep: a look at the clock is dear on the hot path
            self.idle.append(connection)

    @override
    def forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting and len(self._open) + len(self._dials) < self._limits.connections:
            self._dial(self._waiting.popleft(), self.now_s())

    @override
    def resend(self, flight: Flight) -> None:
        self.admit(flight, self.now_s())

    @override
    def now_s(self) -> float:
        return self._clock()

    def drop(self, flight: Flight) -> None:
        """``Carrier``: a waiting flight leaves the queue."""
        self._waiting.remove(flight)

    def pause(self) -> None:
        """``Carrier``: nothing is read yet."""

    def resume(self) -> None:
        """``Carrier``: nothing is read yet."""

    def sweep(self, now_s: float) -> bool:
        """Apply every deadline. Returns whether anything is left here."""
        for connection in tuple(self._open):
            if connection.flight is not None:
                connection.flight.check(now_s)
        for dial in tuple(self._dials):
            dial.flight.check(now_s)
        for flight in tuple(self._waiting):
            flight.check(now_s)
        for connection in self.idle:
            connection.idle_since_s = connection.idle_since_s or now_s
        while self.idle and now_s - self.idle[0].idle_since_s >= self._limits.idle_s:
            self.idle[0].close()
        return bool(self._open or self._dials or self._waiting)

    def close(self, error: UpstreamError) -> list["asyncio.Task[None]"]:
        """Fail every flight, close every connection; returns the tasks that are still ending."""
        tasks = [dial.task for dial in self._dials if dial.task is not None]
        while self._waiting:
            flight = self._waiting.popleft()
            flight.carrier = None
            flight.fail(error)
        for dial in tuple(self._dials):
            dial.flight.fail(error)
        for connection in tuple(self._open):
            if connection.flight is not None:
                connection.flight.fail(error)
            connection.close()
        return tasks
