"""What every engine's app does with a request, whatever it is asked: read it within a bound, let it wait for its turn,
answer while the client is there, refuse in OpenAI's form.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Send

from openhearth.core.errors import GatewayError, LimitError, NotFound, TooLarge
from openhearth.engines.failed import Failed, failed
from openhearth.engines.leaving import until_gone
from openhearth.engines.line import Line, Ticket

LONGEST_WAIT_S = 1800.0
_NOTICE_S = 10.0
_JSON = (b"content-type", b"application/json")

Headers = list[tuple[bytes, bytes]]
AskedT = TypeVar("AskedT")


async def body_of(request: Request, most_bytes: int) -> bytes:
    """The whole body. Raises TooLarge and (client gone) ClientDisconnect."""
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > most_bytes:
            raise TooLarge(f"A request has at most {most_bytes // 1024} KB here.")
    return bytes(pieces)


async def served(
    receive: Receive,
    send: Send,
    line: Line,
    reading: Awaitable[AskedT],
    answer: Callable[[AskedT, Ticket], Coroutine[Any, Any, None]],
) -> None:
    """Read, take a place, answer, give the place back; stop when the client leaves."""
    try:
        asked = await reading
    except ClientDisconnect:
        return
    except GatewayError as error:
        await refuse(send, error)
        return
    await placed(receive, send, line, lambda ticket: answer(asked, ticket))


async def placed(
    receive: Receive, send: Send, line: Line, answer: Callable[[Ticket], Coroutine[Any, Any, None]]
) -> None:
    """``served`` for a request that has been read already."""
    try:
        ticket = line.enter()
    except GatewayError as error:
        await refuse(send, error)
        return
    try:
        await until_gone(receive, answer(ticket))
    finally:
        ticket.leave()


async def turn(ticket: Ticket, *, stayed_busy: str) -> None:
    """Wait in the line. Raises LimitError with these words after half an hour."""
    async for _ in places(ticket, stayed_busy=stayed_busy):
        pass


async def places(ticket: Ticket, *, stayed_busy: str) -> AsyncGenerator[int, None]:
    """The place in the line, when it changes and every ten seconds, until it is this ticket's turn. Raises as ``turn``
    does."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + LONGEST_WAIT_S
    while ticket.place:
        yield ticket.place
        await ticket.moved(_NOTICE_S)
        if loop.time() > end_s:
            raise LimitError(f"{stayed_busy} stayed busy for half an hour.", code="engine_queue_full")


async def send_json(send: Send, body: bytes, headers: Headers | None = None) -> None:
    """A whole answer."""
    await _send(send, 200, [_JSON, *(headers or [])], body)


async def refuse(send: Send, error: GatewayError | Failed) -> None:
    """The error as a whole answer, before anything else was sent."""
    fault = error if isinstance(error, Failed) else failed(error)
    headers = [_JSON, *retry_header(fault.retry_after_s)]
    await _send(send, fault.status, headers, msgspec.json.encode(fault.body()))


def retry_header(retry_after_s: float | None) -> Headers:
    """``Retry-After`` where there is something to say."""
    return [] if retry_after_s is None else [(b"retry-after", b"%d" % math.ceil(retry_after_s))]


def not_served(engine: str) -> Callable[[Request, Exception], Awaitable[Response]]:
    """The handler of paths that ``engine`` ("The speech engine") does not have."""

    async def answer(request: Request, _: Exception) -> Response:
        error = NotFound(f"{engine} does not serve {request.method} {request.url.path}.")
        return Response(msgspec.json.encode(failed(error).body()), error.shown_status, media_type="application/json")

    return answer


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
