"""What an upstream of this form is sent and what it answers: for callers of another form, and to count usage."""

import re

import msgspec

from openhearth.core import languages
from openhearth.core.call import Usage
from openhearth.core.errors import RequestError, UpstreamGarbled
from openhearth.core.operations import Operation
from openhearth.core.sse import Event, Splitter
from openhearth.core.transcript import Pairs, Recording, Segment, Transcript, TranscriptRequest, Word

_TOKEN_MODELS = ("gpt-",)  # these answer JSON and text only, without times
_CLOCK = re.compile(r"(?:(\d+):)?(\d{2}):(\d{2})[.,](\d{3})\s*$")
_CUE = re.compile(r"-->\s*([0-9:.,]+)")
_USUAL_BYTE_RATE = 8000  # 64 kbit/s
_MS_PER_AUDIO_TOKEN = 100  # of OpenAI's speech models; used where an answer counts nothing


class _Usage(msgspec.Struct):
    type: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0


class _Word(msgspec.Struct):
    word: str = ""
    start: float = 0.0
    end: float = 0.0
    probability: float | None = None


class _Segment(msgspec.Struct):
    start: float = 0.0
    end: float = 0.0
    text: str = ""
    tokens: tuple[int, ...] = ()
    seek: float = 0.0
    temperature: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 0.0
    no_speech_prob: float = 0.0


class _Answer(msgspec.Struct):
    text: str
    language: str | None = None
    language_probability: float | None = None
    duration: float | None = None
    segments: tuple[_Segment, ...] | None = None
    words: tuple[_Word, ...] | None = None
    usage: _Usage | None = None


class _Counted(msgspec.Struct):
    usage: _Usage | None = None
    duration: float | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_COUNTED = msgspec.json.Decoder(_Counted)


def fields_for(request: TranscriptRequest, model: str) -> tuple[Pairs, tuple[str, ...]]:
    """The fields of a request that came in another form, and the names of those it loses.

    Raises RequestError for a field that cannot be done without.
    """
    lost = request.lost()
    if (request.temperature or 0.0) > 1.0:
        raise RequestError("Field 'temperature' is at most 1 here.", param="temperature", code="invalid_value")
    language = languages.find(request.language)
    pairs = [("language", language.code if language else request.language)] if request.language else []
    if request.prompt:
        pairs.append(("prompt", request.prompt))
    if request.temperature is not None:
        pairs.append(("temperature", f"{request.temperature:g}"))
    pairs += [("keywords[]", word) for word in request.keywords]
    if model.startswith(_TOKEN_MODELS):
        return (*pairs, ("response_format", "json")), (*lost, *(("timestamps",) if request.with_words else ()))
    pairs.append(("response_format", "verbose_json"))
    if request.operation is Operation.TRANSCRIBE:
        wanted = ("word", "segment") if request.with_words else ("segment",)
        pairs += [("timestamp_granularities[]", one) for one in wanted]
    return tuple(pairs), lost


def read(body: bytes, name: str) -> Transcript:
    """A JSON answer, plain or verbose. Raises UpstreamGarbled."""
    try:
        said = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not a transcript.", target=name) from error
    language = languages.find(said.language or "")
    return Transcript(
        text=said.text.strip(),
        language=language.code if language else said.language or "",
        language_probability=said.language_probability,
        duration_s=_seconds(said.usage, said.duration),
        segments=tuple(_segment(one) for one in said.segments or ()),
        words=tuple(Word(one.word.strip(), one.start, one.end, one.probability) for one in said.words or ()),
        usage=_usage(said.usage, said.duration),
    )


def counted(content_type: str, body: bytes) -> Usage:
    """What a whole answer says it took; subtitles say only when the last one ends, plain text nothing at all."""
    if content_type.startswith("application/json"):
        try:
            said = _COUNTED.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Usage()
        return _usage(said.usage, said.duration)
    ends = _CUE.findall(body[-4096:].decode("utf-8", "replace"))
    clock = _CLOCK.match(ends[-1]) if ends else None
    if clock is None:
        return Usage()
    hours, minutes, seconds, ms = (int(part or 0) for part in clock.groups())
    return Usage(audio_ms=((hours * 60 + minutes) * 60 + seconds) * 1000 + ms, source="estimated")


def guessed(recording: Recording) -> Usage:
    """For an answer that counts nothing: the time the file lasts at the rate it names, else at 64 kbit/s."""
    audio_ms = recording.size_bytes * 1000 // (recording.byte_rate or _USUAL_BYTE_RATE)
    return Usage(input_tokens=audio_ms // _MS_PER_AUDIO_TOKEN, audio_ms=audio_ms, source="estimated")


class StreamWatch:
    """Looks for usage and the end in a passing stream. ``ended`` once the last event went by; ``fault`` is the body of
    an error event."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self.usage: Usage | None = None
        self.fault = b""
        self.ended = False

    def feed(self, data: bytes) -> None:
        """Raises UpstreamGarbled for a line without end."""
        for event in self._splitter.feed(data):
            self._see(event)

    def _see(self, event: Event) -> None:
        if event.data is None:
            return
        if event.event == "error" or event.data.startswith('{"error"'):
            self.fault = event.data.encode()
        elif event.data.strip() == "[DONE]":
            self.ended = True
        elif '"transcript.text.done"' in event.data:
            self.ended = True
            self.usage = counted("application/json", event.data.encode())


def _usage(said: _Usage | None, duration: float | None) -> Usage:
    seconds = _seconds(said, duration)
    tokens = said if said is not None else _Usage()
    if not seconds and not tokens.input_tokens and not tokens.output_tokens:
        return Usage()
    return Usage(
        input_tokens=tokens.input_tokens,
        output_tokens=tokens.output_tokens,
        audio_ms=round(seconds * 1000),
        source="upstream",
    )


def _seconds(said: _Usage | None, duration: float | None) -> float:
    return duration or (said.seconds if said is not None else 0.0)


def _segment(one: _Segment) -> Segment:
    return Segment(
        start_s=one.start,
        end_s=one.end,
        text=one.text,
        tokens=one.tokens,
        seek_s=one.seek / 100,
        temperature=one.temperature,
        avg_logprob=one.avg_logprob,
        compression_ratio=one.compression_ratio,
        no_speech_prob=one.no_speech_prob,
    )
