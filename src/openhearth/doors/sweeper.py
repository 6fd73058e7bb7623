"""One timer for all connections and all open streams, instead of a timer each."""

import asyncio

from uvicorn.server import ServerState

from openhearth.doors.fast import UNSEEN, FastDoor
from openhearth.relay.services import Relay


class Sweeper:
    """Looks at every deadline a few times a second."""

    def __init__(self, relay: Relay, state: ServerState, *, every_s: float = 0.5) -> None:
        self._relay = relay
        self._state = state
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._every_s)
            now = loop.time()
            for connection in list(self._state.connections):
                if not isinstance(connection, FastDoor) or not connection.deadline_s:
                    continue
                if connection.deadline_s == UNSEEN:
                    connection.deadline_s = now + connection.limits.idle_connection_s
                elif connection.deadline_s < now:
                    connection.overdue()
            beat = self._relay.gate.clock()
            for exchange in list(self._relay.open):
                exchange.beat(beat)
