"""The engine's HTTP face inside its own process: embeddings, rerank and health on a Unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Generic, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.dropped import listed
from openhearth.core.errors import Bug, GatewayError, LimitError, NotFound, TooLarge
from openhearth.engines.embed.desk import LONGEST_WAIT_S, Desk
from openhearth.engines.embed.embedding import Embedding, Graphs
from openhearth.engines.embed.reranking import Reranking
from openhearth.engines.embed.settings import EMBED, EmbedSettings
from openhearth.engines.embed.tokens import Tokens
from openhearth.engines.leaving import until_gone
from openhearth.engines.line import Line, Ticket

_MOST_BODY_BYTES = 64 * 1024 * 1024
_JSON = (b"content-type", b"application/json")

Asked = TypeVar("Asked")


class Service(Protocol[Asked]):
    """One operation: ``read`` checks a body, ``answer`` does the work once its turn has come."""

    def read(self, body: bytes) -> tuple[Asked, tuple[str, ...]]: ...

    async def answer(self, request: Asked, ticket: Ticket) -> bytes: ...


def build(settings: EmbedSettings, graphs: Graphs) -> Starlette:
    """The engine's app around loaded graphs."""
    line = Line(settings.slots, settings.queue, busy="The embedded sentence encoder is busy")
    desk = Desk(settings.used_threads)
    tokens = Tokens()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.close()

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"model": EMBED, **line.health()}), media_type="application/json")

    embedding = Embedding(graphs, tokens, desk, settings)
    reranking = Reranking(graphs, tokens, desk, settings)
    routes = [
        Route("/health", health),
        Route("/v1/embeddings", Endpoint(embedding, line), methods=["POST"]),
        Route("/v1/rerank", Endpoint(reranking, line), methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _not_served})


class Endpoint(Generic[Asked]):
    """One POST route: read, check, take a place, answer, stop when the client leaves."""

    def __init__(self, service: Service[Asked], line: Line) -> None:
        self._service = service
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await _body(Request(scope, receive))
            request, dropped = await asyncio.to_thread(self._service.read, body)
            ticket = self._line.enter()
        except ClientDisconnect:
            return
        except GatewayError as error:
            await _refuse(send, error)
            return
        try:
            await until_gone(receive, self._answer(request, dropped, ticket, send))
        finally:
            ticket.leave()

    async def _answer(self, request: Asked, dropped: tuple[str, ...], ticket: Ticket, send: Send) -> None:
        try:
            await _turn(ticket)
            answer = await self._service.answer(request, ticket)
        except GatewayError as error:
            await _refuse(send, error)
            return
        headers = [_JSON]
        if dropped:
            headers.append((b"x-openhearth-dropped", listed(dropped)))
        await _send(send, 200, headers, answer)


async def _turn(ticket: Ticket) -> None:
    """Wait in the line. Raises LimitError after half an hour."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + LONGEST_WAIT_S
    while ticket.place:
        if loop.time() > end_s:
            raise LimitError("The embedded sentence encoder stayed busy for half an hour.", code="engine_queue_full")
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
    message = "The embedded model failed. See the log." if isinstance(error, Bug) else error.message
    body = {"error": {"message": message, "type": error.type, "param": error.param, "code": error.code}}
    await _send(send, error.shown_status, headers, msgspec.json.encode(body))


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _not_served(request: Request, _: Exception) -> Response:
    error = NotFound(f"The sentence encoder does not serve {request.method} {request.url.path}.")
    body = {"error": {"message": error.message, "type": error.type, "param": None, "code": error.code}}
    return Response(msgspec.json.encode(body), error.status, media_type="application/json")
