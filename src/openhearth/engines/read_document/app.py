"""The reader's face inside its own process: ``POST /read`` and ``GET /health`` on a Unix socket, in MessagePack.

No other server speaks a form for this that we know of, so the form is our own canonical one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.errors import (
    GatewayError,
    LimitError,
    NotFound,
    RequestError,
    TooLarge,
    UpstreamDown,
    UpstreamTimeout,
)
from openhearth.engines.leaving import until_gone
from openhearth.engines.line import Line, Ticket
from openhearth.engines.read_document.frames import Done, Failed, Frame, decode_request, encode, failed
from openhearth.engines.read_document.settings import NAME, ReadSettings
from openhearth.engines.workshop import Workshop

_BESIDE_FILE_BYTES = 1024 * 1024
_LONGEST_WAIT_S = 1800.0


def build(settings: ReadSettings, workshop: Workshop[Frame]) -> Starlette:
    """The engine's app around a workshop, which it starts and closes."""
    line = Line(1, settings.queue, busy="文档引擎繁忙 The document reader is busy")
    read = Read(settings, workshop, line)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        workshop.warm()
        yield
        await workshop.close()

    async def health(_: Request) -> Response:
        able = workshop.is_able
        if not able:
            workshop.warm()
        body = msgspec.json.encode({"model": NAME, **line.health(), "sandbox": read.granted})
        return Response(body, 200 if able else 503, media_type="application/json")

    routes = [Route("/health", health), Route("/read", read, methods=["POST"])]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _not_served})


class Read:
    """``POST /read``: take a place, read, answer whole, stop when the client leaves. ``granted`` is what the last
    worker's kernel took from it."""

    def __init__(self, settings: ReadSettings, workshop: Workshop[Frame], line: Line) -> None:
        self._settings = settings
        self._workshop = workshop
        self._line = line
        self.granted: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self._body(Request(scope, receive))
            decode_request(body)
            ticket = self._line.enter()
        except ClientDisconnect:
            return
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            await _refuse(send, failed(RequestError(f"The request is not in our form: {error}")))
            return
        except GatewayError as error:
            await _refuse(send, failed(error))
            return
        try:
            await until_gone(receive, self._answer(body, ticket, send))
        finally:
            ticket.leave()

    async def _body(self, request: Request) -> bytes:
        most = self._settings.file_bytes + _BESIDE_FILE_BYTES
        pieces = bytearray()
        async for piece in request.stream():
            pieces += piece
            if len(pieces) > most:
                raise TooLarge(f"A document has at most {most} bytes.", code="document_too_large", param="file")
        return bytes(pieces)

    async def _answer(self, body: bytes, ticket: Ticket, send: Send) -> None:
        try:
            await self._turn(ticket)
            said = await self._read(body)
        except GatewayError as error:
            said = failed(error)
        if isinstance(said, Failed):
            await _refuse(send, said)
            return
        self.granted = said.granted
        headers = [(b"content-type", b"application/msgpack")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": encode(said.reading)})

    async def _turn(self, ticket: Ticket) -> None:
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                while ticket.place:
                    await ticket.moved(_LONGEST_WAIT_S)
        except TimeoutError as error:
            raise LimitError("The document reader stayed busy for half an hour.", code="engine_queue_full") from error

    async def _read(self, body: bytes) -> Done | Failed:
        """Raises UpstreamTimeout (``document_timeout``) and UpstreamDown (``document_crashed``)."""
        try:
            async with (
                asyncio.timeout(self._settings.limit_s),
                contextlib.aclosing(self._workshop.order(body)) as frames,
            ):
                async for frame in frames:
                    if isinstance(frame, Done | Failed):
                        return frame
        except TimeoutError as error:
            raise self._overdue() from error
        except UpstreamTimeout as error:
            raise self._overdue() from error
        except UpstreamDown as error:
            raise _crashed() from error
        raise _crashed()

    def _overdue(self) -> UpstreamTimeout:
        return UpstreamTimeout(
            f"Reading took longer than {self._settings.limit_s:g} s, or {self._settings.silence_s:g} s for one page, "
            "and was stopped. Ask for fewer pages. 读取超时，请减少页数。",
            code="document_timeout",
        )


def _crashed() -> UpstreamDown:
    return UpstreamDown(
        "The reader ended while it read this document, most likely for want of memory or because the file is broken. "
        "读取该文件时引擎进程意外退出。",
        code="document_crashed",
    )


async def _refuse(send: Send, fault: Failed) -> None:
    headers = [(b"content-type", b"application/json")]
    if fault.retry_after_s is not None:
        headers.append((b"retry-after", str(round(fault.retry_after_s)).encode()))
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(fault.body())})


async def _not_served(request: Request, _: Exception) -> Response:
    fault = failed(NotFound(f"The document reader does not serve {request.method} {request.url.path}."))
    return Response(msgspec.json.encode(fault.body()), fault.status, media_type="application/json")
