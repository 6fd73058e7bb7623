"""The ASGI door: all routes, forgiving base URLs, errors in the route family's shape, cross-origin answers."""

import difflib
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhearth.core.errors import Bug, GatewayError, MethodNotAllowed, NotFound
from openhearth.core.ids import new_id
from openhearth.dialects import openai_errors
from openhearth.surfaces.http import Route
from openhearth.surfaces.work_answers import Errors
from openhearth.telemetry.log import Log

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

_NO_FAMILIES: Mapping[str, Errors] = MappingProxyType({})
_FOREIGN_PREFIXES = ("/admin/", "/health", "/media/", "/samples/", "/metrics")
_PREFLIGHT = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
    (b"access-control-allow-headers", b"*, authorization"),
    (b"access-control-max-age", b"86400"),
]


def spellings(path: str) -> list[str]:
    """The ways clients with a sloppy base URL write a ``/v1/…`` path."""
    rest = path.removeprefix("/v1")
    return [path, rest, f"/v1/v1{rest}", f"/api/v1{rest}", f"/v1/{rest}", f"/{path}"]


def app(
    routes: list[BaseRoute], lifespan: Lifespan | None = None, *, families: Mapping[str, Errors] = _NO_FAMILIES
) -> ASGIApp:
    """The whole ASGI application. ``families`` are the beginnings of paths whose clients read errors in another shape
    than OpenAI's, also where there is no route. Raises Bug for a route that does not say what it asks of its caller.
    """
    paths = [_declared(route).path for route in routes]

    async def gateway_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, GatewayError)
        return _answer(error)

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        errors = next((family for start, family in families.items() if path.startswith(start)), openai_errors)
        if error.status_code == 405:
            allow = _allowed(routes, request.scope)
            called = request.scope["called_path"][:200]
            answer = _answer(MethodNotAllowed(f"{request.method} is not for {called}; use {allow}."), errors)
            answer.headers["allow"] = allow
            return answer
        return _answer(NotFound(_unknown_path(path, paths), code="unknown_path"), errors)

    async def bug(request: Request, error: Exception) -> Response:
        Log("app").crash("bug in a route", error, path=request.scope["path"], request_id=request.scope["request_id"])
        return _answer(Bug("internal"))

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=499)

    inner = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            GatewayError: gateway_error,
            ClientDisconnect: gone,
            HTTPException: http_error,
            Exception: bug,
        },
    )
    return _Edge(inner, {spelling: path for path in paths for spelling in spellings(path) if "{" not in path})


class _Edge:
    """Path spelling, preflight and the headers every answer has."""

    def __init__(self, inner: ASGIApp, known: dict[str, str]) -> None:
        self._inner = inner
        self._known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        crossing = any(name == b"origin" for name, _ in scope["headers"])
        if crossing and scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
            await send({"type": "http.response.body", "body": b""})
            return
        scope["called_path"] = scope["path"]
        scope["path"] = self._path(scope["path"])
        scope["request_id"] = request_id = new_id("req")
        began_s = time.monotonic()

        ended = False

        async def marked(message: Message) -> None:
            nonlocal ended
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                named = {name for name, _ in headers}
                if b"x-request-id" not in named:
                    headers.append((b"x-request-id", request_id.encode()))
                if b"openai-processing-ms" not in named:
                    headers.append((b"openai-processing-ms", b"%d" % ((time.monotonic() - began_s) * 1000)))
                if crossing:
                    headers.append((b"access-control-allow-origin", b"*"))
                    headers.append((b"access-control-expose-headers", b"*"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._inner(scope, receive, marked)
        except Exception:
            # A bug that was answered and logged is done with; the server would log it again and drop the connection.
            if not ended:
                raise

    def _path(self, path: str) -> str:
        known = self._known.get(path) or self._known.get(path.rstrip("/"))
        if known is not None:
            return known
        while "//" in path:
            path = path.replace("//", "/")
        path = path.rstrip("/") or "/"
        for prefix in ("/api/v1/", "/v1/v1/"):
            if path.startswith(prefix):
                return "/v1/" + path[len(prefix) :]
        first = path.split("/", 2)[1]
        if first in ("files", "models", "images") and not path.startswith(_FOREIGN_PREFIXES):
            return "/v1" + path
        return path


def _declared(route: BaseRoute) -> Route:
    if isinstance(route, Route):
        return route
    raise Bug(f"The route {getattr(route, 'path', route)!r} declares no permission: it is no surfaces.http.Route.")


def _allowed(routes: list[BaseRoute], scope: Scope) -> str:
    """The methods of all routes of a path: the router names those of the first only."""
    there = (route for route in routes if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE)
    return ", ".join(sorted({method for route in there for method in route.methods or ()}))


def _unknown_path(path: str, paths: list[str]) -> str:
    near = difflib.get_close_matches(path, paths, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "Chat is at /v1/chat/completions, models at /v1/models."
    return f"There is nothing at {path[:200]}. {hint} The base URL of an OpenAI client ends in /v1."


def _answer(error: GatewayError, errors: Errors = openai_errors) -> Response:
    answer = Response(errors.shown(error), status_code=error.shown_status)
    for name, value in errors.headers(error):
        answer.headers[name.decode()] = value.decode()
    return answer
