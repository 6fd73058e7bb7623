"""The policy of charging, written a second time: what a call is worth, out of what happened and nothing else.

Sums are fractions, so that no rounding of ours can hide one of the code's. docs/money.md and docs/adr/0005 in code:

* success: as the upstream reported; where it reported nothing, an estimate;
* the client left: what was delivered until then, by the upstream's report if it came, else an estimate; nothing before
  the first event (a comment is none);
* failure, timeout, refusal: nothing, whatever was delivered or reported; a stream whose end mark came is no failure,
  whatever its connection does then;
* only the target that answered is paid, at its price, times the group's ratio; each sum is rounded up once;
* no price: nothing, marked -1. Free by declaration: nothing, marked 0.
"""

from fractions import Fraction
from typing import Any

import msgspec

from openhearth.core.money import FREE, UNPRICED, Price
from openhearth.core.rates import card_of, price_of

PPM = 1_000_000
_INTO = ("cached_tokens", "cache_write_tokens", "audio_input_tokens", "image_input_tokens")
_OUT = ("reasoning_tokens", "audio_output_tokens", "image_output_tokens")
_RATE = {
    "cached_tokens": "cached_input_micros_per_mtok",
    "cache_write_tokens": "cache_write_micros_per_mtok",
    "audio_input_tokens": "audio_input_micros_per_mtok",
    "image_input_tokens": "image_input_micros_per_mtok",
    "reasoning_tokens": "reasoning_micros_per_mtok",
    "audio_output_tokens": "audio_output_micros_per_mtok",
    "image_output_tokens": "image_output_micros_per_mtok",
}
_NANOS = 1000
_UNITS = {
    "characters": ("character_micros_per_mchar", 1_000_000),
    "audio_ms": ("audio_micros_per_hour", 3_600_000),
    "pages": ("page_micros_per_kpage", 1000),
    "searches": ("search_micros_per_ksearch", 1000),
    "images": ("image_micros", 1),
}

RATES: dict[str, dict[str, Any]] = {
    "request": {"request_micros": 1_500},
    "tokens": {"input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000},
    "output": {"output_micros_per_mtok": 15_000_000},
    "tiny": {"input_micros_per_mtok": 1, "output_micros_per_mtok": 1},
    "both": {"request_micros": 7, "input_micros_per_mtok": 333_333, "output_micros_per_mtok": 777_777},
    "cached": {
        "input_micros_per_mtok": 2_500_000, "cached_input_micros_per_mtok": 1_250_001,
        "output_micros_per_mtok": 10_000_000,
    },
    "cached free": {
        "input_micros_per_mtok": 2_500_000, "cached_input_micros_per_mtok": 0, "output_micros_per_mtok": 1_000_000,
    },
    "kinds": {
        "request_micros": 3, "input_micros_per_mtok": 2_500_000, "cached_input_micros_per_mtok": 1_250_000,
        "cache_write_micros_per_mtok": 3_125_000, "audio_input_micros_per_mtok": 40_000_000,
        "image_input_micros_per_mtok": 5_000_000, "output_micros_per_mtok": 10_000_000,
        "reasoning_micros_per_mtok": 12_000_007, "audio_output_micros_per_mtok": 80_000_000,
        "image_output_micros_per_mtok": 30_000_000,
    },
    "long": {
        "input_micros_per_mtok": 1_250_000, "cached_input_micros_per_mtok": 125_000,
        "output_micros_per_mtok": 5_000_000,
        "long_prompts": [{"above_tokens": 1000, "input_micros_per_mtok": 2_500_000, "output_micros_per_mtok": 7_500_000,
                          "cached_input_micros_per_mtok": 250_000}],
    },
}  # fmt: skip
CRAFT = "craft"
RATES[CRAFT] = {
    "request_micros": 5, "input_micros_per_mtok": 2_500_000, "output_micros_per_mtok": 10_000_000,
    "image_micros": 40_003, "character_micros_per_mchar": 15_000_000, "audio_micros_per_hour": 360_001,
    "page_micros_per_kpage": 1_500_000, "search_micros_per_ksearch": 2_000_000,
}  # fmt: skip
PRICES: dict[str, Price] = {
    "free": FREE,
    "unpriced": UNPRICED,
    **{name: price_of(card_of(rates), number) for number, (name, rates) in enumerate(RATES.items(), 11)},
}


class Worth(msgspec.Struct, frozen=True):
    """What the ledger must say of a call. ``usage`` has only what is not 0."""

    outcome: str
    target: str
    usage: dict[str, int]
    source: str
    cost_nanos: int
    charge_nanos: int
    price_version: int


def worth(outcome: str, target: str, usage: dict[str, int], source: str, *, price: str, ratio_ppm: int) -> Worth:
    """A call that is paid for, at the ``PRICES`` of this name."""
    rates = RATES.get(price)
    exact = Fraction(0) if rates is None else exact_nanos(rates, usage)
    used = {name: number for name, number in usage.items() if number}
    charge = _up(exact * ratio_ppm / PPM)
    return Worth(outcome, target, used, source, _up(exact), charge, PRICES[price].version)


def unpaid(outcome: str, target: str) -> Worth:
    """A call that costs nothing. What was counted of it does not matter."""
    return Worth(outcome, target, {}, "", 0, 0, 0)


def exact_nanos(rates: dict[str, Any], usage: dict[str, int]) -> Fraction:
    """The exact cost. A kind without a rate follows the plain one; kinds never come to more than their whole."""
    for step in sorted(rates.get("long_prompts", ()), key=lambda step: step["above_tokens"]):
        if usage.get("input_tokens", 0) > step["above_tokens"]:
            rates = {**rates, **step}
    micros = Fraction(rates.get("request_micros", 0))
    micros += _side(rates, usage, "input_tokens", _INTO, "input_micros_per_mtok")
    micros += _side(rates, usage, "output_tokens", _OUT, "output_micros_per_mtok")
    for counter, (rate, many) in _UNITS.items():
        micros += Fraction(usage.get(counter, 0) * rates.get(rate, 0), many)
    return micros * _NANOS


def _side(rates: dict[str, Any], usage: dict[str, int], whole: str, kinds: tuple[str, ...], plain: str) -> Fraction:
    left = usage.get(whole, 0)
    micros = 0
    for kind in kinds:
        part = min(usage.get(kind, 0), left)
        left -= part
        micros += part * rates.get(_RATE[kind], rates.get(plain, 0))
    return Fraction(micros + left * rates.get(plain, 0), 1_000_000)


def _up(amount: Fraction) -> int:
    return -(-amount.numerator // amount.denominator)
