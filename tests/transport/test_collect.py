"""Whole answers and streams for callers that await: limits, errors, leaving early, slow readers."""

import asyncio

import pytest

from openhearth.core.errors import UpstreamDown, UpstreamGarbled
from openhearth.transport.collect import collect, stream
from openhearth.transport.h1_client import H1Client
from tests.fakes.upstream import Fault, Upstream
from tests.fakes.upstream_answers import ABORT_S
from tests.transport.wiring import CHAT_STREAM, outgoing


async def test_collects_a_whole_answer(client: H1Client, up: Upstream) -> None:
    answer = await collect(client, outgoing(up.origin), most_bytes=10_000)
    assert answer.status == 200
    assert answer.header(b"content-type") == b"application/json"
    assert b"Hello" in answer.body


async def test_an_error_status_is_an_answer(client: H1Client, up: Upstream) -> None:
    up.script(Fault(status=503))
    assert (await collect(client, outgoing(up.origin), most_bytes=10_000)).status == 503


async def test_collect_raises_the_error_of_the_attempt(client: H1Client, up: Upstream) -> None:
    up.script(Fault(close_after=200))
    with pytest.raises(UpstreamDown):
        await collect(client, outgoing(up.origin), most_bytes=10_000)


async def test_collect_stops_at_its_limit(client: H1Client, up: Upstream) -> None:
    up.script(Fault(endless=True))
    with pytest.raises(UpstreamGarbled) as error:
        await collect(client, outgoing(up.origin, CHAT_STREAM), most_bytes=100_000)
    assert error.value.code == "upstream_too_large"
    await up.seen[0].aborted()


async def test_cancelling_collect_closes_the_connection(client: H1Client, up: Upstream) -> None:
    up.script(Fault(silent=True))
    task = asyncio.ensure_future(collect(client, outgoing(up.origin), most_bytes=1000))
    seen = await up.saw(1)
    task.cancel()
    await seen.aborted(ABORT_S)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_streams_an_answer(client: H1Client, up: Upstream) -> None:
    async with stream(client, outgoing(up.origin, CHAT_STREAM)) as answer:
        assert answer.status == 200
        assert answer.header(b"content-type") == b"text/event-stream"
        body = b"".join([piece async for piece in answer])
    assert body.endswith(b"data: [DONE]\n\n")
    await collect(client, outgoing(up.origin), most_bytes=10_000)
    assert up.accepted == 1


async def test_stream_raises_when_no_answer_comes(client: H1Client, up: Upstream) -> None:
    up.script(Fault(close_after=0))
    with pytest.raises(UpstreamDown):
        async with stream(client, outgoing(up.origin)):
            pytest.fail("there is no answer")


async def test_stream_brings_what_came_before_the_error(client: H1Client, up: Upstream) -> None:
    up.script(Fault(close_after=600))
    async with stream(client, outgoing(up.origin, CHAT_STREAM)) as answer:
        assert b"Hello" in await anext(answer)
        with pytest.raises(UpstreamDown):
            await anext(answer)


async def test_leaving_a_stream_early_closes_the_connection(client: H1Client, up: Upstream) -> None:
    up.script(Fault(endless=True))
    async with stream(client, outgoing(up.origin, CHAT_STREAM)) as answer:
        async for _ in answer:
            break
    await up.seen[0].aborted(ABORT_S)


async def test_a_slow_reader_of_a_stream_holds_little(client: H1Client, up: Upstream) -> None:
    up.script(Fault(long_line_bytes=50_000_000))
    async with stream(client, outgoing(up.origin, CHAT_STREAM)) as answer:
        seen = up.seen[0]
        sent_bytes = -1
        while sent_bytes != seen.sent_bytes or not sent_bytes:
            sent_bytes = seen.sent_bytes
            await asyncio.sleep(0.1)
        held_bytes = sum(len(piece) for piece in answer.held)
        assert held_bytes < 2_000_000
        size_bytes = 0
        async for piece in answer:
            size_bytes += len(piece)
    assert size_bytes > 50_000_000
