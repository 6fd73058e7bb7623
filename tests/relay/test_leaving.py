"""The client leaves: the upstream is aborted within 250 ms, wherever the call was, and the call is settled once."""

import asyncio

import pytest

from openhearth.core.call import Outcome
from tests.fakes.gateway import Gateway
from tests.fakes.http import connect, request
from tests.fakes.upstream import Fault, Upstream
from tests.fakes.upstream_answers import ABORT_S

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize("stream", [True, False])
async def test_leaving_before_the_first_byte_aborts_upstream(anywhere: Gateway, up: Upstream, stream: bool) -> None:
    up.script(Fault(silent=True))
    async with connect(anywhere.port) as connection:
        await connection.send(request(body={**CHAT, "stream": stream}))
        seen = await up.saw(1)
        left_at = asyncio.get_running_loop().time()
        connection.abort()
        assert await seen.aborted() - left_at < ABORT_S
    (call,) = await anywhere.finished.wait()
    assert call.outcome is Outcome.CLIENT_GONE
    assert call.charge_nanos == 0
    assert anywhere.limits.open == 0


async def test_leaving_in_the_middle_of_a_stream_aborts_upstream_and_counts_what_was_delivered(
    anywhere: Gateway, up: Upstream
) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=3))
    async with connect(anywhere.port) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        await anext(aiter(connection.chunks()))
        seen = await up.saw(1)
        left_at = asyncio.get_running_loop().time()
        connection.abort()
        assert await seen.aborted() - left_at < ABORT_S
    (call,) = await anywhere.finished.wait()
    assert call.outcome is Outcome.CLIENT_GONE
    assert call.usage.source == "estimate"
    assert call.usage.output_tokens >= 1


async def test_a_polite_close_counts_as_leaving(anywhere: Gateway, up: Upstream) -> None:
    up.script(Fault(endless=True, delay_chunk_s=0.01))
    async with connect(anywhere.port) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        connection.writer.close()
        await (await up.saw(1)).aborted()
    await anywhere.finished.wait()
    assert anywhere.relay.open == set()


async def test_a_slow_reader_slows_the_upstream_instead_of_filling_memory(anywhere: Gateway, up: Upstream) -> None:
    up.words = ("x" * 10_000,) * 50
    up.script(Fault(endless=True))
    async with connect(anywhere.port, buffer_bytes=65536) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        seen = await up.saw(1)
        sent = -1
        async with asyncio.timeout(30):
            while seen.sent_bytes != sent:
                sent = seen.sent_bytes
                await asyncio.sleep(0.3)
        assert sent < 20_000_000  # kernel buffers on four sockets, and no more
        connection.abort()
        await seen.aborted()


async def test_a_reader_that_stopped_for_good_is_cut(quick: Gateway, up: Upstream) -> None:
    up.words = ("x" * 10_000,) * 50
    up.script(Fault(endless=True))
    async with connect(quick.port, buffer_bytes=65536) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        await (await up.saw(1)).aborted()
    await quick.finished.wait()
    assert quick.limits.open == 0


async def test_four_hundred_calls_that_leave_at_any_moment_settle_exactly_once(anywhere: Gateway, up: Upstream) -> None:
    up.always = Fault(delay_chunk_s=0.002)

    async def leave(number: int) -> None:
        async with connect(anywhere.port) as connection:
            await connection.send(request(body={**CHAT, "stream": True}))
            await asyncio.sleep((number % 20) / 400)

    for start in range(0, 400, 50):
        await asyncio.gather(*(leave(start + number) for number in range(50)))
    async with asyncio.timeout(30):
        while anywhere.limits.open:
            await asyncio.sleep(0.01)
    ids = [call.id for call in anywhere.limits.settled]
    assert len(ids) == len(set(ids))
    assert anywhere.relay.open == set()
