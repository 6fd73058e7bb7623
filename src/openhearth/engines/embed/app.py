"""The engine's HTTP face inside its own process: embeddings, rerank and health on a Unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Generic, Protocol, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError
from openhearth.engines.answering import body_of, not_served, refuse, send_json, served, turn
from openhearth.engines.desk import Desk
from openhearth.engines.embed.embedding import Embedding, Graphs
from openhearth.engines.embed.reranking import Reranking
from openhearth.engines.embed.settings import EMBED, EmbedSettings
from openhearth.engines.embed.tokens import Tokens
from openhearth.engines.line import Line, Ticket

_MOST_BODY_BYTES = 64 * 1024 * 1024

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
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The sentence encoder")}
    )


class Endpoint(Generic[Asked]):
    """One POST route: read, check, take a place, answer, stop when the client leaves."""

    def __init__(self, service: Service[Asked], line: Line) -> None:
        self._service = service
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> tuple[Asked, tuple[str, ...]]:
        return await asyncio.to_thread(self._service.read, await body_of(request, _MOST_BODY_BYTES))

    async def _answer(self, send: Send, asked: tuple[Asked, tuple[str, ...]], ticket: Ticket) -> None:
        request, dropped = asked
        try:
            await turn(ticket, stayed_busy="The embedded sentence encoder")
            answer = await self._service.answer(request, ticket)
        except GatewayError as error:
            await refuse(send, error)
            return
        await send_json(send, answer, [(b"x-openhearth-dropped", listed(dropped))] if dropped else [])
