"""The order in which targets are tried, how long a sick one rests, and what a call costs."""

import random

import msgspec
import pytest

from openhearth.core.call import Principal, Usage
from openhearth.core.errors import UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRefusedUs, UpstreamRejected
from openhearth.core.money import FREE, Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider, Target
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from tests.fakes.gateway import target as attached
from tests.fakes.media import Clock

ME = Principal("key_1", "owner_1", "me")
REST_S = 10.0


def target(name: str, *, weight: int = 1, priority: int = 0) -> Target:
    return attached(9, name, weight=weight, priority=priority)


def order(router: Router) -> list[str]:
    relayed = [found.id for found in router.plan_relay(ME, Operation.CHAT, "mock")]
    planned = [found.id for found in router.plan(ME, Operation.CHAT, "mock")]
    assert sorted(relayed) == sorted(planned)
    return planned


def test_lower_priority_numbers_come_first() -> None:
    catalog = Catalog([target("spare", priority=1, weight=1000), target("main"), target("last", priority=2)])
    assert order(Router(catalog, Health(REST_S), draw=lambda: 0.5)) == ["main", "spare", "last"]


def test_weights_share_the_calls() -> None:
    draw = random.Random(20261122).random
    router = Router(Catalog([target("big", weight=3), target("small")]), Health(REST_S), draw=draw)
    first = [router.plan(ME, Operation.CHAT, "mock")[0].id for _ in range(2000)]
    assert 0.7 < first.count("big") / len(first) < 0.8


def test_a_weight_of_nothing_is_a_last_resort() -> None:
    catalog = Catalog([target("off", weight=0), target("on")])
    assert order(Router(catalog, Health(REST_S), draw=lambda: 0.001)) == ["on", "off"]


def test_a_sick_target_is_tried_last_and_comes_back() -> None:
    clock = Clock(0.0)
    health = Health(REST_S, clock=clock)
    main, spare = target("main"), target("spare", priority=1)
    router = Router(Catalog([main, spare]), health)
    router.note(main, UpstreamDown("It fell.", target="main"))
    assert order(router) == ["spare", "main"]
    clock.now = REST_S + 0.1
    assert order(router) == ["main", "spare"]


@pytest.mark.parametrize(
    ("error", "rests_s"),
    [
        (UpstreamDown("x"), REST_S),
        (UpstreamRefusedUs("x"), 4 * REST_S),
        (UpstreamBusy("x", retry_after_s=3.0), 3.0),
        (UpstreamBusy("x"), REST_S),
    ],
)
def test_each_failure_has_its_own_rest(error: UpstreamError, rests_s: float) -> None:
    clock = Clock(0.0)
    health = Health(REST_S, clock=clock)
    health.bad("t", error)
    clock.now = rests_s - 0.1
    assert health.cooling("t")
    clock.now = rests_s + 0.1
    assert not health.cooling("t")


def test_the_rest_doubles_with_each_failure_up_to_sixteen_times() -> None:
    clock = Clock(0.0)
    health = Health(REST_S, clock=clock)
    for times in (1, 2, 4, 8, 16, 16, 16):
        health.bad("t", UpstreamDown("x"))
        clock.now += times * REST_S - 0.1
        assert health.cooling("t")
        clock.now += 0.2
        assert not health.cooling("t")


def test_a_success_ends_the_rest_and_forgets_the_failures() -> None:
    clock = Clock(0.0)
    health = Health(REST_S, clock=clock)
    for _ in range(3):
        health.bad("t", UpstreamDown("x"))
    health.good("t")
    assert not health.cooling("t")
    health.bad("t", UpstreamDown("x"))
    clock.now = REST_S + 0.1
    assert not health.cooling("t")


def test_what_the_caller_did_wrong_says_nothing_about_the_target() -> None:
    health = Health(REST_S)
    one = target("one")
    Router(Catalog([one]), health).note(one, UpstreamRejected("Bad request.", target="one"))
    assert not health.cooling("one")


def test_costs_are_whole_nanos_rounded_up_once() -> None:
    price = Price(request_micros=5, input_micros_per_mtok=1, output_micros_per_mtok=2, image_micros=7)
    assert price.cost(Usage()) == 5_000
    assert price.cost(Usage(input_tokens=1)) == 5_001
    assert price.cost(Usage(input_tokens=500_000, output_tokens=250_000)) == 6_000
    assert price.cost(Usage(input_tokens=1_000_001, output_tokens=1_000_000, images=2)) == 19_000 + 3_001
    assert FREE.cost(Usage(input_tokens=10**9, output_tokens=10**9, images=99)) == 0


def test_an_alias_of_several_models_answers_what_any_of_them_does() -> None:
    painter = Provider("painter", "Painter", "", speaks={Operation.IMAGE_GENERATE: Dialect.LOCAL_POSTER})
    editor = Provider("editor", "Editor", "", speaks={Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT})
    parts = [
        msgspec.structs.replace(target(name), model=name, provider=provider)
        for name, provider in (("paint", painter), ("edit", editor))
    ]
    catalog = Catalog(parts, {"gpt-image-1": ("paint", "edit")})
    router = Router(catalog, Health(REST_S))
    for operation, answers in ((Operation.IMAGE_GENERATE, "paint"), (Operation.IMAGE_EDIT, "edit")):
        assert [one.id for one in router.plan(ME, operation, "gpt-image-1")] == [answers]
    listed = {model.id: model for model in catalog.models()}["gpt-image-1"]
    assert listed.alias_of == "paint, edit"
    assert listed.operations == (Operation.IMAGE_GENERATE, Operation.IMAGE_EDIT)


def test_a_target_found_by_an_alias_is_sent_its_own_name() -> None:
    catalog = Catalog([target("local")], {"gpt-4o": ("mock",)}, {"old-name": "mock"})
    assert [found.upstream_model for found in catalog.find("gpt-4o")] == ["mock"]
    assert [found.upstream_model for found in catalog.find("old-name")] == ["mock"]
    assert [found.upstream_model for found in catalog.find("mock")] == [""]
