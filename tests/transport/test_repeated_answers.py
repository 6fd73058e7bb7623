"""A connection that is used again reads each answer as a fresh one would, however the bytes are cut."""

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from openhearth.core.provider import Origin
from openhearth.transport.coding import DecodeLimits
from openhearth.transport.connection import Connection, Home
from openhearth.transport.flight import Flight
from openhearth.transport.wire import Headers
from tests.transport.wiring import Recorder, outgoing

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: %d\r\n\r\n%b"
ANSWERS = [
    *(PLAIN % (len(body), body) for body in (b'{"a":1}', b'{"b":2}', b'{"long":"' + b"x" * 200 + b'"}', b"")),
    (PLAIN % (7, b'{"c":3}')).replace(b"200 OK", b"429 Too Many Requests"),
    (PLAIN % (7, b'{"d":4}')).replace(b"\r\n\r\n", b"\r\nDate: now \r\nX-Request-Id:\treq_1\r\n\r\n", 1),
    (PLAIN % (7, b'{"e":5}')).replace(b"\r\n\r\n", b"\r\nConnection: keep-alive, x-secret\r\nX-Secret: 1\r\n\r\n", 1),
    b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + PLAIN % (7, b'{"f":6}'),
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n5\r\nthere\r\n0\r\nx-trailer: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
]
ENDS = [
    (PLAIN % (7, b'{"g":7}')).replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1),
    PLAIN % (7, b'{"h":8}') + b"HTTP/1.1 200 OK\r\n",
    (PLAIN % (7, b'{"i":9}')).replace(b"content-length", b"content-length: 7\r\ncontent-length"),
    (PLAIN % (7, b'{"j":1}')).replace(b"\r\n\r\n", b"\r\n folded: x\r\n\r\n", 1),
    (PLAIN % (7, b'{"k":2}')).replace(b"\r\n\r\n", b"\r\nbad\x01: x\r\n\r\n", 1),
    (PLAIN % (7, b'{"l":3}')).replace(b"content-length: 7", b"content-length: +7"),
    (PLAIN % (7, b'{"m":4}')).replace(b"content-length", b"content-encoding: br\r\ncontent-length"),
    (PLAIN % (7, b'{"n":5}')).replace(b"content-length", b"transfer-encoding: gzip\r\ncontent-length"),
]


class Shelf(Home):
    """A pool for one connection."""

    def __init__(self) -> None:
        self.holds = True

    @override
    def release(self, connection: Connection) -> None:
        self.holds = True

    @override
    def forget(self, connection: Connection) -> None:
        self.holds = False

    @override
    def resend(self, flight: Flight) -> None:
        raise AssertionError("nothing was lost")

    @override
    def now_s(self) -> float:
        return 0.0


class Deaf(asyncio.Transport):
    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Nobody listens."""

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def abort(self) -> None:
        """There is no socket."""


class Taker(Recorder):
    """Takes whole answers, unless told not to."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self._takes = takes

    @override
    def answer_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        if self._takes:
            self.answer_started(status, headers)
            if body:
                self.answer_data(body)
            self.answer_ended()
        return self._takes


Heard = tuple[int, list[tuple[bytes, bytes]], bytes, bool, str, bool]


def heard(connection: Connection, home: Shelf, pieces: list[bytes], *, takes: bool) -> Heard:
    """What a receiver is told of one answer, and whether the connection can be used again."""
    receiver = Taker(takes=takes)
    flight = Flight.begin(outgoing(Origin("http", "up", 80)), receiver, 0.0)
    flight.await_answer(connection, 0.0)
    home.holds = False
    connection.start(flight)
    for piece in pieces:
        if not connection.closed:
            connection.data_received(piece)
    headers = [header for header in receiver.headers if header[0] != b"content-length"]
    error = type(receiver.error).__name__ if receiver.error else ""
    return receiver.status, headers, receiver.body, receiver.ended, error, home.holds


def fresh() -> tuple[Connection, Shelf]:
    home = Shelf()
    connection = Connection(home, DecodeLimits())
    connection.connection_made(Deaf())
    return connection, home


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


PLACES = st.lists(st.integers(0, 10_000), max_size=3)
COMMON = st.sampled_from(ANSWERS[:3])


@given(
    st.lists(st.tuples(COMMON | st.sampled_from(ANSWERS), st.just([]) | PLACES), max_size=8),
    st.tuples(st.sampled_from(ANSWERS + ENDS), st.just([]) | PLACES),
    st.booleans(),
)
def test_a_used_connection_tells_what_a_fresh_one_would(
    before: list[tuple[bytes, list[int]]], last: tuple[bytes, list[int]], takes: bool
) -> None:
    used, home = fresh()
    for answer, places in [*before, last]:
        told = heard(used, home, cut(answer, places), takes=takes)
        assert told == heard(*fresh(), cut(answer, places), takes=False)
        if not home.holds:
            return
