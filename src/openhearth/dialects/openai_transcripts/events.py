"""A transcript as a stream in OpenAI's form: deltas, then ``transcript.text.done``.

Source: openai-python 3.54, ``types/audio/transcription_text_*_event.py``.
"""

from typing import Any

import msgspec

from openhearth.core import languages
from openhearth.core.operations import Operation
from openhearth.core.sse import Event, encode
from openhearth.core.transcript import Segment, Transcript
from openhearth.dialects.openai_transcripts.answer import Shape, logprobs, word_body

_ENCODER = msgspec.json.Encoder()


def delta(segment: Segment, shape: Shape, *, is_first: bool) -> bytes:
    """The event of one more segment. The deltas of a stream join to the text of its last event."""
    body: dict[str, Any] = {"delta": segment.text.lstrip() if is_first else segment.text}
    if shape.with_logprobs:
        body["logprobs"] = logprobs(segment.chances)
    if shape.response_format == "verbose_json":
        body |= {"start": round(segment.start_s, 2), "end": round(segment.end_s, 2)}
        if "word" in shape.granularities:
            body["words"] = [word_body(one) for one in segment.words]
    return _event("transcript.text.delta", body)


def done(heard: Transcript, shape: Shape) -> bytes:
    """The last event. Its usage is in tokens, the only kind the form has here; the time stands beside them."""
    counted = heard.usage
    body: dict[str, Any] = {"text": heard.text}
    if shape.operation is Operation.TRANSCRIBE:
        body["languages"] = [{"code": code} for code in heard.languages or (heard.language,) if code]
    if shape.with_logprobs:
        body["logprobs"] = [row for one in heard.segments for row in logprobs(one.chances)]
    if shape.response_format == "verbose_json":
        body |= {"language": languages.name_of(heard.language), "duration": round(heard.duration_s, 3)}
    body["usage"] = {
        "type": "tokens",
        "input_tokens": counted.input_tokens,
        "input_token_details": {"audio_tokens": counted.input_tokens, "text_tokens": 0},
        "output_tokens": counted.output_tokens,
        "total_tokens": counted.input_tokens + counted.output_tokens,
        "seconds": round(heard.duration_s, 3),
    }
    return _event("transcript.text.done", body)


def whole(heard: Transcript, shape: Shape) -> list[bytes]:
    """All events of a transcript that came at once."""
    segments = heard.segments or ((Segment(0.0, heard.duration_s, heard.text),) if heard.text else ())
    deltas = [delta(one, shape, is_first=number == 0) for number, one in enumerate(segments)]
    return [*deltas, done(heard, shape)]


def _event(kind: str, body: dict[str, Any]) -> bytes:
    return encode(Event(_ENCODER.encode({"type": kind, **body}).decode(), kind))
