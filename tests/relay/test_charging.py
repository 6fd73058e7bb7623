"""What a call costs on a priced target: what was delivered, and nothing when it failed."""

import asyncio

import pytest

from openhearth.config import Config
from openhearth.core.call import Call, Outcome
from openhearth.core.money import Price
from tests.fakes.gateway import gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Fault, Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
STREAM = {**CHAT, "stream": True}
PRICE = Price(request_micros=1000, input_micros_per_mtok=1_000_000, output_micros_per_mtok=2_000_000)
GIVES_UP = (
    b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
    b'data: {"error":{"message":"out of memory"}}\n\ndata: [DONE]\n\n'
)
DEAR = Price(request_micros=1_000_000)


async def _charged(up: Upstream, config: Config, body: dict[str, object], *faults: Fault) -> Call:
    """One call on one target at PRICE."""
    up.script(*faults)
    async with gateway([target(up.port, price=PRICE)], config=config) as gate:
        await ask(gate.port, body=body)
        (call,) = await gate.finished.wait()
        assert gate.limits.open == 0
        return call


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_a_good_answer_costs_what_the_upstream_counted(
    up: Upstream, config: Config, body: dict[str, object]
) -> None:
    call = await _charged(up, config, body)
    assert call.outcome is Outcome.OK
    assert call.usage.source == "upstream"
    assert call.usage.input_tokens > 0
    assert call.charge_nanos == 1000 * (1000 + call.usage.input_tokens + 2 * call.usage.output_tokens)


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        (Fault(status=500), CHAT),
        (Fault(status=400), STREAM),
        (Fault(body=b"<html>"), CHAT),
        (Fault(close_after=700), STREAM),
        (Fault(reset_after=700), STREAM),
        (Fault(no_done=True, close_after=700), STREAM),
        (Fault(body=GIVES_UP, headers={"content-type": "text/event-stream"}), STREAM),
    ],
    ids=range(7),
)
async def test_a_failure_costs_nothing(up: Upstream, config: Config, fault: Fault, body: dict[str, object]) -> None:
    call = await _charged(up, config, body, fault)
    assert call.outcome is Outcome.FAILED
    assert call.charge_nanos == 0


async def test_the_target_that_answered_is_paid_and_no_other(up: Upstream, config: Config) -> None:
    up.script(Fault(status=503))
    async with Upstream() as second:
        targets = [target(up.port, "one", price=DEAR), target(second.port, "two", priority=1, price=PRICE)]
        async with gateway(targets, config=config) as gate:
            assert (await ask(gate.port, body=CHAT)).status == 200
            (call,) = await gate.finished.wait()
    assert (call.target_id, call.attempts) == ("two", 2)
    assert 1_000_000 < call.charge_nanos < 2_000_000


async def test_who_leaves_pays_for_what_was_delivered(up: Upstream, config: Config) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=3))
    async with gateway([target(up.port, price=PRICE)], config=config) as gate:
        async with connect(gate.port) as connection:
            await connection.send(request(body=STREAM))
            await connection.head()
            await anext(aiter(connection.chunks()))
            connection.abort()
        (call,) = await gate.finished.wait()
    assert call.outcome is Outcome.CLIENT_GONE
    assert call.usage.source == "estimate"
    assert call.charge_nanos == PRICE.cost(call.usage) > 1_000_000


async def test_who_leaves_before_the_first_byte_pays_nothing(up: Upstream, config: Config) -> None:
    up.script(Fault(silent=True))
    async with gateway([target(up.port, price=PRICE)], config=config) as gate:
        async with connect(gate.port) as connection:
            await connection.send(request(body=STREAM))
            await up.saw(1)
            connection.abort()
        (call,) = await gate.finished.wait()
    assert (call.outcome, call.charge_nanos) == (Outcome.CLIENT_GONE, 0)
