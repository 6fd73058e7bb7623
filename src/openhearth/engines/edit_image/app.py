"""The editor's HTTP face inside its own process: ``POST /edit`` and ``GET /health`` on a Unix socket."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.errors import GatewayError
from openhearth.core.sse import Event, encode
from openhearth.engines.answering import body_of, not_served, places, refuse, served
from openhearth.engines.edit_image.edit import planned, read_request
from openhearth.engines.edit_image.frames import Progress, Result
from openhearth.engines.edit_image.ports import Parser
from openhearth.engines.edit_image.settings import NAME, EditSettings
from openhearth.engines.edit_image.workshop import EditFailed, Working, Workshop
from openhearth.engines.failed import failed
from openhearth.engines.line import Line, Ticket

_MOST_BODY_BYTES = 256 * 1024 * 1024


class Waiting(msgspec.Struct, frozen=True):
    """Others are before this edit; ``place`` 1 is next."""

    place: int


Said = Waiting | Working | Progress | Result


def build(settings: EditSettings, parse: Parser, workshop: Workshop) -> Starlette:
    """The engine's app around a workshop, which it starts and closes."""
    line = Line(1, settings.queue, busy="本地编辑器繁忙 The local editor is busy")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        workshop.warm()
        yield
        await workshop.close()

    async def health(_: Request) -> Response:
        able = workshop.is_able
        if not able:
            workshop.warm()
        body = msgspec.json.encode({"model": NAME, **line.health()})
        return Response(body, 200 if able else 503, media_type="application/json")

    routes = [
        Route("/health", health),
        Route("/edit", Edit(settings, parse, workshop, line), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The editor")})


class Edit:
    """``POST /edit``: read, check, take a place, answer as a stream, stop when the client leaves."""

    def __init__(self, settings: EditSettings, parse: Parser, workshop: Workshop, line: Line) -> None:
        self._settings = settings
        self._parse = parse
        self._workshop = workshop
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> bytes:
        body = await body_of(request, _MOST_BODY_BYTES)
        await asyncio.to_thread(self._check, body)
        return body

    def _check(self, body: bytes) -> None:
        planned(read_request(body), self._parse, most_pixels=self._settings.picture_pixels)

    async def _answer(self, send: Send, body: bytes, ticket: Ticket) -> None:
        """A refusal that comes first is an HTTP status, a later one an event."""
        started = False
        async with contextlib.aclosing(self._said(body, ticket)) as events:
            try:
                async for event in events:
                    if not started:
                        await _start(send)
                        started = True
                    await _send(send, _written(event))
            except (GatewayError, EditFailed) as error:
                fault = error.frame if isinstance(error, EditFailed) else failed(error)
                if not started:
                    await refuse(send, fault)
                    return
                await _send(send, encode(Event(msgspec.json.encode(fault.event()).decode(), "error")))
        await send({"type": "http.response.body", "body": b""})

    async def _said(self, body: bytes, ticket: Ticket) -> AsyncGenerator[Said, None]:
        async for place in places(ticket, stayed_busy="The local editor"):
            yield Waiting(place)
        async with contextlib.aclosing(self._workshop.edit(body)) as frames:
            async for frame in frames:
                yield frame


def _written(event: Said) -> bytes:
    if isinstance(event, Waiting):
        return encode(Event(comments=(f"waiting {event.place}",)))
    if isinstance(event, Working):
        return encode(Event(comments=("working",)))
    if isinstance(event, Progress):
        shown: dict[str, Any] = {"done": event.done, "total": event.total, "text": event.text}
        if event.data:
            shown |= {"mime": event.mime, "data": base64.b64encode(event.data).decode()}
        return encode(Event(msgspec.json.encode(shown).decode(), "progress"))
    shown = msgspec.structs.asdict(event) | {"data": base64.b64encode(event.data).decode()}
    return encode(Event(msgspec.json.encode(shown).decode(), "result"))


async def _start(send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})
