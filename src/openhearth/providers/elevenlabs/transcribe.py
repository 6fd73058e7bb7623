"""Drives ElevenLabs' ``/speech-to-text``. Callers of the same form get what it wrote, byte for byte."""

from collections.abc import AsyncGenerator
from urllib.parse import urlencode

import msgspec

from openhearth.core.form import FilePart, written
from openhearth.core.provider import Dialect, Target
from openhearth.core.transcript import Passed, Transcript, TranscriptRequest
from openhearth.dialects.elevenlabs_transcripts import answer as answers
from openhearth.dialects.elevenlabs_transcripts.request import fields_for
from openhearth.providers.recordings import whole
from openhearth.providers.refusal import refusal
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines

_PATH = "/speech-to-text"
_MOST_ANSWER_BYTES = 64 * 1024 * 1024
_SET_BY_US = ("model_id", "file", "cloud_storage_url", "source_url")


class ElevenLabsTranscriptsDriver:
    """``core.transcript.TranscriptDriver`` for ``Dialect.ELEVENLABS_TRANSCRIPTS``. ``relay_bytes`` bounds a
    recording."""

    def __init__(self, client: Client, deadlines: Deadlines, *, relay_bytes: int) -> None:
        self._client = client
        self._deadlines = deadlines
        self._relay_bytes = relay_bytes

    async def hear(self, target: Target, request: TranscriptRequest) -> AsyncGenerator[Passed | Transcript, None]:
        """See ``TranscriptDriver``. Raises TooLarge for a recording that cannot be sent on."""
        is_same = request.dialect is Dialect.ELEVENLABS_TRANSCRIPTS
        fields, lost = (request.fields, ()) if is_same else fields_for(request)
        kept = tuple((name, value) for name, value in fields if name not in _SET_BY_US)
        data = await whole(request.recording, self._relay_bytes)
        file = FilePart("file", request.recording.filename, request.recording.mime, data)
        form = written((("model_id", target.upstream_model or request.model), *kept), (file,))
        path = f"{_PATH}?{urlencode(request.query)}" if is_same and request.query else _PATH
        call = outgoing(target, path, form.content_type, form.body, self._deadlines)
        got = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if got.status not in (200, 202):  # 202: the transcript comes by webhook
            raise refusal(got.status, got.body, target, retry_after_s(got.headers))
        if is_same:
            yield Passed("application/json", got.body, answers.counted(got.body), lost)
            return
        yield msgspec.structs.replace(answers.read(got.body, target.id), dropped=lost)
