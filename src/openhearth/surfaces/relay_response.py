"""An exchange answered through ASGI: the same pipeline as the fast door, for any ASGI server."""

import asyncio
from collections import deque

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from openhearth.core.envelope import Envelope
from openhearth.core.errors import GatewayError
from openhearth.core.operations import Operation
from openhearth.dialects import openai_errors
from openhearth.relay.gate import key_of
from openhearth.relay.passthrough import Ask
from openhearth.relay.pipeline import Exchange
from openhearth.relay.ports import ClientSide
from openhearth.relay.services import Relay
from openhearth.surfaces.http import CALLER
from openhearth.transport.wire import Headers

_HIGH_WATER_BYTES = 64 * 1024


class RelayResponse(Response):
    """Runs one exchange for one request; the client's leaving aborts it, a slow client slows the upstream.

    ``through`` hears what the exchange says in this response's place, and says here what the client is to get.
    """

    def __init__(
        self,
        relay: Relay,
        operation: Operation,
        envelope: Envelope,
        ask: Ask,
        body_bytes: int,
        *,
        through: ClientSide | None = None,
    ) -> None:
        super().__init__()
        self._relay = relay
        self._operation = operation
        self._envelope = envelope
        self._ask = ask
        self._body_bytes = body_bytes
        self._out: deque[Message] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._finished = False
        self.exchange = Exchange(relay, operation, through or self)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(self._watch(receive))
        try:
            key = key_of(scope["headers"])
            self.exchange.run(key, self._envelope, self._ask, self._body_bytes, caller=scope.get(CALLER))
            await self._pump(send)
        finally:
            self.exchange.client_gone()
            leaving.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.exchange.client_gone()
        self._finished = True
        self._wake.set()

    async def _pump(self, send: Send) -> None:
        while True:
            while self._out:
                message = self._out.popleft()
                self._queued_bytes -= len(message.get("body", b""))
                await send(message)
                if self.exchange.paused_since_s and self._queued_bytes < _HIGH_WATER_BYTES // 2:
                    self.exchange.resume()
            if self._finished:
                return
            self._wake.clear()
            await self._wake.wait()

    def _push(self, message: Message) -> None:
        self._out.append(message)
        self._queued_bytes += len(message.get("body", b""))
        if self._queued_bytes > _HIGH_WATER_BYTES and not self.exchange.paused_since_s:
            self.exchange.pause()
        self._wake.set()

    # -- ClientSide ----------------------------------------------------------------------------------------------

    def answer(self, status: int, lines: bytes, body: bytes) -> None:
        self.start(status, lines + b"content-length: %d\r\n" % len(body))
        self._finished = True
        self._push({"type": "http.response.body", "body": body})

    def start(self, status: int, lines: bytes) -> None:
        self._push({"type": "http.response.start", "status": status, "headers": _pairs(lines)})

    def data(self, data: bytes) -> None:
        self._push({"type": "http.response.body", "body": data, "more_body": True})

    def end(self) -> None:
        self._finished = True
        self._push({"type": "http.response.body", "body": b""})

    def failed(self, error: GatewayError, lines: bytes) -> None:
        told = b"".join(b"%b: %b\r\n" % pair for pair in openai_errors.headers(error))
        self.answer(error.shown_status, lines + told, openai_errors.shown(error))

    def broke(self, error: GatewayError) -> None:
        self.data(openai_errors.event(error))
        self.end()

    def pass_on(self, body: bytes) -> bool:
        return False


def _pairs(lines: bytes) -> Headers:
    """Header lines as ASGI wants them."""
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines.split(b"\r\n") if line)]
