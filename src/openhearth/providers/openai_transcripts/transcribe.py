"""Drives ``/audio/transcriptions`` and ``/audio/translations`` of an upstream.

Callers of the same form get what the upstream wrote, byte for byte. An engine of ours is told where the recording
lies; any other target is sent it, up to a bound, because a request goes out whole.
"""

from collections.abc import AsyncGenerator

import msgspec

from openhearth.core.call import Usage
from openhearth.core.errors import UpstreamDown, UpstreamGarbled
from openhearth.core.form import FilePart, Form, written
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.core.transcript import Pairs, Passed, Recording, Transcript, TranscriptRequest
from openhearth.dialects.openai_transcripts import upstream
from openhearth.engines.ports import EngineHost
from openhearth.providers.recordings import whole
from openhearth.providers.refusal import refused, told
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines

_PATHS = {Operation.TRANSCRIBE: "/audio/transcriptions", Operation.TRANSLATE: "/audio/translations"}
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_EVENTS = "text/event-stream"
_SET_BY_US = ("model", "file")


class OpenAITranscriptsDriver:
    """``core.transcript.TranscriptDriver`` for ``Dialect.OPENAI_TRANSCRIPTS``. ``relay_bytes`` bounds a recording that
    is sent on."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines, *, relay_bytes: int) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines
        self._relay_bytes = relay_bytes

    async def hear(self, target: Target, request: TranscriptRequest) -> AsyncGenerator[Passed | Transcript, None]:
        """See ``TranscriptDriver``. Raises TooLarge for a recording that cannot be sent on."""
        is_same = request.dialect is Dialect.OPENAI_TRANSCRIPTS
        model = target.upstream_model or request.model
        fields, lost = (request.fields, ()) if is_same else upstream.fields_for(request, model)
        form, deadlines = await self._form(target, model, request, fields)
        call = outgoing(target, _PATHS[request.operation], form.content_type, form.body, deadlines)
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await refused(answer, target)
            dropped = (*lost, *_dropped(answer))
            if _kind(answer).startswith(_EVENTS):
                async for part in _passing(answer, target, dropped):
                    yield part
                return
            body = await _read(answer, target)
            if is_same and not request.stream:
                yield Passed(_kind(answer), body, _usage(answer, body, request.recording), dropped)
            else:
                heard = upstream.read(body, target.id)
                usage = heard.usage if heard.usage.source != "none" else upstream.guessed(request.recording)
                yield msgspec.structs.replace(heard, usage=usage, dropped=dropped)

    async def _form(
        self, target: Target, model: str, request: TranscriptRequest, fields: Pairs
    ) -> tuple[Form, Deadlines]:
        recording = request.recording
        kept = tuple((name, value) for name, value in fields if name not in _SET_BY_US)
        if target.engine:
            if not self._engines.ready(target.engine):
                await self._engines.ensure(target.engine)
            body = msgspec.json.encode({"path": recording.path, "fields": kept})
            patient = msgspec.structs.replace(self._deadlines, first_byte_s=self._deadlines.total_s)
            return Form("application/json", body), patient
        data = await whole(recording, self._relay_bytes)
        file = FilePart("file", recording.filename, recording.mime, data)
        return written((("model", model), *kept), (file,)), self._deadlines


async def _passing(answer: Streamed, target: Target, dropped: tuple[str, ...]) -> AsyncGenerator[Passed, None]:
    watch = upstream.StreamWatch()
    async for piece in answer:
        watch.feed(piece)
        if watch.fault:
            raise told(watch.fault, target)
        yield Passed(_EVENTS, piece, watch.usage, dropped)
    if not watch.ended:
        raise UpstreamDown(f"{target.id}: the stream ended early.", code="upstream_truncated", target=target.id)


async def _read(answer: Streamed, target: Target) -> bytes:
    body = bytearray()
    async for piece in answer:
        body += piece
        if len(body) > _MOST_ANSWER_BYTES:
            raise UpstreamGarbled(f"{target.id}: the answer is too large.", code="upstream_too_large", target=target.id)
    return bytes(body)


def _usage(answer: Streamed, body: bytes, recording: Recording) -> Usage:
    told = answer.header(b"x-openhearth-audio-ms")
    if told.isdigit():
        return Usage(audio_ms=int(told[:12]), source="upstream")
    said = upstream.counted(_kind(answer), body)
    return said if said.source != "none" else upstream.guessed(recording)


def _dropped(answer: Streamed) -> tuple[str, ...]:
    """What an engine of ours, or another OpenHearth, says it could not use."""
    text = answer.header(b"x-openhearth-dropped").decode("ascii", "replace")
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _kind(answer: Streamed) -> str:
    return answer.header(b"content-type").decode("latin-1") or "application/json"
