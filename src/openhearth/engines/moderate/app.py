"""The moderation engine's HTTP face inside its own process: ``POST /v1/moderations`` and ``GET /health``."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError, LimitError, NotFound, TooLarge
from openhearth.engines.leaving import until_gone
from openhearth.engines.line import Line, Ticket
from openhearth.engines.moderate.categories import Scores
from openhearth.engines.moderate.judge import Rules, combined
from openhearth.engines.moderate.nearest import pieces_of
from openhearth.engines.moderate.requests import Item, PictureInput, read
from openhearth.engines.moderate.settings import NAME, ModerateSettings
from openhearth.engines.moderate.wire import Result, answer, result

_MOST_BODY_BYTES = 400 * 1024 * 1024
_LONGEST_WAIT_S = 1800.0
_PORTION = 32
_JSON = (b"content-type", b"application/json")

Given = ParamSpec("Given")
Found = TypeVar("Found")


class Witnesses(Protocol):
    """``judge.Judge``: each method is one portion of native work."""

    rules: Rules

    def words(self, text: str) -> Scores: ...

    def meaning(self, pieces: list[str]) -> Scores: ...

    def picture(self, data: bytes, param: str) -> Scores: ...


def build(settings: ModerateSettings, judge: Witnesses) -> Starlette:
    """The engine's app around loaded witnesses."""
    line = Line(settings.slots, settings.queue, busy="The local moderation is busy")
    threads = ThreadPoolExecutor(1, thread_name_prefix="moderate")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"model": NAME, **line.health()}), media_type="application/json")

    routes = [
        Route("/health", health),
        Route("/v1/moderations", Endpoint(judge, line, threads), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _not_served})


class Endpoint:
    """Read, check, take a place, judge in small portions, answer; stop when the client leaves."""

    def __init__(self, judge: Witnesses, line: Line, threads: ThreadPoolExecutor) -> None:
        self._judge = judge
        self._line = line
        self._threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            items, dropped = await asyncio.to_thread(read, await _body(Request(scope, receive)))
            ticket = self._line.enter()
        except ClientDisconnect:
            return
        except GatewayError as error:
            await _refuse(send, error)
            return
        try:
            await until_gone(receive, self._answer(items, dropped, ticket, send))
        finally:
            ticket.leave()

    async def _answer(self, items: list[Item], dropped: tuple[str, ...], ticket: Ticket, send: Send) -> None:
        try:
            await _turn(ticket)
            results = [await self._result(item, ticket) for item in items]
        except GatewayError as error:
            await _refuse(send, error)
            return
        headers = [_JSON]
        if dropped:
            headers.append((b"x-openhearth-dropped", listed(dropped)))
        await _send(send, 200, headers, answer(results))

    async def _result(self, item: Item, ticket: Ticket) -> Result:
        evidence = [await self._picture(picture, ticket) for picture in item.pictures]
        evidence += [await self._text(text, ticket) for text in item.texts]
        return result(item, self._judge.rules.verdict(evidence), self._judge.rules)

    async def _text(self, text: str, ticket: Ticket) -> Scores:
        words = await self._portion(ticket, self._judge.words, text)
        meant: dict[str, float] = {}
        pieces = pieces_of(text)
        for at in range(0, len(pieces), _PORTION):
            portion = await self._portion(ticket, self._judge.meaning, pieces[at : at + _PORTION])
            meant |= {category: max(score, meant.get(category, 0.0)) for category, score in portion.items()}
        return combined(words, meant)

    async def _picture(self, picture: PictureInput, ticket: Ticket) -> Scores:
        return await self._portion(ticket, self._judge.picture, picture.data, picture.param)

    async def _portion(
        self, ticket: Ticket, work: Callable[Given, Found], *given: Given.args, **named: Given.kwargs
    ) -> Found:
        """Work in the thread. A caller that is cancelled gives its place up when the portion has ended."""
        loop = asyncio.get_running_loop()
        ticket.hold()
        future = self._threads.submit(work, *given, **named)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(ticket.release))
        return await asyncio.wrap_future(future)


async def _turn(ticket: Ticket) -> None:
    """Wait in the line. Raises LimitError after half an hour."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + _LONGEST_WAIT_S
    while ticket.place:
        if loop.time() > end_s:
            raise LimitError("The local moderation stayed busy for half an hour.", code="engine_queue_full")
        await ticket.moved(10.0)


async def _body(request: Request) -> bytes:
    pieces = bytearray()
    async for piece in request.stream():
        pieces += piece
        if len(pieces) > _MOST_BODY_BYTES:
            raise TooLarge(f"A request has at most {_MOST_BODY_BYTES // 1024**2} MB.")
    return bytes(pieces)


async def _refuse(send: Send, error: GatewayError) -> None:
    headers = [_JSON]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", str(round(error.retry_after_s)).encode()))
    await _send(send, error.shown_status, headers, _shown(error))


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _shown(error: GatewayError) -> bytes:
    said = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
    return msgspec.json.encode({"error": said})


async def _not_served(request: Request, _: Exception) -> Response:
    error = NotFound(f"The moderation engine does not serve {request.method} {request.url.path}.")
    return Response(_shown(error), error.status, media_type="application/json")
