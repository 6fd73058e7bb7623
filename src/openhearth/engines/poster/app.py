"""The poster engine's HTTP face: ``POST /v1/images/generations`` in OpenAI's form and ``GET /health``."""

import asyncio
import base64
import contextlib
import threading
import time
import traceback
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.errors import Bug, GatewayError, TooLarge
from openhearth.core.sse import Event, encode
from openhearth.engines.answering import body_of, not_served, places, refuse, send_json, served
from openhearth.engines.failed import failed
from openhearth.engines.line import Line, Ticket
from openhearth.engines.poster.order import Order, read
from openhearth.engines.poster.settings import NAME, PosterSettings
from openhearth.engines.poster.studio import NOTE, Made, Stopped, Studio

_MOST_BODY_BYTES = 1024 * 1024
_NO_TOKENS = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
_ValueT = TypeVar("_ValueT")


class Waiting(msgspec.Struct, frozen=True):
    """Others are before this order."""

    place: int


class Partial(msgspec.Struct, frozen=True):
    """A picture under way; ``number`` counts the partials of one picture from 0."""

    data: bytes
    picture: int
    number: int


class Finished(msgspec.Struct, frozen=True):
    """A picture is done."""

    made: Made
    picture: int


Said = Waiting | Partial | Finished


def build(settings: PosterSettings, studio: Studio) -> Starlette:
    """The engine's app around a studio."""
    line = Line(1, settings.queue, busy="本地海报引擎繁忙 The poster engine is busy")

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"model": NAME, **line.health()}), media_type="application/json")

    endpoint = Generations(settings, studio, line)
    routes = [Route("/health", health), Route("/v1/images/generations", endpoint, methods=["POST"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: not_served("The poster engine")})


class Generations:
    """The one operation: read, check, take a place, draw in a thread, stop when the client leaves."""

    def __init__(self, settings: PosterSettings, studio: Studio, line: Line) -> None:
        self._settings = settings
        self._studio = studio
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> Order:
        return read(await body_of(request, _MOST_BODY_BYTES), most_pixels=self._settings.picture_pixels)

    async def _answer(self, send: Send, order: Order, ticket: Ticket) -> None:
        created = int(time.time())
        async with contextlib.aclosing(self._said(order, ticket)) as events:
            if order.stream:
                await _streamed(order, events, created, send)
            else:
                await _whole(order, events, created, send)

    async def _said(self, order: Order, ticket: Ticket) -> AsyncGenerator[Said, None]:
        async for place in places(ticket, stayed_busy="The poster engine"):
            yield Waiting(place)
        for number in range(order.n):
            plan = await _in_thread(ticket, partial(self._studio.designed, order, number))
            for part in range(order.partial_images):
                early = await _in_thread(ticket, partial(self._studio.partial, order, plan, part + 1))
                yield Partial(early, number, part)
            yield Finished(await _in_thread(ticket, partial(self._studio.make, order, plan)), number)


async def _in_thread(ticket: Ticket, work: Callable[[Callable[[], None]], _ValueT]) -> _ValueT:
    """``work`` in a thread; cancelling stops it at its next ``check``, and the place stays taken until it has ended."""
    leaving = threading.Event()

    def check() -> None:
        if leaving.is_set():
            raise Stopped

    loop = asyncio.get_running_loop()
    ticket.hold()
    task = loop.run_in_executor(None, work, check)
    task.add_done_callback(lambda done: _ended(ticket, done))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        leaving.set()
        raise
    except MemoryError as error:
        raise TooLarge("There is not enough memory for a picture of this size.", param="size") from error
    except GatewayError:
        raise
    except Exception as error:  # the engine must live on for the next order; the trace goes to its log
        traceback.print_exc()
        raise Bug(str(error)) from error


def _ended(ticket: Ticket, task: "asyncio.Future[Any]") -> None:
    ticket.release()
    if not task.cancelled():
        task.exception()  # a stopped drawing has nobody left to tell


async def _whole(order: Order, events: AsyncGenerator[Said, None], created: int, send: Send) -> None:
    try:
        made = [event.made async for event in events if isinstance(event, Finished)]
    except GatewayError as error:
        await refuse(send, error)
        return
    body = {
        "created": created,
        "data": [_item(one) for one in made],
        "background": "transparent" if order.is_clear else "opaque",
        "output_format": order.output_format,
        "size": f"{made[0].width}x{made[0].height}",
        "usage": _NO_TOKENS,
        "note": _note(made[0]),
    }
    await send_json(send, msgspec.json.encode(body))


async def _streamed(order: Order, events: AsyncGenerator[Said, None], created: int, send: Send) -> None:
    """Events of OpenAI's image stream; an error before the first one is a status."""
    started = False
    try:
        async for event in events:
            if not started:
                started = True
                headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
            piece = _written(event, order, created)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except GatewayError as error:
        if not started:
            await refuse(send, error)
            return
        fault = encode(Event(msgspec.json.encode(failed(error).event()).decode(), "error"))
        await send({"type": "http.response.body", "body": fault, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _written(event: Said, order: Order, created: int) -> bytes:
    if isinstance(event, Waiting):
        return encode(Event(comments=(f"waiting {event.place}",)))
    shown: dict[str, object] = {
        "created_at": created,
        "background": "transparent" if order.is_clear else "opaque",
        "output_format": order.output_format,
        "quality": order.quality,
    }
    if isinstance(event, Partial):
        kind = "image_generation.partial_image"
        shown |= {"b64_json": base64.b64encode(event.data).decode(), "partial_image_index": event.number}
    else:
        kind = "image_generation.completed"
        shown |= {**_item(event.made), "usage": _NO_TOKENS, "note": _note(event.made)}
    shown |= {"type": kind, "index": event.picture}
    return encode(Event(msgspec.json.encode(shown).decode(), kind))


def _item(made: Made) -> dict[str, object]:
    return {
        "b64_json": base64.b64encode(made.data).decode(),
        "revised_prompt": made.told,
        "seed": made.seed,
        "size": f"{made.width}x{made.height}",
    }


def _note(made: Made) -> str:
    return f"{NOTE} {made.warning}".strip()
