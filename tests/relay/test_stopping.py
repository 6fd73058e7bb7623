"""A server that stops: no new calls, and calls under way end with a word, settled."""

import asyncio
import json

from openhearth.core.call import Outcome
from tests.fakes.gateway import Gateway
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Fault, Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}


async def test_a_stopping_server_takes_no_new_calls(gate: Gateway, up: Upstream) -> None:
    gate.relay.stopping = True
    reply = await ask(gate.port, body=CHAT)
    assert (reply.status, reply.error()["code"]) == (503, "shutting_down")
    assert int(reply.headers["retry-after"]) >= 1
    assert up.seen == []


async def test_a_call_that_cannot_be_waited_for_is_told_and_settled(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=2))
    async with connect(gate.port) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        chunks = aiter(connection.chunks())
        await anext(chunks)
        seen = await up.saw(1)
        for exchange in list(gate.relay.open):
            exchange.interrupt()
        rest = b"".join([chunk async for chunk in chunks]).decode()
        await seen.aborted()
    events = [block[6:] for block in rest.split("\n\n") if block.startswith("data: ")]
    assert json.loads(events[-2])["error"]["code"] == "shutting_down"
    assert events[-1] == "[DONE]"
    (call,) = await gate.finished.wait()
    assert (call.outcome, call.charge_nanos) == (Outcome.FAILED, 0)
    assert gate.limits.open == 0
