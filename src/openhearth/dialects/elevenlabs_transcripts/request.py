"""A request in ElevenLabs' form, read into the canonical one and written out of it.

Source: https://elevenlabs.io/docs/api-reference/speech-to-text/convert (the form's fields).
"""

import math
from typing import Any

import msgspec

from openhearth.core import languages
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect
from openhearth.core.transcript import Pairs, Recording, TranscriptRequest

FORMATS = ("srt", "txt")
_GRANULARITIES = ("none", "word", "character")
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}
_MOST_KEYTERMS = 100
_MOST_KEYTERM_CHARS = 50
_MEANT = frozenset(
    {"model_id", "language_code", "temperature", "timestamps_granularity", "keyterms", "additional_formats"}
)
_DEMANDING = ("diarize", "use_multi_channel", "webhook")  # true changes what the answer holds
_ENTITIES = ("entity_detection", "entity_redaction")

KINDS: dict[str, Any] = {
    **dict.fromkeys(("model_id", "language_code", "timestamps_granularity", "file_format"), str),
    **dict.fromkeys(_DEMANDING, bool),
    "keyterms": list[str] | str,
    "additional_formats": list[dict[str, Any]] | str,
    "temperature": float,
}
"""The types of fields in a JSON body."""


class ExtraFormat(msgspec.Struct, frozen=True):
    """A further form in which the transcript is wanted. What else is said about it only ElevenLabs knows."""

    format: str


class Extras(msgspec.Struct, frozen=True):
    """What the answer is to hold beside the text. ``timestamps`` is ``none``, ``word`` or ``character``."""

    timestamps: str = "word"
    formats: tuple[str, ...] = ()


def read(pairs: Pairs, model: str, recording: Recording, query: Pairs = ()) -> tuple[TranscriptRequest, Extras]:
    """The request and what its answer is to hold. Raises RequestError naming the field that is wrong."""
    values = {name.removesuffix("[]"): value.strip() for name, value in reversed(pairs)}
    timestamps = values.get("timestamps_granularity") or "word"
    if timestamps not in _GRANULARITIES:
        raise RequestError(
            f"Field 'timestamps_granularity' is one of: {', '.join(_GRANULARITIES)}.",
            param="timestamps_granularity",
            code="invalid_value",
        )
    formats = _formats(_all(pairs, "additional_formats"))
    request = TranscriptRequest(
        operation=Operation.TRANSCRIBE,
        model=model,
        recording=recording,
        dialect=Dialect.ELEVENLABS_TRANSCRIPTS,
        fields=pairs,
        query=query,
        language=values.get("language_code", "")[:64],
        keywords=_keyterms(_all(pairs, "keyterms")),
        temperature=_temperature(values.get("temperature", "")),
        with_words=timestamps != "none",
        others=(*(name for name in values if name not in _MEANT and values[name]), *(name for name, _ in query)),
        only_native=tuple(_only_native(values, timestamps, formats)),
    )
    return request, Extras(timestamps, tuple(one for one in formats if one in FORMATS))


def _only_native(values: dict[str, str], timestamps: str, formats: tuple[str, ...]) -> list[str]:
    """Fields whose answer no other form can give."""
    found = [name for name in _DEMANDING if _flag(values, name)]
    found += [name for name in _ENTITIES if values.get(name)]
    if timestamps == "character":
        found.append("timestamps_granularity")
    if values.get("file_format", "other") not in ("", "other"):
        found.append("file_format")
    if any(one not in FORMATS for one in formats):
        found.append("additional_formats")
    return found


def fields_for(request: TranscriptRequest) -> tuple[Pairs, tuple[str, ...]]:
    """The fields of a request that came in another form, and the names of those it loses.

    Raises RequestError for one it cannot do without.
    """
    lost = list(request.lost())
    if request.operation is Operation.TRANSLATE:
        raise RequestError("ElevenLabs' models transcribe and do not translate.", param="model", code="not_supported")
    pairs = [("timestamps_granularity", "word"), ("tag_audio_events", "false")]
    if request.language:
        language = languages.find(request.language)
        pairs.append(("language_code", language.code if language else request.language))
    if request.temperature is not None:
        pairs.append(("temperature", f"{request.temperature:g}"))
    if request.with_speakers:
        pairs.append(("diarize", "true"))
    if request.prompt:
        lost.append("prompt")
    pairs += [("keyterms", word) for word in request.keywords]
    return tuple(pairs), tuple(dict.fromkeys(lost))


def _flag(values: dict[str, str], name: str) -> bool:
    value = _TRUTH.get(values.get(name, "").lower())
    if value is None:
        raise RequestError(f"Field '{name}' is true or false.", param=name, code="invalid_type")
    return value


def _temperature(text: str) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 2.0:
        raise RequestError("Field 'temperature' is a number from 0 to 2.", param="temperature", code="invalid_value")
    return value


def _keyterms(terms: list[str]) -> tuple[str, ...]:
    if len(terms) > _MOST_KEYTERMS or any(len(term) >= _MOST_KEYTERM_CHARS for term in terms):
        raise RequestError(
            f"Field 'keyterms' has at most {_MOST_KEYTERMS} entries of fewer than {_MOST_KEYTERM_CHARS} characters.",
            param="keyterms",
            code="invalid_value",
        )
    return tuple(terms)


def _all(pairs: Pairs, name: str) -> list[str]:
    return [value.strip() for given, value in pairs if given.removesuffix("[]") == name and value.strip()]


def _formats(texts: list[str]) -> tuple[str, ...]:
    """The names of further formats: a form has one JSON list, a JSON body an object in each place of its list."""
    found: list[ExtraFormat] = []
    for text in texts:
        try:
            given = msgspec.json.decode(text, type=list[ExtraFormat] | ExtraFormat)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RequestError(
                f"Field 'additional_formats' is a JSON list of objects with 'format': {error}",
                param="additional_formats",
                code="invalid_value",
            ) from error
        found += [given] if isinstance(given, ExtraFormat) else given
    return tuple(one.format for one in found)
