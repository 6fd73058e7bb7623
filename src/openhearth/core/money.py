"""Integer money, in USD. Prices are in micros (millionths), costs and charges in nanos (thousandths of a micro).

A price is whole micros per unit as providers quote it (a million tokens, an hour, a thousand pages, one picture). A
cost is added up without any rounding, and rounded up to a whole nano once, at the end: docs/money.md.
"""

from operator import mul

import msgspec
from typing_extensions import override

from openhearth.core.call import ONE_PPM, Usage

UNPRICED_VERSION = -1

# Exact amounts are whole numbers of 1/18,000,000 micro: the smallest part that holds a token at micros per million
# (18 of them), a millisecond at micros per hour (5) and a page at micros per thousand (18,000) without a remainder.
EXACT_PER_MICRO = 18_000_000
EXACT_PER_NANO = EXACT_PER_MICRO // 1000
_RATED = EXACT_PER_NANO * ONE_PPM
_TOKEN, _MS, _OF_THOUSAND, _EACH = 18, 5, 18_000, 18_000_000

# What is counted, in the order of ``_quantities``: the rate that prices it, and exact parts per micro of that rate.
COUNTED: tuple[tuple[str, int], ...] = (
    ("input_micros_per_mtok", _TOKEN),
    ("cached_input_micros_per_mtok", _TOKEN),
    ("cache_write_micros_per_mtok", _TOKEN),
    ("audio_input_micros_per_mtok", _TOKEN),
    ("image_input_micros_per_mtok", _TOKEN),
    ("output_micros_per_mtok", _TOKEN),
    ("reasoning_micros_per_mtok", _TOKEN),
    ("audio_output_micros_per_mtok", _TOKEN),
    ("image_output_micros_per_mtok", _TOKEN),
    ("character_micros_per_mchar", _TOKEN),
    ("audio_micros_per_hour", _MS),
    ("video_micros_per_hour", _MS),
    ("page_micros_per_kpage", _OF_THOUSAND),
    ("search_micros_per_ksearch", _OF_THOUSAND),
    ("image_micros", _EACH),
)
INPUTS, OUTPUTS = slice(0, 5), slice(5, 9)  # the kinds of tokens on each side
_CACHED, _OUTPUT, _IMAGE = 1, 5, len(COUNTED) - 1


class Line(msgspec.Struct, frozen=True):
    """One part of a cost: ``quantity`` of what ``rate`` (a name of ``COUNTED``, or ``request_micros``) prices at
    ``micros``. ``exact`` is in parts of ``EXACT_PER_MICRO``; a cost is the sum of its lines, rounded up once
    to a nano."""

    rate: str
    quantity: int
    micros: int
    exact: int


class Price(msgspec.Struct, frozen=True):
    """What calls on a target cost, in micros. Zero everywhere means free (embedded engines).

    ``version`` is the row of the price table it comes from: 0 for none (free by declaration), ``UNPRICED_VERSION`` when
    nobody ever said what the model costs.
    """

    request_micros: int = 0
    input_micros_per_mtok: int = 0
    output_micros_per_mtok: int = 0
    image_micros: int = 0
    version: int = 0

    @property
    def is_known(self) -> bool:
        """False when the zeros here are ignorance."""
        return self.version != UNPRICED_VERSION

    def cost(self, usage: Usage) -> int:
        """Cost in nanos, rounded up once at the end so that nothing chargeable is rounded away."""
        tokens = usage.input_tokens * self.input_micros_per_mtok + usage.output_tokens * self.output_micros_per_mtok
        nanos = (self.request_micros + usage.images * self.image_micros) * 1000 + -(-tokens // 1000)
        return nanos if nanos > 0 else 0

    def charge(self, usage: Usage, ratio_ppm: int) -> int:
        """What the caller pays, in nanos: the exact cost times a group's ratio (parts per million), rounded up once."""
        return -(-self.exact(usage) * ratio_ppm // _RATED)

    def most(self, worst: Usage) -> int:
        """What to hold in nanos for a call of at most ``worst``, whatever kinds its tokens turn out to be."""
        return self.cost(worst)

    def most_of_text(self, into: int, out: int) -> int:
        """``most`` of a usage of so many tokens in and out and nothing else, none of them negative."""
        tokens = into * self.input_micros_per_mtok + out * self.output_micros_per_mtok
        return self.request_micros * 1000 + -(-tokens // 1000)

    def rates(self) -> dict[str, int]:
        """Every rate that is not 0, in micros, by the names of ``COUNTED`` and ``request_micros``."""
        names = ("request_micros", "input_micros_per_mtok", "output_micros_per_mtok", "image_micros")
        return {name: micros for name in names if (micros := getattr(self, name))}

    def lines(self, usage: Usage) -> list[Line]:
        """The parts of ``cost``, those of nothing left out."""
        counted = (
            ("request_micros", 1, self.request_micros, _EACH),
            ("input_micros_per_mtok", usage.input_tokens, self.input_micros_per_mtok, _TOKEN),
            ("output_micros_per_mtok", usage.output_tokens, self.output_micros_per_mtok, _TOKEN),
            ("image_micros", usage.images, self.image_micros, _EACH),
        )
        return [Line(name, n, micros, n * micros * parts) for name, n, micros, parts in counted if n > 0 and micros]

    def exact(self, usage: Usage) -> int:
        """The cost before rounding, in parts of ``EXACT_PER_MICRO``."""
        return sum(line.exact for line in self.lines(usage))


class ImageRate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One picture of this ``size`` (``1024x1024``) and ``quality``; empty matches any."""

    micros: int
    size: str = ""
    quality: str = ""


class Tariff(Price, frozen=True):
    """A price with more than four rates; made by ``core.rates``.

    ``weights`` are exact parts per counted thing, in the order of ``COUNTED``. ``dearest`` are the same with every kind
    of token at the dearest rate of its side, over all of ``above``, and at the end what the call itself costs at most.
    ``above`` are the tariffs of long prompts, longest first: a prompt of more than so many tokens pays it for all.
    """

    weights: tuple[int, ...] = ()
    dearest: tuple[int, ...] = ()
    pictures: tuple[ImageRate, ...] = ()
    above: tuple[tuple[int, "Tariff"], ...] = ()

    @override
    def cost(self, usage: Usage) -> int:
        return -(-self.exact(usage) // EXACT_PER_NANO)

    @override
    def most(self, worst: Usage) -> int:
        if is_text(worst):
            return self.most_of_text(worst.input_tokens, worst.output_tokens)
        exact = self.dearest[-1] + sum(map(mul, _quantities(worst), self.dearest))
        return -(-exact // EXACT_PER_NANO) if exact > 0 else 0

    @override
    def most_of_text(self, into: int, out: int) -> int:
        dearest = self.dearest
        exact = dearest[-1] + into * dearest[0] + out * dearest[_OUTPUT]
        return -(-exact // EXACT_PER_NANO) if exact > 0 else 0

    @override
    def rates(self) -> dict[str, int]:
        counted = {name: weight // parts for (name, parts), weight in zip(COUNTED, self.weights, strict=True)}
        return {name: micros for name, micros in {"request_micros": self.request_micros, **counted}.items() if micros}

    @override
    def lines(self, usage: Usage) -> list[Line]:
        tariff = self._tariff_for(usage)
        found = [Line("request_micros", 1, tariff.request_micros, tariff.request_micros * _EACH)]
        weights = tariff._weights_for(usage)
        for (name, parts), quantity, weight in zip(COUNTED, _quantities(usage), weights, strict=True):
            found.append(Line(name, quantity, weight // parts, quantity * weight))
        return [line for line in found if line.exact > 0]

    @override
    def exact(self, usage: Usage) -> int:
        tariff = self._tariff_for(usage) if self.above else self
        weights = tariff._weights_for(usage) if tariff.pictures else tariff.weights
        exact = tariff.request_micros * _EACH
        if is_text(usage):  # nearly every call, in a third of the time
            into, cached = usage.input_tokens, usage.cached_tokens
            if cached:
                cached = _part(cached, into)
                exact += cached * (weights[_CACHED] - weights[0])
            exact += into * weights[0] + usage.output_tokens * weights[_OUTPUT]
        else:
            exact += sum(map(mul, _quantities(usage), weights))
        return exact if exact > 0 else 0

    def _tariff_for(self, usage: Usage) -> "Tariff":
        into = usage.input_tokens
        for above, tariff in self.above:
            if into > above:
                return tariff
        return self

    def _weights_for(self, usage: Usage) -> tuple[int, ...]:
        """``weights`` with the rate of this call's pictures: the listed one that says most, else the plain rate, and
        where there is none the dearest listed (an unknown size is not free)."""
        if not self.pictures:
            return self.weights
        fitting = [
            ((rate.size != "") + (rate.quality != ""), rate.micros)
            for rate in self.pictures
            if rate.size in ("", usage.image_size) and rate.quality in ("", usage.image_quality)
        ]
        plain = self.image_micros or max(rate.micros for rate in self.pictures)
        return (*self.weights[:_IMAGE], (max(fitting)[1] if fitting else plain) * _EACH)


def is_text(usage: Usage) -> bool:
    """Whether nothing is counted but tokens in, cached ones among them, and tokens out."""
    return not (
        usage.reasoning_tokens
        or usage.cache_write_tokens
        or usage.audio_input_tokens
        or usage.image_input_tokens
        or usage.audio_output_tokens
        or usage.image_output_tokens
        or usage.characters
        or usage.audio_ms
        or usage.video_ms
        or usage.pages
        or usage.searches
        or usage.images
    )


def _quantities(usage: Usage) -> tuple[int, ...]:
    """What is counted, each thing once: kinds of tokens are parts of the whole and never come to more than it.

    What an upstream counts twice (cached audio) goes to the first kind in the order of ``COUNTED``.
    """
    text = usage.input_tokens
    text -= (cached := _part(usage.cached_tokens, text))
    text -= (written := _part(usage.cache_write_tokens, text))
    text -= (heard := _part(usage.audio_input_tokens, text))
    text -= (seen := _part(usage.image_input_tokens, text))
    said = usage.output_tokens
    said -= (thought := _part(usage.reasoning_tokens, said))
    said -= (spoken := _part(usage.audio_output_tokens, said))
    said -= (drawn := _part(usage.image_output_tokens, said))
    return (
        text, cached, written, heard, seen, said, thought, spoken, drawn,
        usage.characters, usage.audio_ms, usage.video_ms, usage.pages, usage.searches, usage.images,
    )  # fmt: skip


def _part(part: int, whole: int) -> int:
    return (part if part < whole else whole) if part > 0 else 0


FREE = Price()
UNPRICED = Price(version=UNPRICED_VERSION)
