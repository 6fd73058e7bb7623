"""POST /v1/audio/speech and GET /v1/audio/voices: text spoken, as sound while it is made or as events."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.errors import NotTranslatable
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect
from openhearth.core.speech import MIMES, SpeechAudio, SpeechDone, SpeechOpened, SpeechOrder
from openhearth.dialects.openai_speech import events
from openhearth.dialects.openai_speech.request import read
from openhearth.engines.speak.voices import OPENAI_NAMES, chosen
from openhearth.relay.gate import Gate
from openhearth.relay.speech import ListedVoice, Speeches, readable
from openhearth.relay.work import Work
from openhearth.surfaces.http import Json, Route, json_body, principal_of
from openhearth.surfaces.work_answers import EVENTS, Streamed, timing


class Speech:
    """The two routes."""

    def __init__(self, gate: Gate, speeches: Speeches, limits: Limits, *, strict: bool = False) -> None:
        self._gate = gate
        self._speeches = speeches
        self._limits = limits
        self._strict = strict

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/audio/speech", self._speak, methods=["POST"], permission=Permission.CALL),
            Route("/v1/audio/voices", self._voices, methods=["GET"], permission=Permission.CALL),
        ]

    async def _speak(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        body = await json_body(request, self._limits)
        asked = read(body)
        model = asked.model or self._speeches.model_for(asked)
        order = SpeechOrder(msgspec.structs.replace(asked, model=model), Dialect.OPENAI_SPEECH, body)
        work = await self._speeches.open(principal, order)
        answer = _Answer(work, order, strict=self._strict)
        return Streamed(
            work,
            answer.pieces(self._speeches),
            timing=timing(work, self._limits),
            marks=answer.marks,
            content_type=EVENTS if asked.events else MIMES.get(asked.format, "audio/mpeg"),
        )

    async def _voices(self, request: Request) -> Response:
        await principal_of(request, self._gate)
        return Json({"object": "list", "data": [_shown(listed) for listed in self._speeches.voices()]})


class _Answer:
    """The answer of one call, and the headers that are known once its target has begun."""

    def __init__(self, work: Work, order: SpeechOrder, *, strict: bool) -> None:
        self._work = work
        self._order = order
        self._strict = strict
        self._opened = SpeechOpened("", relayed=False)

    def marks(self) -> dict[str, str]:
        headers = self._work.headers(self._opened.dropped)
        if self._opened.content_type and not self._order.request.events:
            headers["content-type"] = self._opened.content_type
        return headers

    async def pieces(self, speeches: Speeches) -> AsyncGenerator[bytes, None]:
        async with aclosing(speeches.events(self._work, self._order)) as said:
            async for event in said:
                if isinstance(event, SpeechOpened):
                    self._open(event)
                elif isinstance(event, SpeechAudio):
                    if self._opened.relayed or not self._order.request.events:
                        yield event.data
                    elif event.data:
                        yield events.delta(event.data)
                elif isinstance(event, SpeechDone) and self._order.request.events and not self._opened.relayed:
                    yield events.done(event)

    def _open(self, event: SpeechOpened) -> None:
        if event.dropped and self._strict:
            name = event.dropped[0][:64]
            raise NotTranslatable(f"{self._work.target_id} cannot honour the field '{name}'.", param=name)
        self._opened = event


def _shown(listed: ListedVoice) -> dict[str, object]:
    voice = listed.voice
    return {
        "object": "audio.voice",
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "gender": voice.gender,
        "model": voice.model,
        "installed": listed.installed,
        "native_language_supported": readable(voice),
        "preview_text": voice.preview,
        "openai_names": [name for name in OPENAI_NAMES if chosen(voice.model, name, voice.reads) == voice],
    }
