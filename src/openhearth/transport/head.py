"""Request heads, built once per target and sent many times, so that nothing on the hot path formats a header."""

import re
from collections.abc import Iterable

from openhearth.core.errors import RequestError
from openhearth.core.provider import Origin

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"/[!-~]*")
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_OURS = frozenset(("host", "content-length", "transfer-encoding", "connection"))
_DEFAULT_PORT = {"http": 80, "https": 443}


def head(method: str, path: str, origin_host_header: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The request line and all header lines for ``wire.Outgoing.head``.

    Adds ``Host`` and, unless given, ``Accept-Encoding: identity``. Raises RequestError (``invalid_header``) that names
    the part, never its value, when a byte could end a line early or is not allowed there (RFC 9110, 5.1 and 5.5).
    """
    lines = [f"{_checked(_TOKEN, method, 'method')} {_checked(_PATH, path, 'path')} HTTP/1.1"]
    lines.append(f"host: {_checked(_VALUE, origin_host_header, 'host')}")
    names = set()
    for name, value in headers:
        low = _checked(_TOKEN, name, "name of a header").lower()
        if low in _OURS:
            raise RequestError(f"The header {low!r} is set by the gateway.", code="invalid_header", param=low)
        names.add(low)
        lines.append(f"{low}: {_checked(_VALUE, value, f'header {low!r}').strip()}")
    if "accept-encoding" not in names:
        lines.append("accept-encoding: identity")
    return "\r\n".join([*lines, ""]).encode("latin-1")


def host_header(origin: Origin) -> str:
    """What goes into ``Host``: the name, and the port where it is not the scheme's own; ``localhost`` for a socket."""
    if origin.scheme == "unix":
        return "localhost"
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    return host if _DEFAULT_PORT.get(origin.scheme) == origin.port else f"{host}:{origin.port}"


def _checked(form: re.Pattern[str], text: str, what: str) -> str:
    if form.fullmatch(text) is None:
        raise RequestError(f"The {what} of a request holds a character that is not allowed.", code="invalid_header")
    return text
