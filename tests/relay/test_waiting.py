"""Targets that take a few calls at a time: who waits, whose turn is next, and what those are told who wait in vain."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from openhearth.config import Config, Routing
from openhearth.core.provider import TargetLimits
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import Reply, ask, connect, request
from tests.fakes.upstream import Fault, Upstream
from tests.relay.conftest import QUICK
from tests.relay.tenants import Tenants

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
ONE = TargetLimits(concurrency=1)
PATIENCE_S = 30.0


@asynccontextmanager
async def narrow(up: Upstream, config: Config, **routing: object) -> AsyncIterator[Gateway]:
    """A gateway to one target that takes one call at a time."""
    config = msgspec.structs.replace(config, routing=msgspec.structs.replace(Routing(), **routing))
    async with gateway([target(up.port, limits=ONE)], config=config, keys=Tenants()) as running:
        yield running


async def at_target(gate: Gateway, open_: int, waiting: int, name: str = "up") -> None:
    """Wait until so many calls have a place there, and so many wait for one."""
    async with asyncio.timeout(PATIENCE_S):
        while gate.router.entrance.looked_at(name) != (open_, waiting):
            await asyncio.sleep(0.005)


def asked(gate: Gateway, tenant: str, **fields: object) -> "asyncio.Task[Reply]":
    body = {**CHAT, "user": tenant, **fields}
    return asyncio.create_task(ask(gate.port, body=body, key=f"tenant-{tenant}", patience_s=4 * PATIENCE_S))


async def test_a_tenant_with_two_hundred_waiting_calls_delays_anothers_by_one_turn_at_most(
    up: Upstream, config: Config
) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config) as gate:
        greedy = [asked(gate, "greedy") for _ in range(201)]
        await at_target(gate, 1, 200)
        modest = asked(gate, "modest")
        await at_target(gate, 1, 201)
        held.set()
        assert (await modest).status == 200
        assert {reply.status for reply in await asyncio.gather(*greedy)} == {200}
        await at_target(gate, 0, 0)
    order = [seen.json()["user"] for seen in up.seen]
    assert len(order) == 202
    assert order.index("modest") <= 2


async def test_tenants_take_turns(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config) as gate:
        calls = [asked(gate, "first")]
        await at_target(gate, 1, 0)
        for number, tenant in enumerate(["a"] * 4 + ["b"] * 4 + ["c"] * 4, 1):
            calls.append(asked(gate, tenant))
            await at_target(gate, 1, number)
        held.set()
        await asyncio.gather(*calls)
    order = "".join(seen.json()["user"] for seen in up.seen[1:])
    assert order == "abcabcabcabc"


async def test_a_full_line_is_told_with_the_time_to_wait(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config, queue_calls=2) as gate:
        calls = [asked(gate, "a") for _ in range(3)]
        await at_target(gate, 1, 2)
        reply = await asked(gate, "a")
        assert (reply.status, reply.error()["code"]) == (429, "queue_full")
        assert int(reply.headers["retry-after"]) >= 1
        held.set()
        await asyncio.gather(*calls)
    assert len(up.seen) == 3
    assert gate.limits.open == 0


async def test_in_a_full_line_the_greediest_makes_room(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config, queue_calls=3) as gate:
        greedy = [asked(gate, "greedy") for _ in range(4)]
        await at_target(gate, 1, 3)
        modest = asked(gate, "modest")
        done, _ = await asyncio.wait(greedy, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = [task.result() for task in done]
        assert (refused.status, refused.error()["code"]) == (429, "queue_full")
        held.set()
        assert (await modest).status == 200
        assert sorted(reply.status for reply in await asyncio.gather(*greedy)) == [200, 200, 200, 429]


async def test_nobody_waits_for_ever(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config, queue_s=0.1) as gate:
        first = asked(gate, "a")
        await at_target(gate, 1, 0)
        reply = await asked(gate, "b")
        assert (reply.status, reply.error()["code"]) == (429, "queue_timeout")
        assert int(reply.headers["retry-after"]) >= 1
        held.set()
        assert (await first).status == 200
        assert (await asked(gate, "b")).status == 200


async def test_who_leaves_leaves_the_line(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, config) as gate:
        first = asked(gate, "a")
        await at_target(gate, 1, 0)
        async with connect(gate.port) as connection:
            await connection.send(request(body={**CHAT, "user": "leaver"}, key="tenant-b"))
            await at_target(gate, 1, 1)
        await at_target(gate, 1, 0)
        last = asked(gate, "c")
        await at_target(gate, 1, 1)
        held.set()
        assert [(await first).status, (await last).status] == [200, 200]
        await at_target(gate, 0, 0)
        assert gate.limits.open == 0
    assert "leaver" not in [seen.json()["user"] for seen in up.seen]


async def test_a_stream_that_waits_hears_comments_and_then_its_answer(up: Upstream, config: Config) -> None:
    held = asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with narrow(up, msgspec.structs.replace(config, limits=QUICK)) as gate:
        first = asked(gate, "a")
        await at_target(gate, 1, 0)
        async with connect(gate.port) as connection, asyncio.timeout(PATIENCE_S):
            await connection.send(request(body={**CHAT, "stream": True}, key="tenant-b"))
            status, _ = await connection.head()
            chunks = aiter(connection.chunks())
            assert (status, await anext(chunks)) == (200, b": keep-alive\n\n")
            assert gate.router.entrance.looked_at("up") == (1, 1)
            held.set()
            rest = b"".join([chunk async for chunk in chunks])
        assert b"Hello" in rest
        assert rest.endswith(b"data: [DONE]\n\n")
        assert (await first).status == 200
        await at_target(gate, 0, 0)


FAULTS = [
    Fault(),
    Fault(status=500),
    Fault(status=429),
    Fault(status=400),
    Fault(body=b"<html>"),
    Fault(close_on_accept=True),
    Fault(close_after=120),
    Fault(reset_after=700),
    Fault(bad_chunk_size=True),
    Fault(long_line_bytes=20_000_000),
]


@pytest.mark.parametrize("fault", FAULTS, ids=range(len(FAULTS)))
@pytest.mark.parametrize("stream", [False, True])
async def test_however_a_call_ends_its_place_is_free_again(
    up: Upstream, config: Config, fault: Fault, stream: bool
) -> None:
    async with narrow(up, config) as gate:
        up.script(fault)
        await asked(gate, "a", stream=stream)
        await at_target(gate, 0, 0)
        assert (await asked(gate, "a")).status == 200
        await at_target(gate, 0, 0)


async def test_the_place_of_a_client_that_leaves_in_the_middle_is_free_again(up: Upstream, config: Config) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=2))
    async with narrow(up, config) as gate:
        async with connect(gate.port) as connection:
            await connection.send(request(body={**CHAT, "stream": True}, key="tenant-a"))
            await connection.head()
            await at_target(gate, 1, 0)
        await at_target(gate, 0, 0)


async def test_a_call_takes_the_first_place_that_comes_free_at_any_target(up: Upstream, config: Config) -> None:
    held, free = asyncio.Event(), asyncio.Event()
    up.always = Fault(hold_headers=held)
    async with Upstream() as second:
        second.always = Fault(hold_headers=free)
        both = [target(up.port, "one", limits=ONE), target(second.port, "two", limits=ONE)]
        async with gateway(both, config=config, keys=Tenants()) as gate:
            calls = [asked(gate, "a"), asked(gate, "b")]
            await at_target(gate, 1, 0, "one")
            await at_target(gate, 1, 0, "two")
            third = asked(gate, "c")
            await at_target(gate, 1, 1, "two")
            await at_target(gate, 1, 1, "one")
            free.set()
            reply = await third
            assert (reply.status, reply.headers["x-openhearth-target"]) == (200, "two")
            await at_target(gate, 1, 0, "one")
            held.set()
            await asyncio.gather(*calls)


async def test_a_minutes_calls_are_not_more_than_the_target_takes(up: Upstream, config: Config) -> None:
    routing = Routing(queue_s=5.0)
    two_a_minute = target(up.port, limits=TargetLimits(rpm=2))
    async with gateway([two_a_minute], config=msgspec.structs.replace(config, routing=routing), keys=Tenants()) as gate:
        assert [(await asked(gate, "a")).status for _ in range(2)] == [200, 200]
        reply = await asked(gate, "a")
        assert (reply.status, reply.error()["code"]) == (429, "queue_timeout")
        assert 30 <= int(reply.headers["retry-after"]) <= 70
    assert len(up.seen) == 2
