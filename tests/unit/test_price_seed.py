"""The prices that come with the release, and the tool that takes them over from open data."""

import datetime

from openhearth.accounts.price_seed import Seed
from openhearth.accounts.price_table import minutes_of
from openhearth.accounts.prices import Prices
from openhearth.core.call import Usage
from openhearth.core.provider import Origin, Target
from openhearth.core.rates import card_of, price_of
from openhearth.providers import builtin
from prices.open_data import models_of
from prices.take_over import PROVIDERS, Taker, written
from tests.fakes.prices import KeptPrices

SOURCE = """
from decimal import Decimal
providers: list[Provider] = [
    Provider(
        id='openai',
        models=[
            ModelInfo(
                id='gpt-x',
                match=ClauseOr(or_=[ClauseEquals(equals='GPT-X'), ClauseStartsWith(starts_with='gpt-x-2026'),
                                    ClauseContains(contains='x'), ClauseRegex(regex='.*')]),
                prices=[
                    ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('9'))),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2026, 1, 1)),
                        prices=ModelPrice(
                            input_mtok=TieredPrices(
                                base=Decimal('1.25'), tiers=[Tier(start=200000, price=Decimal('2.5'))]
                            ),
                            cache_read_mtok=Decimal('0.08333333'),
                            strange_mtok=Decimal('1'),
                        ),
                    ),
                    ConditionalPrice(
                        constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                        prices=ModelPrice(input_mtok=Decimal('2')),
                    ),
                    ConditionalPrice(
                        constraint=TimeOfDateConstraint(
                            start_time=datetime.time(0, 30, tzinfo=datetime.UTC),
                            end_time=datetime.time(16, 30, tzinfo=datetime.UTC),
                        ),
                        prices=ModelPrice(input_mtok=Decimal('3')),
                    ),
                ],
                price_variants=[
                    PriceVariant(when={'processing': 'batch'}, prices=ModelPrice(input_mtok=Decimal('0.625'))),
                    PriceVariant(when={'service_tier': 'gold'}, prices=ModelPrice(input_mtok=Decimal('5'))),
                ],
            ),
            ModelInfo(id='empty', match=ClauseEquals(equals='empty'), prices=ModelPrice()),
            ModelInfo(
                id='other', match=ClauseEquals(equals='gpt-x'),
                prices=ModelPrice(
                    requests_kcount=Decimal('14'), web_searches_kcount=Decimal('10'), audio_hours=Decimal('0.36')
                ),
            ),
        ],
    ),
    Provider(id='unknown-to-us', models=[]),
]
"""


def test_what_is_in_force_now_or_later_is_taken_over() -> None:
    taker = Taker(datetime.date(2026, 11, 22))
    taken = taker.take(models_of(SOURCE))
    names = ["gpt-x", "gpt-x-2026*"]
    now = {
        "input_micros_per_mtok": 1_250_000,
        "cached_input_micros_per_mtok": 83_333,
        "long_prompts": [{"input_micros_per_mtok": 2_500_000, "above_tokens": 200_000}],
    }
    assert taken["openai"] == [
        {"names": names, "rates": now},
        {"names": names, "rates": {"input_micros_per_mtok": 3_000_000}, "hours": "00:30-16:30"},
        {"names": names, "rates": {"input_micros_per_mtok": 2_000_000}, "from": "2027-01-01"},
        {
            "names": names,
            "rates": {"input_micros_per_mtok": 625_000, "cached_input_micros_per_mtok": 83_333},
            "service": "batch",
        },
        {
            "names": ["other"],
            "rates": {
                "request_micros": 14_000,
                "search_micros_per_ksearch": 10_000_000,
                "audio_micros_per_hour": 360_000,
            },
        },
    ]
    assert taker.left_out["rate strange_mtok"] == 2
    assert taker.left_out["models without a rate we know"] == 1
    assert taker.left_out["variant {'service_tier': 'gold'}"] == 1


def test_what_is_written_is_read_again() -> None:
    head = {"source": "genai-prices 1", "url": "u", "licence": "MIT", "taken_on": "2026-11-22", "data_sha256": "0"}
    text = written(head, Taker(datetime.date(2026, 11, 22)).take(models_of(SOURCE)))
    seed = Seed(text.encode())
    assert seed.source == "genai-prices 1 (2026-11-22)"
    assert [row.service for row in seed.rows("openai")] == ["standard", "standard", "standard", "batch", "standard"]
    assert next(iter(seed.rows("openai"))).names == ("gpt-x", "gpt-x-2026*")


def test_every_row_that_comes_with_the_release_is_a_price_of_a_provider_we_know() -> None:
    seed = Seed()
    assert set(seed.providers()) <= set(builtin())
    assert set(seed.providers()) == {ours for names in PROVIDERS.values() for ours in names}
    count = 0
    for provider in seed.providers():
        places = set()
        for row in seed.rows(provider):
            count += 1
            price_of(card_of(row.rates))
            assert row.service in ("standard", "batch", "flex", "priority")
            assert not row.hours or minutes_of(row.hours)
            assert row.starts_at() >= 0
            for name in row.names:
                place = (name, row.service, row.hours, row.start)
                assert name == name.lower()
                assert place not in places, place
                places.add(place)
    assert count > 1_000


async def test_a_known_model_of_an_attached_provider_has_its_price_at_once() -> None:
    prices = Prices(KeptPrices(), seed=Seed())
    openai = builtin()["openai"]
    target = Target("t", openai, Origin("https", "o.test", 443), "/v1", "*", upstream_model="gpt-4o")
    assert not prices.price(target).is_known
    await prices.attend([target])
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    assert prices.price(target).cost(usage) > prices.price(target, "batch").cost(usage) > 0
