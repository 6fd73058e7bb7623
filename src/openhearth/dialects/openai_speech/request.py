"""A speech request in OpenAI's form, both ways.

``language``, ``sample_rate``, ``bit_rate``, ``volume_db`` and ``timestamps`` are ours: the embedded voices know them.
"""

import math
from typing import Any

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.speech import SpeechRequest

PATH = "/audio/speech"
_FORMATS = frozenset({"mp3", "opus", "aac", "flac", "wav", "pcm"})
_ENCODER = msgspec.json.Encoder()


def read(body: Envelope) -> SpeechRequest:
    """The canonical request. What a target must judge (which voices, which formats) is not judged here.

    Raises RequestError naming a field of a wrong type, and for an input that is missing or empty.
    """
    text = body.require("input", str)
    if not text.strip():
        raise RequestError("'input' is empty.", param="input", code="empty_input")
    stream_format = body.get("stream_format", str) or "audio"
    if stream_format not in ("audio", "sse"):
        raise RequestError("'stream_format' is 'audio' or 'sse'.", param="stream_format", code="invalid_value")
    return SpeechRequest(
        model=body.get("model", str) or "",
        text=text,
        voice=_voice(body),
        format=body.get("response_format", str) or "mp3",
        speed=_number(body, "speed", 1.0),
        instructions=body.get("instructions", str) or "",
        language=body.get("language", str) or "",
        rate=body.get("sample_rate", int) or 0,
        bit_rate=body.get("bit_rate", int) or 0,
        volume_db=_number(body, "volume_db", 0.0),
        timestamps=body.get("timestamps", bool) or False,
        events=stream_format == "sse",
        asked=frozenset(name for name, raw in body.fields.items() if bytes(raw) != b"null"),
    )


def encode(request: SpeechRequest, model: str, *, ours: bool) -> tuple[bytes, tuple[str, ...]]:
    """The body for a target, and the fields that are not in it. ``ours``: the target is an engine of ours.

    Raises RequestError for what OpenAI's form cannot say.
    """
    fields: dict[str, Any] = {"model": model, "input": request.text, "response_format": request.format}
    if request.voice:
        fields["voice"] = request.voice
    if request.speed != 1.0:
        fields["speed"] = request.speed
    if request.instructions:
        fields["instructions"] = request.instructions
    if request.timestamps:
        fields["stream_format"] = "sse"
    more = {
        "language": request.language,
        "sample_rate": request.rate,
        "bit_rate": request.bit_rate,
        "volume_db": request.volume_db,
        "timestamps": request.timestamps,
    }
    said = {name: value for name, value in more.items() if value}
    if ours:
        return _ENCODER.encode(fields | said), ()
    if request.timestamps:
        raise RequestError(
            f"The model '{model[:100]}' does not tell when it says what; ask without timestamps.",
            param="timestamps",
            code="timestamps_not_available",
        )
    if request.format not in _FORMATS:
        raise _format(request.format, sorted(_FORMATS))
    return _ENCODER.encode(fields), tuple(said)


def _format(asked: str, known: list[str]) -> RequestError:
    return RequestError(
        f"This model gives no '{asked[:40]}'; it gives: {', '.join(known)}.",
        param="response_format",
        code="invalid_value",
    )


def _voice(body: Envelope) -> str:
    given = body.get("voice", str | dict[str, Any])  # type: ignore[arg-type]
    name: object = given.get("id") if isinstance(given, dict) else given
    if name is not None and not isinstance(name, str):
        raise RequestError("'voice' is a name, or an object with its 'id'.", param="voice", code="invalid_type")
    return name or ""


def _number(body: Envelope, name: str, usual: float) -> float:
    value = body.get(name, float)
    if value is not None and not math.isfinite(value):
        raise RequestError(f"'{name}' must be a number.", param=name, code="invalid_value")
    return usual if value is None else value
