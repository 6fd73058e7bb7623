"""The text fields of a request in OpenAI's form, read and checked; forms and JSON bodies give the same pairs.

Source: openai-python 3.54, ``types/audio/transcription_create_params.py``.
"""

import math
from typing import Any

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.transcript import Pairs

FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_GRANULARITIES = ("word", "segment")
_TRUTH = {"true": True, "1": True, "false": False, "0": False, "": False}
_MOST_PROMPT_CHARS = 10_000
_MOST_KEYWORDS = 100
_MOST_KEYWORD_CHARS = 100
_SPEAKERS = ("known_speaker_names", "known_speaker_references")
KINDS: dict[str, Any] = {
    **dict.fromkeys(("model", "prompt", "language", "response_format", "chinese"), str),
    **dict.fromkeys(("languages", "keywords", "timestamp_granularities", "include"), list[str] | str),
    **dict.fromkeys(_SPEAKERS, list[str] | str),
    "chunking_strategy": str | dict[str, Any],
    "temperature": float,
    "stream": bool,
}
"""The types of fields in a JSON body."""
_KNOWN = frozenset(
    {
        "model",
        "language",
        "languages",
        "prompt",
        "keywords",
        "temperature",
        "response_format",
        "timestamp_granularities",
        "stream",
        "include",
        "chunking_strategy",
        "chinese",
        *_SPEAKERS,
    }
)


class ServerVad(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="server_vad"):
    """How speech is told from silence; ``None`` leaves it to the model."""

    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None
    threshold: float | None = None


class Asked(msgspec.Struct, frozen=True):
    """The fields by meaning. ``names`` are all that were sent, ``unknown`` those that this form does not have."""

    response_format: str = "json"
    language: str = ""
    languages: tuple[str, ...] = ()
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    granularities: tuple[str, ...] = ()
    stream: bool = False
    with_logprobs: bool = False
    vad: ServerVad | None = None
    chinese: str = ""
    speakers: str = ""
    names: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read(pairs: Pairs) -> Asked:
    """The fields of a request. Raises RequestError naming the one that is wrong."""
    fields = _Fields(pairs)
    names = tuple(dict.fromkeys(name for name, _ in fields.pairs))
    return Asked(
        response_format=fields.one_of("response_format", FORMATS) or "json",
        language=_language(fields.text("language", 64)),
        languages=fields.texts("languages", 32, 64),
        prompt=fields.text("prompt", _MOST_PROMPT_CHARS),
        keywords=fields.texts("keywords", _MOST_KEYWORDS, _MOST_KEYWORD_CHARS),
        temperature=fields.number("temperature", 0.0, 1.0),
        granularities=tuple(dict.fromkeys(fields.choices("timestamp_granularities", _GRANULARITIES))),
        stream=fields.flag("stream"),
        with_logprobs="logprobs" in fields.choices("include", ("logprobs",)),
        vad=_vad(fields.text("chunking_strategy", 1000)),
        chinese=fields.one_of("chinese", ("simplified", "traditional", "as_heard")),
        speakers=next((name for name in _SPEAKERS if name in names), ""),
        names=names,
        unknown=tuple(name for name in names if name not in _KNOWN),
    )


class _Fields:
    """Values by name; ``name[]`` and ``name[0]`` mean ``name``. The first of a name counts where one is wanted."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = [(name.partition("[")[0] or name, value) for name, value in pairs]

    def all(self, name: str) -> list[str]:
        return [value for given, value in self.pairs if given == name]

    def text(self, name: str, most_chars: int) -> str:
        value = next(iter(self.all(name)), "").strip()
        if len(value) > most_chars:
            raise RequestError(f"Field '{name}' has at most {most_chars} characters.", param=name, code="invalid_value")
        return value

    def texts(self, name: str, most: int, most_chars: int) -> tuple[str, ...]:
        values = [value.strip() for value in self.all(name) if value.strip()]
        if len(values) > most or any(len(value) > most_chars for value in values):
            raise RequestError(
                f"Field '{name}' has at most {most} entries of {most_chars} characters.",
                param=name,
                code="invalid_value",
            )
        return tuple(values)

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, 100)
        if value and value not in choices:
            raise _not_among(name, choices)
        return value

    def choices(self, name: str, choices: tuple[str, ...]) -> list[str]:
        values = [value.strip() for value in self.all(name) if value.strip()]
        if any(value not in choices for value in values):
            raise _not_among(name, choices)
        return values

    def number(self, name: str, least: float, most: float) -> float | None:
        text = self.text(name, 40)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise RequestError(
                f"Field '{name}' is a number from {least:g} to {most:g}.", param=name, code="invalid_value"
            )
        return value

    def flag(self, name: str) -> bool:
        value = _TRUTH.get(self.text(name, 10).lower())
        if value is None:
            raise RequestError(f"Field '{name}' is true or false.", param=name, code="invalid_type")
        return value


def _language(text: str) -> str:
    """Many clients write ``auto`` where OpenAI's form leaves the field out."""
    return "" if text.lower() == "auto" else text


def _not_among(name: str, choices: tuple[str, ...]) -> RequestError:
    return RequestError(f"Field '{name}' is one of: {', '.join(choices)}.", param=name, code="invalid_value")


def _vad(text: str) -> ServerVad | None:
    """The chunking strategy: ``auto``, or an object that tunes the detection of speech."""
    if text in ("", "auto", '"auto"'):
        return None
    try:
        vad = msgspec.json.decode(text, type=ServerVad)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        message = f"Field 'chunking_strategy' is 'auto' or an object of type 'server_vad': {error}"
        raise RequestError(message, param="chunking_strategy", code="invalid_value") from error
    padding, silence, threshold = vad.prefix_padding_ms, vad.silence_duration_ms, vad.threshold
    if not (
        (padding is None or 0 <= padding <= 10_000)
        and (silence is None or 10 <= silence <= 60_000)
        and (threshold is None or 0.0 < threshold < 1.0)
    ):
        raise RequestError(
            "Field 'chunking_strategy': prefix_padding_ms is 0 to 10000, silence_duration_ms 10 to 60000, "
            "threshold between 0 and 1.",
            param="chunking_strategy",
            code="invalid_value",
        )
    return vad
