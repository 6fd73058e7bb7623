"""The speech engine's HTTP face inside its own process: ``POST /v1/audio/speech`` on a Unix socket."""

import base64
import contextlib
from collections.abc import AsyncGenerator
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError
from openhearth.core.speech import MIMES
from openhearth.core.sse import Event, encode
from openhearth.engines.answering import body_of, not_served, refuse, served, turn
from openhearth.engines.line import Line, Ticket
from openhearth.engines.speak.loading import Speech
from openhearth.engines.speak.requests import SpeakRequest, read_request
from openhearth.engines.speak.settings import SpeakSettings
from openhearth.engines.speak.speaking import Piece, Spoken, speak

_MOST_BODY_BYTES = 1024 * 1024


def build(settings: SpeakSettings, speech: Speech) -> Starlette:
    """The engine's app around a loaded model. One request is spoken at a time: two would halve each other's speed."""
    line = Line(1, settings.queue, busy=f"{settings.name} is busy")

    async def health(_: Request) -> Response:
        return Response(msgspec.json.encode({"model": settings.name, **line.health()}), media_type="application/json")

    routes = [
        Route("/health", health),
        Route("/v1/audio/speech", Endpoint(settings, speech, line), methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: not_served("The speech engine")})


class Endpoint:
    """Read, check, take a place, answer piece by piece, stop when the client leaves."""

    def __init__(self, settings: SpeakSettings, speech: Speech, line: Line) -> None:
        self._settings = settings
        self._speech = speech
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await served(receive, send, self._line, self._read(Request(scope, receive)), partial(self._answer, send))

    async def _read(self, request: Request) -> SpeakRequest:
        asked = read_request(await body_of(request, _MOST_BODY_BYTES), self._settings)
        self._speech.scribe(asked.voice.language).check(asked.text, asked.language, is_told=asked.is_told)
        return asked

    async def _answer(self, send: Send, request: SpeakRequest, ticket: Ticket) -> None:
        """The answer begins with the first sound: a refusal before it is an HTTP status."""
        started = False
        try:
            await turn(ticket, stayed_busy="The local voice")
            spoken = speak(request, self._speech, ticket)
            async with contextlib.aclosing(_events(spoken) if request.events else _bytes(spoken)) as pieces:
                async for piece in pieces:
                    if not started:
                        await send({"type": "http.response.start", "status": 200, "headers": _headers(request)})
                        started = True
                    if piece:
                        await send({"type": "http.response.body", "body": piece, "more_body": True})
        except GatewayError as error:
            if started:
                raise
            await refuse(send, error)
            return
        await send({"type": "http.response.body", "body": b""})


async def _bytes(pieces: AsyncGenerator[Piece | Spoken, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Piece):
                yield piece.data


async def _events(pieces: AsyncGenerator[Piece | Spoken, None]) -> AsyncGenerator[bytes, None]:
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            if isinstance(piece, Piece):
                if piece.data or piece.written:
                    yield _delta(piece)
            else:
                total = piece.input_tokens + piece.output_tokens
                usage = {**msgspec.structs.asdict(piece), "total_tokens": total}
                yield _event("speech.audio.done", {"usage": usage})


def _delta(piece: Piece) -> bytes:
    body: dict[str, object] = {"audio": base64.b64encode(piece.data).decode()}
    if piece.written is not None:
        body |= {"alignment": piece.written, "normalized_alignment": piece.spoken}
    return _event("speech.audio.delta", body)


def _event(kind: str, body: dict[str, object]) -> bytes:
    return encode(Event(msgspec.json.encode({"type": kind, **body}).decode(), kind))


def _headers(request: SpeakRequest) -> list[tuple[bytes, bytes]]:
    kind = "text/event-stream; charset=utf-8" if request.events else MIMES[request.format]
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-cache")]
    if request.dropped:
        headers.append((b"x-openhearth-dropped", listed(request.dropped)))
    return headers
