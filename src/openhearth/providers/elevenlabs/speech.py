"""Drives ElevenLabs' ``POST /text-to-speech/{voice}``: sound, with the time of each character where asked."""

import struct
from collections.abc import AsyncGenerator
from urllib.parse import quote, urlencode

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.provider import Dialect, Target
from openhearth.core.speech import MIMES, SpeechAudio, SpeechDone, SpeechEvent, SpeechOpened, SpeechOrder, model_at
from openhearth.dialects.elevenlabs_speech.request import PATH, encode, format_of
from openhearth.providers.refusal import refused
from openhearth.transport.collect import stream
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines, Outgoing

_UNKNOWN_SIZE = 0xFFFFFFFF


class ElevenLabsSpeechDriver:
    """``core.speech.SpeechDriver`` for ``Dialect.ELEVENLABS_SPEECH``."""

    def __init__(self, client: Client, deadlines: Deadlines) -> None:
        self._client = client
        self._deadlines = deadlines

    async def speak(self, target: Target, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        """See ``SpeechDriver``. A client of the same family is answered by the upstream alone, times included."""
        relayed = order.dialect is Dialect.ELEVENLABS_SPEECH
        call, opening, dropped = self._relayed(target, order) if relayed else self._encoded(target, order)
        has_audio = False
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await refused(answer, target)
            said = answer.header(b"content-type").decode("latin-1")
            kind = said if relayed and said else MIMES.get(order.request.format, "audio/mpeg")
            if not relayed and said.startswith("application/json"):
                raise UpstreamGarbled(f"{target.id} answered speech with JSON.", target=target.id)
            yield SpeechOpened(kind, relayed=relayed, dropped=dropped)
            if opening:
                yield SpeechAudio(opening)
            async for piece in answer:
                has_audio = True
                yield SpeechAudio(piece)
        if not has_audio:
            raise UpstreamGarbled(f"{target.id} answered without sound.", target=target.id)
        yield SpeechDone()

    def _relayed(self, target: Target, order: SpeechOrder) -> tuple[Outgoing, bytes, tuple[str, ...]]:
        body = order.body.copy()
        model = model_at(target, order.request)
        if model:
            body.set("model_id", model)
        path = f"{PATH}/{quote(order.request.voice, safe='')}{order.place}"
        path += f"?{order.query}" if order.query else ""
        return outgoing(target, path, "application/json", body.encode(), self._deadlines), b"", ()

    def _encoded(self, target: Target, order: SpeechOrder) -> tuple[Outgoing, bytes, tuple[str, ...]]:
        """A WAV file is their bare samples behind a header of ours."""
        request = order.request
        body, output_format, dropped = encode(request, model_at(target, request))
        opening = _wav_header(format_of(output_format)[1]) if request.format == "wav" else b""
        path = f"{PATH}/{quote(request.voice, safe='')}/stream?{urlencode({'output_format': output_format})}"
        return outgoing(target, path, "application/json", body, self._deadlines), opening, dropped


def _wav_header(rate: int) -> bytes:
    """RIFF/WAVE of one channel with 16 bits and a length that is not known yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE") + form + struct.pack("<4sI", b"data", _UNKNOWN_SIZE)
