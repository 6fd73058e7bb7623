"""What a model costs, as it is written down: only the rates somebody named. ``price_of`` makes the price calls use.

A rate that is absent follows the plainer one (cached and audio input follow input, reasoning follows output); a rate of
0 is free. That difference is why this is not ``core.money.Price``.
"""

from typing import Annotated, Any

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.money import COUNTED, INPUTS, OUTPUTS, ImageRate, Price, Tariff

_MOST_MICROS = 10**12  # a million dollars for one unit of anything
_Micros = Annotated[int, msgspec.Meta(ge=0, le=_MOST_MICROS)]
_FOLLOWS = {
    "cached_input_micros_per_mtok": "input_micros_per_mtok",
    "cache_write_micros_per_mtok": "input_micros_per_mtok",
    "audio_input_micros_per_mtok": "input_micros_per_mtok",
    "image_input_micros_per_mtok": "input_micros_per_mtok",
    "reasoning_micros_per_mtok": "output_micros_per_mtok",
    "audio_output_micros_per_mtok": "output_micros_per_mtok",
    "image_output_micros_per_mtok": "output_micros_per_mtok",
}
_PLAIN = frozenset({"request_micros", "input_micros_per_mtok", "output_micros_per_mtok", "image_micros"})


class Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Micros per unit: ``mtok`` a million tokens, ``mchar`` a million characters, ``k…`` a thousand."""

    request_micros: _Micros | None = None
    input_micros_per_mtok: _Micros | None = None
    cached_input_micros_per_mtok: _Micros | None = None
    cache_write_micros_per_mtok: _Micros | None = None
    output_micros_per_mtok: _Micros | None = None
    reasoning_micros_per_mtok: _Micros | None = None
    audio_input_micros_per_mtok: _Micros | None = None
    audio_output_micros_per_mtok: _Micros | None = None
    image_input_micros_per_mtok: _Micros | None = None
    image_output_micros_per_mtok: _Micros | None = None
    character_micros_per_mchar: _Micros | None = None
    audio_micros_per_hour: _Micros | None = None
    video_micros_per_hour: _Micros | None = None
    page_micros_per_kpage: _Micros | None = None
    search_micros_per_ksearch: _Micros | None = None
    image_micros: _Micros | None = None


class LongPrompt(Rates, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The rates that change when a prompt has more than ``above_tokens``; they then count for all of its tokens."""

    above_tokens: Annotated[int, msgspec.Meta(gt=0, le=10**9)]


class RateCard(Rates, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Everything one row of the price table says. ``images`` are prices by size and quality."""

    images: Annotated[tuple[ImageRate, ...], msgspec.Meta(max_length=100)] = ()
    long_prompts: Annotated[tuple[LongPrompt, ...], msgspec.Meta(max_length=10)] = ()


def card_of(values: object) -> RateCard:
    """The rates in a JSON object. Raises RequestError for an unknown name, a wrong number or falling steps."""
    try:
        card = msgspec.convert(values, RateCard)
    except msgspec.ValidationError as error:
        raise RequestError(f"'rates': {error}", param="rates", code="invalid_value") from error
    _check_steps(card)
    return card


def values_of(card: RateCard) -> dict[str, Any]:
    """``card`` as the values of JSON, without what it does not say."""
    values: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(card))
    return values


def price_of(card: RateCard, version: int = 0) -> Price:
    """The price that ``card`` means, marked with the version of its row."""
    named = {name for name, _ in COUNTED if getattr(card, name) is not None}
    if named <= _PLAIN and not card.images and not card.long_prompts:
        return Price(
            request_micros=card.request_micros or 0,
            input_micros_per_mtok=card.input_micros_per_mtok or 0,
            output_micros_per_mtok=card.output_micros_per_mtok or 0,
            image_micros=card.image_micros or 0,
            version=version,
        )
    steps = sorted(card.long_prompts, key=lambda step: -step.above_tokens)
    above = tuple((step.above_tokens, _tariff(_joined(card, step), card.images, version)) for step in steps)
    return _tariff(_plain(card), card.images, version, above)


def _plain(card: Rates) -> dict[str, int | None]:
    return {name: getattr(card, name) for name in Rates.__struct_fields__}


def _joined(card: RateCard, step: LongPrompt) -> dict[str, int | None]:
    """The card's rates with those that the step changes."""
    return {name: old if (new := getattr(step, name)) is None else new for name, old in _plain(card).items()}


def _tariff(
    rates: dict[str, int | None],
    pictures: tuple[ImageRate, ...],
    version: int,
    above: tuple[tuple[int, Tariff], ...] = (),
) -> Tariff:
    full = {name: _rate(rates, name) for name in rates}
    weights = tuple(full[name] * parts for name, parts in COUNTED)
    return Tariff(
        request_micros=full["request_micros"],
        input_micros_per_mtok=full["input_micros_per_mtok"],
        output_micros_per_mtok=full["output_micros_per_mtok"],
        image_micros=full["image_micros"],
        version=version,
        weights=weights,
        dearest=_dearest(full["request_micros"], weights, pictures, [tariff.dearest for _, tariff in above]),
        pictures=pictures,
        above=above,
    )


def _rate(rates: dict[str, int | None], name: str) -> int:
    value = rates[name]
    if value is None and name in _FOLLOWS:
        value = rates[_FOLLOWS[name]]
    return value or 0


def _dearest(
    request_micros: int,
    weights: tuple[int, ...],
    pictures: tuple[ImageRate, ...],
    above: list[tuple[int, ...]],
) -> tuple[int, ...]:
    most = list(weights)
    for side in (INPUTS, OUTPUTS):
        most[side] = [max(most[side])] * len(most[side])
    parts_each = COUNTED[-1][1]
    most[-1] = max(most[-1], *(rate.micros * parts_each for rate in pictures), 0)
    most.append(request_micros * parts_each)
    return tuple(map(max, zip(most, *above, strict=True)))


def _check_steps(card: RateCard) -> None:
    """A longer prompt must not cost less: what is held before a call would not cover a shorter one."""
    before = _plain(card)
    seen: set[int] = set()
    for step in sorted(card.long_prompts, key=lambda step: step.above_tokens):
        if step.above_tokens in seen:
            raise RequestError(f"Two rates above {step.above_tokens} tokens.", param="rates.long_prompts")
        seen.add(step.above_tokens)
        after = _joined(card, step)
        for name in before:
            if _rate(after, name) < _rate(before, name):
                raise RequestError(
                    f"'{name}' falls above {step.above_tokens} tokens; a longer prompt must not cost less.",
                    param="rates.long_prompts",
                )
        before = after
