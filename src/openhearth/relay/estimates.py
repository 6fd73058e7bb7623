"""What an answer is counted as when its upstream does not say: guesses, and marked as such."""

from typing import Any

import msgspec

from openhearth.core.call import Usage

_BYTES_PER_TOKEN = 4
_NOT_SAID = frozenset({"role", "id", "type"})  # texts that only say what something is


class _Said(msgspec.Struct):
    choices: list[dict[str, Any]] = []


_SAID = msgspec.json.Decoder(_Said)


def estimate(usage: Usage, *, body_bytes: int, events: int) -> None:
    """A guess for streams whose upstream reported nothing: four bytes a token in, one event a token out."""
    if usage.source == "none" and events:
        usage.input_tokens = body_bytes // _BYTES_PER_TOKEN
        usage.output_tokens = events
        usage.source = "estimate"


def estimate_part(usage: Usage, *, body_bytes: int, events: int) -> None:
    """``estimate`` for a stream that broke off: a report that came early and counts nothing said is completed."""
    estimate(usage, body_bytes=body_bytes, events=events)
    if not usage.output_tokens and events > 1:
        usage.output_tokens = events
        usage.source = "estimate"


def estimate_whole(usage: Usage, *, body_bytes: int, answer: bytes) -> None:
    """``estimate`` for a whole answer: four bytes a token, of the request and of what is said in the answer."""
    if usage.source == "none":
        usage.input_tokens = body_bytes // _BYTES_PER_TOKEN
        usage.output_tokens = -(-_said_bytes(answer) // _BYTES_PER_TOKEN)
        usage.source = "estimate"


def _said_bytes(answer: bytes) -> int:
    try:
        choices = _SAID.decode(answer).choices
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    return sum(_text_bytes(choice.get("message", choice.get("text"))) for choice in choices)


def _text_bytes(value: object) -> int:
    """Texts in ``value``, at any depth, without those of ``_NOT_SAID``."""
    if isinstance(value, str):
        return len(value.encode(errors="replace"))
    if isinstance(value, dict):
        return sum(_text_bytes(one) for name, one in value.items() if name not in _NOT_SAID)
    return sum(map(_text_bytes, value)) if isinstance(value, list) else 0
