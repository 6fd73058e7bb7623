"""Opening a connection: plain, TLS, Unix socket, through a proxy. Off the hot path, so plain coroutines."""

import asyncio
import contextlib
import os
import socket
import ssl

from openhearth.core.errors import UpstreamDown
from openhearth.core.provider import Origin
from openhearth.transport.connection import Connection
from openhearth.transport.proxy import Tunnel, authority, parse_proxy

_KEEPALIVE_AFTER_S = 60


def tls_context(ca_file: str) -> ssl.SSLContext:
    """The usual checks, with the system's authorities and those of ``ca_file`` (PEM) if given. Raises OSError."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


class Dialer:
    """Opens connections to origins; the one place that knows sockets from TLS from proxies."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ca_file: str) -> None:
        self._loop = loop
        self._tls = tls_context(ca_file) if ca_file else None

    async def open(self, origin: Origin, connection: Connection, name: str) -> None:
        """Connect ``connection`` to ``origin``, called ``name`` in messages.

        Raises UpstreamDown (with the reason a person can act on) and UpstreamRefusedUs (the proxy's 407).
        """
        try:
            await self._open(origin, connection)
        except ssl.SSLCertVerificationError as error:
            reason = error.verify_message or "it does not verify"
            raise UpstreamDown(f"The certificate of {name} is not trusted: {reason}.", code="upstream_tls") from error
        except ssl.SSLError as error:
            reason = error.reason or "the handshake failed"
            raise UpstreamDown(f"No TLS connection to {name}: {reason}.", code="upstream_tls") from error
        except socket.gaierror as error:
            raise UpstreamDown(f"The host of {name} is not known ({error.strerror}).", code="upstream_dns") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise UpstreamDown(f"Cannot connect to {name}: {_reason(error)}.", code="upstream_connect") from error

    async def _open(self, origin: Origin, connection: Connection) -> None:
        if origin.scheme == "unix":
            await self._loop.create_unix_connection(lambda: connection, origin.host)
            return
        if origin.proxy:
            await self._open_by_proxy(origin, connection)
            return
        host = origin.address or origin.host
        if origin.scheme == "https":
            transport, _ = await self._loop.create_connection(
                lambda: connection, host, origin.port, ssl=await self._context(), server_hostname=origin.host
            )
        else:
            transport, _ = await self._loop.create_connection(lambda: connection, host, origin.port)
        _keep_alive(transport)

    async def _open_by_proxy(self, origin: Origin, connection: Connection) -> None:
        proxy = parse_proxy(origin.proxy)
        if origin.scheme == "http" and not origin.address:
            # A pinned address would take the place of the name for the upstream as well (RFC 9112, 3.2.2): it gets a
            # tunnel.
            connection.absolute = b"http://" + authority(origin)
            connection.proxy_header = proxy.authorization
            transport, _ = await self._loop.create_connection(lambda: connection, proxy.host, proxy.port)
            _keep_alive(transport)
            return
        tunnel = Tunnel(proxy, origin, self._loop)
        raw, _ = await self._loop.create_connection(lambda: tunnel, proxy.host, proxy.port)
        ready: asyncio.Transport | None = None
        try:
            _keep_alive(raw)
            await tunnel.opened
            if origin.scheme == "http":
                raw.set_protocol(connection)
                ready = raw
            else:
                context = await self._context()
                ready = await self._loop.start_tls(raw, connection, context, server_hostname=origin.host)
        finally:
            if ready is None:
                raw.abort()
        if ready is None:
            raise ConnectionResetError("the connection closed during the handshake")
        connection.connection_made(ready)

    async def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = await asyncio.to_thread(tls_context, "")
        return self._tls


def _keep_alive(transport: asyncio.BaseTransport) -> None:
    """Long waits for a first token must not be cut by a router that forgets silent connections."""
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_AFTER_S)


def _reason(error: Exception) -> str:
    """What went wrong, without the address that the system's messages carry."""
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno).lower()
    return str(error) if isinstance(error, ValueError) else "no connection"
