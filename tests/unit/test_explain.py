"""Explanations: every amount is the sum of its lines, rounded once, and the words say what the numbers say."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.amounts import MEASURES, usd_of_exact, usd_of_micros, usd_of_nanos
from openhearth.accounts.call_book import usage_of
from openhearth.accounts.explain import explain
from openhearth.core.call import Usage
from openhearth.core.money import COUNTED
from tests.fakes.settled import CALL, ROW, row_with, settled

_PARTS_PER_USD = 18_000_000_000_000
COUNT = st.integers(0, 10**7)
RATES = st.dictionaries(st.sampled_from(["request_micros", *(name for name, _ in COUNTED)]), st.integers(0, 10**9))
USAGES = st.builds(
    Usage,
    input_tokens=COUNT,
    output_tokens=COUNT,
    cached_tokens=COUNT,
    reasoning_tokens=COUNT,
    audio_input_tokens=COUNT,
    images=st.integers(0, 10),
    audio_ms=COUNT,
    pages=st.integers(0, 1000),
    source=st.sampled_from(["upstream", "estimate"]),
)


@given(RATES, USAGES, st.integers(0, 5_000_000))
def test_lines_come_to_the_cost_and_the_ratio_to_the_charge(
    rates: dict[str, int], usage: Usage, ratio_ppm: int
) -> None:
    row = row_with(**rates)
    entry = settled(usage, row, ratio_ppm=ratio_ppm)
    told = explain(entry, row)
    parts = sum(item.parts for item in told.items)
    exact = Fraction(parts, _PARTS_PER_USD)
    assert told.sum.parts == parts
    assert told.sum.agrees in (True, None)
    assert 0 <= Fraction(entry.cost_nanos, 10**9) - exact < Fraction(1, 10**9)
    charged = Fraction(entry.charge_nanos, 10**9)
    rated = exact * Fraction(ratio_ppm, 10**6)
    assert 0 <= charged - rated < Fraction(1, 10**9)
    assert abs(Fraction(Decimal(told.rounding.exact_usd)) - rated) < Fraction(1, 10**23)
    assert abs(Fraction(Decimal(told.rounding.added_usd)) - (charged - rated)) < Fraction(1, 10**23)
    for item in told.items:
        amount = Fraction(Decimal(item.rate_usd)) * item.quantity / item.per
        assert Fraction(item.parts, _PARTS_PER_USD) == amount
        assert abs(Fraction(Decimal(item.usd)) - amount) <= Fraction(1, 10**18)


@given(st.integers(-(10**18), 10**18))
def test_a_decimal_has_all_the_digits(nanos: int) -> None:
    text = usd_of_nanos(nanos)
    assert Decimal(text).scaleb(9) == nanos
    assert len(text.partition(".")[2]) >= 2


def test_decimals_are_written_as_people_do() -> None:
    assert [usd_of_nanos(n) for n in (0, 1, 1_500_000, 12_000_000_000, -20)] == [
        "0.00", "0.000000001", "0.0015", "12.00", "-0.00000002",
    ]  # fmt: skip
    assert usd_of_micros(2_500_000) == "2.50"
    assert usd_of_exact(18) == "0.000000000001"
    assert usd_of_exact(5) == "0.000000000000277778"


def test_every_rate_has_a_measure() -> None:
    assert set(MEASURES) == {"request_micros", *(name for name, _ in COUNTED)}


def test_an_explanation_in_words_and_numbers() -> None:
    usage = Usage(input_tokens=100, cached_tokens=40, output_tokens=10, source="upstream")
    row = row_with(
        input_micros_per_mtok=2_500_000, cached_input_micros_per_mtok=1_250_000, output_micros_per_mtok=10_000_000
    )
    told = explain(settled(usage, row, ratio_ppm=1_200_000), row, "openai")
    assert [(item.what, item.quantity, item.rate_usd, item.usd) for item in told.items] == [
        ("input tokens", 60, "2.50", "0.00015"),
        ("cached input tokens", 40, "1.25", "0.00005"),
        ("output tokens", 10, "10.00", "0.0001"),
    ]
    assert (told.cost.usd, told.charge.usd, told.ratio.factor) == ("0.0003", "0.00036", "1.20")
    assert (told.reservation.held.usd, told.reservation.released.usd) == ("0.01", "0.00964")
    assert told.words == [
        "Usage, as the upstream reported it: 100 input tokens (of them 40 from a cache), 10 output tokens.",
        "Price: row 7 of the price table, for 'gpt-4o*' at openai, in force since 2026-09-21 14:13 UTC, "
        "source operator, set by key_admin.",
        "60 input tokens at 2.50 USD a million: 0.00015 USD.",
        "40 cached input tokens at 1.25 USD a million: 0.00005 USD.",
        "10 output tokens at 10.00 USD a million: 0.0001 USD.",
        "Together exactly 0.0003 USD; as a cost, rounded up once to a whole nano: 0.0003 USD.",
        "The group 'default' pays 1.20 times the cost: 0.00036 USD exactly, rounded up once.",
        "Charged: 0.00036 USD.",
        "Held before the call: 0.01 USD; given back: 0.00964 USD.",
    ]


@pytest.mark.parametrize(
    ("rates", "outcome", "said"),
    [
        ({"input_micros_per_mtok": 5}, "ok", ["3 output tokens"]),
        ({"request_micros": 5}, "ok", ["4 input tokens and 3 output tokens"]),
        ({"input_micros_per_mtok": 5, "reasoning_micros_per_mtok": 1}, "ok", []),
        ({"input_micros_per_mtok": 5}, "failed", []),
    ],
)
def test_tokens_that_a_row_forgot_are_named(rates: dict[str, int], outcome: str, said: list[str]) -> None:
    row = row_with(**rates)
    usage = Usage(input_tokens=4, output_tokens=3, reasoning_tokens=2, source="upstream")
    told = explain(settled(usage, row, outcome=outcome), row)
    free = [one for one in told.words if one.startswith("Nothing is charged for")]
    assert free == [f"Nothing is charged for {what}: the row has no price for them, or 0." for what in said]


def test_an_estimate_says_why_it_is_one() -> None:
    usage = Usage(input_tokens=4, output_tokens=3, source="estimate")
    whole = settled(usage, ROW)
    for entry, out in (
        (whole, "four bytes of the answer's text"),
        (msgspec.structs.replace(whole, stream=True), "one event of the"),
    ):
        words = " ".join(explain(entry, ROW).words)
        assert "an estimate, because the upstream reported none" in words
        assert out in words


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"price_version": 0}, "none", "free by declaration"),
        ({"price_version": -1}, "unknown", "nobody has said what this model costs"),
        ({"price_version": 99}, "gone", "cannot be read any more"),
        ({"outcome": "failed", "error_code": "upstream_down"}, "none", "The call failed (upstream_down)"),
        ({"outcome": "client_gone", "error_code": "client_gone"}, "none", "The client left before the end"),
        ({"outcome": "interrupted", "error_code": "interrupted"}, "none", "The platform stopped"),
    ],
)
def test_an_amount_without_a_price_says_why(changes: dict[str, Any], status: str, said: str) -> None:
    told = explain(settled(Usage(output_tokens=5), None, **changes), None)
    assert (told.price.status, told.items, told.charge.nanos, told.sum.agrees) == (status, [], 0, None)
    assert said in " ".join(told.words)


def test_a_long_prompt_names_the_step_and_has_its_rates() -> None:
    row = row_with(
        input_micros_per_mtok=1_000_000,
        long_prompts=[{"above_tokens": 200_000, "input_micros_per_mtok": 2_000_000}],
    )
    told = explain(settled(Usage(input_tokens=200_001), row), row)
    assert [item.rate_usd for item in told.items] == ["2.00"]
    assert "The prompt has more than 200,000 tokens: all of its tokens have the rates of long prompts." in told.words


def test_more_than_was_held_is_shown() -> None:
    row = row_with(request_micros=20_000)
    told = explain(settled(Usage(), row), row)
    assert (told.reservation.beyond.usd, told.reservation.released.usd) == ("0.01", "0.00")
    assert "The call came to 0.01 USD more than was held." in told.words


def test_an_amount_that_cannot_be_made_again_stands_and_is_marked() -> None:
    entry = msgspec.structs.replace(settled(Usage(input_tokens=100), ROW), cost_nanos=5, charge_nanos=5)
    told = explain(entry, ROW)
    assert (told.sum.agrees, told.charge.nanos) == (False, 5)
    assert any("What was charged stands" in sentence for sentence in told.words)


def test_rates_of_another_release_are_no_reason_to_fail() -> None:
    row = msgspec.structs.replace(ROW, rates={"micros_per_thought": 5})
    told = explain(msgspec.structs.replace(CALL, price_version=7), row)
    assert (told.price.status, told.items, told.sum.agrees) == ("listed", [], None)


def test_rare_counters_come_back() -> None:
    usage = Usage(input_tokens=5, reasoning_tokens=3, image_size="1024x1024", images=2, video_ms=9, source="upstream")
    assert usage_of(settled(usage)) == usage
    assert usage_of(msgspec.structs.replace(CALL, more='{"of_a_later_release": 3}')) == Usage(source="upstream")


def test_the_json_is_plain() -> None:
    told = json.loads(msgspec.json.encode(explain(settled(Usage(input_tokens=100), ROW), ROW)))
    assert told["object"] == "call.explanation"
    assert told["charge"] == {"nanos": 250_000, "usd": "0.00025"}
    assert told["price"]["rates"] == ROW.rates
