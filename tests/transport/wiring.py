"""What the transport tests share: a request for the fault upstream, and a receiver that writes everything down."""

import asyncio

from typing_extensions import override

from openhearth.core.errors import UpstreamError
from openhearth.core.provider import Origin
from openhearth.transport.wire import Client, Deadlines, Flight, Headers, Outgoing, Receiver

CHAT = b'{"model":"m","messages":[]}'
CHAT_STREAM = b'{"model":"m","messages":[],"stream":true}'


def outgoing(
    origin: Origin,
    body: bytes = CHAT,
    *,
    path: str = "/v1/chat/completions",
    method: str = "POST",
    deadlines: Deadlines | None = None,
    repeatable: bool = False,
) -> Outgoing:
    head = f"{method} {path} HTTP/1.1\r\nhost: {origin.host}\r\ncontent-type: application/json\r\n".encode()
    return Outgoing(origin, head, body, deadlines or Deadlines(), name="up", repeatable=repeatable)


class Recorder(Receiver):
    """Notes the calls in order; checks that they come as ``wire.Receiver`` promises."""

    flight: Flight

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.parts: list[bytes] = []
        self.error: UpstreamError | None = None
        self.ended = False
        self.started = asyncio.Event()
        self.got_data = asyncio.Event()
        self.over = asyncio.Event()

    @property
    def body(self) -> bytes:
        return b"".join(self.parts)

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    @override
    def answer_started(self, status: int, headers: Headers) -> None:
        assert not self.started.is_set()
        assert not self.over.is_set()
        self.status = status
        self.headers = headers
        self.started.set()

    @override
    def answer_data(self, data: bytes) -> None:
        assert self.started.is_set()
        assert not self.over.is_set()
        assert data
        self.parts.append(data)
        self.got_data.set()

    @override
    def answer_ended(self) -> None:
        assert self.started.is_set()
        assert not self.over.is_set()
        self.ended = True
        self.over.set()

    @override
    def answer_failed(self, error: UpstreamError) -> None:
        assert not self.over.is_set()
        self.error = error
        self.over.set()

    async def finished(self, patience_s: float = 5.0) -> "Recorder":
        async with asyncio.timeout(patience_s):
            await self.over.wait()
        return self


def sent(client: Client, request: Outgoing) -> Recorder:
    """Send, and return the recorder with its ``flight``; nothing may be told from inside ``send``."""
    recorder = Recorder()
    recorder.flight = client.send(request, recorder)
    assert not recorder.started.is_set()
    assert not recorder.over.is_set()
    return recorder
