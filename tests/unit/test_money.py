"""Arithmetic of money: exact sums, one rounding, nothing chargeable lost, nothing charged twice (T6)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhearth.core.call import Usage
from openhearth.core.errors import RequestError
from openhearth.core.money import EXACT_PER_NANO, FREE, UNPRICED, Price, Tariff
from openhearth.core.rates import Rates, card_of, price_of, values_of
from openhearth.relay.observe import StreamObserver, read_answer

COUNTERS = (
    "input_tokens", "cached_tokens", "cache_write_tokens", "audio_input_tokens", "image_input_tokens", "output_tokens",
    "reasoning_tokens", "audio_output_tokens", "image_output_tokens", "characters", "audio_ms", "video_ms", "pages",
    "searches", "images",
)  # fmt: skip
_SOME = settings(max_examples=60, deadline=None)
amounts = st.integers(0, 10**9)
micros = st.none() | st.integers(0, 10**8)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    is_text = draw(st.booleans())
    names = ("input_tokens", "cached_tokens", "output_tokens") if is_text else COUNTERS
    usage = msgspec.convert({name: draw(amounts) for name in names}, Usage)
    usage.image_size = draw(st.sampled_from(["", "512x512", "1024x1024"]))
    usage.image_quality = draw(st.sampled_from(["", "hd"]))
    return usage


@st.composite
def prices(draw: st.DrawFn) -> Price:
    rates = {name: value for name in Rates.__struct_fields__ if (value := draw(micros)) is not None}
    if draw(st.booleans()):
        above = draw(st.integers(1, 10**6))
        dearer = {name: value + draw(st.integers(0, 10**6)) for name, value in rates.items() if draw(st.booleans())}
        # What follows a rate rises with it, or the card is refused: name them all.
        whole = {**{name: rates.get(name, 0) for name in Rates.__struct_fields__}, **rates}
        return price_of(card_of({**whole, "long_prompts": [{"above_tokens": above, **dearer}]}), 7)
    if draw(st.booleans()):
        pictures = [
            {"micros": draw(st.integers(0, 10**7)), "size": "1024x1024", "quality": draw(st.sampled_from(["", "hd"]))}
        ]
        return price_of(card_of({**rates, "images": pictures}), 7)
    return price_of(card_of(rates), 7)


@_SOME
@given(prices(), usages())
def test_a_cost_is_its_lines_rounded_up_once(price: Price, usage: Usage) -> None:
    exact = sum(line.exact for line in price.lines(usage))
    assert price.exact(usage) == exact
    assert price.cost(usage) == -(-exact // EXACT_PER_NANO)
    assert 0 <= price.cost(usage) * EXACT_PER_NANO - exact < EXACT_PER_NANO
    assert all(line.exact > 0 for line in price.lines(usage))


@_SOME
@given(prices(), usages())
def test_nothing_chargeable_is_rounded_away_and_nothing_is_negative(price: Price, usage: Usage) -> None:
    assert (price.cost(usage) > 0) is (price.exact(usage) > 0)
    assert price.cost(usage) >= 0


@_SOME
@given(prices(), usages(), st.sampled_from(COUNTERS), amounts)
def test_more_of_anything_never_costs_less(price: Price, usage: Usage, name: str, more: int) -> None:
    """A kind of token grows together with the tokens it is part of; dearer or cheaper, the whole is not smaller."""
    whole = {"input_tokens": COUNTERS[1:5], "output_tokens": COUNTERS[6:9]}
    grown = msgspec.structs.replace(usage)
    for total, kinds in whole.items():
        if name in kinds:
            _within(grown, total, kinds)
            usage = msgspec.structs.replace(grown)
            setattr(grown, total, getattr(grown, total) + more)
        elif name == total:
            _within(grown, total, kinds)
            usage = msgspec.structs.replace(grown)
    setattr(grown, name, getattr(grown, name) + more)
    assert price.cost(grown) >= price.cost(usage)


def _within(usage: Usage, total: str, kinds: tuple[str, ...]) -> None:
    """Make the kinds parts that do not come to more than their whole, as a right upstream reports them."""
    setattr(usage, total, getattr(usage, total) + sum(getattr(usage, kind) for kind in kinds))


@_SOME
@given(prices(), usages())
def test_what_is_held_for_the_worst_covers_it_whatever_kinds_it_turns_out_to_be(price: Price, usage: Usage) -> None:
    worst = msgspec.structs.replace(
        usage, cached_tokens=0, cache_write_tokens=0, audio_input_tokens=0, image_input_tokens=0, reasoning_tokens=0,
        audio_output_tokens=0, image_output_tokens=0, image_size="", image_quality="",
    )  # fmt: skip
    assert price.most(worst) >= price.cost(usage)


@_SOME
@given(prices(), usages(), usages())
def test_two_calls_cost_at_most_one_rounding_more_than_their_sum(price: Price, one: Usage, two: Usage) -> None:
    parts = price.exact(one) + price.exact(two)
    assert 0 <= (price.cost(one) + price.cost(two)) * EXACT_PER_NANO - parts < 2 * EXACT_PER_NANO


@_SOME
@given(prices(), usages(), st.integers(0, 5_000_000))
def test_a_groups_ratio_is_rounded_together_with_the_rest(price: Price, usage: Usage, ratio_ppm: int) -> None:
    exact = price.exact(usage) * ratio_ppm
    assert price.charge(usage, 1_000_000) == price.cost(usage)
    assert 0 <= price.charge(usage, ratio_ppm) * EXACT_PER_NANO * 1_000_000 - exact < EXACT_PER_NANO * 1_000_000


counts = st.integers(-5, 10**7) | st.none()


@_SOME
@given(
    prices(),
    counts,
    counts,
    st.none() | st.fixed_dictionaries({"cached_tokens": counts}),
    st.lists(st.integers(1, 2000), max_size=8),
)
def test_a_stream_costs_what_the_same_answer_costs_whole(
    price: Price, into: int | None, out: int | None, details: dict[str, Any] | None, cuts: list[int]
) -> None:
    said = {"prompt_tokens": into, "completion_tokens": out, "prompt_tokens_details": details}
    whole, streamed = Usage(), Usage()
    assert read_answer(msgspec.json.encode({"choices": [{"index": 0}], "usage": said}), whole) == "ok"
    events = [{"choices": [{"delta": {"content": "hi"}}]}, {"choices": [], "usage": said}]
    data = b"".join(b"data: " + msgspec.json.encode(event) + b"\n\n" for event in events) + b"data: [DONE]\n\n"
    observer = StreamObserver(streamed, hide_usage=True)
    start = 0
    for cut in [*sorted(cuts), len(data)]:
        observer.feed(data[start:cut]) if data[start:cut] else None
        start = max(start, min(cut, len(data)))
    assert streamed == whole
    assert price.cost(streamed) == price.cost(whole)


def test_one_token_of_the_cheapest_model_is_charged() -> None:
    assert Price(input_micros_per_mtok=1).cost(Usage(input_tokens=1)) == 1
    assert price_of(card_of({"cached_input_micros_per_mtok": 1})).cost(Usage(input_tokens=1, cached_tokens=1)) == 1
    assert Price(input_micros_per_mtok=20_000).cost(Usage(input_tokens=1)) == 20


def test_a_known_invoice() -> None:
    """gpt-4o, 1,000 tokens in of which 400 cached, 200 out: 600 x 2.50 + 400 x 1.25 + 200 x 10 USD a million."""
    rates = {
        "input_micros_per_mtok": 2_500_000,
        "cached_input_micros_per_mtok": 1_250_000,
        "output_micros_per_mtok": 10_000_000,
    }
    assert price_of(card_of(rates)).cost(Usage(input_tokens=1000, cached_tokens=400, output_tokens=200)) == 4_000_000


@pytest.mark.parametrize(
    ("rates", "usage", "micros"),
    [
        ({"audio_micros_per_hour": 360_000}, Usage(audio_ms=61_500), 6_150),
        ({"video_micros_per_hour": 360_000_000}, Usage(video_ms=5_000), 500_000),
        ({"page_micros_per_kpage": 1_000_000}, Usage(pages=3), 3_000),
        ({"search_micros_per_ksearch": 10_000_000}, Usage(searches=2), 20_000),
        ({"character_micros_per_mchar": 15_000_000}, Usage(characters=100), 1_500),
        ({"reasoning_micros_per_mtok": 3_000_000, "output_micros_per_mtok": 1_000_000},
         Usage(output_tokens=1_000, reasoning_tokens=600), 400 + 1_800),
    ],
)  # fmt: skip
def test_every_unit_is_charged_by_its_rate(rates: dict[str, Any], usage: Usage, micros: int) -> None:
    assert price_of(card_of(rates)).cost(usage) == micros * 1000


def test_a_kind_without_a_rate_follows_the_plain_one_and_a_rate_of_nothing_is_free() -> None:
    follows = price_of(card_of({"input_micros_per_mtok": 10**6, "audio_output_micros_per_mtok": 10**6}))
    assert follows.cost(Usage(input_tokens=10, cached_tokens=4)) == 10_000
    free = price_of(card_of({"input_micros_per_mtok": 10**6, "cached_input_micros_per_mtok": 0}))
    assert free.cost(Usage(input_tokens=10, cached_tokens=4)) == 6_000


def test_more_cached_tokens_than_tokens_make_no_negative_price() -> None:
    price = price_of(card_of({"input_micros_per_mtok": 10**6, "cached_input_micros_per_mtok": 10**5}))
    assert price.cost(Usage(input_tokens=10, cached_tokens=10**6)) == 1_000
    assert price.cost(Usage(input_tokens=10, cached_tokens=-5)) == 10_000


def test_a_long_prompt_pays_for_all_its_tokens() -> None:
    steps = [
        {"above_tokens": 200, "input_micros_per_mtok": 2 * 10**6},
        {"above_tokens": 500, "output_micros_per_mtok": 9},
    ]
    price = price_of(card_of({"input_micros_per_mtok": 10**6, "long_prompts": steps[:1]}))
    assert [price.cost(Usage(input_tokens=n)) for n in (200, 201)] == [200_000, 402_000]
    assert price.most(Usage(input_tokens=200)) == 400_000
    assert price_of(card_of({"long_prompts": steps[1:]})).cost(Usage(input_tokens=501, output_tokens=10**6)) == 9_000


@pytest.mark.parametrize(
    ("size", "quality", "micros"),
    [("1024x1024", "", 40), ("1024x1024", "hd", 80), ("512x512", "hd", 60), ("512x512", "", 20), ("9x9", "low", 20)],
)
def test_a_picture_costs_by_size_and_quality_as_listed_else_the_plain_price(
    size: str, quality: str, micros: int
) -> None:
    images = [
        {"micros": 40, "size": "1024x1024"},
        {"micros": 80, "size": "1024x1024", "quality": "hd"},
        {"micros": 60, "quality": "hd"},
    ]
    price = price_of(card_of({"image_micros": 20, "images": images}))
    assert price.cost(Usage(images=1, image_size=size, image_quality=quality)) == micros * 1000
    assert price.most(Usage(images=2)) == 160_000


def test_a_picture_that_is_not_listed_is_not_free() -> None:
    price = price_of(card_of({"images": [{"micros": 40, "size": "1x1"}, {"micros": 90, "size": "2x2"}]}))
    assert price.cost(Usage(images=2, image_size="3x3")) == 180_000


def test_free_and_not_knowing_are_two_things() -> None:
    everything = msgspec.convert(dict.fromkeys(COUNTERS, 10**6), Usage)
    assert FREE.cost(everything) == UNPRICED.cost(everything) == 0
    assert FREE.is_known
    assert not UNPRICED.is_known
    assert price_of(card_of({}), 3).is_known


def test_a_card_says_again_what_it_was_told() -> None:
    said = {
        "input_micros_per_mtok": 5,
        "images": [{"micros": 7, "size": "1x1"}],
        "long_prompts": [{"above_tokens": 9, "input_micros_per_mtok": 6}],
    }
    assert msgspec.json.decode(msgspec.json.encode(values_of(card_of(said)))) == {
        **said,
        "images": [{"micros": 7, "size": "1x1", "quality": ""}],
    }
    price = price_of(card_of(said), 4)
    assert isinstance(price, Tariff)
    assert (price.version, price.rates()) == (4, {
        "input_micros_per_mtok": 5, "cached_input_micros_per_mtok": 5, "cache_write_micros_per_mtok": 5,
        "audio_input_micros_per_mtok": 5, "image_input_micros_per_mtok": 5,
    })  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": 5},
        {"input_micros_per_mtok": -1},
        {"input_micros_per_mtok": 1.5},
        {"input_micros_per_mtok": 10**13},
        {"long_prompts": [{"above_tokens": 0}]},
        {"input_micros_per_mtok": 2, "long_prompts": [{"above_tokens": 5, "input_micros_per_mtok": 1}]},
        {"long_prompts": [{"above_tokens": 5}, {"above_tokens": 5}]},
        [],
    ],
)
def test_a_wrong_card_is_refused(wrong: object) -> None:
    with pytest.raises(RequestError):
        card_of(wrong)
