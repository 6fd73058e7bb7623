"""A speech request in Fish Audio's form, both ways. The model is named by a header, the voice is ``reference_id``."""

import math
from typing import Any

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.speech import SpeechRequest

PATH = "/v1/tts"
MODEL_HEADER = "model"
MODELS = ("s1", "s1-*", "s2-*", "s2.1-*", "speech-1.*")
FORMATS = ("mp3", "wav", "pcm", "opus")
_SLOWEST, _FASTEST = 0.5, 2.0
_MOST_DB = 20.0
_LEAST_KBPS, _MOST_KBPS = 6, 512
_MP3_KBPS = (64, 128, 192)
_OPUS_KBPS = (24, 32, 48, 64)
_KNOWN = frozenset(["text", "format", "sample_rate", "mp3_bitrate", "opus_bitrate", "reference_id", "prosody"])
_ENCODER = msgspec.json.Encoder()


def read(body: dict[str, Any], model: str) -> tuple[SpeechRequest, tuple[str, ...]]:
    """The canonical request, and the fields that only Fish understands. Raises RequestError naming the field."""
    text = _typed(body, "text", str)
    if not text or not text.strip():
        raise RequestError("'text' is empty.", param="text", code="empty_input")
    if _typed(body, "references", list):
        raise RequestError(
            "Reference audio (cloning a voice) is only possible with Fish Audio's own models.",
            param="references",
            code="cloning_not_supported",
        )
    prosody = _typed(body, "prosody", dict) or {}
    form = _typed(body, "format", str) or "mp3"
    rates = {name: _typed(body, f"{name}_bitrate", int) for name in ("mp3", "opus")}
    kbps, rate = rates.get(form), _typed(body, "sample_rate", int)
    if kbps is not None and kbps > 0 and not _LEAST_KBPS <= kbps <= _MOST_KBPS:
        raise RequestError(
            f"'{form}_bitrate' is from {_LEAST_KBPS} to {_MOST_KBPS} (kilobits per second).",
            param=f"{form}_bitrate",
            code="invalid_value",
        )
    if rate is not None and rate <= 0:
        raise RequestError("'sample_rate' is in hertz.", param="sample_rate", code="invalid_value")
    request = SpeechRequest(
        model=model,
        text=text,
        voice=_voice(body),
        format=form,
        speed=_number(prosody, "speed", 1.0),
        rate=rate or 0,
        bit_rate=kbps * 1000 if kbps and kbps > 0 else 0,
        volume_db=_number(prosody, "volume", 0.0),
    )
    ignored = [name for name, value in body.items() if name not in _KNOWN and value not in (None, [], "")]
    return request, tuple(ignored)


def encode(request: SpeechRequest) -> tuple[bytes, tuple[str, ...]]:
    """The JSON body, and the fields that are not in it. Raises RequestError for what Fish cannot do."""
    if request.format not in FORMATS:
        raise RequestError(
            f"Fish Audio gives no '{request.format[:40]}'; it gives: {', '.join(FORMATS)}.",
            param="response_format",
            code="invalid_value",
        )
    if request.timestamps:
        raise RequestError(
            "Fish Audio does not tell when each character is said.", param="timestamps", code="timestamps_not_available"
        )
    fields: dict[str, Any] = {"text": request.text, "format": request.format}
    if request.voice:
        fields["reference_id"] = request.voice
    if request.rate:
        fields["sample_rate"] = request.rate
    speed = min(max(request.speed, _SLOWEST), _FASTEST)
    if speed != 1.0 or request.volume_db:
        fields["prosody"] = {"speed": speed, "volume": min(max(request.volume_db, -_MOST_DB), _MOST_DB)}
    if request.bit_rate and request.format in ("mp3", "opus"):
        steps = _MP3_KBPS if request.format == "mp3" else _OPUS_KBPS
        fields[f"{request.format}_bitrate"] = min(steps, key=lambda step: abs(step * 1000 - request.bit_rate))
    dropped = [name for name in ("instructions", "language") if getattr(request, name)]
    if speed != request.speed:
        dropped.append("speed")
    return _ENCODER.encode(fields), tuple(dropped)


def _typed(body: dict[str, Any], name: str, kind: type[Any]) -> Any:
    value = body.get(name)
    if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
        raise RequestError(f"'{name}' must be {_KINDS[kind]}.", param=name, code="invalid_type")
    return value


_KINDS: dict[type[Any], str] = {str: "a text", int: "a whole number", list: "a list", dict: "an object"}


def _voice(body: dict[str, Any]) -> str:
    given = body.get("reference_id")
    if isinstance(given, list) and len(given) == 1:  # several are for dialogues between Fish's own voices
        given = given[0]
    if given is not None and not isinstance(given, str):
        raise RequestError("'reference_id' is the id of one voice.", param="reference_id", code="invalid_type")
    return given or ""


def _number(prosody: dict[str, Any], name: str, usual: float) -> float:
    value = prosody.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RequestError(f"'prosody.{name}' must be a number.", param="prosody", code="invalid_type")
    return float(value)
