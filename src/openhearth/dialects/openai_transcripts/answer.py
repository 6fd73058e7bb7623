"""A transcript written in OpenAI's answer formats: JSON, plain text, subtitles.

Sources: openai-python 3.54, ``types/audio/transcription*.py``; SubRip as written by common players;
https://www.w3.org/TR/webvtt1/#file-structure.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from openhearth.core import languages
from openhearth.core.operations import Operation
from openhearth.core.transcript import Segment, TokenChance, Transcript, Word

_ENCODER = msgspec.json.Encoder()
_PLAIN = "text/plain; charset=utf-8"
_LEAST_LOGPROB = -100.0


class Shape(msgspec.Struct, frozen=True):
    """How an answer is to look: ``response_format``, and for JSON what it holds."""

    operation: Operation
    response_format: str = "json"
    granularities: tuple[str, ...] = ()
    with_logprobs: bool = False


class Written(msgspec.Struct, frozen=True):
    """A body and its Content-Type."""

    content_type: str
    body: bytes


def written(heard: Transcript, shape: Shape) -> Written:
    """The whole answer."""
    match shape.response_format:
        case "text":
            return Written(_PLAIN, f"{heard.text}\n".encode())
        case "srt":
            return Written(_PLAIN, srt(heard.segments).encode())
        case "vtt":
            return Written("text/vtt; charset=utf-8", vtt(heard.segments).encode())
        case "verbose_json":
            return Written("application/json", _ENCODER.encode(_verbose(heard, shape)))
        case "diarized_json":
            return Written("application/json", _ENCODER.encode(_diarized(heard)))
        case _:
            return Written("application/json", _ENCODER.encode(_plain(heard, shape)))


def srt(segments: Sequence[Segment]) -> str:
    """SubRip subtitles."""
    cues = [
        f"{number}\n{_clock(one.start_s, ',')} --> {_clock(one.end_s, ',')}\n{_cue(one)}\n"
        for number, one in enumerate(segments, 1)
    ]
    return "\n".join(cues)


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT subtitles. ``-->`` may not stand in a cue's text."""
    cues = [
        f"{_clock(one.start_s, '.')} --> {_clock(one.end_s, '.')}\n{_cue(one).replace('-->', '->')}\n"
        for one in segments
    ]
    return "\n".join(["WEBVTT\n", *cues])


def logprobs(chances: Sequence[TokenChance]) -> list[dict[str, Any]]:
    """Token chances as OpenAI shows them."""
    return [
        {"token": one.text, "bytes": list(one.data), "logprob": round(max(one.logprob, _LEAST_LOGPROB), 6)}
        for one in chances
    ]


def duration_usage(seconds: float) -> dict[str, Any]:
    """Usage of models that are counted by time."""
    return {"type": "duration", "seconds": round(seconds, 3)}


def _plain(heard: Transcript, shape: Shape) -> dict[str, Any]:
    body: dict[str, Any] = {"text": heard.text}
    if shape.operation is Operation.TRANSLATE:
        return body
    body["languages"] = [{"code": code} for code in heard.languages or (heard.language,) if code]
    if shape.with_logprobs:
        body["logprobs"] = [row for one in heard.segments for row in logprobs(one.chances)]
    body["usage"] = usage(heard)
    return body


def usage(heard: Transcript) -> dict[str, Any]:
    """The time, or tokens where only these are known."""
    counted = heard.usage
    if heard.duration_s or not (counted.input_tokens or counted.output_tokens):
        return duration_usage(heard.duration_s)
    return {
        "type": "tokens",
        "input_tokens": counted.input_tokens,
        "output_tokens": counted.output_tokens,
        "total_tokens": counted.input_tokens + counted.output_tokens,
    }


def _verbose(heard: Transcript, shape: Shape) -> dict[str, Any]:
    translates = shape.operation is Operation.TRANSLATE
    body: dict[str, Any] = {
        "task": "translate" if translates else "transcribe",
        "language": "english" if translates else languages.name_of(heard.language),
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
    }
    if heard.language_probability is not None:
        body["language_probability"] = round(heard.language_probability, 4)
    wanted = shape.granularities or ("segment",)
    if "segment" in wanted:
        body["segments"] = [_segment(number, one) for number, one in enumerate(heard.segments)]
    if "word" in wanted:
        body["words"] = [word_body(one) for one in words(heard)]
    if shape.with_logprobs:
        body["logprobs"] = [row for one in heard.segments for row in logprobs(one.chances)]
    body["usage"] = duration_usage(heard.duration_s)
    return body


def words(heard: Transcript) -> list[Word]:
    """All words, whether they hang on segments or not."""
    return list(heard.words) or [word for one in heard.segments for word in one.words]


def _segment(number: int, one: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": round(one.seek_s * 100),
        "start": round(one.start_s, 2),
        "end": round(one.end_s, 2),
        "text": one.text,
        "tokens": list(one.tokens),
        "temperature": one.temperature,
        "avg_logprob": round(one.avg_logprob, 4),
        "compression_ratio": round(one.compression_ratio, 4),
        "no_speech_prob": round(one.no_speech_prob, 4),
    }


def word_body(one: Word) -> dict[str, Any]:
    """A word; its probability is an addition of ours."""
    body: dict[str, Any] = {"word": one.text, "start": round(one.start_s, 2), "end": round(one.end_s, 2)}
    return body if one.probability is None else body | {"probability": round(one.probability, 4)}


def _diarized(heard: Transcript) -> dict[str, Any]:
    segments = [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number:04d}",
            "start": round(one.start_s, 2),
            "end": round(one.end_s, 2),
            "speaker": one.words[0].speaker if one.words else "",
            "text": one.text.strip(),
        }
        for number, one in enumerate(heard.segments)
    ]
    return {
        "task": "transcribe",
        "duration": round(heard.duration_s, 3),
        "text": heard.text,
        "segments": segments,
        "usage": duration_usage(heard.duration_s),
    }


def _cue(one: Segment) -> str:
    return " ".join(one.text.split())


def _clock(seconds: float, point: str) -> str:
    total_ms = max(0, math.floor(seconds * 1000 + 0.5))
    minutes, ms = divmod(total_ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{ms // 1000:02d}{point}{ms % 1000:03d}"
