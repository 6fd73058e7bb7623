"""POST /fish/v1/tts and /fish/model: speech in Fish Audio's form, and its voices.

To Fish Audio the body goes as it came; the embedded voices answer the same form, with sound while it is made.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.envelope import Envelope, depth
from openhearth.core.errors import NotFound, RequestError, UnsupportedMedia
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect
from openhearth.core.speech import SpeechOrder
from openhearth.dialects import fish_errors
from openhearth.dialects.fish_speech.request import MODEL_HEADER, MODELS, read
from openhearth.media.sounds import Sounds
from openhearth.relay.gate import Gate
from openhearth.relay.speech import ListedVoice, Speeches
from openhearth.surfaces.family import Renamed, told_by
from openhearth.surfaces.fish.models import FishModels
from openhearth.surfaces.home import home_of
from openhearth.surfaces.http import Json, Route, body_bytes, principal_of
from openhearth.surfaces.spoken import Spoken, kept, streamed

_JSON, _MSGPACK = "application/json", "application/msgpack"
_USUAL_MODEL = "s1"
_PAGE = 10
_MOST_PER_PAGE = 100
_ERRORS = Renamed(
    fish_errors,
    {
        "input": "text",
        "voice": "reference_id",
        "response_format": "format",
        "speed": "prosody.speed",
        "volume_db": "prosody.volume",
    },
)


class Fish:
    """The routes. ``models`` asks Fish Audio about voices where it is attached."""

    def __init__(
        self,
        gate: Gate,
        speeches: Speeches,
        sounds: Sounds,
        models: FishModels,
        limits: Limits,
        *,
        public_url: str,
        strict: bool = False,
    ) -> None:
        self._gate = gate
        self._speeches = speeches
        self._sounds = sounds
        self._models = models
        self._limits = limits
        self._public_url = public_url
        self._strict = strict

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/fish/v1/tts", told_by(fish_errors, self._speak), methods=["POST"], permission=Permission.CALL),
            Route("/fish/model", told_by(fish_errors, self._list), methods=["GET"], permission=Permission.CALL),
            Route("/fish/model", told_by(fish_errors, self._create), methods=["POST"], permission=Permission.CALL),
            Route("/fish/model/{voice}", told_by(fish_errors, self._one), methods=["GET"], permission=Permission.CALL),
        ]

    async def _speak(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        raw = await body_bytes(request, most=self._limits.json_body_bytes, within_s=self._limits.body_s)
        kind, fields = _fields(request, raw, self._limits.json_depth)
        in_body = fields.pop("model", None)
        if in_body is not None or principal.screens:
            # Fish knows no model in the body; and of a name that stands twice, what is looked at is what is sent.
            raw = msgspec.msgpack.encode(fields) if kind == _MSGPACK else msgspec.json.encode(fields)
        named = request.headers.get(MODEL_HEADER, "") or ("" if in_body is None else in_body)
        if not isinstance(named, str):
            raise RequestError("'model' must be a text.", param="model", code="invalid_type")
        wanted = request.query_params.get("response_format", "")
        if wanted not in ("", "url"):
            raise RequestError("'response_format' is 'url' or absent.", param="response_format", code="invalid_value")
        model = named or _USUAL_MODEL
        if self._speeches.stands_in(principal, model, str(fields.get("reference_id")), MODELS):
            model = ""
        order, ignored = self._order(raw, kind, fields, model, is_fish=self._models.is_fish(principal, model))
        if named and not model:
            ignored = (*ignored, "model")
        work = await self._speeches.open(principal, order)
        spoken = Spoken(work, order, self._speeches, ignored=ignored, strict=self._strict)
        if wanted:
            return await kept(request, spoken, self._sounds, home_of(request, self._public_url), _ERRORS)
        return streamed(spoken, spoken.sound(), self._limits, _ERRORS)

    def _order(
        self, raw: bytes, kind: str, fields: dict[str, Any], model: str, *, is_fish: bool
    ) -> tuple[SpeechOrder, tuple[str, ...]]:
        """What only Fish can do is not refused where Fish is asked."""
        shown = {name: value for name, value in fields.items() if not (is_fish and name == "references")}
        asked, ignored = read(shown, model)
        asked = msgspec.structs.replace(asked, model=model or self._speeches.model_for(asked))
        return SpeechOrder(asked, Dialect.FISH_SPEECH, Envelope.of({}), raw=raw, content_type=kind), ignored

    async def _list(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        if self._models.is_attached(principal):
            return await self._models.passed_on(request, principal, "/model", b"")
        size = _number(request, "page_size", _PAGE, _MOST_PER_PAGE)
        number = _number(request, "page_number", 1, 10_000)
        voices = [listed for listed in self._speeches.voices() if listed.installed]
        page = voices[(number - 1) * size : number * size]
        return Json({"total": len(voices), "items": [_shown(listed) for listed in page]})

    async def _one(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        name = request.path_params["voice"]
        for listed in self._speeches.voices():
            if listed.voice.id == name and listed.installed:
                return Json(_shown(listed))
        if self._models.is_attached(principal):
            return await self._models.passed_on(request, principal, f"/model/{name}", b"")
        raise NotFound(f"There is no voice '{name[:100]}'.", param="voice", code="voice_not_found")

    async def _create(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        if not self._models.is_attached(principal):
            raise RequestError(
                "The embedded voices cannot be cloned: attach Fish Audio (FISH_API_KEY) to create voices. "
                "内置声音不支持克隆，请接入 Fish Audio。",
                code="cloning_not_supported",
            )
        body = await body_bytes(request, most=self._limits.json_body_bytes, within_s=self._limits.body_s)
        return await self._models.passed_on(request, principal, "/model", body)


def _fields(request: Request, raw: bytes, most_depth: int) -> tuple[str, dict[str, Any]]:
    """The body's kind and its fields. Raises UnsupportedMedia and RequestError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower() or _JSON
    try:
        if kind == _MSGPACK or kind == "application/x-msgpack":
            return _MSGPACK, msgspec.msgpack.decode(raw, type=dict[str, Any])
        if kind == _JSON:
            if depth(raw) > most_depth:
                raise RequestError(f"The body nests deeper than {most_depth} levels.", code="json_too_deep")
            return _JSON, msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"The body is not an object: {error}", code="invalid_json") from error
    raise UnsupportedMedia(f"This path takes '{_JSON}' or '{_MSGPACK}', not '{kind[:80]}'.")


def _number(request: Request, name: str, usual: int, most: int) -> int:
    text = request.query_params.get(name, "") or str(usual)
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
        raise RequestError(f"'{name}' is a whole number from 1 to {most}.", param=name, code="invalid_value")
    return int(text)


def _shown(listed: ListedVoice) -> dict[str, object]:
    """A voice as Fish's clients know it (Fish Audio API reference, "List Models")."""
    voice = listed.voice
    return {
        "_id": voice.id,
        "type": "tts",
        "title": voice.name,
        "description": f"Embedded voice of {voice.model}.",
        "cover_image": "",
        "train_mode": "fast",
        "state": "trained",
        "tags": [voice.gender, voice.model],
        "samples": [],
        "created_at": "2025-01-27T00:00:00Z",
        "updated_at": "2025-01-27T00:00:00Z",
        "languages": [voice.reads],
        "visibility": "public",
        "lock_visibility": True,
        "like_count": 0,
        "mark_count": 0,
        "shared_count": 0,
        "task_count": 0,
        "liked": False,
        "marked": False,
        "author": {"_id": "openhearth", "nickname": "OpenHearth", "avatar": ""},
    }
