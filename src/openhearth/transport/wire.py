"""What the relay and the upstream client say to each other: callbacks, so that the hot path needs no task."""

from typing import Protocol

import msgspec

from openhearth.core.errors import UpstreamError
from openhearth.core.provider import Origin

Headers = list[tuple[bytes, bytes]]


class Deadlines(msgspec.Struct, frozen=True):
    """Bounds on one attempt, in seconds; ``idle_s`` is between two pieces of the answer's body."""

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 120.0
    total_s: float = 1800.0


class Outgoing(msgspec.Struct, frozen=True):
    """One request on the wire.

    ``head`` is the request line and all header lines, each ended by CRLF, without Content-Length and without the
    blank line: the client adds both. ``body`` is sent as it is. ``name`` says who is called, for error messages.
    ``repeatable``: it may go out once more when a connection that was used before dies without a byte of an answer,
    because nothing but an answer comes of it. What makes something (a picture, an upload) goes out once.
    """

    origin: Origin
    head: bytes
    body: bytes
    deadlines: Deadlines
    name: str = ""
    repeatable: bool = False


class Receiver(Protocol):
    """Who gets the answer. Calls come in this order, on the event loop's thread, never from inside ``send``:

    ``answer_started`` once, ``answer_data`` any number of times (at most once per socket read: what one read
    brought is joined), then either ``answer_ended`` or ``answer_failed``. ``answer_failed`` may also be the only
    call. After ``Flight.abort`` there are no further calls. Header names come in lower case, hop-by-hop headers
    removed; the body comes without transfer and content coding.
    """

    def answer_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        """An answer that one read brought whole, told in one call instead of three.

        The connection is still in use: send nothing from here. ``headers`` may lack the length, which is that of
        ``body``. ``False``: not taken, the three calls follow.
        """
        return False

    def answer_started(self, status: int, headers: Headers) -> None: ...

    def answer_data(self, data: bytes) -> None: ...

    def answer_ended(self) -> None: ...

    def answer_failed(self, error: UpstreamError) -> None: ...


class Flight(Protocol):
    """A request under way. All methods are idempotent and harmless after the end."""

    def abort(self) -> None:
        """Close the connection at once (never give it back to the pool) and forget the receiver."""

    def pause(self) -> None:
        """Stop reading from the upstream: the client reads more slowly than it writes."""

    def resume(self) -> None: ...


class Client(Protocol):
    """The one door out. ``transport.h1_client.H1Client`` implements it."""

    def send(self, request: Outgoing, receiver: Receiver) -> Flight:
        """Start an attempt; never blocks and never raises for network trouble (that goes to ``answer_failed``)."""

    async def close(self) -> None:
        """Close every connection."""


class Answer(msgspec.Struct, frozen=True):
    """A whole answer, for callers off the hot path (``transport.collect.collect``)."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or empty."""
        return next((value for key, value in self.headers if key == name), b"")
