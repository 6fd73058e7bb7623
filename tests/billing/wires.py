"""Both ends of a call without sockets: what is written is noted, what comes is fed, so that a test owns every byte."""

import asyncio
import json

from typing_extensions import override
from uvicorn.server import ServerState

from openhearth.core.errors import UpstreamDown
from openhearth.core.provider import Origin
from openhearth.doors.fast import FastDoor
from openhearth.transport.connection import Connection
from openhearth.transport.dial import Dialer

_TURNS = 200


class Wire(asyncio.Transport):
    """A transport that notes what is written. ``owner`` hears of its end in the loop's next turn, as from a socket."""

    def __init__(self, owner: asyncio.Protocol | None = None) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.owner = owner
        self.is_cut = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_cut:
            self.written.append(bytes(data))

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    @override
    def pause_reading(self) -> None:
        """What is fed comes at once."""

    @override
    def resume_reading(self) -> None:
        """What is fed comes at once."""

    @override
    def is_closing(self) -> bool:
        return self.is_cut

    @override
    def close(self) -> None:
        self.abort()

    @override
    def abort(self) -> None:
        if not self.is_cut:
            self.is_cut = True
            if self.owner is not None:
                asyncio.get_running_loop().call_soon(self.owner.connection_lost, None)


class Line:
    """One connection to an upstream, seen from the upstream."""

    def __init__(self, connection: Connection) -> None:
        self.wire = Wire(connection)
        self._connection = connection
        connection.connection_made(self.wire)

    def asked(self) -> bytes:
        """What came since the last look."""
        found = b"".join(self.wire.written)
        self.wire.written.clear()
        return found

    def say(self, data: bytes) -> None:
        if data and not self.wire.is_cut:
            self._connection.data_received(data)

    def hang_up(self) -> None:
        self.wire.abort()

    def end(self) -> None:
        """No more comes; the other way is still open."""
        if not self.wire.is_cut and not self._connection.eof_received():
            self.wire.abort()


class Lines(Dialer):
    """Opens connections that end in a ``Line``. ``refusals`` is how many attempts to connect fail first."""

    def __init__(self) -> None:
        self.open_: list[Line] = []
        self.refusals = 0

    @override
    async def open(self, origin: Origin, connection: Connection, name: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise UpstreamDown("Nobody is there.", code="upstream_connect")
        self.open_.append(Line(connection))

    async def refuse(self) -> None:
        """The next call finds nobody: no connection is open, and the first attempt to open one fails."""
        for line in self.open_:
            line.hang_up()
        await asyncio.sleep(0)
        self.refusals = 1

    async def asked(self) -> Line:
        """The connection on which the next request came, once it has come."""
        for _ in range(_TURNS):
            self.open_ = [line for line in self.open_ if not line.wire.is_cut]
            for line in self.open_:
                if line.asked():
                    return line
            await asyncio.sleep(0)
        raise AssertionError("no request went out")


class FastClient:
    """A client on a connection of its own at the fast door."""

    def __init__(self, door: FastDoor) -> None:
        self._door = door
        self.wire = Wire(door)
        door.connection_made(self.wire)

    def send(self, data: bytes) -> None:
        self._door.data_received(data)

    def leave(self) -> None:
        """The connection is lost, now."""
        self.wire.is_cut = True
        self.wire.owner = None
        self._door.connection_lost(None)

    @property
    def heard(self) -> bytes:
        return b"".join(self.wire.written)


def request_bytes(body: dict[str, object], key: str, path: str = "/v1/chat/completions") -> bytes:
    """A request as it stands on the wire."""
    data = json.dumps(body).encode()
    lines = (
        f"POST {path} HTTP/1.1\r\nhost: gate.test\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(data)}\r\n\r\n"
    )
    return lines.encode() + data


def fresh_state() -> ServerState:
    """What uvicorn tells its connections."""
    state = ServerState()
    state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
    return state
