"""Upstreams in trouble: a storm is not made worse, the dead are left alone and probed, the slow are left in time."""

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from openhearth.config import Circuit, Config, Routing
from openhearth.core.provider import Target, TargetLimits
from openhearth.routing.health import State
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Fault, Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
STREAM = {**CHAT, "stream": True}
PATIENCE_S = 30.0
CALLS = 600


def routed(config: Config, *, cooldown_s: float = 15.0, **routing: object) -> Config:
    upstream = msgspec.structs.replace(config.upstream, cooldown_s=cooldown_s)
    return msgspec.structs.replace(config, upstream=upstream, routing=msgspec.structs.replace(Routing(), **routing))


def two(up: Upstream, second: Upstream) -> Sequence[Target]:
    return [target(up.port, "one"), target(second.port, "two", priority=1)]


async def storm(gate: Gateway, calls: int) -> list[int]:
    """So many calls, twenty at a time; their statuses."""
    left = iter(range(calls))

    async def some() -> list[int]:
        return [(await ask(gate.port, body=CHAT, patience_s=PATIENCE_S)).status for _ in left]

    return [status for part in await asyncio.gather(*(some() for _ in range(20))) for status in part]


async def test_in_a_storm_of_429_upstreams_get_a_tenth_more_calls_at_most(up: Upstream, config: Config) -> None:
    async with Upstream() as second:
        up.always = second.always = Fault(status=429)
        async with gateway(two(up, second), config=routed(config, retries_always=0)) as gate:
            statuses = await storm(gate, CALLS)
        assert set(statuses) == {429}
        sent = len(up.seen) + len(second.seen)
        assert CALLS * 1.05 <= sent <= CALLS * 1.1


async def test_without_a_storm_every_failure_is_tried_elsewhere(up: Upstream, config: Config) -> None:
    async with Upstream() as second:
        up.script(*[Fault(status=429), Fault(), Fault(), Fault(status=500)] * 2)
        both = [target(up.port, "one", weight=1000), target(second.port, "two", weight=1)]
        async with gateway(both, config=routed(config, cooldown_s=0.0)) as gate:
            assert [(await ask(gate.port, body=CHAT)).status for _ in range(20)] == [200] * 20


async def test_a_dead_target_is_left_alone_and_probed_by_one_call_at_a_time(up: Upstream, config: Config) -> None:
    up.always = Fault(status=500)
    routing = routed(config, cooldown_s=0.3, circuit=Circuit(failures=3))
    async with gateway([target(up.port)], config=routing) as gate:
        assert [(await ask(gate.port, body=CHAT)).status for _ in range(3)] == [502] * 3
        reply = await ask(gate.port, body=CHAT)
        if len(up.seen) == 3:  # on a slow machine the rest may be over already
            assert (reply.status, reply.error()["code"]) == (503, "circuit_open")
            assert int(reply.headers["retry-after"]) >= 1
            assert "overloaded" in str(reply.error()["message"])
        await half_open(gate)
        held = asyncio.Event()
        up.always = Fault(hold_headers=held)
        before = len(up.seen)
        probe = asyncio.create_task(ask(gate.port, body=CHAT))
        await up.saw(before + 1, PATIENCE_S)
        assert [(await ask(gate.port, body=CHAT)).status for _ in range(3)] == [503] * 3
        assert len(up.seen) == before + 1
        held.set()
        assert (await probe).status == 200
        assert gate.health.state("up") is State.CLOSED
        assert (await ask(gate.port, body=CHAT)).status == 200


async def half_open(gate: Gateway) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while gate.health.state("up") is not State.HALF_OPEN:
            await asyncio.sleep(0.01)


async def test_a_probe_that_fails_opens_the_circuit_again(up: Upstream, config: Config) -> None:
    up.always = Fault(status=500)
    async with gateway([target(up.port)], config=routed(config, cooldown_s=0.2, circuit=Circuit(failures=1))) as gate:
        assert (await ask(gate.port, body=CHAT)).status == 502
        await half_open(gate)
        assert (await ask(gate.port, body=CHAT)).status == 502
        assert gate.health.state("up") is not State.CLOSED
        await half_open(gate)
        up.always = Fault()
        assert (await ask(gate.port, body=CHAT)).status == 200


async def test_a_probe_whose_client_leaves_lets_the_next_one_in(up: Upstream, config: Config) -> None:
    up.script(Fault(status=500), Fault(hold_headers=asyncio.Event()))
    async with gateway([target(up.port)], config=routed(config, cooldown_s=0.1, circuit=Circuit(failures=1))) as gate:
        await ask(gate.port, body=CHAT)
        await half_open(gate)
        async with connect(gate.port) as connection:
            await connection.send(request(body=CHAT))
            await up.saw(2, PATIENCE_S)
        async with asyncio.timeout(PATIENCE_S):
            while (await ask(gate.port, body=CHAT)).status != 200:
                await asyncio.sleep(0.01)


async def test_calls_go_on_elsewhere_while_a_circuit_is_open(up: Upstream, config: Config) -> None:
    async with Upstream() as second:
        up.always = Fault(status=500)
        async with gateway(
            two(up, second), config=routed(config, cooldown_s=60.0, circuit=Circuit(failures=1))
        ) as gate:
            assert [(await ask(gate.port, body=CHAT)).status for _ in range(5)] == [200] * 5
    assert (len(up.seen), len(second.seen)) == (1, 5)


async def test_those_who_wait_for_a_target_that_breaks_are_told_at_once(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(status=500, hold_headers=held)
    narrow = target(up.port, limits=TargetLimits(concurrency=1))
    async with gateway([narrow], config=routed(config, circuit=Circuit(failures=1))) as gate:
        calls = [asyncio.create_task(ask(gate.port, body=CHAT, patience_s=PATIENCE_S)) for _ in range(5)]
        async with asyncio.timeout(PATIENCE_S):
            while gate.router.entrance.looked_at("up") != (1, 4):
                await asyncio.sleep(0.005)
        held.set()
        replies = await asyncio.gather(*calls)
    assert sorted(reply.status for reply in replies) == [502, 503, 503, 503, 503]
    assert len(up.seen) == 1
    assert gate.limits.open == 0


async def test_a_stream_that_does_not_begin_in_time_goes_to_the_next_target(up: Upstream, config: Config) -> None:
    up.always = Fault(hold_chunks=asyncio.Event(), hold_after=0)
    async with Upstream() as second, gateway(two(up, second), config=routed(config, first_token_s=0.2)) as gate:
        reply = await ask(gate.port, body=STREAM, patience_s=PATIENCE_S)
        assert reply.headers["x-openhearth-target"] == "two"
        assert reply.events()[-1] == "[DONE]"
        await up.seen[0].aborted()
        (call,) = await gate.finished.wait()
        assert call.attempts == 2
        assert gate.health.seen("one").last_error == "first_token_timeout"


async def test_without_another_target_a_slow_stream_is_waited_for(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_chunks=held, hold_after=0)
    slow = target(up.port, limits=TargetLimits(first_token_s=0.1))
    async with gateway([slow], config=config) as gate:
        call = asyncio.create_task(ask(gate.port, body=STREAM))
        await up.saw(1)
        await asyncio.sleep(0.3)
        held.set()
        assert (await call).events()[-1] == "[DONE]"


async def test_a_whole_answer_may_take_longer_than_a_first_token(up: Upstream, config: Config) -> None:
    up.always = Fault(delay_headers_s=0.4)
    async with Upstream() as second, gateway(two(up, second), config=routed(config, first_token_s=0.1)) as gate:
        assert (await ask(gate.port, body=CHAT)).headers["x-openhearth-target"] == "one"
        assert second.seen == []


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_another_model_answers_only_where_the_operator_says_so_and_is_named(
    up: Upstream, config: Config, body: dict[str, object]
) -> None:
    async with Upstream() as second:
        up.always = Fault(status=500)
        targets = [target(up.port, "one"), target(second.port, "two", model="small")]
        async with gateway(targets, config=config) as gate:
            assert (await ask(gate.port, body=body)).status == 502
        async with gateway(targets, config=routed(config, fallbacks={"mock": ("small",)})) as gate:
            reply = await ask(gate.port, body=body)
            assert reply.status == 200
            assert reply.headers["x-openhearth-model"] == "small; fallback-for=mock"
            assert reply.headers["x-openhearth-target"] == "two"
            (call,) = await gate.finished.wait()
            assert (call.model, call.target_id) == ("mock", "two")
            up.always = Fault()
            health = gate.health
            health.forget("one")
            reply = await ask(gate.port, body=body)
            assert "x-openhearth-model" not in reply.headers
            up.always = Fault(status=400)
            assert (await ask(gate.port, body=body)).status == 400
    assert [seen.json()["model"] for seen in second.seen] == ["small"]


async def test_a_model_whose_targets_are_full_or_shut_is_stood_in_for(up: Upstream, config: Config) -> None:
    async with Upstream() as second:
        held = asyncio.Event()
        up.always = Fault(hold_headers=held)
        targets = [
            target(up.port, "one", limits=TargetLimits(concurrency=1)),
            target(second.port, "two", model="small"),
        ]
        settings = routed(config, fallbacks={"mock": ("small",)}, queue_s=0.05, circuit=Circuit(failures=1))
        async with gateway(targets, config=settings) as gate:
            first = asyncio.create_task(ask(gate.port, body=CHAT, patience_s=PATIENCE_S))
            await up.saw(1)
            reply = await ask(gate.port, body=CHAT)
            assert (reply.status, reply.headers["x-openhearth-model"]) == (200, "small; fallback-for=mock")
            up.always = Fault(status=500)
            held.set()
            await first
            assert (await ask(gate.port, body=CHAT)).headers["x-openhearth-model"] == "small; fallback-for=mock"
            assert gate.health.state("one") is State.OPEN
            assert (await ask(gate.port, body=CHAT)).headers["x-openhearth-model"] == "small; fallback-for=mock"
