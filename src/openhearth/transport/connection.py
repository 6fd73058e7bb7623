"""One connection to an upstream: writes a request, parses the answer, tells the receiver. The hottest code we have.

The parser's callbacks only note what they see; the receiver is told after the parser has returned, so that it may
abort or send again from inside its own callbacks.
"""

import asyncio
import select
from typing import Any, Protocol, cast

import httptools
from typing_extensions import override

from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled
from openhearth.core.last_head import LastHead
from openhearth.transport.answer_head import HeadLines
from openhearth.transport.coding import DecodeLimits, Decoder, decoder_for
from openhearth.transport.faults import MOST_QUIET_BYTES, Refused, garbled, lost, too_long
from openhearth.transport.flight import Flight, Phase
from openhearth.transport.wire import Headers

_JOIN_BELOW_BYTES = 64 * 1024
_BODY = Phase.BODY  # an enumeration's members are slow to look up


class Home(Protocol):
    """Where a connection comes from and goes back to: its pool."""

    def release(self, connection: "Connection") -> None:
        """The connection is clean and may be used again."""

    def forget(self, connection: "Connection") -> None:
        """The connection is closed; its place is free."""

    def resend(self, flight: Flight) -> None:
        """Start ``flight`` again on a new connection."""

    def now_s(self) -> float: ...


class Connection(asyncio.Protocol):
    """A ``Carrier`` that is an open socket. ``absolute`` goes before the path when a proxy wants the whole address."""

    __slots__ = (
        "_asked_head", "_complete", "_decoder", "_head", "_heard", "_home", "_in_head", "_interim", "_keep", "_last",
        "_last_headers", "_limits", "_lines", "_odd", "_parser", "_parts", "_quiet_bytes", "_raw", "_reading",
        "_status", "_to_end_of_stream", "_transport", "absolute", "answers", "closed", "flight", "idle_since_s",
        "on_body", "proxy_header",
    )  # fmt: skip

    def __init__(self, home: Home, limits: DecodeLimits) -> None:
        self._home = home
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._lines = HeadLines()
        self._last = LastHead()
        self._last_headers: Headers = []
        self._raw: list[bytes] = []
        self._head: Headers | None
        self._parts: list[bytes] = []
        self.on_body = self._parts.append  # the parser's callback, without a call into Python
        self._parser: Any = httptools.HttpResponseParser(self)
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
        """What is set by answers that the parser reads, and by requests other than a POST: those are ``_odd``."""
        self._odd = False
        self._decoder: Decoder | None = None
        self._asked_head = False
        self._quiet_bytes = 0
        self._heard = False
        self._interim = False
        self._complete = False
        self._to_end_of_stream = False
        self._in_head = True
        self._head = None
        self._raw.clear()

    def start(self, flight: Flight) -> None:
        """Write the whole request of ``flight``, which is in the phase of waiting for its answer here."""
        transport = self._transport
        if self.closed or transport is None:
            flight.carrier = None
            flight.fail(UpstreamDown(f"{flight.name} closed the connection before it was used."))
            return
        if self._odd:
            self._forget_answer()
        self.flight = flight
        request = flight.request
        head = request.head
        if self.absolute:
            method, _, rest = head.partition(b" ")
            head = b"%b %b%b%b" % (method, self.absolute, rest, self.proxy_header)
        body = request.body
        if not body and head.startswith((b"GET ", b"HEAD ")):
            self._odd = True
            self._asked_head = head.startswith(b"HEAD ")
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
        if self._in_head:
            self._read_head(flight, data)
            return
        broken: UpstreamError | None = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            broken = self._broken(flight, error)
        if self._parts:
            self._tell_body(flight)
        else:
            self._quiet_bytes += len(data)
        if self.flight is flight:
            self._end_read(flight, broken)

    def _read_head(self, flight: Flight, data: bytes) -> None:
        """A read that may bring the head of the answer, and often all of it."""
        begins = not self._heard
        if begins:
            body = None if self._odd else self._last.body_in(data)
            if body is not None and self._told_whole(flight, 200, self._last_headers, body):
                return
            self._heard = self._odd = True
        self._raw.append(data)
        broken: UpstreamError | None = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            broken = self._broken(flight, error)
        head = self._head
        if head is None:
            self._quiet_bytes += len(data)
        elif self._is_whole() and self._told_after(flight, head, data, begins=begins):
            return
        else:
            self._tell_head(flight, head)
            if self._parts and self.flight is flight:
                self._tell_body(flight)
        if self.flight is flight:
            self._end_read(flight, broken)

    def _broken(self, flight: Flight, error: Exception) -> UpstreamError | None:
        """What the parser's complaint means: after the end of an answer only that nothing may follow it here."""
        if self._complete:
            self._keep = False
            return None
        return garbled(flight, error)

    def _end_read(self, flight: Flight, broken: UpstreamError | None) -> None:
        if self._complete:
            self._finish(flight)
        elif broken is not None or self._quiet_bytes > MOST_QUIET_BYTES:
            flight.fail(broken or too_long(flight))

    def _is_whole(self) -> bool:
        """Whether the parser has found in one read all of an answer as it is to be passed on."""
        return self._complete and self._keep and len(self._parts) == 1 and self._decoder is None

    def _told_after(self, flight: Flight, head: Headers, data: bytes, *, begins: bool) -> bool:
        """Hand over a whole answer that the parser has read, and keep its head for the next one."""
        if begins and self._status == 200 and self._last.is_wanted:
            self._last.keep(data)
            self._last_headers = [header for header in head if header[0] != b"content-length"]
        body = self._parts.pop()
        if self._told_whole(flight, self._status, head, body):
            return True
        self._parts.append(body)
        return False

    def _told_whole(self, flight: Flight, status: int, headers: Headers, body: bytes) -> bool:
        """The usual answer that is no stream: one read brought it, one call hands it over."""
        receiver, transport = flight.receiver, self._transport
        if receiver is None or transport is None:
            return False
        # The flight has ended as far as its receiver can do anything: an abort from inside must not close us.
        flight.receiver = flight.carrier = None
        taken = False
        try:
            taken = receiver.answer_whole(status, headers, body)
        finally:
            if not taken:
                flight.receiver, flight.carrier = receiver, self
        if taken:
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
        if not flight.moving:  # writing costs four times as much as reading, and most chunks come while it is set
            flight.moving = True
        if self._quiet_bytes:
            self._quiet_bytes = 0
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
            raise Refused("there is more than one answer")

    def on_headers_complete(self) -> None:
        raw = self._raw[0] if len(self._raw) == 1 else b"".join(self._raw)
        self._raw.clear()
        if not raw.startswith(b"HTTP/"):
            raw = raw.lstrip(b"\r\n")  # as the parser does
        status = self._parser.get_status_code()
        if status < 200:
            self._pass_interim(status, raw)
            return
        headers = self._lines.read(raw)
        self._in_head = False
        self._status = status
        self._keep = self._parser.should_keep_alive()
        if self._lines.noted or not self._keep or self._asked_head or len(raw) > MOST_QUIET_BYTES:
            headers = self._read_closely(headers, raw)
        self._head = headers

    def _pass_interim(self, status: int, raw: bytes) -> None:
        """A 1xx answer: what follows its head is the head of the next one."""
        if status == 101:
            raise Refused("it switched to another protocol")
        self._interim = True
        self._raw.append(raw[raw.find(b"\r\n\r\n") + 4 :])

    def _read_closely(self, headers: Headers, raw: bytes) -> Headers:
        """The head of an answer that is framed, encoded or ended in another way than the plainest."""
        if raw.find(b"\r\n\r\n") > MOST_QUIET_BYTES:
            raise Refused(f"its headers are longer than {MOST_QUIET_BYTES} bytes")
        noted, self._lines.noted = self._lines.noted, []
        transfer = [value.strip().lower() for name, value in noted if name == b"transfer-encoding"]
        if any(coding != b"chunked" for coding in transfer):
            raise Refused("its transfer coding was not asked for")
        if not self._keep and not transfer:
            self._to_end_of_stream = all(name != b"content-length" for name, _ in headers)
        options = b",".join(value for name, value in noted if name == b"connection")
        gone = {option.strip().lower() for option in options.split(b",")} if options else set()
        coding = b",".join(value for name, value in noted if name == b"content-encoding")
        if coding:
            self._decoder = decoder_for(coding, self._limits)
            if self._decoder is not None:
                gone.add(b"content-length")
        if self._asked_head:
            self._complete = True
            self._keep = False
        return [header for header in headers if header[0] not in gone] if gone else headers

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
        else:
            self._complete = True

    def is_open(self) -> bool:
        """Ask the system whether this idle connection can still be used: anything there is to read, even an end that
        the event loop has not come to yet, means that it cannot. Costs a system call."""
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        if self.closed or sock is None:
            return False
        watch = select.poll()
        watch.register(sock.fileno(), select.POLLIN)
        return not watch.poll(0)

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
        """The upstream closed: ``H1Client`` says which unanswered requests go out once more (RFC 9110, 9.2.2)."""
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
        elif flight.request.repeatable and self.answers and not self._heard and not flight.resent:
            flight.resent = True
            self._home.resend(flight)
        else:
            flight.fail(lost(flight, self._heard, reason))
