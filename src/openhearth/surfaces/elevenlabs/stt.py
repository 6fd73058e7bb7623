"""POST /elevenlabs/v1/speech-to-text (https://elevenlabs.io/docs/api-reference/speech-to-text/convert).

ElevenLabs itself gets the form as it came; other targets, the embedded Whisper among them, get what they understand of
it, and refuse what would change the answer's shape.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.call import Principal, Usage
from openhearth.core.errors import GatewayError, RequestError
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect, Target
from openhearth.core.texts import texts_among
from openhearth.core.transcript import Pairs, Passed, Transcript, TranscriptDriver, TranscriptRequest
from openhearth.dialects import elevenlabs_errors
from openhearth.dialects.elevenlabs_transcripts.answer import written
from openhearth.dialects.elevenlabs_transcripts.request import Extras, read
from openhearth.dialects.elevenlabs_transcripts.texts import said
from openhearth.dialects.openai_transcripts.answer import srt
from openhearth.relay.gate import Gate
from openhearth.relay.screen import Screen, checks_input, checks_output
from openhearth.relay.work import Calls, Work
from openhearth.surfaces.family import Renamed
from openhearth.surfaces.http import Route, principal_of
from openhearth.surfaces.recordings import Recordings, Upload
from openhearth.surfaces.work_answers import whole

DEFAULT_MODEL = "whisper-base"
SOURCE_NAMES = ("cloud_storage_url", "source_url", "file", "url")
_LONGEST_MODEL = 256
_ERRORS = Renamed(elevenlabs_errors, {"model": "model_id", "language": "language_code", "keywords": "keyterms"})
_NO_TEXT = frozenset({
    "model_id", "language_code", "tag_audio_events", "num_speakers", "timestamps_granularity", "diarize", "temperature",
    "diarization_threshold", "additional_formats", "file_format", "webhook", "webhook_id", "seed", "use_multi_channel",
    "entity_detection", "entity_redaction", "enable_logging",
})  # fmt: skip


class _Job(msgspec.Struct, frozen=True):
    """One request, understood and admitted."""

    request: TranscriptRequest
    extras: Extras
    work: Work


class SpeechToText:
    """The route. ``drivers`` are the ways to hear, by dialect. ``screen`` moderates for the keys that are held to
    it."""

    def __init__(
        self,
        gate: Gate,
        calls: Calls,
        recordings: Recordings,
        drivers: Mapping[Dialect, TranscriptDriver],
        config: Config,
        *,
        screen: Screen | None = None,
    ) -> None:
        self._screen = screen
        self._gate = gate
        self._calls = calls
        self._recordings = recordings
        self._drivers = drivers
        self._config = config

    def routes(self) -> list[BaseRoute]:
        return [Route("/elevenlabs/v1/speech-to-text", self._convert, methods=["POST"], permission=Permission.CALL)]

    async def _convert(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except GatewayError as error:
            answer = Response(_ERRORS.shown(error), error.shown_status)
            for name, value in _ERRORS.headers(error):
                answer.headers[name.decode()] = value.decode()
            return answer

    async def _answer(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        upload = await self._recordings.read(request, principal.owner)
        try:
            job = await self._job(principal, upload, tuple(request.query_params.multi_items()))
            return await whole(request, job.work, self._whole(job), _ERRORS)
        finally:
            await upload.held.remove()

    async def _job(self, principal: Principal, upload: Upload, query: Pairs) -> _Job:
        model = next((value.strip() for name, value in upload.fields if name == "model_id"), "") or DEFAULT_MODEL
        if len(model) > _LONGEST_MODEL:
            raise RequestError("Field 'model_id' is too long.", param="model_id", code="invalid_value")
        asked, extras = read(upload.fields, model, upload.recording, query)
        if self._screen is not None and checks_output(principal) and "webhook" in asked.only_native:
            raise RequestError(
                "This key's output is moderated, and what comes by webhook cannot be.",
                param="webhook",
                code="unsupported_content",
            )
        audio_ms = min(upload.recording.size_bytes, round(self._config.transcripts.audio_s * 1000))
        work = await self._calls.open(
            principal, Operation.TRANSCRIBE, model, dialects=self._drivers, worst=Usage(audio_ms=audio_ms)
        )
        return _Job(asked, extras, work)

    async def _whole(self, job: _Job) -> Response:
        principal = job.work.call.principal
        if self._screen is not None and checks_input(principal):
            await self._screen.check(principal, texts_among((*job.request.fields, *job.request.query), _NO_TEXT))

        def attempt(target: Target) -> AsyncIterator[Passed | Transcript]:
            return self._drivers[target.provider.speaks[Operation.TRANSCRIBE]].hear(target, job.request)

        async with aclosing(job.work.stream(attempt)) as parts:
            answer = await _shown(parts, job)
        if self._screen is not None and checks_output(principal):
            await self._screen.after(job.work, said(bytes(answer.body)))
        return answer


async def _shown(parts: AsyncGenerator[Passed | Transcript, None], job: _Job) -> Response:
    part = await anext(parts)
    if part.usage is not None:
        job.work.call.usage = part.usage
    body = part.data if isinstance(part, Passed) else written(part, job.extras, srt(part.segments))
    return Response(body, media_type="application/json", headers=job.work.headers(part.dropped))
