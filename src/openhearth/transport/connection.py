"""One connection to an upstream: writes a request, parses the answer, tells the receiver. The hottest code we have.

The parser's callbacks only note what they see; the receiver is told after the parser has returned, so that it may
abort or send again from inside its own callbacks.
"""

import asyncio
from typing import Any, Protocol, cast

import httptools
from typing_extensions import override

from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled
from openhearth.transport.coding import DecodeLimits, Decoder, decoder_for
from openhearth.transport.flight import Flight, Phase
from openhearth.transport.wire import Headers, WholeReceiver

_MOST_QUIET_BYTES = 64 * 1024
_JOIN_BELOW_BYTES = 64 * 1024
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_ANSWER, _BODY = Phase.ANSWER, Phase.BODY  # an enumeration's members are slow to look up
_NOTED = _HOP_BY_HOP | {b"content-encoding"}


class Home(Protocol):
    """Where a connection comes from and goes back to: its pool."""

    def release(self, connection: "Connection") -> None:
        """The connection is clean and may be used again."""

    def forget(self, connection: "Connection") -> None:
        """The connection is closed; its place is free."""

    def resend(self, flight: Flight) -> None:
        """Start ``flight`` again on a new connection."""

    def now_s(self) -> float: ...


class _Refused(Exception):
    """Raised inside a parser callback to stop the parser."""


class Connection(asyncio.Protocol):
    """A ``Carrier`` that is an open socket. ``absolute`` goes before the path when a proxy wants the whole address."""

    __slots__ = (
        "_chunked",
        "_coding",
        "_complete",
        "_decoder",
        "_extra_names",
        "_head",
        "_headers",
        "_heard",
        "_home",
        "_interim",
        "_keep",
        "_limits",
        "_odd",
        "_parser",
        "_parts",
        "_quiet_bytes",
        "_reading",
        "_status",
        "_to_end_of_stream",
        "_transport",
        "absolute",
        "answers",
        "closed",
        "flight",
        "idle_since_s",
        "proxy_header",
    )

    def __init__(self, home: Home, limits: DecodeLimits) -> None:
        self._home = home
        self._limits = limits
        self._parser: Any = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._headers: Headers = []
        self._head: Headers | None = None
        self._parts: list[bytes] = []
        self._status = 0
        self._keep = False
        self._reading = True
        self.flight: Flight | None = None
        self.answers = 0
        self.closed = False
        self.idle_since_s = 0.0
        self.absolute = b""
        self.proxy_header = b""
        self._forget_answer()

    def _forget_answer(self) -> None:
        """What only unusual answers set; ``_odd`` says that this one was."""
        self._odd = False
        self._coding = b""
        self._chunked = False
        self._decoder: Decoder | None = None
        self._extra_names: list[bytes] = []
        self._quiet_bytes = 0
        self._heard = False
        self._interim = False
        self._complete = False
        self._to_end_of_stream = False

    def start(self, flight: Flight, now_s: float) -> None:
        """Write the whole request at once and wait for the answer."""
        transport = self._transport
        if self.closed or transport is None:
            flight.fail(UpstreamDown(f"{flight.name} closed the connection before it was used."))
            return
        if self._odd:
            self._forget_answer()
        else:
            self._heard = self._complete = False
            self._quiet_bytes = 0
        self.flight = flight
        request = flight.request
        flight.phase = _ANSWER  # ``Flight.enter``, without the call
        flight.carrier = self
        flight.limit_s = request.deadlines.first_byte_s
        flight.since_s = now_s
        head = request.head
        if self.absolute:
            method, _, rest = head.partition(b" ")
            head = b"%b %b%b%b" % (method, self.absolute, rest, self.proxy_header)
        body = request.body
        if not body and head.startswith((b"GET ", b"HEAD ")):
            self._odd = True
            transport.write(head + b"\r\n")
        elif len(body) < _JOIN_BELOW_BYTES:
            transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        else:
            transport.write(b"%bcontent-length: %d\r\n\r\n" % (head, len(body)))
            transport.write(body)
        if flight.paused:
            self.pause()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio.Transport, so there is nothing to check at run time.
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        flight = self.flight
        if flight is None or flight.receiver is None:
            # An upstream that talks without being asked: the connection is of no further use.
            self.close()
            return
        self._heard = True
        self._quiet_bytes += len(data)
        broken: UpstreamError | None = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._complete:
                self._keep = False
            else:
                broken = _garbled(flight, error)
        head = self._head
        if head is not None:
            if self._complete and self._keep and len(self._parts) == 1 and self._told_whole(flight, head):
                return
            self._tell_head(flight, head)
        if self._parts and self.flight is flight:
            self._tell_body(flight)
        if self.flight is not flight:
            return
        if self._complete:
            self._finish(flight)
        elif broken is not None or self._quiet_bytes > _MOST_QUIET_BYTES:
            flight.fail(broken or _too_long(flight))

    def _told_whole(self, flight: Flight, head: Headers) -> bool:
        """The usual answer that is no stream: one read brought it, one call hands it over."""
        receiver, transport = flight.receiver, self._transport
        if not isinstance(receiver, WholeReceiver) or self._decoder is not None or transport is None:
            return False
        # The flight has ended as far as its receiver can do anything: an abort from inside must not close us.
        flight.receiver = flight.carrier = None
        taken = False
        try:
            taken = receiver.answer_whole(self._status, head, self._parts[0])
        finally:
            if not taken:
                flight.receiver, flight.carrier = receiver, self
        if taken:
            self._head = None
            self._parts.clear()
            self.flight = None
            self._let_go(transport)
        return taken

    def _let_go(self, transport: asyncio.Transport) -> None:
        """After a clean end: back to the pool, unless a part of the request is still on its way out."""
        if transport.get_write_buffer_size():
            self.close()
            return
        self.answers += 1
        if not self._reading:
            self.resume()
        self._home.release(self)

    def _tell_head(self, flight: Flight, headers: Headers) -> None:
        self._head = None
        self._quiet_bytes = 0
        flight.phase = _BODY
        flight.limit_s = flight.request.deadlines.idle_s
        flight.moving = True
        receiver = flight.receiver
        if receiver is not None:
            receiver.answer_started(self._status, headers)

    def _tell_body(self, flight: Flight) -> None:
        parts = self._parts
        if len(parts) == 1:
            data = parts.pop()
        else:
            data = b"".join(parts)
            parts.clear()
        self._quiet_bytes = 0
        flight.moving = True
        if self._decoder is not None:
            try:
                data = self._decoder.feed(data)
            except UpstreamGarbled as error:
                flight.fail(error)
                return
            if not data:
                return
        receiver = flight.receiver
        if receiver is not None:
            receiver.answer_data(data)

    def _finish(self, flight: Flight) -> None:
        if self._decoder is not None:
            try:
                self._decoder.finish()
            except UpstreamGarbled as error:
                flight.fail(error)
                return
        receiver = flight.receiver
        flight.receiver = None
        flight.carrier = None
        self.flight = None
        transport = self._transport
        if self._keep and transport is not None:
            self._let_go(transport)
        else:
            self.close()
        if receiver is not None:
            receiver.answer_ended()

    def on_message_begin(self) -> None:
        if self._complete:
            raise _Refused("there is more than one answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _NOTED:
            self._note(name, value)
        else:
            self._headers.append((name, value))

    def _note(self, name: bytes, value: bytes) -> None:
        self._odd = True
        if name == b"content-encoding":
            self._coding = self._coding + b"," + value if self._coding else value
        elif name == b"connection":
            self._extra_names += [part.strip().lower() for part in value.split(b",")]
        elif name == b"transfer-encoding":
            if value.strip().lower() != b"chunked":
                raise _Refused("its transfer coding was not asked for")
            self._chunked = True

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        headers = self._headers
        self._headers = []
        if self._quiet_bytes > _MOST_QUIET_BYTES and sum(len(n) + len(v) + 4 for n, v in headers) > _MOST_QUIET_BYTES:
            raise _Refused(f"its headers are longer than {_MOST_QUIET_BYTES} bytes")
        if status < 200:
            if status == 101:
                raise _Refused("it switched to another protocol")
            self._odd = self._interim = True
            self._coding = b""
            return
        self._status = status
        self._keep = self._parser.should_keep_alive()
        if not self._keep and not self._chunked:
            self._odd = True
            self._to_end_of_stream = all(name != b"content-length" for name, _ in headers)
        if self._extra_names and self._extra_names not in ([b"keep-alive"], [b"close"]):
            headers = [pair for pair in headers if pair[0] not in self._extra_names]
        if self._coding:
            self._decoder = decoder_for(self._coding, self._limits)
            if self._decoder is not None:
                headers = [pair for pair in headers if pair[0] != b"content-length"]
        self._head = headers
        flight = self.flight
        if flight is not None and flight.request.head.startswith(b"HEAD "):
            self._complete = True
            self._keep = False

    def on_body(self, data: bytes) -> None:
        self._parts.append(data)

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
            self._extra_names = []
        else:
            self._complete = True

    def drop(self, flight: Flight) -> None:
        self.flight = None
        self.close()

    def pause(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def resume(self) -> None:
        if not self._reading and self._transport is not None:
            self._reading = True
            self._transport.resume_reading()

    def close(self) -> None:
        """Close the socket at once, whatever is still in its buffers."""
        if not self.closed:
            self.closed = True
            self._home.forget(self)
        if self._transport is not None:
            self._transport.abort()

    @override
    def eof_received(self) -> bool:
        self._ended(None)
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ended(exc)

    def _ended(self, reason: Exception | None) -> None:
        """The upstream closed. An unanswered request on a used connection most likely crossed an idle close on the
        wire, so it goes out once more: safe as far as HTTP can tell, since no byte of an answer came (RFC 9110, 9.2.2).
        """
        flight = self.flight
        self.flight = None
        self.close()
        if flight is None or flight.receiver is None:
            return
        flight.carrier = None
        if self._to_end_of_stream and reason is None and not self._complete:
            self._complete = True
            self._keep = False
            self._finish(flight)
        elif self.answers and not self._heard and not flight.resent:
            flight.resent = True
            self._home.resend(flight)
        else:
            flight.fail(_lost(flight, self._heard, reason))


def _garbled(flight: Flight, error: Exception) -> UpstreamError:
    cause = error.__context__
    if isinstance(cause, UpstreamGarbled):
        return cause
    reason = cause if isinstance(cause, _Refused) else error
    return UpstreamGarbled(f"{flight.name} sent an answer that is not valid HTTP: {reason}.")


def _too_long(flight: Flight) -> UpstreamError:
    return UpstreamGarbled(f"{flight.name} sent more than {_MOST_QUIET_BYTES} bytes of headers.")


def _lost(flight: Flight, heard: bool, reason: Exception | None) -> UpstreamError:
    how = "reset" if isinstance(reason, ConnectionError) else "closed"
    when = "in the middle of its answer" if heard else "without an answer"
    return UpstreamDown(f"{flight.name} {how} the connection {when}.", code="upstream_disconnected")
