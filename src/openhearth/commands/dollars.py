"""Rates as people write them, US dollars in decimals, to the whole micros of the price table and back. No float."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from openhearth.commands import WrongUse

# What is written on the command line, the rate it means, and how many micros of that rate one dollar is.
_RATES = {
    "input": ("input_micros_per_mtok", 1_000_000),
    "cached": ("cached_input_micros_per_mtok", 1_000_000),
    "cache_write": ("cache_write_micros_per_mtok", 1_000_000),
    "output": ("output_micros_per_mtok", 1_000_000),
    "reasoning": ("reasoning_micros_per_mtok", 1_000_000),
    "audio_input": ("audio_input_micros_per_mtok", 1_000_000),
    "audio_output": ("audio_output_micros_per_mtok", 1_000_000),
    "image_input": ("image_input_micros_per_mtok", 1_000_000),
    "image_output": ("image_output_micros_per_mtok", 1_000_000),
    "characters": ("character_micros_per_mchar", 1_000_000),
    "page": ("page_micros_per_kpage", 1_000_000_000),
    "search": ("search_micros_per_ksearch", 1_000_000_000),
    "request": ("request_micros", 1_000_000),
    "image": ("image_micros", 1_000_000),
}
_SPANS = {"audio": "audio_micros_per_hour", "video": "video_micros_per_hour"}
_PER_HOUR = {"": 3600, "s": 3600, "min": 60, "m": 60, "h": 1}
_MOST_DIGITS = 20  # beyond any amount of money, and few enough to count with
_NAMES = {rate: (name, per_dollar) for name, (rate, per_dollar) in _RATES.items()}


def micros(text: str, what: str, per_dollar: int = 1_000_000) -> int:
    """``text`` dollars in micros. Raises WrongUse for what is no amount, negative, or finer than a micro."""
    try:
        dollars = Decimal(text)
    except InvalidOperation as error:
        raise WrongUse(f"--{what} '{text}' is no amount of money; write it like 2.50.") from error
    if dollars.is_finite() and dollars.adjusted() > _MOST_DIGITS:
        raise WrongUse(f"--{what} '{text[:40]}' is more money than there is.")
    amount = dollars * per_dollar
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise WrongUse(f"--{what} '{text}' must not be negative nor finer than a millionth of its unit.")
    return int(amount)


def rates(said: Mapping[str, str]) -> dict[str, Any]:
    """Rates by the names of the command line, as the price table has them. Raises WrongUse."""
    found: dict[str, Any] = {}
    for option, text in said.items():
        name = option.replace("-", "_")  # options are written with hyphens, fields of a file with either
        if name in _SPANS:
            found[_SPANS[name]] = _per_hour(text, name)
        elif name in _RATES:
            rate, per_dollar = _RATES[name]
            found[rate] = micros(text, name.replace("_", "-"), per_dollar)
        else:
            raise WrongUse(f"'{option}' is no rate; there are {', '.join([*_RATES, *_SPANS])}.")
    return found


def picture(text: str) -> dict[str, Any]:
    """``1024x1024=0.04`` or ``1024x1024/hd=0.08``: pictures of that size and quality. Raises WrongUse."""
    kind, _, amount = text.rpartition("=")
    size, _, quality = kind.partition("/")
    if not kind:
        raise WrongUse(f"--picture '{text}' looks like 1024x1024=0.04, 1024x1024/hd=0.08 or /hd=0.08.")
    return {"size": size, "quality": quality, "micros": micros(amount, "picture")}


def long_prompt(text: str) -> dict[str, Any]:
    """``200000:input=2.50,output=15``: rates of prompts of more tokens than that. Raises WrongUse."""
    above, colon, parts = text.partition(":")
    said = dict(part.strip().partition("=")[::2] for part in parts.split(","))
    if not (colon and above.isascii() and above.isdigit() and all(said.values())):
        raise WrongUse(f"--above '{text}' looks like 200000:input=2.50,output=15.")
    return {"above_tokens": int(above), **rates(said)}


def usd(amount_micros: int, per_dollar: int = 1_000_000) -> str:
    """As many digits as there are, at least two after the point."""
    text = f"{Decimal(amount_micros) / per_dollar:f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def shown(values: Mapping[str, Any]) -> dict[str, str]:
    """Rates of the price table in dollars, by the names of the command line."""
    found = {}
    for rate, value in values.items():
        if rate in _NAMES:
            name, per_dollar = _NAMES[rate]
            found[name] = usd(value, per_dollar)
        elif rate in _SPANS.values():
            name = next(name for name, each in _SPANS.items() if each == rate)
            found[name] = f"{usd(value)}/h"
    for step in values.get("long_prompts", ()):
        parts = shown({name: value for name, value in step.items() if name != "above_tokens"})
        found[f"above {step['above_tokens']}"] = " ".join(f"{name}={text}" for name, text in parts.items())
    for each in values.get("images", ()):
        found["/".join(filter(None, (each.get("size"), each.get("quality"))))] = usd(each["micros"])
    return found


def _per_hour(text: str, name: str) -> int:
    amount, _, unit = text.partition("/")
    if unit not in _PER_HOUR:
        raise WrongUse(f"--{name} '{text}' is dollars a second; or write 0.006/min or 0.36/h.")
    return micros(amount, name, 1_000_000 * _PER_HOUR[unit])
