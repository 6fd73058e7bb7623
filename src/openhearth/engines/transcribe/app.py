"""The face of the engine that hears, inside its own process: OpenAI's two audio routes and ``GET /health`` on a Unix
socket."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from openhearth.core.call import Usage
from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError, LimitError
from openhearth.core.operations import Operation
from openhearth.core.sse import Event, encode
from openhearth.core.transcript import Segment, Transcript
from openhearth.dialects.openai_transcripts import events
from openhearth.dialects.openai_transcripts.answer import written
from openhearth.engines.answering import not_served, placed, refuse
from openhearth.engines.failed import Failed, failed
from openhearth.engines.line import Line, Ticket
from openhearth.engines.transcribe import frames
from openhearth.engines.transcribe.asking import Job, read_job
from openhearth.engines.transcribe.frames import At, Finished, Frame, Said
from openhearth.engines.transcribe.settings import TranscribeSettings
from openhearth.engines.workshop import Workshop

_PATHS = {
    "/v1/audio/transcriptions": Operation.TRANSCRIBE,
    "/v1/audio/translations": Operation.TRANSLATE,
}
_LONGEST_WAIT_S = 3600.0
_TOKENS_PER_S = 50  # positions of Whisper's encoder


def build(settings: TranscribeSettings, workshop: Workshop[Frame]) -> Starlette:
    """The engine's app around a workshop, which it starts and closes."""
    line = Line(1, settings.queue, busy="The local speech recognition is busy")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            await workshop.ready()  # a model that cannot be loaded ends the engine at once, and its host says why
            yield
        finally:
            await workshop.close()

    async def health(_: Request) -> Response:
        able = workshop.is_able
        if not able:
            workshop.warm()
        body = msgspec.json.encode({"model": settings.name, **line.health()})
        return Response(body, 200 if able else 503, media_type="application/json")

    routes = [Route("/health", health)]
    for path, operation in _PATHS.items():
        routes.append(Route(path, Hear(operation, settings, workshop, line), methods=["POST"]))
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={HTTPException: not_served("The local speech recognition")}
    )


class Hear:
    """One POST route: read, check, take a place, answer whole or as a stream, stop when the client leaves."""

    def __init__(
        self, operation: Operation, settings: TranscribeSettings, workshop: Workshop[Frame], line: Line
    ) -> None:
        self._operation = operation
        self._settings = settings
        self._workshop = workshop
        self._line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            job = await read_job(Request(scope, receive), self._operation, self._settings)
        except ClientDisconnect:
            return
        except GatewayError as error:
            await refuse(send, error)
            return
        try:
            await placed(receive, send, self._line, lambda ticket: self._answer(job, ticket, send))
        finally:
            if job.upload is not None:
                await job.upload.remove()

    async def _answer(self, job: Job, ticket: Ticket, send: Send) -> None:
        answering = _Streamed(job, send) if job.stream else _Whole(job, send)
        async with contextlib.aclosing(self._heard(job, ticket)) as heard:
            try:
                async for event in heard:
                    await answering.take(event)
            except GatewayError as error:
                await answering.take(failed(error))

    async def _heard(self, job: Job, ticket: Ticket) -> AsyncGenerator[Frame, None]:
        """The frames of a job once it is its turn. Raises LimitError, UpstreamTimeout and UpstreamDown."""
        try:
            async with asyncio.timeout(_LONGEST_WAIT_S):
                while ticket.place:
                    await ticket.moved(_LONGEST_WAIT_S)
        except TimeoutError as error:
            raise LimitError(
                "The local speech recognition stayed busy for an hour.", code="engine_queue_full"
            ) from error
        async with contextlib.aclosing(self._workshop.order(frames.encode(job.order))) as said:
            async for frame in said:
                yield frame


class _Whole:
    """Keeps what is heard and answers at the end."""

    def __init__(self, job: Job, send: Send) -> None:
        self._job = job
        self._send = send
        self._segments: list[Segment] = []

    async def take(self, event: Frame) -> None:
        if isinstance(event, Said):
            self._segments.append(event.segment)
        elif isinstance(event, Failed):
            await refuse(self._send, event)
        elif isinstance(event, Finished):
            answer = written(_transcript(self._segments, event), self._job.shape)
            headers = [(b"content-type", answer.content_type.encode()), *_marks(self._job, event.duration_s)]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            await self._send({"type": "http.response.body", "body": answer.body})


class _Streamed:
    """Answers as it is heard. A refusal that comes first is an HTTP status, a later one an event."""

    def __init__(self, job: Job, send: Send) -> None:
        self._job = job
        self._send = send
        self._segments: list[Segment] = []
        self._started = False

    async def take(self, event: Frame) -> None:
        if isinstance(event, Failed):
            if not self._started:
                await refuse(self._send, event)
                return
            await self._write(encode(Event(msgspec.json.encode(event.event()).decode(), "error")), more=False)
        elif isinstance(event, At):
            of = f" of {event.of_s:.0f}" if event.of_s else ""
            await self._write(encode(Event(comments=(f"heard {event.seconds:.0f}{of} s",))))
        elif isinstance(event, Said):
            await self._write(events.delta(event.segment, self._job.shape, is_first=not self._segments))
            self._segments.append(event.segment)
        elif isinstance(event, Finished):
            await self._write(events.done(_transcript(self._segments, event), self._job.shape), more=False)

    async def _write(self, body: bytes, *, more: bool = True) -> None:
        if not self._started:
            self._started = True
            kind = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
            await self._send({"type": "http.response.start", "status": 200, "headers": [*kind, *_marks(self._job)]})
        await self._send({"type": "http.response.body", "body": body, "more_body": more})


def _transcript(segments: list[Segment], end: Finished) -> Transcript:
    heard_tokens = sum(len(one.tokens) for one in segments)
    return Transcript(
        text="".join(one.text for one in segments).strip(),
        language=next(iter(end.languages), ""),
        languages=end.languages,
        language_probability=end.probability,
        duration_s=end.duration_s,
        segments=tuple(segments),
        usage=Usage(
            input_tokens=round(end.duration_s * _TOKENS_PER_S),
            output_tokens=heard_tokens,
            audio_ms=round(end.duration_s * 1000),
        ),
    )


def _marks(job: Job, duration_s: float | None = None) -> list[tuple[bytes, bytes]]:
    """Headers: what had no effect, and how long the recording lasts, which plain text cannot say."""
    marks: list[tuple[bytes, bytes]] = []
    if job.dropped:
        marks.append((b"x-openhearth-dropped", listed(job.dropped)))
    if duration_s is not None:
        marks.append((b"x-openhearth-audio-ms", str(round(duration_s * 1000)).encode()))
    return marks
