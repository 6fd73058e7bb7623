"""Amounts as people read them: US dollars in decimals, every digit that is there and none from a float."""

from typing import NamedTuple

from openhearth.core.money import EXACT_PER_MICRO

_NANO_PLACES = 9
_EXACT_PER_USD = EXACT_PER_MICRO * 1_000_000
_LONGEST_PLACES = 18


class Measure(NamedTuple):
    """How a rate of ``core.money`` is said: a ``quantity`` of ``what`` at so much ``per`` (for ``size`` of them)."""

    what: str
    size: int
    per: str


_MTOK, _HOUR_MS = 1_000_000, 3_600_000
MEASURES = {
    "request_micros": Measure("call", 1, "a call"),
    "input_micros_per_mtok": Measure("input tokens", _MTOK, "a million"),
    "cached_input_micros_per_mtok": Measure("cached input tokens", _MTOK, "a million"),
    "cache_write_micros_per_mtok": Measure("input tokens written to a cache", _MTOK, "a million"),
    "audio_input_micros_per_mtok": Measure("audio input tokens", _MTOK, "a million"),
    "image_input_micros_per_mtok": Measure("image input tokens", _MTOK, "a million"),
    "output_micros_per_mtok": Measure("output tokens", _MTOK, "a million"),
    "reasoning_micros_per_mtok": Measure("reasoning tokens", _MTOK, "a million"),
    "audio_output_micros_per_mtok": Measure("audio output tokens", _MTOK, "a million"),
    "image_output_micros_per_mtok": Measure("image output tokens", _MTOK, "a million"),
    "character_micros_per_mchar": Measure("characters", _MTOK, "a million"),
    "audio_micros_per_hour": Measure("milliseconds of sound", _HOUR_MS, "an hour"),
    "video_micros_per_hour": Measure("milliseconds of video", _HOUR_MS, "an hour"),
    "page_micros_per_kpage": Measure("pages", 1000, "a thousand"),
    "search_micros_per_ksearch": Measure("searches", 1000, "a thousand"),
    "image_micros": Measure("pictures", 1, "each"),
}


def usd_of_nanos(nanos: int) -> str:
    """``1_500_000`` is ``0.0015``: all digits, at least two after the point."""
    return _decimal(nanos, _NANO_PLACES)


def usd_of_micros(micros: int) -> str:
    """As ``usd_of_nanos``."""
    return usd_of_nanos(micros * 1000)


def usd_of_exact(exact: int) -> str:
    """``exact`` parts of ``EXACT_PER_MICRO``. Parts of an hour may have no end as a decimal: then 18 places, the last
    one rounded; the parts themselves are exact."""
    scaled, rest = divmod(exact * 10**_LONGEST_PLACES, _EXACT_PER_USD)
    return _decimal(scaled + (rest * 2 >= _EXACT_PER_USD), _LONGEST_PLACES)


def _decimal(amount: int, places: int) -> str:
    sign = "-" if amount < 0 else ""
    digits = str(abs(amount)).rjust(places + 1, "0")
    whole, rest = digits[:-places], digits[-places:]
    return f"{sign}{whole}.{rest.rstrip('0').ljust(2, '0')}"
