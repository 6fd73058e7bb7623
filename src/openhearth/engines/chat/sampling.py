"""From a request's sampling fields to the runtime's, with defaults that suit very small models."""

from typing import Any

from openhearth.engines.chat.requests import Sampling

TEMPERATURE = 0.7
TOP_P = 0.8
TOP_K = 20
MIN_P = 0.05
REPEAT_PENALTY = 1.12
LOOK_BACK_TOKENS = 512
LOOP_PENALTY = 0.5
LOOP_PENALTY_BASE = 1.15
LOOP_TOKENS = 8
LOOP_LOOK_BACK_TOKENS = 4096
LOOP_BREAKERS = tuple("()[]{}=:;\"'`*_#")


def runtime_fields(request: Sampling, *, choice: int, may_repeat: bool) -> dict[str, Any]:
    """Fields for one generation.

    Without a word of the client two penalties keep long answers, Chinese ones above all, from looping: a mild one on
    every token of the last 512, and one on passages (DRY) that grows slowly with each token by which something is
    written once more. The first alone lets sentences and paragraphs come round for ever. The second begins anew at the
    signs that code is full of and prose is not, so that code may repeat itself; new lines are none of them, because
    loops hold new lines. JSON must repeat its punctuation and an answer from a tool's result must repeat the result:
    they go without.
    """
    says_penalty = (
        request.repeat_penalty is not None or bool(request.frequency_penalty) or bool(request.presence_penalty)
    )
    repeat_penalty = 1.0 if may_repeat or says_penalty else REPEAT_PENALTY
    fields: dict[str, Any] = {
        "temperature": _given(request.temperature, TEMPERATURE),
        "top_p": _given(request.top_p, TOP_P),
        "top_k": _given(request.top_k, TOP_K),
        "min_p": _given(request.min_p, MIN_P),
        "repeat_penalty": _given(request.repeat_penalty, repeat_penalty),
        "repeat_last_n": LOOK_BACK_TOKENS,
        "frequency_penalty": request.frequency_penalty or 0.0,
        "presence_penalty": request.presence_penalty or 0.0,
        "dry_multiplier": 0.0 if may_repeat or says_penalty else LOOP_PENALTY,
        "dry_base": LOOP_PENALTY_BASE,
        "dry_allowed_length": LOOP_TOKENS,
        "dry_penalty_last_n": LOOP_LOOK_BACK_TOKENS,
        "dry_sequence_breakers": list(LOOP_BREAKERS),
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
    }
    if request.seed is not None:
        fields["seed"] = (request.seed + choice) & 0x7FFFFFFF
    if request.stop:
        fields["stop"] = [request.stop] if isinstance(request.stop, str) else request.stop
    if request.logit_bias:
        fields["logit_bias"] = request.logit_bias
    return fields


def _given(value: float | None, default: float) -> float:
    return default if value is None else value
