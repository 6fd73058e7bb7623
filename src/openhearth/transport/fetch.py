"""The one safe fetcher: every URL that a client gives is fetched here and nowhere else.

Resolve, check all addresses, connect to the very address that was checked (Host and SNI keep the name), do so again
for every redirect, and bound size and time. Messages name the host and the reason, never what DNS said about it.
Through a proxy it is the same: it is asked for a tunnel to that address, and never learns the name.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

import msgspec

from openhearth import config
from openhearth.core.errors import RequestError, UpstreamDown, UpstreamError, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.transport.address import Place, is_public, literal, parse_url, refused
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Client, Deadlines, Outgoing

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_ADDRESSES_TRIED = 3
_CONNECT_S = 5.0
_AGENT = "openhearth"

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Host and port to IP addresses, best first. Raises OSError when the name is not known."""


class Fetched(msgspec.Struct, frozen=True):
    """What a URL gave. ``mime`` is the declared type without parameters, in lower case; ``url`` is the final one."""

    data: bytes
    mime: str
    url: str


class Fetcher:
    """Fetches public http(s) URLs, and private hosts named in ``fetch.allow_private`` (``host`` or ``host:port``)."""

    def __init__(
        self,
        client: Client,
        settings: config.Fetch,
        resolver: Resolver | None = None,
        *,
        upstream: config.Upstream = config.Upstream(),  # noqa: B008 (a frozen value)
    ) -> None:
        """``upstream`` says which proxy leads out, if there is one."""
        self._client = client
        self._settings = settings
        self._upstream = upstream
        self._resolve = resolver or _system_resolver
        self._allowed = frozenset(entry.strip().lower() for entry in settings.allow_private)

    async def get(self, url: str, *, most_bytes: int | None = None, accept: str = "*/*") -> Fetched:
        """What ``url`` gives, with at most ``most_bytes`` after decoding (default ``fetch.bytes``).

        Raises RequestError: ``url_refused``, ``url_unreachable``, ``url_too_large`` or ``url_timeout``.
        """
        most_bytes = self._settings.bytes if most_bytes is None else most_bytes
        place = parse_url(url)
        try:
            async with asyncio.timeout(self._settings.total_s):
                for _ in range(self._settings.redirects + 1):
                    answer = await self._hop(place, most_bytes, accept)
                    if isinstance(answer, Fetched):
                        return answer
                    place = answer
        except TimeoutError:
            reason = f"did not answer within {self._settings.total_s:g} s"
            raise RequestError(_said(place, reason), code="url_timeout") from None
        reason = f"redirects more than {self._settings.redirects} times"
        raise RequestError(_said(place, reason), code="url_unreachable")

    async def _hop(self, place: Place, most_bytes: int, accept: str) -> Fetched | Place:
        """One request: the file, or the place it redirects to. Tries a host's further addresses if one is down."""
        proxy = self._proxy(place)
        is_named = bool(proxy) and self._settings.by_proxy == "named"
        addresses = [_checked_name(place)] if is_named else await self._addresses(place)
        for address in addresses[:_MOST_ADDRESSES_TRIED]:
            try:
                async with stream(self._client, self._outgoing(place, address, proxy, accept)) as answer:
                    return await self._read(place, answer, most_bytes)
            except UpstreamError as error:
                failure = error
                if not isinstance(error, UpstreamDown | UpstreamTimeout) or error.code not in _NO_CONNECTION:
                    break
        raise RequestError(
            f"The URL could not be fetched: {failure.message}",
            code="url_timeout" if isinstance(failure, UpstreamTimeout) else "url_unreachable",
        ) from failure

    async def _addresses(self, place: Place) -> list[str]:
        """Addresses that may be connected to. Raises RequestError unless every one of the host's addresses may."""
        if literal(place.host) is not None:
            addresses = [place.host]
        else:
            try:
                addresses = await self._resolve(place.host, place.port)
            except OSError:
                raise RequestError(_said(place, "is not a known host"), code="url_unreachable") from None
            if not addresses:
                raise RequestError(_said(place, "has no address"), code="url_unreachable")
        if not self._is_exempt(place) and not all(is_public(address) for address in addresses):
            raise refused(f"{place.host[:100]} does not lead to the public internet, so it is not fetched.")
        return addresses

    def _is_exempt(self, place: Place) -> bool:
        host = f"[{place.host}]" if ":" in place.host else place.host
        return not self._allowed.isdisjoint((place.host, host, f"{host}:{place.port}"))

    def _proxy(self, place: Place) -> str:
        """The proxy that leads to ``place``; none for hosts of our own network."""
        settings, upstream = self._settings, self._upstream
        direct = settings.by_proxy == "never" or place.host in upstream.no_proxy or self._is_exempt(place)
        return "" if direct else upstream.proxy

    def _outgoing(self, place: Place, address: str, proxy: str, accept: str) -> Outgoing:
        origin = Origin(place.scheme, place.host, place.port, address=address, proxy=proxy)
        lines = head("GET", place.path, host_header(origin), [("accept", accept), ("user-agent", _AGENT)])
        total_s = self._settings.total_s
        deadlines = Deadlines(min(_CONNECT_S, total_s), total_s, total_s, total_s)
        return Outgoing(origin, lines, b"", deadlines, name=place.host[:100], repeatable=True)

    async def _read(self, place: Place, answer: Streamed, most_bytes: int) -> Fetched | Place:
        if answer.status in _REDIRECTS:
            return _redirected(place, answer.header(b"location"))
        if answer.status != 200:
            raise RequestError(_said(place, f"answered with status {answer.status}"), code="url_unreachable")
        declared = answer.header(b"content-length")
        if declared.isdigit() and int(declared[:20]) > most_bytes:
            raise RequestError(_said(place, f"sent more than {most_bytes} bytes"), code="url_too_large")
        data = bytearray()
        async for piece in answer:
            data += piece
            if len(data) > most_bytes:
                raise RequestError(_said(place, f"sent more than {most_bytes} bytes"), code="url_too_large")
        mime = answer.header(b"content-type").split(b";")[0].strip().lower()
        return Fetched(bytes(data), mime.decode("latin-1"), place.url)


_NO_CONNECTION = frozenset(("upstream_connect", "connect_timeout", "proxy_failed"))
_INNER_NAMES = re.compile(r"[^.]*|.*\.(?:local|localhost|internal|intranet|lan|home|corp|private|home\.arpa)")


def _checked_name(place: Place) -> str:
    """No address, after refusing what no proxy should be asked for: private addresses, and names of inner networks."""
    private = not is_public(place.host) if literal(place.host) else _INNER_NAMES.fullmatch(place.host)
    if private:
        raise refused(f"{place.host[:100]} does not lead to the public internet, so it is not fetched.")
    return ""


def _redirected(place: Place, location: bytes) -> Place:
    try:
        target = location.decode("utf-8")
    except UnicodeDecodeError:
        target = location.decode("latin-1")
    if not target:
        raise RequestError(_said(place, "redirects to nowhere"), code="url_unreachable")
    if any(ord(character) < 0x21 or character == "\\" for character in target):
        raise refused(f"{place.host[:100]} redirects to an address with illegal characters.")
    try:
        return parse_url(urljoin(place.url, target))
    except ValueError:
        raise refused(f"{place.host[:100]} redirects to an address that is not valid.") from None


def _said(place: Place, reason: str) -> str:
    return f"The URL could not be fetched: {place.host[:100]} {reason}."


async def _system_resolver(host: str, port: int) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
