"""A connection by itself, where a real socket would need luck: it dies between being opened and being used."""

import asyncio
import socket

from typing_extensions import override

from openhearth.core.errors import UpstreamDown
from openhearth.core.provider import Origin
from openhearth.transport.coding import DecodeLimits
from openhearth.transport.connection import Connection, Home
from openhearth.transport.flight import Flight
from tests.transport.wiring import Recorder, outgoing


class Nowhere(Home):
    """A pool that only notes what it is told."""

    def __init__(self) -> None:
        self.forgotten: list[Connection] = []

    @override
    def release(self, connection: Connection) -> None:
        raise AssertionError("a dead connection came back")

    @override
    def forget(self, connection: Connection) -> None:
        self.forgotten.append(connection)

    @override
    def resend(self, flight: Flight) -> None:
        raise AssertionError("a fresh connection is not tried twice")

    @override
    def now_s(self) -> float:
        return 0.0


class Wire(asyncio.Transport):
    """A transport that is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    @override
    def abort(self) -> None:
        self.aborted = True


def flight() -> tuple[Flight, Recorder]:
    recorder = Recorder()
    return Flight.begin(outgoing(Origin("http", "up", 80)), recorder, 0.0), recorder


async def test_a_connection_that_closed_before_its_use_fails_the_flight() -> None:
    home, wire = Nowhere(), Wire()
    connection = Connection(home, DecodeLimits())
    connection.connection_made(wire)
    connection.eof_received()
    under_way, recorder = flight()
    connection.start(under_way)
    assert isinstance(recorder.error, UpstreamDown)
    assert wire.aborted
    assert wire.written == b""
    assert home.forgotten == [connection]


async def test_losing_a_connection_twice_is_told_once() -> None:
    home, wire = Nowhere(), Wire()
    connection = Connection(home, DecodeLimits())
    connection.connection_made(wire)
    under_way, recorder = flight()
    connection.start(under_way)
    connection.eof_received()
    connection.connection_lost(ConnectionResetError())
    assert isinstance(recorder.error, UpstreamDown)
    assert home.forgotten == [connection]


async def test_the_request_is_one_write() -> None:
    wire = Wire()
    connection = Connection(Nowhere(), DecodeLimits())
    connection.connection_made(wire)
    connection.start(flight()[0])
    assert wire.written.endswith(b'\r\ncontent-length: 27\r\n\r\n{"model":"m","messages":[]}')


async def test_a_connection_knows_that_it_was_closed_before_the_loop_does() -> None:
    loop = asyncio.get_running_loop()
    home = Nowhere()
    connection = Connection(home, DecodeLimits())
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: connection, sock=ours)
    assert connection.is_open()
    theirs.close()
    assert not connection.is_open()
    connection.close()
    assert not connection.is_open()
    await asyncio.sleep(0)


async def test_a_connection_with_something_to_read_is_of_no_more_use() -> None:
    loop = asyncio.get_running_loop()
    connection = Connection(Nowhere(), DecodeLimits())
    ours, theirs = socket.socketpair()
    await loop.create_connection(lambda: connection, sock=ours)
    theirs.send(b"x")
    assert not connection.is_open()
    connection.close()
    theirs.close()
    await asyncio.sleep(0)
