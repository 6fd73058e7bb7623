"""How the amount of a call came about, in sentences: what an explanation's numbers say, for people."""

from collections.abc import Iterator
from datetime import UTC, datetime

from openhearth.accounts.amounts import MEASURES
from openhearth.accounts.explanation import Explanation, Item, PriceShown
from openhearth.core.call import ONE_PPM, Outcome, Usage
from openhearth.core.rates import RateCard

_SOURCES = {
    "upstream": "as the upstream reported it",
    "estimate": "an estimate, because the upstream reported none: four bytes of the request for a token in, {out} for "
    "a token out",
    "estimated": "an estimate from what was sent and answered, because the upstream reported none",
    "counted": "counted by us in what was delivered, because the upstream reported none",
    "checkpoint": "as it was last noted while the call ran",
}
_ENDS = {
    Outcome.OK: "",
    Outcome.CLIENT_GONE: "The client left before the end: what had been delivered by then is charged.",
    Outcome.INTERRUPTED: "The platform stopped while the call ran: it is charged as far as it had been noted.",
    Outcome.REJECTED: "The request was refused ({code}), and a refused request is not charged.",
    Outcome.FAILED: "The call failed ({code}), and a failed call is not charged.",
    Outcome.TIMEOUT: "The call took too long ({code}), and a failed call is not charged.",
}
_NOT_CHARGED = frozenset({Outcome.REJECTED, Outcome.FAILED, Outcome.TIMEOUT})
_RATES_IN = frozenset(f"{kind}input_micros_per_mtok" for kind in ("", "cached_", "audio_", "image_")) | {
    "cache_write_micros_per_mtok"
}
_RATES_OUT = frozenset(f"{kind}_micros_per_mtok" for kind in ("output", "reasoning", "audio_output", "image_output"))
_PARTS_IN = {
    "cached_tokens": "from a cache",
    "cache_write_tokens": "written to a cache",
    "audio_input_tokens": "sound",
    "image_input_tokens": "pictures",
}
_PARTS_OUT = {
    "reasoning_tokens": "reasoning",
    "audio_output_tokens": "sound",
    "image_output_tokens": "pictures",
}
_OTHERS = {
    "characters": "characters",
    "audio_ms": "milliseconds of sound",
    "video_ms": "milliseconds of video",
    "pages": "pages",
    "searches": "searches",
}


def words_of(told: Explanation, usage: Usage, card: RateCard | None) -> list[str]:
    """Sentences in the order in which the amount was made. ``card`` holds the rates of the price row."""
    return [
        *_end(told),
        _usage(usage, is_stream=told.call["stream"]),
        _price(told.price),
        *_step(usage, card),
        *(_line(item) for item in told.items),
        *_unpriced(told, usage),
        *_sum(told),
        *_charge(told),
        *_hold(told),
    ]


def _end(told: Explanation) -> Iterator[str]:
    said = _ENDS.get(told.call["outcome"], "")
    if said:
        yield said.format(code=told.call["error_code"] or "no reason noted")


def _usage(usage: Usage, *, is_stream: bool) -> str:
    counted = [
        *_tokens(usage, usage.input_tokens, "input tokens", _PARTS_IN),
        *_tokens(usage, usage.output_tokens, "output tokens", _PARTS_OUT),
        *(f"{amount:,} {what}" for name, what in _OTHERS.items() if (amount := getattr(usage, name))),
    ]
    if usage.images:
        kind = " ".join(filter(None, (usage.image_size, usage.image_quality)))
        counted.append(f"{usage.images:,} pictures{f' ({kind})' if kind else ''}")
    if not counted:
        return "Usage: nothing was counted."
    out = "one event of the stream" if is_stream else "four bytes of the answer's text"
    source = _SOURCES.get(usage.source, usage.source).format(out=out)
    return f"Usage, {source}: {', '.join(counted)}."


def _tokens(usage: Usage, whole: int, what: str, parts: dict[str, str]) -> Iterator[str]:
    if whole:
        among = [f"{amount:,} {kind}" for name, kind in parts.items() if (amount := getattr(usage, name))]
        yield f"{whole:,} {what}" + (f" (of them {', '.join(among)})" if among else "")


def _price(price: PriceShown) -> str:
    if price.status == "none":
        return (
            "Price: none was applied. It is free by declaration, as embedded engines are, or nothing was to be charged."
        )
    if price.status == "unknown":
        return "Price: nobody has said what this model costs, so the call was free and marked as having no price."
    if price.status == "gone":
        return f"Price: row {price.version} of the price table, which cannot be read any more."
    where = price.target_id or price.provider
    scope = " ".join(filter(None, ("" if price.service == "standard" else price.service, price.hours)))
    return (
        f"Price: row {price.version} of the price table, for '{price.model}'"
        f"{f' at {where}' if where else ' anywhere'}{f' ({scope})' if scope else ''}, "
        f"in force since {_moment(price.effective_from)}, source {price.source}, set by {price.changed_by}."
    )


def _step(usage: Usage, card: RateCard | None) -> Iterator[str]:
    steps = [step.above_tokens for step in card.long_prompts if usage.input_tokens > step.above_tokens] if card else []
    if steps:
        yield f"The prompt has more than {max(steps):,} tokens: all of its tokens have the rates of long prompts."


def _line(item: Item) -> str:
    return f"{item.quantity:,} {item.what} at {item.rate_usd} USD {MEASURES[item.rate].per}: {item.usd} USD."


def _unpriced(told: Explanation, usage: Usage) -> Iterator[str]:
    """Tokens that the row says nothing of: a price that forgot the answers must not look as if there had been none."""
    if told.price.status != "listed" or told.call["outcome"] in _NOT_CHARGED:
        return
    rates = [item.rate for item in told.items]
    sides = (("input tokens", usage.input_tokens, _RATES_IN), ("output tokens", usage.output_tokens, _RATES_OUT))
    free = [f"{tokens:,} {what}" for what, tokens, of in sides if tokens and not of.intersection(rates)]
    if free:
        yield f"Nothing is charged for {' and '.join(free)}: the row has no price for them, or 0."


def _sum(told: Explanation) -> Iterator[str]:
    if told.items:
        yield f"Together exactly {told.sum.usd} USD; as a cost, rounded up once to a whole nano: {told.cost.usd} USD."
    else:
        yield f"Cost: {told.cost.usd} USD."


def _charge(told: Explanation) -> Iterator[str]:
    ratio = told.ratio
    if ratio.ppm != ONE_PPM:
        exact = f": {told.rounding.exact_usd} USD exactly, rounded up once" if told.items else ""
        yield f"The group '{ratio.group}' pays {ratio.factor} times the cost{exact}."
    yield f"Charged: {told.charge.usd} USD."
    if told.sum.agrees is False:
        yield (
            "The same sum, made again from what is kept of the usage, comes to another amount. "
            "What was charged stands: it was made when the call ended."
        )


def _hold(told: Explanation) -> Iterator[str]:
    held = told.reservation
    if not held.held.nanos:
        return
    yield f"Held before the call: {held.held.usd} USD; given back: {held.released.usd} USD."
    if held.beyond.nanos:
        yield f"The call came to {held.beyond.usd} USD more than was held."


def _moment(unix_s: float | None) -> str:
    return "the beginning" if unix_s is None else datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%d %H:%M UTC")
