"""The moderation engine's HTTP face inside its own process: ``POST /v1/moderations`` and ``GET /health``."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Protocol

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
from openhearth.engines.line import Line, Ticket
from openhearth.engines.moderate.categories import Scores
from openhearth.engines.moderate.judge import Rules, combined
from openhearth.engines.moderate.nearest import pieces_of
from openhearth.engines.moderate.requests import Item, PictureInput, read
from openhearth.engines.moderate.settings import NAME, ModerateSettings
from openhearth.engines.moderate.wire import Result, answer, result

_MOST_BODY_BYTES = 400 * 1024 * 1024
_PORTION = 32


class Witnesses(Protocol):
    """``judge.Judge``: each method is one portion of native work."""

    rules: Rules

    def words(self, text: str) -> Scores: ...

    def meaning(self, pieces: list[str]) -> Scores: ...

    def picture(self, data: bytes, param: str) -> Scores: ...


def build(settings: ModerateSettings, judge: Witnesses) -> Starlette:
    """The engine's app around loaded witnesses."""
    line = Line(settings.slots, settings.queue, busy="The local moderation is busy")
    desk = Desk(1)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.close()

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"model": NAME, **line.health()}), media_type="application/json")

    routes = [
        Route("/health", health),
        Route("/v1/moderations", Endpoint(judge, line, desk, strict=settings.strict), methods=["POST"]),
    ]
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The moderation engine")}
    )


class Endpoint:
    """Read, check, take a place, judge in small portions, answer; stop when the client leaves."""

    def __init__(self, judge: Witnesses, line: Line, desk: Desk, *, strict: bool) -> None:
        self._strict = strict
        self._judge = judge
        self._line = line
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> tuple[list[Item], tuple[str, ...]]:
        return await asyncio.to_thread(read, await body_of(request, _MOST_BODY_BYTES), strict=self._strict)

    async def _answer(self, send: Send, asked: tuple[list[Item], tuple[str, ...]], ticket: Ticket) -> None:
        items, dropped = asked
        try:
            await turn(ticket, stayed_busy="The local moderation")
            results = [await self._result(item, ticket) for item in items]
        except GatewayError as error:
            await refuse(send, error)
            return
        await send_json(send, answer(results), [(b"x-openhearth-dropped", listed(dropped))] if dropped else [])

    async def _result(self, item: Item, ticket: Ticket) -> Result:
        evidence = [await self._picture(picture, ticket) for picture in item.pictures]
        evidence += [await self._text(text, ticket) for text in item.texts]
        return result(item, self._judge.rules.verdict(evidence), self._judge.rules)

    async def _text(self, text: str, ticket: Ticket) -> Scores:
        words = await self._desk.do(ticket, self._judge.words, text)
        meant: dict[str, float] = {}
        pieces = pieces_of(text)
        for at in range(0, len(pieces), _PORTION):
            portion = await self._desk.do(ticket, self._judge.meaning, pieces[at : at + _PORTION])
            meant |= {category: max(score, meant.get(category, 0.0)) for category, score in portion.items()}
        return combined(words, meant)

    async def _picture(self, picture: PictureInput, ticket: Ticket) -> Scores:
        return await self._desk.do(ticket, self._judge.picture, picture.data, picture.param)
