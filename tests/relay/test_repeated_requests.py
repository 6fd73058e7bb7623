"""The fast door makes the same of a request whether it came before or not, and however its bytes are cut."""

import asyncio
import itertools
import json
import re
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override
from uvicorn.server import ServerState

from openhearth.config import Config, Limits
from openhearth.core.operations import Operation
from openhearth.doors.fast import FastDoor, bound
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.transport.wire import Client, Flight, Outgoing, Receiver
from tests.fakes.access import Keys
from tests.fakes.access import Limits as Budget
from tests.fakes.gateway import Finished, NoEngines, target

SMALL = Config(limits=Limits(header_bytes=600, json_body_bytes=3000))
PATH = b"/v1/chat/completions"


def request(size: int, *lines: bytes, path: bytes = PATH, model: str = "mock") -> bytes:
    body = json.dumps({"model": model, "pad": "x" * size}).encode()
    head = b"".join(b"%b\r\n" % line.replace(b"%d", b"%d" % len(body)) for line in lines)
    return b"POST %b HTTP/1.1\r\nhost: t\r\n%b\r\n%b" % (path, head, body)


KEY, JSON, LENGTH = b"Authorization: Bearer sk-oh-test", b"content-type: application/json", b"Content-Length: %d"
USUAL = [request(size, KEY, JSON, LENGTH) for size in (5, 6, 50, 150, 900, 1500)]
OTHERS = [
    request(5, b"x-api-key: sk-oh-test", JSON, LENGTH),
    request(5, KEY, JSON, LENGTH, path=b"/v1/completions"),
    request(5, KEY, JSON, LENGTH, b"origin: https://a.test"),
    request(5, KEY, JSON, LENGTH, b"origin: https://a.test", path=b"/v1/files"),
    request(5, KEY, b"content-type: text/plain", LENGTH),
    request(5, KEY, JSON, LENGTH, b"x-pad: " + b"y" * 420),
    request(5, KEY, JSON, LENGTH, model="unknown"),
    request(5, KEY, JSON, LENGTH).replace(b'"mock"', b"'mock'"),
    request(5, KEY, JSON, LENGTH, b"expect: 100-continue"),
    request(5, KEY, JSON, LENGTH, b"upgrade: websocket", b"connection: upgrade"),
    request(5, b"Authorization: Bearer ", JSON, LENGTH),
    b'POST %b HTTP/1.1\r\n%b\r\n%b\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"model":"mock"}\r\n0\r\n\r\n'
    % (PATH, KEY, JSON),
    b"\r\n" + USUAL[0],
]
ENDS = [
    request(3000, KEY, JSON, LENGTH),
    request(5, KEY, JSON, LENGTH, b"x-pad: " + b"y" * 700),
    request(5, KEY, JSON, LENGTH, b"connection: close"),
    request(5, KEY, JSON, LENGTH).replace(b"HTTP/1.1", b"HTTP/1.0"),
    request(5, KEY, JSON, LENGTH, LENGTH),
    request(5, KEY, JSON, LENGTH, b"transfer-encoding: chunked"),
    request(5, KEY, JSON, LENGTH).replace(b"\r\ncontent-type", b"\r\n content-type"),
    USUAL[0] + USUAL[1],
]


class Wire(asyncio.Transport):
    """A client's side of a connection: keeps what is written until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.written += bytes(data)

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.closed = True

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """It never fills."""

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


class Echo(Client):
    """Answers with what it was sent, once ``answer`` is called."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Outgoing, Receiver]] = []

    @override
    def send(self, request: Outgoing, receiver: Receiver) -> Flight:
        self._waiting.append((request, receiver))
        return Landed()

    def answer(self) -> None:
        while self._waiting:
            request, receiver = self._waiting.pop()
            body = json.dumps({"path": request.head.split()[1].decode(), "said": request.body.decode()}).encode()
            assert receiver.answer_whole(200, [(b"content-type", b"application/json")], body)

    @override
    async def close(self) -> None:
        """Nothing is open."""


class Landed(Flight):
    @override
    def abort(self) -> None:
        """It is over."""

    @override
    def pause(self) -> None:
        """Nothing is read."""

    @override
    def resume(self) -> None:
        """Nothing is read."""


class Line:
    """One client's connection to a door, before an upstream that echoes."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._echo = Echo()
        self.wire = Wire()
        router = Router(Catalog([target(1)]), Health(1.0))
        relay = Relay(SMALL, Gate(Keys(), Budget()), router, self._echo, NoEngines(), Shaper(SMALL), Finished())
        routes = {PATH: Operation.CHAT, b"/v1/completions": Operation.COMPLETE}
        server = uvicorn.Config(
            self._app, interface="asgi3", ws="none", lifespan="off", log_config=None, access_log=False
        )
        self.door: FastDoor = bound(relay, routes, SMALL.limits)(server, ServerState(), {}, loop)
        self.door.connection_made(self.wire)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        length = [value for name, value in scope["headers"] if name == b"content-length"]
        said = json.dumps({"app": scope["path"], "said": message["body"].decode(), "length": str(length)}).encode()
        headers = [(b"content-length", b"%d" % len(said))]
        await send({"type": "http.response.start", "status": 299, "headers": headers})
        await send({"type": "http.response.body", "body": said})

    def ask(self, pieces: list[bytes]) -> bytes:
        """What is written for one request, without what differs from call to call."""
        start = len(self.wire.written)
        for piece in pieces:
            if not self.wire.closed:
                self.door.data_received(piece)
        self._echo.answer()
        self._loop.run_until_complete(asyncio.sleep(0.0))
        for task in asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(task)
        return re.sub(rb"x-request-id: \w+|processing-ms: \d+", b"*", self.wire.written[start:])

    def close(self) -> None:
        self.door.connection_lost(None)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


def fresh(loop: asyncio.AbstractEventLoop, data: bytes) -> tuple[bytes, bool]:
    line = Line(loop)
    try:
        return line.ask([data]), line.wire.closed
    finally:
        line.close()


WHOLE: st.SearchStrategy[list[int]] = st.just([])
PLACES = st.lists(st.integers(0, 10_000), max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from(USUAL) | st.sampled_from(USUAL + OTHERS), WHOLE | PLACES), max_size=7),
    st.tuples(st.sampled_from(USUAL + ENDS), WHOLE | PLACES),
)
@settings(deadline=None)
def test_a_used_connection_answers_as_a_fresh_one_would(
    before: list[tuple[bytes, list[int]]], last: tuple[bytes, list[int]]
) -> None:
    loop = asyncio.new_event_loop()
    line = Line(loop)
    try:
        for data, places in [*before, last]:
            answer = line.ask(cut(data, places))
            assert (answer, line.wire.closed) == fresh(loop, data)
            assert answer.startswith(b"HTTP/1.1 ")
            if line.wire.closed:
                return
    finally:
        line.close()
        loop.close()


@pytest.mark.parametrize("between", OTHERS)
def test_another_request_between_two_alike_changes_neither(between: bytes) -> None:
    loop = asyncio.new_event_loop()
    line = Line(loop)
    try:
        for data in (USUAL[0], between, USUAL[1], USUAL[0]):
            assert (line.ask([data]), line.wire.closed) == fresh(loop, data)
    finally:
        line.close()
        loop.close()


class Unread:
    """A parser that must not be asked."""

    def feed_data(self, data: bytes) -> None:
        raise AssertionError("the parser was asked")


def test_the_same_head_is_not_parsed_again() -> None:
    loop = asyncio.new_event_loop()
    line = Line(loop)
    parser: Any = line.door.parser
    unread: Any = Unread()
    try:
        for data in USUAL[:3]:
            assert line.ask([data]).startswith(b"HTTP/1.1 200 OK")
            line.door.parser = unread
    finally:
        line.door.parser = parser
        line.close()
        loop.close()
