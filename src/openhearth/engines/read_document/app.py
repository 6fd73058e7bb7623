"""The reader's face inside its own process: ``POST /read`` and ``GET /health`` on a Unix socket, in MessagePack.

No other server speaks a form for this that we know of, so the form is our own canonical one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.errors import GatewayError, RequestError, TooLarge, UpstreamDown, UpstreamTimeout
from openhearth.engines.answering import body_of, not_served, refuse, served, turn
from openhearth.engines.failed import Failed
from openhearth.engines.line import Line, Ticket
from openhearth.engines.read_document.frames import Done, Frame, decode_request, encode
from openhearth.engines.read_document.settings import NAME, ReadSettings
from openhearth.engines.workshop import Workshop

_BESIDE_FILE_BYTES = 1024 * 1024


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
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The document reader")}
    )


class Read:
    """``POST /read``: take a place, read, answer whole, stop when the client leaves. ``granted`` is what the last
    worker's kernel took from it."""

    def __init__(self, settings: ReadSettings, workshop: Workshop[Frame], line: Line) -> None:
        self._settings = settings
        self._workshop = workshop
        self._line = line
        self.granted: tuple[str, ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._body(Request(scope, receive)), partial(self._answer, send))

    async def _body(self, request: Request) -> bytes:
        """A request that can be handed to the worker. Raises RequestError and TooLarge."""
        most = self._settings.file_bytes + _BESIDE_FILE_BYTES
        try:
            body = await body_of(request, most)
            decode_request(body)
        except TooLarge as error:
            message = f"A document has at most {self._settings.file_bytes} bytes."
            raise TooLarge(message, code="document_too_large", param="file") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RequestError(f"The request is not in our form: {error}") from error
        return body

    async def _answer(self, send: Send, body: bytes, ticket: Ticket) -> None:
        try:
            await turn(ticket, stayed_busy="The document reader")
            said = await self._read(body)
        except GatewayError as error:
            await refuse(send, error)
            return
        if isinstance(said, Failed):
            await refuse(send, said)
            return
        self.granted = said.granted
        headers = [(b"content-type", b"application/msgpack")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": encode(said.reading)})

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
