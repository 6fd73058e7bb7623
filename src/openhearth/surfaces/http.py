"""What every surface does with a request before its own work: who calls, a bounded body, an answer.

Each surface module offers ``routes(…) -> list[BaseRoute]`` and is handed the services it needs. It raises
GatewayErrors; the app turns them into the family's error shape.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError, RequestTimeout, TooLarge, UnsupportedMedia
from openhearth.core.json_reason import json_reason
from openhearth.relay.gate import Gate, key_of

_Struct = TypeVar("_Struct")
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_ENCODER = msgspec.json.Encoder()


class Json(Response):
    """A JSON answer; msgspec Structs and plain values alike."""

    media_type = "application/json"

    @override
    def render(self, content: object) -> bytes:
        return _ENCODER.encode(content)


async def principal_of(request: Request, gate: Gate) -> Principal:
    """Who calls. Raises AccessError."""
    return await gate.identify(key_of(request.scope["headers"]))


async def body_bytes(request: Request, *, most: int, within_s: float) -> bytes:
    """The whole body. Raises TooLarge, RequestTimeout and (client gone) ClientDisconnect."""
    return b"".join([piece async for piece in body_pieces(request, most=most, within_s=within_s)])


async def body_pieces(request: Request, *, most: int, within_s: float) -> AsyncIterator[bytes]:
    """The body as it comes, never more than ``most`` bytes nor longer than ``within_s`` seconds."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
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
    body = await body_bytes(request, most=most, within_s=within_s)
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
