"""What a client asks of a speech engine: OpenAI's form, and a few fields of our own that other families need.

Ours are ``language`` (two letters), ``sample_rate`` (Hz), ``bit_rate`` (bits per second), ``volume_db`` and
``timestamps`` (with ``stream_format: sse``: each event tells when its characters are said).
"""

import math
from typing import Any

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import NotFound, RequestError
from openhearth.core.languages import find, name_of
from openhearth.core.speech import MIMES, language_of
from openhearth.engines.speak.settings import SpeakSettings
from openhearth.engines.speak.voices import OPENAI_NAMES, READABLE, Voice, chosen, voices

FORMATS = tuple(MIMES)
_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_FORMAT_RATES = {
    "mp3": frozenset(_RATES) - {11_025, 12_000},
    "opus": frozenset({8_000, 12_000, 16_000, 24_000, 48_000}),
    "ulaw": frozenset({8_000}),
    "alaw": frozenset({8_000}),
}
_BIT_RATED = ("mp3", "opus", "aac")
_SLOWEST, _FASTEST = 0.25, 4.0
_MOST_DB = 20.0
_KNOWN_TEXT = """
model input voice response_format speed stream_format language sample_rate bit_rate volume_db timestamps
"""
_KNOWN = frozenset(_KNOWN_TEXT.split())


class SpeakRequest(msgspec.Struct, frozen=True):
    """A checked request. ``language`` is the one for Latin letters, ``is_told`` when the client said so itself;
    ``dropped`` names fields that had no effect."""

    text: str
    voice: Voice
    language: str
    is_told: bool
    format: str
    speed: float
    events: bool
    timestamps: bool
    rate: int
    bit_rate: int
    volume_db: float
    dropped: tuple[str, ...]


def read_request(body: bytes, settings: SpeakSettings) -> SpeakRequest:
    """Raises RequestError naming the field."""
    fields = Envelope.decode(body)
    model = fields.get("model", str) or settings.name
    if model != settings.name:
        raise NotFound(f"This engine is {settings.name}, not '{model[:100]}'.", param="model", code="model_not_found")
    text = _text(fields, settings.characters)
    language = _language(fields)
    asked = _voice_name(fields)
    voice = chosen(settings.name, asked, language or language_of(text))
    if voice is None:
        raise _unknown_voice(asked, settings.name)
    form = _one_of(fields, "response_format", FORMATS, "mp3")
    events = _one_of(fields, "stream_format", ("audio", "sse"), "audio") == "sse"
    timestamps = fields.get("timestamps", bool) or False
    if timestamps and not events:
        raise RequestError("'timestamps' needs 'stream_format': 'sse'.", param="timestamps", code="invalid_value")
    return SpeakRequest(
        text=text,
        voice=voice,
        language=_read_as(voice, text, language),
        is_told=bool(language),
        format=form,
        speed=_number(fields, "speed", _SLOWEST, _FASTEST, 1.0),
        events=events,
        timestamps=timestamps,
        rate=_rate(fields, form),
        bit_rate=int(_number(fields, "bit_rate", 6_000, 512_000, 0)),
        volume_db=_number(fields, "volume_db", -_MOST_DB, _MOST_DB, 0.0),
        dropped=tuple(name for name in fields.fields if _is_idle(name, form) and fields.get(name, Any) is not None),
    )


def _is_idle(name: str, form: str) -> bool:
    """Whether the field can have no effect on a file of this format."""
    return name not in _KNOWN or (name == "bit_rate" and form not in _BIT_RATED)


def _read_as(voice: Voice, text: str, language: str) -> str:
    """The language of the text: as asked, as it seems to be, or the voice's own.

    A voice of a language that nobody here reads must be told which other one it is to read: it would guess wrong.
    """
    if language:
        return language
    if voice.reads not in READABLE:
        raise RequestError(
            f"The voice '{voice.id}' is for {name_of(voice.reads).capitalize()}, which cannot be read here. Choose "
            "another voice, or give 'language' (en, zh or es) to hear it in this voice.",
            param="voice",
            code="language_not_supported",
        )
    return language_of(text) or voice.reads


def _text(fields: Envelope, most: int) -> str:
    text = fields.require("input", str)
    if not text.strip():
        raise RequestError("'input' is empty.", param="input", code="empty_input")
    if len(text) > most:
        raise RequestError(
            f"'input' has {len(text)} characters; at most {most} are taken at once.",
            param="input",
            code="input_too_long",
        )
    return text


def _voice_name(fields: Envelope) -> str:
    given = fields.get("voice", str | dict[str, Any])  # type: ignore[arg-type]
    if given is None:
        return ""
    name = given if isinstance(given, str) else given.get("id")
    if not isinstance(name, str):
        raise RequestError("'voice' is a name, or an object with its 'id'.", param="voice", code="invalid_type")
    return name


def _unknown_voice(asked: str, model: str) -> RequestError:
    known = ", ".join(voice.id for voice in voices(model))
    return RequestError(
        f"{model} has no voice '{asked[:100]}'. Its voices: {known}; and OpenAI's names: {', '.join(OPENAI_NAMES)}.",
        param="voice",
        code="voice_not_found",
    )


def _language(fields: Envelope) -> str:
    asked = fields.get("language", str)
    if not asked:
        return ""
    found = find(asked)
    if found is None:
        raise RequestError(f"'{asked[:40]}' is no language we know.", param="language", code="invalid_value")
    return found.code


def _one_of(fields: Envelope, name: str, known: tuple[str, ...], usual: str) -> str:
    value = fields.get(name, str)
    if value is None:
        return usual
    if value not in known:
        raise RequestError(f"'{name}' is one of: {', '.join(known)}.", param=name, code="invalid_value")
    return value


def _number(fields: Envelope, name: str, least: float, most: float, usual: float) -> float:
    value = fields.get(name, float)
    if value is None:
        return usual
    if not (math.isfinite(value) and least <= value <= most):
        raise RequestError(f"'{name}' is from {least:g} to {most:g}.", param=name, code="invalid_value")
    return value


def _rate(fields: Envelope, form: str) -> int:
    value = fields.get("sample_rate", int)
    if value is None:
        return 0
    known = _FORMAT_RATES.get(form, frozenset(_RATES))
    if value not in known:
        raise RequestError(
            f"'sample_rate' of {form} is one of: {', '.join(map(str, sorted(known)))}.",
            param="sample_rate",
            code="invalid_value",
        )
    return value
