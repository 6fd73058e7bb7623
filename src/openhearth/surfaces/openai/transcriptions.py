"""POST /v1/audio/transcriptions and /v1/audio/translations
(https://platform.openai.com/docs/api-reference/audio), by form or JSON, whole or streamed.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.call import Principal, Usage
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect, Target
from openhearth.core.sse import Splitter, encode
from openhearth.core.texts import texts_among
from openhearth.core.transcript import Passed, Transcript, TranscriptDriver, TranscriptRequest
from openhearth.dialects.openai_transcripts import events
from openhearth.dialects.openai_transcripts.answer import Shape, written
from openhearth.dialects.openai_transcripts.fields import Asked, read
from openhearth.dialects.openai_transcripts.texts import Spoken, said
from openhearth.dialects.openai_transcripts.upstream import guessed
from openhearth.relay.gate import Gate
from openhearth.relay.screen import Screen, checks_input, checks_output
from openhearth.relay.windows import Piece, in_windows
from openhearth.relay.work import Calls, Work
from openhearth.surfaces.http import Route, principal_of
from openhearth.surfaces.recordings import Keeping, Recordings, Upload
from openhearth.surfaces.work_answers import Streamed, timing, whole

DEFAULT_MODEL = "whisper-base"
SOURCE_NAMES = ("file", "url", "file_url", "file_id")
_LONGEST_MODEL = 256
_ELSEWHERE = ("response_format", "language", "prompt", "temperature", "keywords", "timestamp_granularities", "stream")
_NO_TEXT = frozenset({
    "model", "response_format", "language", "languages", "temperature", "timestamp_granularities", "stream", "include",
    "chunking_strategy", "chinese", "known_speaker_references",
})  # fmt: skip


class _Job(msgspec.Struct):
    """One request, understood and admitted. ``dropped`` grows when a target says what it could not use."""

    request: TranscriptRequest
    shape: Shape
    work: Work
    dropped: tuple[str, ...] = ()


class Transcriptions:
    """The two routes. ``drivers`` are the ways to hear, by dialect; ``screen`` moderates for the keys that are held to
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
        return [
            Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"], permission=Permission.CALL),
            Route("/v1/audio/translations", self._translate, methods=["POST"], permission=Permission.CALL),
        ]

    async def _transcribe(self, request: Request) -> Response:
        return await self._answer(request, Operation.TRANSCRIBE)

    async def _translate(self, request: Request) -> Response:
        return await self._answer(request, Operation.TRANSLATE)

    async def _answer(self, request: Request, operation: Operation) -> Response:
        principal = await principal_of(request, self._gate)
        upload = await self._recordings.read(request, principal.owner)
        answer: Response | None = None
        try:
            answer = await self._response(request, await self._job(principal, upload, operation))
        finally:
            if answer is None:
                await upload.held.remove()
        return Keeping(answer, upload.held)

    async def _job(self, principal: Principal, upload: Upload, operation: Operation) -> _Job:
        """The request understood and admitted. Raises RequestError, NotFound, Forbidden and BudgetSpent."""
        asked = read(upload.fields)
        request = _request(upload, asked, operation)
        shape = Shape(operation, asked.response_format, asked.granularities, with_logprobs=asked.with_logprobs)
        work = await self._calls.open(
            principal,
            operation,
            request.model,
            dialects=self._drivers,
            worst=_worst(upload.recording.size_bytes, self._config),
            stream=request.stream,
        )
        return _Job(request, shape, work)

    async def _response(self, request: Request, job: _Job) -> Response:
        if not job.request.stream:
            return await whole(request, job.work, self._whole(job))
        return Streamed(
            job.work,
            self._streamed(job),
            marks=lambda: job.work.headers(job.dropped),
            timing=timing(job.work, self._config.limits),
        )

    async def _whole(self, job: _Job) -> Response:
        async with aclosing(self._parts(job)) as parts:
            async for part in parts:
                if isinstance(part, Transcript):
                    answer = written(part, job.shape)
                    kind, body = answer.content_type, answer.body
                else:
                    kind, body = part.content_type, part.data
                if self._screen is not None and checks_output(job.work.call.principal):
                    await self._screen.after(job.work, said(body))
                return Response(body, headers={"content-type": kind, **job.work.headers(job.dropped)})
        raise AssertionError("a driver answers or raises")

    def _streamed(self, job: _Job) -> AsyncGenerator[bytes, None]:
        """The events, held back until they have been checked where the key says so."""
        if self._screen is None or not checks_output(job.work.call.principal):
            return self._events(job)
        check = partial(self._screen.after, job.work)
        return in_windows(_told(self._events(job)), check, self._config.moderation, taken=job.work.commit)

    async def _events(self, job: _Job) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._parts(job)) as parts:
            async for part in parts:
                if isinstance(part, Passed):
                    yield part.data
                else:
                    for event in events.whole(part, job.shape):
                        yield event

    async def _parts(self, job: _Job) -> AsyncGenerator[Passed | Transcript, None]:
        """The parts of the answer, with usage and dropped fields noted."""
        principal = job.work.call.principal
        if self._screen is not None and checks_input(principal):
            await self._screen.check(principal, texts_among(job.request.fields, _NO_TEXT))

        def attempt(target: Target) -> AsyncIterator[Passed | Transcript]:
            return self._drivers[target.provider.speaks[job.request.operation]].hear(target, job.request)

        async with aclosing(job.work.stream(attempt)) as parts:
            async for part in parts:
                job.dropped = part.dropped
                if part.usage is not None and part.usage.source != "none":
                    job.work.call.usage = part.usage
                elif job.work.call.usage.source == "none":
                    job.work.call.usage = guessed(job.request.recording)
                yield part


async def _told(stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[Piece, None]:
    """Whole events and what is said in each."""
    splitter, spoken = Splitter(), Spoken()
    async with aclosing(stream) as pieces:
        async for data in pieces:
            for event in splitter.feed(data):
                yield Piece(encode(event), tuple(spoken.read(event.data or "{}")))


def _request(upload: Upload, asked: Asked, operation: Operation) -> TranscriptRequest:
    return TranscriptRequest(
        operation=operation,
        model=_model(upload),
        recording=upload.recording,
        dialect=Dialect.OPENAI_TRANSCRIPTS,
        fields=tuple(pair for pair in upload.fields if pair[0] != "model"),
        language=asked.language,
        prompt=asked.prompt,
        keywords=asked.keywords,
        temperature=asked.temperature,
        with_words="word" in asked.granularities,
        with_speakers=asked.response_format == "diarized_json",
        stream=asked.stream,
        others=_others(asked),
        only_native=(asked.speakers,) if asked.speakers else (),
    )


def _others(asked: Asked) -> tuple[str, ...]:
    return tuple(name for name in asked.names if name not in _ELSEWHERE and name != "model")


def _model(upload: Upload) -> str:
    model = next((value.strip() for name, value in upload.fields if name == "model"), "")
    if len(model) > _LONGEST_MODEL:
        raise RequestError("Field 'model' must have 1 to 256 characters.", param="model", code="invalid_value")
    return model or DEFAULT_MODEL


def _worst(size_bytes: int, config: Config) -> Usage:
    """The longest that a file of this size can last at 8 kbit/s, and the tokens that OpenAI's models make of it."""
    audio_ms = min(size_bytes, round(config.transcripts.audio_s * 1000))
    return Usage(input_tokens=audio_ms // 100, output_tokens=audio_ms // 150, audio_ms=audio_ms)
