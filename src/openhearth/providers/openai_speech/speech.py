"""Drives ``POST /audio/speech``: a client of the same form gets the upstream's bytes, piece by piece as they come."""

from collections.abc import AsyncGenerator

from openhearth.core.errors import UpstreamDown, UpstreamGarbled
from openhearth.core.provider import Dialect, Target
from openhearth.core.speech import MIMES, SpeechAudio, SpeechDone, SpeechEvent, SpeechOpened, SpeechOrder, model_at
from openhearth.core.sse import Splitter
from openhearth.dialects.openai_speech import events
from openhearth.dialects.openai_speech.request import PATH, encode
from openhearth.engines.ports import EngineHost
from openhearth.providers.refusal import refused
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines


class OpenAISpeechDriver:
    """``core.speech.SpeechDriver`` for ``Dialect.OPENAI_SPEECH``. ``engines`` starts an embedded voice when needed."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines

    async def speak(self, target: Target, order: SpeechOrder) -> AsyncGenerator[SpeechEvent, None]:
        """See ``SpeechDriver``."""
        relayed = order.dialect is Dialect.OPENAI_SPEECH
        body, dropped = _relayed(target, order) if relayed else _encoded(target, order)
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        call = outgoing(target, PATH, "application/json", body, self._deadlines)
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await refused(answer, target)
            kind = answer.header(b"content-type").decode("latin-1") or MIMES.get(order.request.format, "audio/mpeg")
            if kind.startswith("application/json"):
                raise UpstreamGarbled(f"{target.id} answered speech with JSON.", target=target.id)
            yield SpeechOpened(kind, relayed=relayed, dropped=(*dropped, *_ignored(answer)))
            reader = _Reader(target.id, is_events=kind.startswith("text/event-stream"))
            async for piece in answer:
                for event in reader.passing(piece) if relayed else reader.audio(piece):
                    yield event
            yield reader.end()


class _Reader:
    """What one answer says, piece by piece."""

    def __init__(self, name: str, *, is_events: bool) -> None:
        self._name = name
        self._splitter = Splitter() if is_events else None
        self._done: SpeechDone | None = None
        self._has_audio = False

    def passing(self, piece: bytes) -> list[SpeechEvent]:
        """The piece as it is; the usage in it is remembered."""
        if self._splitter is not None:
            self._read(piece)
        else:
            self._has_audio = True
        return [SpeechAudio(piece)]

    def audio(self, piece: bytes) -> list[SpeechEvent]:
        """The sound in the piece."""
        if self._splitter is None:
            self._has_audio = True
            return [SpeechAudio(piece)]
        return [event for event in self._read(piece) if isinstance(event, SpeechAudio)]

    def end(self) -> SpeechDone:
        """Raises UpstreamDown when the answer broke off, UpstreamGarbled when it held no sound."""
        if self._splitter is not None and self._done is None:
            raise UpstreamDown(f"{self._name}: the stream ended early.", code="upstream_truncated", target=self._name)
        if not self._has_audio:
            raise UpstreamGarbled(f"{self._name} answered without sound.", target=self._name)
        return self._done or SpeechDone()

    def _read(self, piece: bytes) -> list[SpeechAudio | SpeechDone]:
        assert self._splitter is not None
        found = [events.read(event.data, self._name) for event in self._splitter.feed(piece) if event.data]
        self._has_audio = self._has_audio or any(isinstance(event, SpeechAudio) for event in found)
        self._done = next((event for event in found if isinstance(event, SpeechDone)), self._done)
        return [event for event in found if event is not None]


def _relayed(target: Target, order: SpeechOrder) -> tuple[bytes, tuple[str, ...]]:
    """The client's own body; only the model's name is ours to say."""
    body = order.body.copy()
    body.set("model", model_at(target, order.request))
    return body.encode(), ()


def _encoded(target: Target, order: SpeechOrder) -> tuple[bytes, tuple[str, ...]]:
    return encode(order.request, model_at(target, order.request), ours=bool(target.engine))


def _ignored(answer: Streamed) -> tuple[str, ...]:
    """What an engine of ours says it could not honour."""
    names = answer.header(b"x-openhearth-dropped").decode("latin-1").split(",")
    return tuple(name.strip() for name in names if name.strip())
