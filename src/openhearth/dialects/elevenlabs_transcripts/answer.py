"""A transcript in ElevenLabs' form: words with the spaces between them, each with its times.

Source: https://elevenlabs.io/docs/api-reference/speech-to-text/convert (the answer's schema).
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from openhearth.core import languages
from openhearth.core.call import Usage
from openhearth.core.errors import UpstreamGarbled
from openhearth.core.transcript import Segment, Transcript, Word, sentences, spaced
from openhearth.dialects.elevenlabs_transcripts.request import Extras

_ENCODER = msgspec.json.Encoder()
_LEAST_LOGPROB = -100.0


class _Word(msgspec.Struct):
    text: str
    start: float | None = None
    end: float | None = None
    type: str = "word"
    speaker_id: str | None = None
    logprob: float | None = None


class _Answer(msgspec.Struct):
    text: str
    language_code: str = ""
    language_probability: float | None = None
    words: tuple[_Word, ...] = ()
    audio_duration_secs: float | None = None


class _Several(msgspec.Struct):
    """The answer for several channels: one transcript each."""

    transcripts: tuple[_Answer, ...] = ()
    audio_duration_secs: float | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_SEVERAL = msgspec.json.Decoder(_Several)


def written(heard: Transcript, extras: Extras, subtitles: str) -> bytes:
    """The answer. ``subtitles`` are its segments as SubRip, for a client that asked for them as well."""
    language = languages.find(heard.language)
    body: dict[str, Any] = {
        "language_code": language.three if language else heard.language,
        "language_probability": _probability(heard),
        "text": heard.text,
        "words": list(_words(heard)) if extras.timestamps != "none" else [],
        "audio_duration_secs": round(heard.duration_s, 3),
    }
    contents = {"srt": subtitles, "txt": heard.text}
    if extras.formats:
        body["additional_formats"] = [_extra(one, contents[one]) for one in extras.formats]
    return _ENCODER.encode(body)


def _probability(heard: Transcript) -> float:
    return 1.0 if heard.language_probability is None else round(heard.language_probability, 4)


def _words(heard: Transcript) -> Iterator[dict[str, Any]]:
    last_s = 0.0
    words = heard.words or tuple(word for one in heard.segments for word in one.words)
    for before, word in spaced(heard.text, words or tuple(_whole(heard.segments))):
        if before:
            yield _item(before, last_s, word.start_s, "spacing", 0.0)
        chance = 1.0 if word.probability is None else word.probability
        logprob = max(math.log(chance), _LEAST_LOGPROB) if chance > 0 else _LEAST_LOGPROB
        yield _item(word.text, word.start_s, word.end_s, "word", logprob)
        last_s = word.end_s


def _whole(segments: Sequence[Segment]) -> Iterator[Word]:
    """Where an upstream gave times of segments only, a segment stands for its words."""
    for one in segments:
        yield Word(one.text.strip(), one.start_s, one.end_s, math.exp(min(0.0, one.avg_logprob)))


def _item(text: str, start_s: float, end_s: float, kind: str, logprob: float) -> dict[str, Any]:
    times = {"start": round(start_s, 3), "end": round(max(start_s, end_s), 3)}
    return {"text": text, **times, "type": kind, "speaker_id": None, "logprob": round(logprob, 6)}


def _extra(kind: str, content: str) -> dict[str, Any]:
    return {
        "requested_format": kind,
        "file_extension": kind,
        "content_type": "text/srt" if kind == "srt" else "text/plain",
        "is_base64_encoded": False,
        "content": content,
    }


def read(body: bytes, name: str) -> Transcript:
    """An upstream's answer. Raises UpstreamGarbled."""
    try:
        said = _ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} answered something that is not a transcript.", target=name) from error
    words = tuple(_heard(said.words))
    language = languages.find(said.language_code)
    duration_s = _duration_s(said)
    return Transcript(
        text=said.text.strip(),
        language=language.code if language else said.language_code,
        language_probability=said.language_probability,
        duration_s=duration_s,
        segments=tuple(sentences(said.text, words)),
        words=words,
        usage=_usage(duration_s),
    )


def counted(body: bytes) -> Usage:
    """What a whole answer says about the time it took; nothing for one that comes later by webhook."""
    try:
        said, several = _ANSWER.decode(body), _Several()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        try:
            said, several = _Answer(""), _SEVERAL.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Usage()
    longest = max((_duration_s(one) for one in (said, *several.transcripts)), default=0.0)
    return _usage(several.audio_duration_secs or longest)


def _heard(items: Sequence[_Word]) -> Iterator[Word]:
    for one in items:
        if one.type != "spacing" and one.text.strip():
            start_s = one.start or 0.0
            chance = None if one.logprob is None else math.exp(min(0.0, one.logprob))
            yield Word(one.text.strip(), start_s, one.end or start_s, chance, one.speaker_id or "")


def _duration_s(said: _Answer) -> float:
    return said.audio_duration_secs or max((one.end or 0.0 for one in said.words), default=0.0)


def _usage(duration_s: float) -> Usage:
    return Usage(audio_ms=round(duration_s * 1000), source="upstream") if duration_s else Usage()
