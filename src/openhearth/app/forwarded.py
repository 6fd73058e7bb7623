"""Behind proxies of ours: the client's own address and scheme, as they say, in place of theirs."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from openhearth.core.networks import client_of, is_within


def forwarded(app: ASGIApp, trusted: Sequence[str]) -> ASGIApp:
    """``app`` that sees whom ``trusted`` proxies call for (X-Forwarded-For and -Proto); others are believed nothing."""
    if not trusted:
        return app

    async def seen(scope: Scope, receive: Receive, send: Send) -> None:
        peer = (scope.get("client") or ("", 0))[0]
        if scope["type"] == "http" and is_within(peer, trusted):
            scheme = _said(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
            scope = {**scope, "client": (client_of(peer, _said(scope, b"x-forwarded-for"), trusted), 0)}
            if scheme in ("http", "https"):
                scope["scheme"] = scheme
        await app(scope, receive, send)

    return seen


def _said(scope: Scope, wanted: bytes) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == wanted)
