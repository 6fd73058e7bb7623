"""Small edits of a request body that some providers need; each is idempotent and names what it took away."""

from collections.abc import Callable

from openhearth.core.envelope import Envelope


def _legacy_max_tokens(fields: Envelope) -> tuple[str, ...]:
    """For providers that know only ``max_tokens``: the newer name is carried over, nothing is lost."""
    newer = fields.fields.get("max_completion_tokens")
    if newer is not None:
        fields.fields.setdefault("max_tokens", newer)
        fields.drop("max_completion_tokens")
    return ()


def _without(*names: str) -> Callable[[Envelope], tuple[str, ...]]:
    def drop(fields: Envelope) -> tuple[str, ...]:
        return tuple(name for name in names if fields.drop(name))

    return drop


QUIRKS: dict[str, Callable[[Envelope], tuple[str, ...]]] = {
    "legacy_max_tokens": _legacy_max_tokens,
    "no_stream_options": _without("stream_options"),
    "no_logit_bias": _without("logit_bias"),
    "no_parallel_tool_calls": _without("parallel_tool_calls"),
    "no_store": _without("store", "metadata"),
}


def apply_quirks(names: tuple[str, ...], fields: Envelope) -> tuple[str, ...]:
    """Run the quirks in order; the names of dropped fields."""
    dropped: tuple[str, ...] = ()
    for name in names:
        dropped += QUIRKS[name](fields)
    return dropped
