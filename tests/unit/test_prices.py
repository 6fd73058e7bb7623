"""Which price a target's calls pay, and when that changes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from openhearth.accounts.price_seed import Seed
from openhearth.accounts.prices import NewPrice, Prices
from openhearth.core.errors import Forbidden, RequestError
from openhearth.core.money import FREE, UNPRICED
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from tests.fakes.access import Keys
from tests.fakes.prices import KeptPrices

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC).timestamp()
HOUR = 3600.0
OPENAI = Provider("openai", "OpenAI", "https://o.test/v1", speaks={Operation.CHAT: Dialect.OPENAI_CHAT})
PRINCIPAL = Keys().principal


def target(name: str = "gpt-4o", **more: Any) -> Target:
    return Target("target_1", OPENAI, Origin("https", "o.test", 443), "/v1", name, **more)


def seed(*rows: dict[str, Any], provider: str = "openai") -> Seed:
    return Seed(msgspec.json.encode({"source": "data 1", "taken_on": "2026-11-22", "providers": {provider: rows}}))


def rates(micros: int) -> dict[str, int]:
    return {"request_micros": micros}


class Desk:
    """Prices with a clock that a test moves, and a count of what listeners heard."""

    def __init__(
        self, kept: KeptPrices | None = None, from_seed: Seed | None = None, look_every_s: float = 0.01
    ) -> None:
        self.kept = kept or KeptPrices()
        self.now = NOON
        self.heard = 0
        self.prices = Prices(self.kept, seed=from_seed, now=lambda: self.now, look_every_s=look_every_s)
        self.prices.listen(self._hear)

    def _hear(self) -> None:
        self.heard += 1

    async def put(self, model: str, micros: int | None, **more: Any) -> int:
        said = {"withdrawn": True} if micros is None else {"rates": rates(micros)}
        return (await self.prices.set(NewPrice(model, **said, **more), "key_1")).version

    def cost(self, of: Target | None = None, service: str = "standard") -> int | None:
        price = self.prices.price(of or target(), service)
        return price.request_micros if price.is_known else None


async def test_a_model_nobody_spoke_of_has_no_price_and_an_embedded_one_is_free() -> None:
    desk = Desk()
    assert desk.prices.price(target()) is UNPRICED
    assert desk.prices.price(target(engine="small")) is FREE


async def test_the_most_particular_price_counts() -> None:
    desk = Desk()
    said = []
    for micros, name, place in [
        (1, "*", {}),
        (2, "gpt-4*", {}),
        (3, "gpt-4o*", {}),
        (4, "gpt-4o", {}),
        (5, "*", {"provider": "openai"}),
        (6, "gpt-4o", {"provider": "openai"}),
        (7, "*", {"target_id": "target_1"}),
        (8, "GPT-4o", {"target_id": "target_1"}),
    ]:
        await desk.put(name, micros, **place)
        said.append(desk.cost())
    assert said == [1, 2, 3, 4, 5, 6, 7, 8]
    assert desk.cost(target("gpt-4-turbo")) == 7
    assert desk.cost(msgspec.structs.replace(target("gpt-4-turbo"), id="target_2")) == 5


async def test_a_public_name_counts_before_the_upstreams() -> None:
    desk = Desk()
    await desk.put("gpt-4o", 1)
    assert desk.cost(target("fast", upstream_model="gpt-4o")) == 1
    await desk.put("fast", 2)
    assert desk.cost(target("fast", upstream_model="gpt-4o")) == 2
    assert desk.cost(target("*", upstream_model="gpt-4o")) == 1


async def test_an_embedded_engine_costs_something_only_if_somebody_means_it() -> None:
    desk = Desk()
    await desk.put("*", 1)
    assert desk.cost(target("small", engine="small")) == 0
    await desk.put("small", 2)
    assert desk.cost(target("small", engine="small")) == 2


async def test_a_price_taken_away_lets_the_more_general_one_count_again() -> None:
    desk = Desk()
    await desk.put("gpt-4o", 1)
    await desk.put("gpt-4o", 2, target_id="target_1")
    await desk.put("gpt-4o", None, target_id="target_1")
    assert desk.cost() == 1
    await desk.put("gpt-4o", None)
    assert desk.cost() is None


async def test_hours_of_the_day_count_before_the_whole_day_also_over_midnight() -> None:
    desk = Desk()
    await desk.put("gpt-4o", 10)
    await desk.put("gpt-4o", 5, hours="16:30-00:30")
    seen = []
    for hour in (12.0, 16.49, 16.5, 23.0, 24.49, 24.5):
        desk.now = NOON + (hour - 12) * HOUR
        seen.append(desk.cost())
    assert seen == [10, 10, 5, 5, 5, 10]


async def test_a_batch_costs_its_own_price_else_the_usual_one_of_the_same_place() -> None:
    desk = Desk()
    await desk.put("gpt-4o", 10)
    assert desk.cost(service="batch") == 10
    await desk.put("gpt-4o", 5, service="batch")
    assert (desk.cost(), desk.cost(service="batch"), desk.cost(service="flex")) == (10, 5, 10)
    await desk.put("gpt-4o", 7, target_id="target_1")
    assert desk.cost(service="batch") == 7


async def test_a_later_price_begins_at_its_time_and_listeners_are_told() -> None:
    desk = Desk()
    await desk.put("gpt-4o", 10)
    await desk.put("gpt-4o", 20, effective_from=NOON + 0.05)
    assert desk.cost() == 10
    assert [row.rates for row in desk.prices.in_force()] == [rates(10), rates(20)]
    heard = desk.heard
    keeper = asyncio.create_task(desk.prices.keep_time())
    await asyncio.sleep(0)
    desk.now = NOON + 0.06
    await _until(lambda: desk.heard > heard)
    keeper.cancel()
    assert desk.cost() == 20
    assert [row.rates for row in desk.prices.in_force()] == [rates(20)]


async def test_a_price_that_begins_before_the_next_look_begins_at_its_time() -> None:
    desk = Desk(look_every_s=60.0)
    keeper = asyncio.create_task(desk.prices.keep_time())
    await asyncio.sleep(0)
    await desk.put("gpt-4o", 10)
    await desk.put("gpt-4o", 20, effective_from=NOON + 0.05)
    heard = desk.heard
    await asyncio.sleep(0)
    desk.now = NOON + 0.06
    await _until(lambda: desk.heard > heard)
    keeper.cancel()
    assert desk.cost() == 20


async def test_a_price_may_be_said_of_provider_and_model() -> None:
    desk = Desk()
    wild = target("*", upstream_model="GPT-4o")
    await desk.put("o*", 1)
    assert desk.cost(wild) is None
    await desk.put("openai/*", 2)
    assert desk.cost(wild) == 2
    await desk.put("openai/gpt-4o", 3)
    assert desk.cost(wild) == 3
    assert desk.cost(target("gpt-4o")) is None


async def test_a_change_of_another_process_is_heard_and_a_store_that_is_away_changes_nothing() -> None:
    kept = KeptPrices()
    here, there = Desk(kept), Desk(kept)
    await here.put("gpt-4o", 10)
    await there.prices.load()
    await here.put("gpt-4o", 20)
    kept.away = True
    keeper = asyncio.create_task(there.prices.keep_time())
    await _until(lambda: kept.failures > 1)
    assert (there.cost(), there.heard) == (10, 0)
    kept.away = False
    await _until(lambda: there.heard > 0)
    keeper.cancel()
    assert there.cost() == 20


async def test_what_a_target_was_attached_with_counts_first_and_is_in_the_table() -> None:
    desk = Desk(from_seed=seed({"names": ["gpt-4o"], "rates": rates(1)}))
    await desk.put("gpt-4o", 2)
    await desk.prices.attend([target()], {"target_1": rates(3)})
    assert desk.cost() == 3
    assert [row.source for row in await desk.prices.history("*")] == ["target"]
    await desk.put("*", 4, target_id="target_1")
    await desk.prices.attend([target()], {"target_1": rates(3)})
    assert desk.cost() == 4


async def test_the_seed_is_taken_over_once_and_what_somebody_said_stays() -> None:
    kept = KeptPrices()
    first = Desk(
        kept, seed({"names": ["gpt-4o", "gpt-4o-2024*"], "rates": rates(1)}, {"names": ["old"], "rates": rates(9)})
    )
    await first.prices.attend([target(), target("b")])
    assert (first.cost(), first.cost(target("gpt-4o-2024-08-06")), first.cost(target("old"))) == (1, 1, 9)
    await first.put("gpt-4o", 5)
    assert first.cost() == 5
    count = len(kept.rows)
    again = Desk(kept, seed({"names": ["gpt-4o", "gpt-4o-2024*"], "rates": rates(2)}))
    await again.prices.load()
    await again.prices.attend([target()])
    await again.prices.attend([target("b")])
    assert (again.cost(), again.cost(target("gpt-4o-2024-08-06")), again.cost(target("old"))) == (5, 2, None)
    assert len(kept.rows) == count + 3


async def test_a_price_at_the_seeds_own_place_is_not_overwritten_by_a_newer_seed() -> None:
    kept = KeptPrices()
    await Desk(kept, seed({"names": ["gpt-4o"], "rates": rates(1)})).prices.attend([target()])
    desk = Desk(kept, seed({"names": ["gpt-4o"], "rates": rates(2)}))
    await desk.prices.load()
    await desk.put("gpt-4o", 7, provider="openai")
    await desk.prices.attend([target()])
    assert desk.cost() == 7


async def test_a_seeded_price_of_a_day_to_come_waits_for_it() -> None:
    desk = Desk(
        from_seed=seed({"names": ["m"], "rates": rates(1)}, {"names": ["m"], "rates": rates(2), "from": "2026-12-02"})
    )
    await desk.prices.attend([target("m")])
    assert desk.cost(target("m")) == 1
    desk.now = datetime(2026, 12, 2, tzinfo=UTC).timestamp()
    assert desk.cost(target("m")) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        NewPrice("", rates(1)),
        NewPrice("a\nb", rates(1)),
        NewPrice("m"),
        NewPrice("m", rates(1), withdrawn=True),
        NewPrice("m", {"input": 1}),
        NewPrice("m", rates(1), provider="openai", target_id="target_1"),
        NewPrice("m", rates(1), effective_from=NOON - HOUR),
        NewPrice("m", rates(1), hours="8-9"),
        NewPrice("m", rates(1), hours="08:00-08:00"),
        NewPrice("m", rates(1), hours="08:00-24:00"),
        NewPrice("m", rates(1), note="n" * 501),
    ],
)
async def test_a_wrong_price_is_refused_with_all_that_came_with_it(wrong: NewPrice) -> None:
    desk = Desk()
    with pytest.raises(RequestError):
        await desk.prices.bring([NewPrice("good", rates(1)), wrong], "key_1")
    assert desk.kept.rows == []


async def test_the_catalog_gives_out_targets_with_the_price_of_now() -> None:
    desk = Desk()
    catalog = Catalog([target()], priced=desk.prices.priced)
    desk.prices.listen(catalog.reprice)
    assert not catalog.find("gpt-4o")[0].price.is_known
    before = catalog.version
    version = await desk.put("gpt-4o", 10)
    assert catalog.version > before
    assert catalog.find("gpt-4o")[0].price.version == version


async def test_a_model_without_a_price_is_refused_if_the_operator_wants_so() -> None:
    desk = Desk()
    catalog = Catalog([target()], priced=desk.prices.priced)
    desk.prices.listen(catalog.reprice)
    easy, strict = Router(catalog, Health(1.0)), Router(catalog, Health(1.0), refuse_unpriced=True)
    assert easy.plan_relay(PRINCIPAL, Operation.CHAT, "gpt-4o")
    for plan in (strict.plan, strict.plan_relay):
        with pytest.raises(Forbidden) as caught:
            plan(PRINCIPAL, Operation.CHAT, "gpt-4o")
        assert caught.value.code == "price_unknown"
    await desk.put("gpt-4o", 0)
    assert strict.plan_relay(PRINCIPAL, Operation.CHAT, "gpt-4o")
    assert strict.plan(PRINCIPAL, Operation.CHAT, "gpt-4o")


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.005)
