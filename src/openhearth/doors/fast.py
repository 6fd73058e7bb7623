"""The fast door: relay routes answered inside the server's parser callbacks, without an ASGI task.

A subclass of uvicorn's protocol class, so that its sockets, signals, TLS and shutdown stay. Every request that is not
a relay goes to the ASGI app untouched. The class also carries what uvicorn lacks: deadlines for headers and body
(slow-loris, silent sockets), a bound on headers, JSON errors for requests that do not parse.
"""

import asyncio
from typing import Any

import httptools
from typing_extensions import override
from uvicorn.config import Config as ServerConfig
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from openhearth.config import Limits
from openhearth.core.envelope import Envelope
from openhearth.core.errors import GatewayError, RequestError, RequestTimeout
from openhearth.core.last_head import LastHead
from openhearth.core.operations import Operation
from openhearth.dialects import openai_errors
from openhearth.doors.heads import fault_of_head, fault_of_length, is_json
from openhearth.doors.refusals import TurnedAway, head_too_large, lines_of, refusal, too_large, unadmitted
from openhearth.doors.services import HotRoutes, Services
from openhearth.relay.gate import KEY_HEADERS, key_of
from openhearth.relay.passthrough import read_ask
from openhearth.relay.pipeline import Exchange
from openhearth.relay.services import Relay

_END_OF_CHUNKS = b"0\r\n\r\n"
_APPS_OWN = frozenset((b"idempotency-key", b"x-openhearth-receipt", b"x-openhearth-cache"))  # it alone honours them
_NOTED = frozenset((b"content-type", b"origin", b"expect", b"upgrade", *KEY_HEADERS, *_APPS_OWN))
_HOP_HEADERS = frozenset((b"upgrade", b"connection", b"http2-settings"))
UNSEEN = -1.0


class FastDoor(HttpToolsProtocol):
    """One connection. ``services`` comes from ``bound``; nothing is global.

    ``deadline_s``: 0 for none, ``UNSEEN`` for an idle connection whose time starts when the sweeper comes by.
    """

    services: Services

    # Slots, also for what uvicorn's class sets: over thirty names in an instance's dictionary make each look-up slower.
    __slots__ = (
        "body", "body_bytes", "chunked", "content_type", "cross_origin", "cycle", "deadline_s", "exchange",
        "expect_100_continue", "fault", "head_bytes", "headers", "hot", "in_head", "keep", "last", "last_operation",
        "last_token", "limits", "loop", "method", "noted", "parser", "relay", "routes", "server_state", "standing",
        "timeout_keep_alive_task", "transport", "upgrading", "url",
    )  # fmt: skip

    def __init__(
        self,
        config: ServerConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.relay = self.services.relay
        self.routes = self.services.routes
        self.limits = self.services.limits
        self.standing = self.services.standing
        self.noted: list[tuple[bytes, bytes]] = []
        self.method = b""
        self.upgrading = False
        self.hot: Operation | None = None
        self.exchange: Exchange | None = None
        self.body: list[bytes] = []
        self.body_bytes = 0
        self.head_bytes = 0
        self.in_head = True
        self.deadline_s = self.loop.time() + self.limits.header_s
        self.fault: GatewayError | None = None
        self.chunked = False
        self.keep = True
        self.cross_origin = False
        self.content_type = b""
        self.last = LastHead()
        self.last_operation = Operation.CHAT
        self.last_token: bytes | None = None

    # -- connection ----------------------------------------------------------------------------------------------

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.open_connections:
            self.connections.discard(self)
            TurnedAway(transport, self.limits, self.services.leaving)
        else:
            transport.set_write_buffer_limits(high=self.limits.write_buffer_bytes)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.client_gone()
        super().connection_lost(exc)

    @override
    def shutdown(self) -> None:
        if self.exchange is None:
            super().shutdown()
        else:
            self.keep = False

    @override
    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        begins = not self.head_bytes
        if begins and self.exchange is None:
            body = self.last.body_in(data)
            if body is not None and self._relays(self.last_operation, self.last_token, body):
                return
        if begins:
            self.deadline_s = 0.0
        if self.in_head:
            self.head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as wish:
            self._without_upgrade(data[wish.args[0] :])
            return
        except httptools.HttpParserError:
            self._refuse_connection(
                self.fault or RequestError("This is not a valid HTTP request.", code="invalid_http")
            )
            return
        if self.head_bytes:
            self._wait_for_rest(len(data))
        elif begins and self.hot is not None and self.keep and not self.expect_100_continue and self.last.is_wanted:
            self.last.keep(data)
            self.last_operation, self.last_token = self.hot, key_of(self.noted)

    def _without_upgrade(self, rest: bytes) -> None:
        """A wish to upgrade may be ignored (RFC 9110, section 7.8), but the parser stops at it: let another one read
        the request without that header, and what came after its head."""
        self.parser = httptools.HttpRequestParser(self)
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] not in _HOP_HEADERS]
        self.head_bytes = 0
        self.in_head = True
        self.data_received(b"%b %b HTTP/1.1\r\n%b\r\n%b" % (self.method, self.url, b"".join(kept), rest))

    def _wait_for_rest(self, read_bytes: int) -> None:
        """A read ended inside a request. Only then is there a deadline to set: most requests come in one read."""
        limits = self.limits
        if self.in_head:
            if self.head_bytes > limits.header_bytes:
                self._refuse_connection(head_too_large(limits))
            elif not self.deadline_s:
                self.deadline_s = self.loop.time() + limits.header_s
        elif self.hot is not None:
            if not self.deadline_s:
                self.deadline_s = self.loop.time() + limits.body_s
            self.body_bytes += read_bytes  # also counts framing and the head: only then is it worth a closer look
            if self.body_bytes > limits.json_body_bytes and sum(map(len, self.body)) > limits.json_body_bytes:
                self._refuse_connection(too_large(limits))

    @override
    def eof_received(self) -> None:
        return None

    def overdue(self) -> None:
        """The sweeper found that this connection's deadline has passed."""
        self.deadline_s = 0.0
        if self.in_head and self.head_bytes == 0:
            self.transport.close()  # a silent socket, or one idle between requests: nobody is waiting for an answer
        else:
            self._refuse_connection(RequestTimeout("The request did not arrive in time."))

    # -- parser callbacks ----------------------------------------------------------------------------------------

    @override
    def on_message_begin(self) -> None:
        if self.exchange is not None:
            # A pipelined request while a relay runs: answer the first, then close;
            # the client sends the second again (RFC 9112, section 9.3.2).
            self.keep = False
            raise RequestError("pipelined")
        self.head_bytes = self.head_bytes or 1  # a read may bring the end of one request and the start of the next
        self.last.forget()
        self.url = b""
        self.headers = []
        self.noted = []
        self.expect_100_continue = False
        self.cross_origin = False
        self.content_type = b""
        self.hot = None

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        pair = (name, value)
        self.headers.append(pair)
        if name in _NOTED:
            self.noted.append(pair)

    @override
    def on_headers_complete(self) -> None:
        if self.head_bytes > self.limits.header_bytes:
            self._stop_at(fault_of_head(self.url, self.headers, self.limits))
        self.in_head = False
        self.deadline_s = 0.0
        self.upgrading = False
        operation = self.routes.get(self.url)
        for name, value in self.noted:
            if name == b"content-type":
                self.content_type = value
            elif name == b"origin":
                self.cross_origin = True
            elif name in _APPS_OWN:
                operation = None
            elif name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            elif name == b"upgrade" and self.parser.should_upgrade():
                self.method, self.upgrading = self.parser.get_method(), True
                return
        busy = self.cycle is not None and not self.cycle.response_complete
        if operation is None or busy or self.parser.get_method() != b"POST":
            self._to_app()
            return
        self.hot = operation
        self.body = []
        self.body_bytes = 0
        self.keep = self.parser.should_keep_alive()
        if self.expect_100_continue:
            self._continue()

    def _stop_at(self, fault: RequestError | None) -> None:
        if fault is not None:
            self.fault = fault
            raise fault

    def _continue(self) -> None:
        self._stop_at(fault_of_length(self.headers, self.limits))
        self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    @override
    def on_body(self, body: bytes) -> None:
        if self.hot is None:
            super().on_body(body)
        else:
            self.body.append(body)

    @override
    def on_message_complete(self) -> None:
        self.in_head = True
        self.head_bytes = 0
        self.deadline_s = 0.0
        operation = self.hot
        if operation is None:
            if not self.upgrading:
                super().on_message_complete()
            return
        parts = self.body
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        self.body = []
        if len(body) > self.limits.json_body_bytes:
            self._stop_at(too_large(self.limits))
        self._begin(operation, body)

    # -- the relay -----------------------------------------------------------------------------------------------

    def _begin(self, operation: Operation, body: bytes) -> None:
        if not (is_json(self.content_type) and self._relays(operation, key_of(self.noted), body)):
            self._give_to_app(body)

    def _give_to_app(self, body: bytes) -> None:
        self.hot = None
        self._to_app()
        super().on_body(body)
        super().on_message_complete()

    def _relays(self, operation: Operation, token: bytes | None, body: bytes) -> bool:
        """Begin the relay of a body; False when the app must answer: it says what is wrong, once it knows who asks."""
        relay, limits = self.relay, self.limits
        try:
            envelope = Envelope.decode(body, max_depth=limits.json_depth)
            ask = read_ask(envelope)
        except RequestError:
            return False
        found = relay.router.relayed(operation, ask.model)
        if not found or len(body) > limits.json_body_bytes:
            return False
        self.deadline_s = 0.0
        self.exchange = exchange = Exchange(relay, operation, self)
        exchange.run(token, envelope, ask, len(body), found)
        return True

    def _to_app(self) -> None:
        """The request goes to the ASGI app as if it had just arrived."""
        headers, url, expects = self.headers, self.url, self.expect_100_continue
        super().on_message_begin()
        self.scope["headers"] = self.headers = headers
        self.url, self.expect_100_continue = url, expects
        super().on_headers_complete()

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        if self.exchange is not None:
            self.exchange.pause()

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self.exchange is not None:
            self.exchange.resume()

    # -- ClientSide ----------------------------------------------------------------------------------------------

    def answer(self, status: int, lines: bytes, body: bytes) -> None:
        self._write(status, lines, b"content-length: %d\r\n\r\n" % len(body), body)
        self._done()

    def start(self, status: int, lines: bytes) -> None:
        self.chunked = self.parser is not None and self.parser.get_http_version() != "1.0"
        self.keep = self.keep and self.chunked
        self._write(status, lines, b"transfer-encoding: chunked\r\n\r\n" if self.chunked else b"\r\n", b"")

    def data(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    def end(self) -> None:
        if self.chunked:
            self.transport.write(_END_OF_CHUNKS)
        self._done()

    def failed(self, error: GatewayError, lines: bytes) -> None:
        told = (lines or unadmitted()) + lines_of(error)
        self.answer(error.shown_status, told, openai_errors.shown(error))

    def broke(self, error: GatewayError) -> None:
        self.data(openai_errors.event(error))
        self.end()

    def pass_on(self, body: bytes) -> bool:
        """The app answers: it can have texts checked before and after, which takes a task."""
        self.exchange = None
        self.last.forget()
        length = b"%d" % len(body)  # a head that came again has the headers of the first request that had it
        self.headers = [(name, length if name == b"content-length" else value) for name, value in self.headers]
        self._give_to_app(body)
        return True

    # -- the end of an answer ------------------------------------------------------------------------------------

    def _write(self, status: int, lines: bytes, framing: bytes, body: bytes) -> None:
        """``framing`` is the last header line, if there is one, and the blank line."""
        standing, headers = self.standing, self.server_state.default_headers
        if standing.headers is not headers:
            standing.renew(headers)
        if self.cross_origin:
            lines += b"access-control-allow-origin: *\r\naccess-control-expose-headers: *\r\n"
        if not self.keep:
            lines += b"connection: close\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], standing.lines, lines, framing, body)))

    def _done(self) -> None:
        self.exchange = None
        self.hot = None
        if not self.keep:
            self.transport.close()
        else:
            self.deadline_s = UNSEEN

    def _refuse_connection(self, error: GatewayError) -> None:
        """Answer a request that cannot be read, and close."""
        if self.transport.is_closing():
            return
        exchange = self.exchange
        if exchange is not None:
            if not self.keep:
                return  # the pipelined request after a relay: the first answer still goes out
            exchange.client_gone()
            self.transport.abort()
            return
        self.keep = False
        self.deadline_s = 0.0
        if self.cycle is not None and not self.cycle.response_complete and self.cycle.response_started:
            self.transport.abort()
            return
        lines, body = refusal(error)
        self._write(error.shown_status, lines, b"content-length: %d\r\n\r\n" % len(body), body)
        self.transport.close()


def bound(relay: Relay, routes: HotRoutes, limits: Limits) -> type[FastDoor]:
    """The protocol class for uvicorn's ``http=`` with its services attached."""
    services = Services(relay, routes, limits)
    return type("BoundFastDoor", (FastDoor,), {"services": services, "__slots__": ()})
