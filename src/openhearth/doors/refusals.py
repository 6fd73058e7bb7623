"""What the fast door says by itself: to requests that cannot be read, and to connections there is no room for."""

import asyncio

from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.errors import GatewayError, HeadersTooLarge, Overloaded, TooLarge
from openhearth.core.ids import new_id
from openhearth.dialects import openai_errors

_LINGER_S = 2.0
_RETRY_AFTER_S = 5.0
_MOST_LEAVING = 1000


def too_large(limits: Limits) -> TooLarge:
    """The error for a body above ``limits.json_body_bytes``."""
    return TooLarge(f"The body is larger than {limits.json_body_bytes} bytes.")


def head_too_large(limits: Limits) -> HeadersTooLarge:
    """The error for a head above ``limits.header_bytes``."""
    return HeadersTooLarge(f"The headers are larger than {limits.header_bytes} bytes.")


def lines_of(error: GatewayError) -> bytes:
    """The header lines that belong to ``error``, each ended by CRLF."""
    return b"".join(b"%b: %b\r\n" % pair for pair in openai_errors.headers(error))


def refusal(error: GatewayError) -> tuple[bytes, bytes]:
    """Header lines and body of an answer to a request that never became a call: it has an id of its own."""
    return lines_of(error) + unadmitted(), openai_errors.body(error)


def unadmitted() -> bytes:
    """The header line with the id of a request that never became a call."""
    return b"x-request-id: %b\r\n" % new_id("req").encode()


class TurnedAway(asyncio.Protocol):
    """A connection beyond ``limits.open_connections``: told so at once, then closed.

    Closing with something unread would reset the connection, and a client would see that instead of the answer. So
    what it sends is read and thrown away until it closes, for two seconds at most. ``leaving`` are all such
    connections of the server; beyond a thousand, new ones are cut without a word.
    """

    def __init__(self, transport: asyncio.Transport, limits: Limits, leaving: "set[TurnedAway]") -> None:
        self._transport = transport
        self._leaving = leaving
        transport.set_protocol(self)
        if len(leaving) >= _MOST_LEAVING:
            transport.abort()
            return
        leaving.add(self)
        self._timer = asyncio.get_running_loop().call_later(_LINGER_S, transport.abort)
        lines, body = refusal(
            Overloaded(
                f"The server has {limits.open_connections} open connections and takes no more; try again.",
                retry_after_s=_RETRY_AFTER_S,
            )
        )
        transport.write(
            b"HTTP/1.1 503 Service Unavailable\r\n%bconnection: close\r\ncontent-length: %d\r\n\r\n%b"
            % (lines, len(body), body)
        )
        if transport.can_write_eof():
            transport.write_eof()
        else:
            transport.close()

    @override
    def data_received(self, data: bytes) -> None:
        """Nobody reads it."""

    @override
    def eof_received(self) -> None:
        return None

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._leaving:
            self._leaving.discard(self)
            self._timer.cancel()
