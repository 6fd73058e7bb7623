"""By which names a client knows this server: what our links begin with, and which URLs mean ourselves."""

import re
from urllib.parse import urlsplit

from starlette.requests import Request

from openhearth.core.call import Principal
from openhearth.media.sources import Asker

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def home_of(request: Request, public_url: str) -> str:
    """``https://host`` without a slash at the end: the configured address, else what the client called us by.

    A Host header that is no host name is not repeated; the socket's own address stands in.
    """
    if public_url:
        return public_url.rstrip("/")
    return f"{request.scope.get('scheme', 'http')}://{_host(request)}"


def asker_of(request: Request, principal: Principal, public_url: str) -> Asker:
    """Who asks for pictures, and the hosts that mean this server to them."""
    hosts = {_host(request).lower(), urlsplit(public_url).netloc.lower()} - {""}
    return Asker(principal.owner, home_of(request, public_url), frozenset(hosts))


def _host(request: Request) -> str:
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host):
        return host
    name, port = request.scope.get("server") or ("127.0.0.1", None)
    return f"{name}:{port}" if port else str(name)
