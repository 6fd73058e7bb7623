"""HTTP proxies: how their address is read, and the CONNECT tunnel that TLS goes through (RFC 9110, 9.3.6)."""

import asyncio
import base64
from typing import cast
from urllib.parse import unquote, urlsplit

import msgspec
from typing_extensions import override

from openhearth.core.errors import UpstreamDown, UpstreamRefusedUs
from openhearth.core.provider import Origin

_MOST_ANSWER_BYTES = 16 * 1024


class Proxy(msgspec.Struct, frozen=True):
    """A proxy's address. ``authorization`` is its whole header line with CRLF, or empty."""

    host: str
    port: int
    authorization: bytes


def parse_proxy(address: str) -> Proxy:
    """Read ``http://[user:password@]host:port``. Raises ValueError, never showing the password."""
    try:
        parts = urlsplit(address)
        port = parts.port or 80
    except ValueError:
        raise ValueError("The proxy's address is not of the form http://[user:password@]host:port.") from None
    if parts.scheme != "http" or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("The proxy's address is not of the form http://[user:password@]host:port.")
    authorization = b""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = b"proxy-authorization: Basic %b\r\n" % base64.b64encode(pair.encode())
    return Proxy(parts.hostname, port, authorization)


def authority(origin: Origin) -> bytes:
    """``host:port`` as a proxy is told it; a pinned address goes instead of the name."""
    host = origin.address or origin.host
    return (f"[{host}]:{origin.port}" if ":" in host else f"{host}:{origin.port}").encode("ascii")


class Tunnel(asyncio.Protocol):
    """Asks for a tunnel right after connecting; ``opened`` resolves when TLS may begin."""

    def __init__(self, proxy: Proxy, origin: Origin, loop: asyncio.AbstractEventLoop) -> None:
        self.opened: asyncio.Future[None] = loop.create_future()
        self._question = b"CONNECT %b HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (
            authority(origin),
            authority(origin),
            proxy.authorization,
        )
        self._answer = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._question)

    @override
    def data_received(self, data: bytes) -> None:
        self._answer += data
        if b"\r\n\r\n" not in self._answer:
            if len(self._answer) > _MOST_ANSWER_BYTES:
                self._fail("The proxy's answer to CONNECT does not end.")
            return
        line = self._answer.split(b"\r\n", 1)[0]
        status = line.split(b" ")[1] if line.startswith(b"HTTP/1.") and b" " in line else b""
        if status == b"407":
            self._settle(UpstreamRefusedUs("The proxy wants other credentials (407).", code="proxy_refused"))
        elif not (len(status) == 3 and status.startswith(b"2")):
            self._fail(f"The proxy did not open a tunnel: {line[:80].decode('ascii', 'replace')}.")
        else:
            self._settle(None)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("The proxy closed the connection.")

    def _fail(self, message: str) -> None:
        self._settle(UpstreamDown(message, code="proxy_failed"))

    def _settle(self, error: Exception | None) -> None:
        if self.opened.done():
            return
        if error is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(error)
