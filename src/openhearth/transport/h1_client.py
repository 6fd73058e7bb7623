"""Our HTTP/1.1 client for upstreams: the relay's only way out.

General-purpose clients cost more than the rest of the gateway together; this one does what a gateway needs and
nothing else. With an idle connection in the pool a request is one synchronous write: no task, no timer.
"""

import asyncio
from collections.abc import Callable

from typing_extensions import override

from openhearth.core.errors import UpstreamDown
from openhearth.core.provider import Origin
from openhearth.transport.coding import DecodeLimits
from openhearth.transport.dial import Dialer
from openhearth.transport.flight import Flight, Phase
from openhearth.transport.pool import Pool, PoolLimits
from openhearth.transport.wire import Client, Outgoing, Receiver

_SWEEP_EVERY_S = 0.25
_SETTLE_TURNS = 2
_ANSWER = Phase.ANSWER  # an enumeration's members are slow to look up


class H1Client(Client):
    """``wire.Client`` over keep-alive connections, one pool per origin.

    A connection is used again only after a clean end of an answer. When such a connection dies before a byte of the
    next answer, the request most likely crossed an idle close on the wire: if it is ``repeatable``, it is sent once
    more. For any other request the connection is looked at first, and left when it was closed; once written, such a
    request never goes out again.
    Deadlines are checked four times a second, so they are late by up to 250 ms and never early.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        pool_per_origin: int = 256,
        waiting_per_origin: int = 1024,
        pool_idle_s: float = 30.0,
        ca_file: str = "",
        decode: DecodeLimits | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """``ca_file`` adds certificate authorities (PEM); raises OSError when it cannot be read."""
        self._loop = loop or asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._limits = PoolLimits(pool_per_origin, waiting_per_origin, pool_idle_s, decode or DecodeLimits())
        self._dialer = Dialer(self._loop, ca_file)
        self._pools: dict[Origin, Pool] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    @override
    def send(self, request: Outgoing, receiver: Receiver) -> Flight:
        now_s = self._clock()
        pool = self._pools.get(request.origin)
        while pool is not None and pool.idle:
            connection = pool.idle.pop()
            if not request.repeatable and not connection.is_open():
                connection.close()
                continue
            flight = Flight(request, receiver, now_s, now_s, request.deadlines.first_byte_s, connection, _ANSWER)
            connection.start(flight)
            return flight
        flight = Flight.begin(request, receiver, now_s)
        if self._closed:
            self._loop.call_soon(flight.fail, _closing(flight))
            return flight
        if pool is None:
            pool = self._pools[request.origin] = Pool(
                request.origin, self._dialer, self._limits, self._loop, self._clock
            )
        pool.admit(flight, now_s)
        if self._timer is None:
            self._timer = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)
        return flight

    def _sweep(self) -> None:
        """The one timer; it stops when nothing is open and starts again with the next connection."""
        now_s = self._clock()
        self._timer = None
        for pool in tuple(self._pools.values()):
            if not pool.sweep(now_s):
                self._pools.pop(pool.origin, None)
        if self._pools and self._timer is None:
            self._timer = self._loop.call_later(_SWEEP_EVERY_S, self._sweep)

    @override
    async def close(self) -> None:
        """Close every connection; flights still under way fail with UpstreamDown."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        tasks = []
        for pool in tuple(self._pools.values()):
            tasks += pool.close(UpstreamDown("The gateway is stopping.", code="client_closed"))
        self._pools.clear()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(_SETTLE_TURNS):
            # Aborted transports close their sockets in the loop's next turn.
            await asyncio.sleep(0)


def _closing(flight: Flight) -> UpstreamDown:
    return UpstreamDown(f"{flight.name} is not called any more: the gateway is stopping.", code="client_closed")
