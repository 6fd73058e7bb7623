"""Step 5, shape: the few edits of a body whose dialect the target speaks itself, and the request head for it."""

import msgspec
from msgspec import Raw

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.envelope import NO_USAGE, Envelope
from openhearth.core.errors import RequestError
from openhearth.core.money import FREE, UNPRICED
from openhearth.core.operations import Operation
from openhearth.core.provider import RELAYED, Target
from openhearth.providers.quirks import apply_quirks
from openhearth.relay.shown_cost import wants_cost
from openhearth.transport.auth import auth_headers
from openhearth.transport.head import head, host_header
from openhearth.transport.wire import Deadlines, Outgoing

_MOST_OUTPUT_TOKENS = 16_384
_MOST_ASKED, _MOST_ANSWERS = 10_000_000, 10_000
_HEADERS = (("content-type", "application/json"), ("user-agent", "openhearth"))


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class Ask(msgspec.Struct):
    """What the pipeline must know of a body it relays."""

    model: str
    stream: bool
    wants_usage: bool
    wants_cost: bool = False


def read_ask(envelope: Envelope) -> Ask:
    """Model, stream and whether the client asked for usage in its stream. Raises RequestError."""
    head = envelope.head
    if head is not None and head.model is not None:  # nearly every call: nothing left to decode
        model, stream, usage = head.model, head.stream or False, head.usage
    else:
        model, stream = envelope.require("model", str), envelope.get("stream", bool) or False
        usage = envelope.get("usage", Raw) or NO_USAGE
    if not model or len(model) > 256:
        raise RequestError("Field 'model' must have 1 to 256 characters.", param="model", code="invalid_value")
    asks_cost = usage is not NO_USAGE and wants_cost(usage)
    if not stream:
        return Ask(model, False, False, asks_cost)
    options = envelope.get("stream_options", _StreamOptions)
    return Ask(model, True, asks_cost or bool(options and options.include_usage), asks_cost)


class Shaper:
    """Makes the outgoing request of an attempt; heads are made once per target."""

    def __init__(self, config: Config) -> None:
        self._heads: dict[tuple[str, Operation], bytes] = {}
        self._deadlines = Deadlines(
            connect_s=config.upstream.connect_s,
            first_byte_s=config.upstream.first_byte_s,
            idle_s=config.limits.stream_idle_s,
            total_s=config.limits.total_s,
        )

    def shape(
        self, target: Target, operation: Operation, envelope: Envelope, ask: Ask
    ) -> tuple[Outgoing, tuple[str, ...]]:
        """The request and the names of fields that could not be carried over. Idempotent: a retry runs it again."""
        renamed = target.upstream_model
        quirks = target.provider.quirks
        dropped: tuple[str, ...] = ()
        if ask.stream or quirks or ask.wants_cost or (renamed and renamed != ask.model):
            envelope = envelope.copy()
            if renamed and renamed != ask.model:
                envelope.set("model", renamed)
            if ask.wants_cost:
                envelope.drop("usage")  # a wish to us, not to the upstream
            if ask.stream and not _asks_for_usage(envelope, ask) and "no_stream_options" not in quirks:
                _ask_for_usage(envelope)
            if quirks:
                dropped = apply_quirks(quirks, envelope)
        head = self._heads.get((target.id, operation)) or self._make_head(target, operation)
        return Outgoing(target.origin, head, envelope.encode(), self._deadlines, target.id, True), dropped

    def forget(self, target_id: str) -> None:
        """A target was removed or changed: its head goes with it."""
        for key in [key for key in self._heads if key[0] == target_id]:
            del self._heads[key]

    def _make_head(self, target: Target, operation: Operation) -> bytes:
        path = target.base_path + RELAYED[operation].path
        made = head("POST", path, host_header(target.origin), [*_HEADERS, *auth_headers(target)])
        self._heads[target.id, operation] = made
        return made


def most_output(envelope: Envelope) -> int:
    """The most tokens of output that a body allows: what it says itself, for each answer it asks for, else what is
    usual. A wrong field is not judged here."""
    asked: list[int] = []
    for name in ("n", "max_completion_tokens", "max_tokens"):
        try:
            asked.append(envelope.get(name, int) or 0)
        except RequestError:
            asked.append(0)
    answers, *tokens = asked
    most = min((count for count in tokens if count > 0), default=_MOST_OUTPUT_TOKENS)
    return min(most, _MOST_ASKED) * min(max(answers, 1), _MOST_ANSWERS)


def worst_for(principal: Principal, targets: list[Target], envelope: Envelope, body_bytes: int) -> int:
    """``worst_case`` of a body. How long an answer it allows is only looked at where something limits the caller."""
    if principal.limits:
        return worst_case(targets, body_bytes, most_output(envelope))
    return worst_case(targets, body_bytes)


def worst_case(targets: list[Target], body_bytes: int, output_tokens: int = _MOST_OUTPUT_TOKENS) -> int:
    """What a call may cost at most in nanos, held before it starts: every byte a token in, so many tokens out."""
    most = 0
    for target in targets:
        price = target.price
        if price is not FREE and price is not UNPRICED:
            worst = price.most_of_text(body_bytes, output_tokens)
            most = worst if worst > most else most
    return most


def _asks_for_usage(fields: Envelope, ask: Ask) -> bool:
    """Whether the body itself makes the upstream report usage in its stream."""
    if not ask.wants_cost:
        return ask.wants_usage
    options = fields.get("stream_options", _StreamOptions)
    return bool(options and options.include_usage)


def _ask_for_usage(fields: Envelope) -> None:
    options = fields.get("stream_options", dict[str, msgspec.Raw]) or {}
    fields.set("stream_options", {**options, "include_usage": True})
