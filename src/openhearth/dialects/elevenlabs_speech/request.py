"""A speech request in ElevenLabs' form, both ways. The voice is in the path, the format in the query."""

import re
from typing import Any

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.speech import SpeechRequest

PATH = "/text-to-speech"
MODELS = ("eleven_*",)
USUAL_FORMAT = "mp3_44100_128"
_FORMAT = re.compile(r"(mp3|pcm|opus|ulaw|alaw|wav)_(\d{4,5})(?:_(\d{2,3}))?")
_OURS_TO_THEIRS = {"mp3": USUAL_FORMAT, "opus": "opus_48000_64", "pcm": "pcm_24000", "wav": "pcm_24000",
                   "ulaw": "ulaw_8000", "alaw": "alaw_8000"}  # fmt: skip
_RATES = {"mp3": (22_050, 44_100), "pcm": (8_000, 16_000, 22_050, 24_000, 44_100, 48_000)}
_KNOWN = frozenset({"text", "model_id", "language_code", "voice_settings"})
# ElevenLabs API reference: voice_settings.speed is from 0.7 to 1.2.
_SLOWEST, _FASTEST = 0.7, 1.2
_ENCODER = msgspec.json.Encoder()


class _Settings(msgspec.Struct, frozen=True):
    speed: float | None = None
    stability: float | None = None
    similarity_boost: float | None = None
    style: float | None = None
    use_speaker_boost: bool | None = None


def read(body: Envelope, voice: str, output_format: str, *, timestamps: bool) -> tuple[SpeechRequest, tuple[str, ...]]:
    """The canonical request, and the fields that only ElevenLabs understands. Raises RequestError naming the field."""
    text = body.require("text", str)
    if not text.strip():
        raise RequestError("'text' is empty.", param="text", code="empty_input")
    settings = body.get("voice_settings", _Settings) or _Settings()
    form, rate, bit_rate = format_of(output_format)
    request = SpeechRequest(
        model=body.get("model_id", str) or "",
        text=text,
        voice=voice,
        format=form,
        speed=1.0 if settings.speed is None else settings.speed,
        language=body.get("language_code", str) or "",
        rate=rate,
        bit_rate=bit_rate,
        timestamps=timestamps,
    )
    ignored = [name for name, raw in body.fields.items() if name not in _KNOWN and bytes(raw) not in (b"null", b"[]")]
    shaped = [name for name in ("stability", "similarity_boost", "style", "use_speaker_boost")
              if getattr(settings, name) is not None]  # fmt: skip
    return request, (*ignored, *(f"voice_settings.{name}" for name in shaped))


def format_of(output_format: str) -> tuple[str, int, int]:
    """``mp3_44100_128`` as format, sample rate and bits per second. Raises RequestError."""
    match = _FORMAT.fullmatch(output_format or USUAL_FORMAT)
    if match is None:
        raise RequestError(
            f"'{output_format[:40]}' is no output format; give codec, sample rate and kilobits, as in {USUAL_FORMAT}.",
            param="output_format",
            code="invalid_value",
        )
    return match[1], int(match[2]), int(match[3] or 0) * 1000


def encode(request: SpeechRequest, model: str) -> tuple[bytes, str, tuple[str, ...]]:
    """The JSON body, the output format, and the fields that are not in either. Raises RequestError."""
    if request.format not in _OURS_TO_THEIRS:
        known = ", ".join(sorted(_OURS_TO_THEIRS))
        raise RequestError(
            f"ElevenLabs gives no '{request.format[:40]}'; it gives: {known}.",
            param="response_format",
            code="invalid_value",
        )
    if not request.voice:
        raise RequestError("ElevenLabs needs the id of a voice.", param="voice", code="missing_field")
    fields: dict[str, Any] = {"text": request.text}
    if model:
        fields["model_id"] = model
    if request.language:
        fields["language_code"] = request.language
    speed = min(max(request.speed, _SLOWEST), _FASTEST)
    if speed != 1.0:
        fields["voice_settings"] = {"speed": speed}
    dropped = [name for name in ("instructions", "volume_db", "bit_rate") if getattr(request, name)]
    if speed != request.speed:
        dropped.append("speed")
    return _ENCODER.encode(fields), _their_format(request, dropped), tuple(dropped)


def _their_format(request: SpeechRequest, dropped: list[str]) -> str:
    codec = "pcm" if request.format == "wav" else request.format
    if not request.rate or codec not in _RATES:
        return _OURS_TO_THEIRS[request.format]
    if request.rate not in _RATES[codec]:
        dropped.append("sample_rate")
        return _OURS_TO_THEIRS[request.format]
    return f"pcm_{request.rate}" if codec == "pcm" else {22_050: "mp3_22050_32", 44_100: USUAL_FORMAT}[request.rate]
