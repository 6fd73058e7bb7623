"""Drives Fish Audio's ``POST /v1/tts``: the model in a header, sound as it is made."""

from collections.abc import AsyncGenerator

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.provider import Dialect, Target
from openhearth.core.speech import MIMES, SpeechAudio, SpeechDone, SpeechEvent, SpeechOpened, SpeechOrder, model_at
from openhearth.dialects.fish_speech.request import MODEL_HEADER, PATH, encode
from openhearth.providers.refusal import refused
from openhearth.transport.auth import auth_headers
from openhearth.transport.collect import stream
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Client, Deadlines, Outgoing


class FishSpeechDriver:
    """``core.speech.SpeechDriver`` for ``Dialect.FISH_SPEECH``."""

    def __init__(self, client: Client, deadlines: Deadlines) -> None:
        self._client = client
        self._deadlines = deadlines

    async def speak(self, target: Target, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        """See ``SpeechDriver``. The body of a client of the same family is sent on as it came, MessagePack too."""
        relayed = order.dialect is Dialect.FISH_SPEECH
        body, dropped = (order.raw, ()) if relayed else encode(order.request)
        kind = order.content_type if relayed else "application/json"
        has_audio = False
        async with stream(self._client, self._call(target, order, kind, body)) as answer:
            if answer.status != 200:
                raise await refused(answer, target)
            mime = MIMES.get(order.request.format, "audio/mpeg")
            if answer.header(b"content-type").startswith(b"application/json"):
                raise UpstreamGarbled(f"{target.id} answered speech with JSON.", target=target.id)
            yield SpeechOpened(mime, relayed=relayed, dropped=dropped)
            async for piece in answer:
                has_audio = True
                yield SpeechAudio(piece)
        if not has_audio:
            raise UpstreamGarbled(f"{target.id} answered without sound.", target=target.id)
        yield SpeechDone()

    def _call(self, target: Target, order: SpeechOrder, kind: str, body: bytes) -> Outgoing:
        model = model_at(target, order.request)
        headers = [("content-type", kind), ("user-agent", "openhearth"), *auth_headers(target)]
        if model:
            headers.append((MODEL_HEADER, model))
        line = head("POST", target.base_path + PATH, host_header(target.origin), headers)
        return Outgoing(target.origin, line, body, self._deadlines, target.id)
