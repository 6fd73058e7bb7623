"""What every surface does with a request before its own work: who calls and may they, a bounded body, an answer.

Each surface module offers ``routes(…) -> list[BaseRoute]`` and is handed the services it needs. A route says what it
asks of its caller. Handlers raise GatewayErrors; the app turns them into the family's error shape.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

import msgspec
from starlette import routing
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import Bug, Forbidden, RequestError, RequestTimeout, TooLarge, UnsupportedMedia
from openhearth.core.json_reason import json_reason
from openhearth.core.permissions import Permission
from openhearth.relay.gate import Gate, key_of
from openhearth.surfaces.signed_in import session_of

_Struct = TypeVar("_Struct")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
Handler = Callable[[Request, Principal], Awaitable[Response]]
_ENCODER = msgspec.json.Encoder()
_ASKED = "openhearth.permission"
CALLER = "openhearth.caller"
"""In a request's scope: the Principal, once it is known and may."""
REFUSED = "openhearth.refused"
"""In a request's scope: set where the answer is a refusal, by a family that tells those with a 200."""
WHEN_KNOWN = "openhearth.when_known"
"""In a request's scope: what is awaited with the Principal, once, before the handler goes on. What it raises, the
handler tells in its family's way."""
_FOR_ADMINS = frozenset({Permission.ADMIN, Permission.OPERATE, Permission.ROOT})


class Route(routing.Route):
    """A route that says what it asks of its caller; ``principal_of`` in its handler identifies and checks.

    A handler that forgets to ask who calls cannot answer: what it sends, unless it is an error, is a Bug.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        permission: Permission,
        methods: Sequence[str] | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=methods)
        self.permission = permission

    @override
    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_ASKED] = self.permission

        async def sent(message: Message) -> None:
            is_good = message["type"] == "http.response.start" and message["status"] < 400
            if is_good and CALLER not in scope and REFUSED not in scope:
                raise Bug(f"{self.path} answers a caller whom it did not ask for a key.")
            await send(message)

        await super().handle(scope, receive, send if self.permission is Permission.PUBLIC else sent)


class Json(Response):
    """A JSON answer; msgspec Structs and plain values alike."""

    media_type = "application/json"

    @override
    def render(self, content: object) -> bytes:
        return _ENCODER.encode(content)


async def principal_of(request: Request, gate: Gate) -> Principal:
    """Who calls, who also has what the route asks. Raises AccessError and Forbidden."""
    return await identified(request, gate, key_of(request.scope["headers"]) or session_of(request))


async def identified(request: Request, gate: Gate, key: bytes | None) -> Principal:
    """``principal_of`` for a family of clients that send ``key`` in a way of their own. Raises as that does."""
    principal = await gate.identify(key)
    peer = request.scope.get("client")
    gate.check_address(principal, peer[0] if peer else "")
    asked: Permission = request.scope[_ASKED]
    if not principal.may(asked):
        raise _forbidden(asked, principal)
    request.scope[CALLER] = principal
    if (told := request.scope.pop(WHEN_KNOWN, None)) is not None:
        await told(principal)
    return principal


def _forbidden(asked: Permission, principal: Principal) -> Forbidden:
    if asked in _FOR_ADMINS and not principal.may(Permission.ADMIN):
        return Forbidden("This key may not administer the platform.", code="not_an_admin")
    return Forbidden(f"This needs the permission '{asked}', which the caller does not have.", code="not_permitted")


def known_caller(gate: Gate, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """``handler``, told who calls once the caller has what the route asks."""

    async def answered(request: Request) -> Response:
        return await handler(request, await principal_of(request, gate))

    return answered


async def body_bytes(request: Request, *, most: int, within_s: float) -> bytes:
    """The whole body. Raises TooLarge, RequestTimeout and (client gone) ClientDisconnect."""
    return b"".join([piece async for piece in body_pieces(request, most=most, within_s=within_s)])


async def body_pieces(request: Request, *, most: int, within_s: float) -> AsyncIterator[bytes]:
    """The body as it comes, never more than ``most`` bytes nor longer than ``within_s`` seconds."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise TooLarge(f"The body is larger than {most} bytes.")
    size = 0
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while True:
        try:
            message = await asyncio.wait_for(request.receive(), max(0.0, end - loop.time()))
        except TimeoutError as error:
            raise RequestTimeout(f"The body did not arrive within {within_s:g} s.") from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise TooLarge(f"The body is larger than {most} bytes.")
        if piece:
            yield piece
        if not message.get("more_body", False):
            return


def check_json(request: Request) -> None:
    """Raises UnsupportedMedia unless the body is declared as JSON (or not declared at all)."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared and declared != "application/json" and not declared.endswith("+json"):
        raise UnsupportedMedia(f"This path takes 'application/json', not '{declared[:80]}'.")


async def struct_body(request: Request, want: type[_Struct], *, most: int, within_s: float) -> _Struct:
    """The JSON body as a Struct. Raises RequestError naming the field, TooLarge, UnsupportedMedia, RequestTimeout."""
    check_json(request)
    return struct_of(await body_bytes(request, most=most, within_s=within_s), want)


def struct_of(body: bytes, want: type[_Struct]) -> _Struct:
    """A JSON body that was read, as a Struct. Raises RequestError naming the field."""
    try:
        return msgspec.json.decode(body, type=want)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"The body is not right: {json_reason(body, error)}", param=_field(str(error))) from error


def _field(said: str) -> str | None:
    """The field that msgspec complains of: by its path, or as one that is missing or unknown."""
    path = said.partition(" - at `$.")[2] or said.partition("field `")[2]
    found = _NAME.match(path)
    return found[0] if found else None


async def json_body(request: Request, limits: Limits) -> Envelope:
    """The body as an Envelope. Raises UnsupportedMedia, TooLarge, RequestTimeout and RequestError."""
    check_json(request)
    body = await body_bytes(request, most=limits.json_body_bytes, within_s=limits.body_s)
    return Envelope.decode(body, max_depth=limits.json_depth)
