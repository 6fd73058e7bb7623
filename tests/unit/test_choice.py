"""Which target is asked first by each strategy, who may stand in for whom, and how many calls may be tried again."""

import json
import random
from collections import Counter

import msgspec
import pytest

from openhearth.config import Config, ConfigError, Routing, load
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import NotFound, RequestError, UpstreamDown
from openhearth.core.operations import Operation
from openhearth.core.provider import Target
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.order import by_session
from openhearth.routing.plan import Router
from openhearth.routing.retries import RetryBudget
from openhearth.routing.rules import MOST_FALLBACKS, ModelRule, Rules
from openhearth.routing.session import session_of
from tests.fakes.gateway import target
from tests.fakes.media import Clock

ME = Principal("key_1", "owner_1", "me")
CHAT = Operation.CHAT


def router(targets: list[Target], health: Health | None = None, **routing: object) -> Router:
    draw = random.Random(20261122).random
    return Router(Catalog(targets), health or Health(10.0), draw=draw, routing=msgspec.convert(routing, Routing))


def body(**fields: object) -> Envelope:
    return Envelope.decode(json.dumps({"model": "mock", **fields}).encode())


def said(*texts: str) -> list[dict[str, str]]:
    roles = ["system", "user", "assistant", "user", "assistant", "user"]
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


def test_a_session_stays_at_its_target_and_sessions_are_spread() -> None:
    chosen = router([target(9, name) for name in "abc"], strategy="affinity")
    first = Counter(
        chosen.plan_relay(ME, CHAT, "mock", body(prompt_cache_key=f"s{number}"))[0].id for number in range(600)
    )
    assert all(120 < count < 280 for count in first.values())
    for number in range(20):
        ask = body(prompt_cache_key=f"s{number}", messages=said("x", "y"))
        assert len({chosen.plan_relay(ME, CHAT, "mock", ask)[0].id for _ in range(5)}) == 1


def test_another_target_moves_few_sessions() -> None:
    sessions = [b"%d" % number for number in range(2000)]
    health = Health(10.0)
    before = [by_session([target(9, name) for name in "abc"], health, session)[0].id for session in sessions]
    after = [by_session([target(9, name) for name in "abcd"], health, session)[0].id for session in sessions]
    moved = [new for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"d"}
    assert 400 < len(moved) < 600


def test_sessions_follow_weights_and_leave_a_target_that_rests() -> None:
    health = Health(10.0)
    targets = [target(9, "big", weight=3), target(9, "small"), target(9, "never", weight=0)]
    sessions = [b"%d" % number for number in range(2000)]
    first = Counter(by_session(targets, health, session)[0].id for session in sessions)
    assert 1400 < first["big"] < 1600
    assert first["never"] == 0
    health.bad("big", UpstreamDown("x"))
    assert {by_session(targets, health, session)[0].id for session in sessions} == {"small"}
    assert by_session(targets, health, b"1")[-1].id == "big"


def test_a_session_is_what_the_body_names_or_how_it_begins() -> None:
    def key(**fields: object) -> bytes:
        return session_of("owner_1", body(**fields))

    named: list[dict[str, object]] = [
        {"prompt_cache_key": "a"},
        {"safety_identifier": "a"},
        {"user": "a"},
        {"metadata": {"session_id": "a"}},
    ]
    for fields in named:
        assert key(**fields, messages=said("s", "1")) == key(**fields, messages=said("other", "2"))
    assert len({key(**fields) for fields in named}) == 4
    assert key(messages=said("s", "hello")) == key(messages=said("s", "hello", "hi", "and?"))
    assert key(messages=said("s", "hello")) != key(messages=said("s", "bye"))
    assert key(prompt="once") != key(prompt="twice")
    assert session_of("owner_1", body(user="a")) != session_of("owner_2", body(user="a"))
    odd: list[dict[str, object]] = [
        {"user": 5}, {"metadata": []}, {"messages": "x"}, {"messages": [1, {"role": 5}]}, {},
    ]  # fmt: skip
    for fields in odd:
        assert key(**fields) == key(**fields)


def test_the_quicker_target_gets_more_calls_and_the_slow_one_is_not_forgotten() -> None:
    clock = Clock(0.0)
    health = Health(10.0, clock=clock)
    chosen = router([target(9, name) for name in ("quick", "slow", "slower")], health, strategy="latency")
    for name, took_s in (("quick", 0.1), ("slow", 1.0), ("slower", 3.0)):
        for _ in range(20):
            health.heard(name, took_s)
    first = Counter(chosen.plan_relay(ME, CHAT, "mock")[0].id for _ in range(900))
    assert first["quick"] > 1.5 * first["slow"]
    assert first["slower"] == 0
    clock.now = 300.0
    health.heard("quick", 0.1)
    assert chosen.plan_relay(ME, CHAT, "mock")[0].watched
    assert {chosen.plan_relay(ME, CHAT, "mock")[0].id for _ in range(200)} == {"slow", "slower"}


def test_a_strategy_may_be_one_models_own() -> None:
    chosen = router(
        [target(9, "a"), target(9, "b"), target(9, "c", model="other"), target(9, "d", model="other")],
        strategies={"mock": "affinity"},
    )
    assert len({chosen.plan_relay(ME, CHAT, "mock", body())[0].id for _ in range(50)}) == 1
    assert len({chosen.plan_relay(ME, CHAT, "other", body())[0].id for _ in range(50)}) == 2


def test_models_that_stand_in_come_after_all_others_and_are_sent_their_own_name() -> None:
    targets = [target(9, "b", model="small"), target(9, "a", priority=5), target(9, "c", model="tiny", priority=-5)]
    chosen = router(targets, fallbacks={"mock": ["small", "tiny", "absent"]})
    for planned in (chosen.plan_relay(ME, CHAT, "mock"), chosen.plan(ME, CHAT, "mock")):
        assert [(one.id, one.fallback, one.upstream_model) for one in planned] == [
            ("a", "", ""), ("b", "small", "small"), ("c", "tiny", "tiny"),
        ]  # fmt: skip
    assert [one.fallback for one in chosen.plan(ME, CHAT, "small")] == [""]
    with pytest.raises(NotFound):
        chosen.plan(ME, CHAT, "absent")


def test_who_may_not_use_a_model_is_not_answered_by_it() -> None:
    targets = [target(9, "a"), target(9, "b", model="small")]
    chosen = Router(
        Catalog(targets), Health(10.0), routing=Routing(fallbacks={"mock": ("small",)}),
        may_use=lambda who, model: who.owner == "rich" or model != "small",
    )  # fmt: skip
    rich = msgspec.structs.replace(ME, owner="rich")
    assert [one.id for one in chosen.plan_relay(ME, CHAT, "mock")] == ["a"]
    assert [one.id for one in chosen.plan_relay(rich, CHAT, "mock")] == ["a", "b"]


async def test_what_is_said_at_run_time_holds_at_once_and_after_a_restart() -> None:
    store = _Store()
    rules = Rules(Routing(fallbacks={"mock": ("tiny",)}, strategies={"other": "latency"}), store)
    targets = [target(9, "a"), target(9, "b", model="small"), target(9, "c", model="tiny")]
    chosen = Router(Catalog(targets), Health(10.0), rules=rules)

    def order(of: Router) -> list[str]:
        return [one.id for one in of.plan_relay(ME, CHAT, "mock")]

    assert order(chosen) == ["a", "c"]
    await rules.put("mock", ModelRule("affinity", ("small",)))
    assert order(chosen) == ["a", "b"]
    assert (rules.strategy("mock"), rules.strategy("other"), rules.strategy("any")) == (
        "affinity", "latency", "weighted",
    )  # fmt: skip
    again = Rules(Routing(fallbacks={"mock": ("tiny",)}), store)
    await again.load()
    assert again.all()["mock"] == (ModelRule("affinity", ("small",)), True)
    await rules.remove("mock")
    assert order(chosen) == ["a", "c"]
    with pytest.raises(NotFound):
        await rules.remove("mock")


@pytest.mark.parametrize(
    "fallbacks", [("mock",), ("a", "a"), ("",), tuple(str(number) for number in range(MOST_FALLBACKS + 1))]
)
async def test_rules_that_make_no_sense_are_refused(fallbacks: tuple[str, ...]) -> None:
    with pytest.raises(RequestError):
        await Rules().put("mock", ModelRule(None, fallbacks))
    with pytest.raises(ConfigError, match="routing"):
        Rules(Routing(fallbacks={"mock": fallbacks}))


def test_routing_is_a_setting() -> None:
    config = load(None, {"OPENHEARTH__ROUTING__FALLBACKS": '{"gpt-4o": ["gpt-4o-mini"]}',
                         "OPENHEARTH__ROUTING__CIRCUIT__FAILURES": "7"})  # fmt: skip
    assert config.routing.fallbacks == {"gpt-4o": ("gpt-4o-mini",)}
    assert config.routing.circuit.failures == 7
    with pytest.raises(ConfigError, match="strategy"):
        load(None, {"OPENHEARTH__ROUTING__STRATEGY": "luck"})
    assert Config().routing.strategy == "weighted"


class _Store:
    """``Settings`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def setting(self, name: str) -> str | None:
        return self.kept.get(name)

    async def put_setting(self, name: str, value: str, audit: object = None) -> None:
        self.kept[name] = value


class _Ended:
    """How many attempts have ended."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> int:
        return self.count


def storm(budget: RetryBudget, ended: _Ended, calls: int) -> int:
    """So many calls that all fail and want to be tried again; how many were."""
    retried = 0
    for _ in range(calls):
        ended.count += 1
        if budget.has_room():
            budget.take()
            ended.count += 1
            retried += 1
    return retried


def test_a_tenth_of_the_calls_may_be_tried_again_and_a_few_in_any_case() -> None:
    def retried(calls: int, **bounds: int) -> int:
        ended = _Ended()
        return storm(RetryBudget(ended, clock=Clock(0.0), **bounds), ended, calls)

    assert retried(5, always=10) == 5
    assert retried(1000, always=10) == 100
    assert retried(1000, always=0) == 100
    assert retried(1000, percent=0, always=0) == 0


def test_the_budget_comes_back_with_the_time() -> None:
    clock, ended = Clock(0.0), _Ended()
    budget = RetryBudget(ended, always=10, clock=clock)
    assert storm(budget, ended, 50) == 10
    clock.now += 11.0
    assert storm(budget, ended, 50) == 10
    assert budget.granted() == 10


def test_a_long_calm_saves_nothing_up_for_a_storm() -> None:
    clock, ended = Clock(0.0), _Ended()
    budget = RetryBudget(ended, always=10, clock=clock)
    storm(budget, ended, 1)
    ended.count += 1_000_000
    clock.now += 3600.0
    assert storm(budget, ended, 100) == 10
