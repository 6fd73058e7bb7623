"""Calls of our own code at targets with limits, with a bad past, or asked in another model's place."""

import asyncio
from collections.abc import Sequence

import pytest

from openhearth.config import Circuit, Routing
from openhearth.core.call import Principal, Usage
from openhearth.core.errors import LimitError, NoTargetLeft, UpstreamBusy, UpstreamDown, UpstreamRejected
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target, TargetLimits
from openhearth.relay.gate import Gate
from openhearth.relay.work import Calls, Work
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from tests.fakes.access import Keys, Limits
from tests.fakes.gateway import Finished, target

ONE = TargetLimits(concurrency=1)


class Bench:
    """Calls over fakes; ``fails`` maps a target to what it fails with."""

    def __init__(self, targets: Sequence[Target], routing: Routing | None = None) -> None:
        routing = routing or Routing()
        self.finished, self.limits = Finished(), Limits()
        self.router = Router(Catalog(targets), Health(10.0, circuit=routing.circuit), routing=routing)
        self.calls = Calls(Gate(Keys(), self.limits), self.router, self.finished)
        self.asked: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.held: asyncio.Event | None = None

    async def work(self, owner: str = "o") -> Work:
        return await self.calls.open(
            Principal("k", owner, "n"), Operation.CHAT, "mock", dialects={Dialect.OPENAI_CHAT}, worst=Usage()
        )

    async def run(self, owner: str = "o") -> tuple[str, dict[str, str]]:
        work = await self.work(owner)
        with work:
            return await work.one(self.attempt), work.headers()

    async def attempt(self, target: Target) -> str:
        self.asked.append(target.id)
        if self.held is not None:
            await self.held.wait()
        if target.id in self.fails:
            raise self.fails[target.id]
        return target.id

    async def at(self, open_: int, waiting: int) -> None:
        async with asyncio.timeout(30):
            while self.router.entrance.looked_at("a") != (open_, waiting):
                await asyncio.sleep(0.001)


async def test_calls_wait_for_their_turn_and_leave_when_cancelled() -> None:
    bench = Bench([target(9, "a", limits=ONE)])
    bench.held = asyncio.Event()
    first = asyncio.create_task(bench.run())
    await bench.at(1, 0)
    others = [asyncio.create_task(bench.run()) for _ in range(2)]
    await bench.at(1, 2)
    others[0].cancel()
    await bench.at(1, 1)
    bench.held.set()
    assert (await first)[0] == (await others[1])[0] == "a"
    await bench.at(0, 0)
    assert bench.asked == ["a", "a"]
    assert bench.limits.open == 0


async def test_a_place_is_free_again_however_a_call_ends() -> None:
    bench = Bench([target(9, "a", limits=ONE)])
    for error in (UpstreamDown("d"), UpstreamRejected("r"), UpstreamBusy("b"), RuntimeError("bug")):
        bench.fails = {"a": error}
        with pytest.raises(type(error)):
            await bench.run()
        assert bench.router.entrance.looked_at("a") == (0, 0)
    bench.held = asyncio.Event()
    call = asyncio.create_task(bench.run())
    await bench.at(1, 0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert bench.router.entrance.looked_at("a") == (0, 0)


async def test_in_vain_is_told_with_a_wait() -> None:
    bench = Bench([target(9, "a", limits=ONE)], Routing(queue_s=0.01))
    bench.held = asyncio.Event()
    first = asyncio.create_task(bench.run())
    await bench.at(1, 0)
    with pytest.raises(LimitError) as caught:
        await bench.run()
    assert (caught.value.code, (caught.value.retry_after_s or 0) > 0) == ("queue_timeout", True)
    bench.held.set()
    await first


async def test_a_shut_target_is_not_asked() -> None:
    bench = Bench([target(9, "a")], Routing(circuit=Circuit(failures=2)))
    bench.fails = {"a": UpstreamDown("d")}
    for _ in range(2):
        with pytest.raises(UpstreamDown):
            await bench.run()
    with pytest.raises(NoTargetLeft) as caught:
        await bench.run()
    assert caught.value.code == "circuit_open"
    assert caught.value.retry_after_s == pytest.approx(10.0, abs=5.0)
    assert bench.asked == ["a", "a"]


async def test_another_model_answers_where_the_operator_says_so_and_is_named() -> None:
    targets = [target(9, "a"), target(9, "b", model="small")]
    bench = Bench(targets, Routing(fallbacks={"mock": ("small",)}))
    found, headers = await bench.run()
    assert (found, headers.get("x-openhearth-model")) == ("a", None)
    bench.fails = {"a": UpstreamDown("d")}
    found, headers = await bench.run()
    assert (found, headers["x-openhearth-model"]) == ("b", "small; fallback-for=mock")
    bench.fails = {"a": UpstreamRejected("no")}
    with pytest.raises(UpstreamRejected):
        await bench.run()


async def test_once_the_client_has_seen_something_no_other_model_answers() -> None:
    targets = [target(9, "a", limits=ONE), target(9, "b", model="small")]
    bench = Bench(targets, Routing(fallbacks={"mock": ("small",)}, queue_s=0.01))
    bench.held = asyncio.Event()
    first = asyncio.create_task(bench.run())
    await bench.at(1, 0)
    work = await bench.work()
    work.commit()
    with work, pytest.raises(LimitError):
        await work.one(bench.attempt)
    bench.held.set()
    await first


async def test_a_storm_of_failures_is_tried_again_a_tenth_of_the_time() -> None:
    bench = Bench([target(9, "a"), target(9, "b")], Routing(retries_always=0, circuit=Circuit(failures=0)))
    bench.fails = {"a": UpstreamBusy("b"), "b": UpstreamBusy("b")}
    for _ in range(500):
        with pytest.raises(UpstreamBusy):
            await bench.run()
    assert 525 <= len(bench.asked) <= 550
