"""POST /elevenlabs/v1/text-to-speech/{voice} and its kinds, and GET /elevenlabs/v1/voices.

The kinds: plain, ``/stream``, ``/with-timestamps`` (one JSON object), ``/stream/with-timestamps`` (one per line). To
ElevenLabs the request goes as it came; the embedded voices and others answer in the same form.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect
from openhearth.core.speech import SpeechAudio, SpeechOrder
from openhearth.dialects import elevenlabs_errors
from openhearth.dialects.elevenlabs_speech.answer import joined, timed
from openhearth.dialects.elevenlabs_speech.request import MODELS, read
from openhearth.media.sounds import Sounds
from openhearth.relay.gate import Gate
from openhearth.relay.speech import ListedVoice, Speeches
from openhearth.surfaces.family import Renamed, told_by
from openhearth.surfaces.home import home_of
from openhearth.surfaces.http import Json, Route, json_body, principal_of
from openhearth.surfaces.spoken import Spoken, kept, streamed
from openhearth.surfaces.work_answers import whole

_USUAL_MODEL = "eleven_multilingual_v2"
_PATH = "/elevenlabs/v1/text-to-speech/{voice}"
_TIMES = "/with-timestamps"
_LINES = "application/json"
_KINDS = ("", "/stream", _TIMES, f"/stream{_TIMES}")
_REFUSED = Renamed(elevenlabs_errors, {"model": "model_id"})
_ERRORS = Renamed(
    elevenlabs_errors,
    {
        "input": "text",
        "model": "model_id",
        "language": "language_code",
        **dict.fromkeys(("response_format", "sample_rate", "bit_rate"), "output_format"),
        "speed": "voice_settings.speed",
    },
)


class TextToSpeech:
    """The routes. ``public_url`` begins links when it is set."""

    def __init__(
        self, gate: Gate, speeches: Speeches, sounds: Sounds, limits: Limits, *, public_url: str, strict: bool = False
    ) -> None:
        self._gate = gate
        self._speeches = speeches
        self._sounds = sounds
        self._limits = limits
        self._public_url = public_url
        self._strict = strict

    def routes(self) -> list[BaseRoute]:
        return [
            *(
                Route(_PATH + kind, told_by(_REFUSED, self._speak), methods=["POST"], permission=Permission.CALL)
                for kind in _KINDS
            ),
            Route(
                "/elevenlabs/v1/voices", told_by(_REFUSED, self._voices), methods=["GET"], permission=Permission.CALL
            ),
        ]

    async def _speak(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        spoken = await self._spoken(request, principal)
        wanted = request.query_params.get("response_format", "")
        if wanted == "url":
            home = home_of(request, self._public_url)
            return await kept(request, spoken, self._sounds, home, _ERRORS)
        if not spoken.order.request.timestamps:
            return streamed(spoken, spoken.sound(), self._limits, _ERRORS)
        if spoken.order.place == _TIMES:
            return await whole(request, spoken.work, _timed_whole(spoken), _ERRORS)
        return streamed(spoken, _timed_lines(spoken), self._limits, _ERRORS, _LINES)

    async def _spoken(self, request: Request, principal: Principal) -> Spoken:
        body = await json_body(request, self._limits)
        voice = request.path_params["voice"]
        query = request.query_params
        if query.get("response_format", "") not in ("", "url", "audio"):
            raise RequestError("'response_format' is 'url' or absent.", param="response_format", code="invalid_value")
        place = request.scope["path"].partition(f"/text-to-speech/{voice}")[2]
        is_link = query.get("response_format") == "url"
        output_format = query.get("output_format", "")
        asked, ignored = read(body, voice, output_format, timestamps=place.endswith(_TIMES) and not is_link)
        model = asked.model or _USUAL_MODEL
        if self._speeches.stands_in(principal, model, asked.voice, MODELS):
            ignored, model = (*ignored, *(["model_id"] if asked.model else [])), ""
        asked = msgspec.structs.replace(asked, model=model or self._speeches.model_for(asked))
        order = SpeechOrder(
            asked,
            Dialect.ELEVENLABS_SPEECH,
            body,
            place="" if is_link else place,
            query=urlencode([(name, value) for name, value in query.multi_items() if name != "response_format"]),
        )
        more = [name for name in query if name not in ("response_format", "output_format")]
        work = await self._speeches.open(principal, order)
        return Spoken(work, order, self._speeches, ignored=(*ignored, *more), strict=self._strict)

    async def _voices(self, request: Request) -> Response:
        await principal_of(request, self._gate)
        return Json({"voices": [_shown(listed) for listed in self._speeches.voices() if listed.installed]})


async def _timed_whole(spoken: Spoken) -> Response:
    """All sound and all times in one object. What ElevenLabs answers itself is passed on."""
    async with aclosing(spoken.events()) as events:
        pieces = [event async for event in events if isinstance(event, SpeechAudio)]
    data = b"".join(piece.data for piece in pieces)
    if not spoken.opened.relayed:
        data = timed(data, joined(piece.alignment for piece in pieces), joined(piece.normalized for piece in pieces))
    return Response(data, headers=spoken.work.headers(spoken.dropped), media_type="application/json")


async def _timed_lines(spoken: Spoken) -> AsyncGenerator[bytes, None]:
    async with aclosing(spoken.events()) as events:
        async for event in events:
            if isinstance(event, SpeechAudio) and event.data:
                if spoken.opened.relayed:
                    yield event.data
                else:
                    yield timed(event.data, event.alignment, event.normalized) + b"\n"


def _shown(listed: ListedVoice) -> dict[str, object]:
    voice = listed.voice
    return {
        "voice_id": voice.id,
        "name": voice.name,
        "category": "premade",
        "labels": {"language": voice.language, "gender": voice.gender, "model": voice.model},
        "description": f"Embedded voice of {voice.model}.",
        "preview_url": None,
        "available_for_tiers": [],
        "settings": None,
        "samples": None,
        "high_quality_base_model_ids": [voice.model],
    }
