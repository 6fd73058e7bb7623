"""Leaving: abort closes the upstream's connection at once, at any moment; a slow reader slows the upstream down."""

import asyncio

import pytest
from typing_extensions import override

from openhearth.core.errors import UpstreamError
from openhearth.core.provider import Origin
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines, Headers
from tests.fakes.upstream import Fault, Upstream
from tests.fakes.upstream_answers import ABORT_S
from tests.transport.wiring import CHAT, CHAT_STREAM, Recorder, outgoing, sent


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("moment", ["before first byte", "mid-stream", "non-stream body", "in the head"])
async def test_abort_reaches_the_upstream_within_250_ms(moment: str, tls: bool) -> None:
    fault, body = {
        "before first byte": (Fault(silent=True), CHAT),
        "mid-stream": (Fault(hold_chunks=asyncio.Event()), CHAT_STREAM),
        "non-stream body": (Fault(hold_chunks=asyncio.Event(), hold_after=0), CHAT),
        "in the head": (Fault(interim=(103,), silent=True), CHAT),
    }[moment]
    async with Upstream(tls=tls) as up:
        client = H1Client(ca_file=up.ca_file)
        up.script(fault)
        answer = sent(client, outgoing(up.origin, body))
        seen = await up.saw(1)
        if moment in ("mid-stream", "non-stream body"):
            async with asyncio.timeout(30):
                await answer.started.wait()
        left_at = asyncio.get_running_loop().time()
        answer.flight.abort()
        assert await seen.aborted() - left_at < ABORT_S
        await up.left(0)
        assert not answer.over.is_set()
        await client.close()


async def test_abort_while_connecting_ends_the_attempt(client: H1Client, never_accepts: Origin) -> None:
    before = asyncio.all_tasks()
    answer = sent(client, outgoing(never_accepts))
    await asyncio.sleep(0)
    answer.flight.abort()
    connecting = asyncio.all_tasks() - before
    assert connecting
    _, pending = await asyncio.wait(connecting, timeout=ABORT_S)
    assert not pending
    assert not answer.over.is_set()


async def test_abort_right_after_send_never_reaches_the_upstream(client: H1Client, up: Upstream) -> None:
    answer = sent(client, outgoing(up.origin))
    answer.flight.abort()
    await sent(client, outgoing(up.origin, path="/v1/completions")).finished()
    assert [seen.path for seen in up.seen] == ["/v1/completions"]
    assert not answer.over.is_set()


async def test_abort_right_after_send_frees_its_place_for_who_waits(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    first, second = sent(client, outgoing(up.origin)), sent(client, outgoing(up.origin))
    first.flight.abort()
    assert (await second.finished()).status == 200
    assert len(up.seen) == 1
    await client.close()


async def test_abort_while_waiting_for_room_leaves_the_queue(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    hold = asyncio.Event()
    up.script(Fault(hold_headers=hold))
    first, second, third = (sent(client, outgoing(up.origin, path=f"/{number}")) for number in range(3))
    await up.saw(1)
    second.flight.abort()
    hold.set()
    await asyncio.gather(first.finished(), third.finished())
    assert [seen.path for seen in up.seen] == ["/0", "/2"]
    await client.close()


async def test_abort_makes_room_for_who_waits(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    up.script(Fault(silent=True))
    first, second = sent(client, outgoing(up.origin)), sent(client, outgoing(up.origin))
    await up.saw(1)
    first.flight.abort()
    assert (await second.finished()).status == 200
    await client.close()


@pytest.mark.parametrize("callback", ["started", "data"])
async def test_nothing_is_told_after_an_abort_from_inside_a_callback(
    client: H1Client, up: Upstream, callback: str
) -> None:
    calls: list[str] = []

    class Leaver(Recorder):
        @override
        def answer_started(self, status: int, headers: Headers) -> None:
            calls.append("started")
            if callback == "started":
                self.flight.abort()

        @override
        def answer_data(self, data: bytes) -> None:
            calls.append("data")
            self.flight.abort()

        @override
        def answer_ended(self) -> None:
            calls.append("ended")

        @override
        def answer_failed(self, error: UpstreamError) -> None:
            calls.append("failed")

    leaver = Leaver()
    leaver.flight = client.send(outgoing(up.origin), leaver)
    await up.saw(1)
    await up.left(0)
    assert calls == ["started", "data"][: 1 if callback == "started" else 2]
    assert (await sent(client, outgoing(up.origin)).finished()).status == 200


async def test_a_paused_receiver_stops_the_upstream(client: H1Client, up: Upstream) -> None:
    up.script(Fault(endless=True, long_line_bytes=1_000_000))
    answer = sent(client, outgoing(up.origin, CHAT_STREAM, deadlines=Deadlines(idle_s=0.3)))
    async with asyncio.timeout(30):
        await answer.got_data.wait()
    answer.flight.pause()
    held_bytes = len(answer.body)
    seen = up.seen[0]
    sent_bytes = -1
    while sent_bytes != seen.sent_bytes:
        sent_bytes = seen.sent_bytes
        await asyncio.sleep(0.4)
    assert len(answer.body) == held_bytes
    assert sent_bytes < 16_000_000
    assert not answer.over.is_set()
    answer.got_data.clear()
    answer.flight.resume()
    async with asyncio.timeout(30):
        await answer.got_data.wait()
    answer.flight.abort()
    await seen.aborted()


async def test_pause_before_the_connection_holds(client: H1Client, up: Upstream) -> None:
    answer = sent(client, outgoing(up.origin))
    answer.flight.pause()
    await (await up.saw(1)).finished.wait()
    assert not answer.started.is_set()
    answer.flight.resume()
    assert (await answer.finished()).ended


async def test_a_connection_paused_at_the_end_is_used_again(client: H1Client, up: Upstream) -> None:
    class Slow(Recorder):
        @override
        def answer_data(self, data: bytes) -> None:
            super().answer_data(data)
            self.flight.pause()

    slow = Slow()
    slow.flight = client.send(outgoing(up.origin), slow)
    await slow.finished()
    assert (await sent(client, outgoing(up.origin)).finished()).ended
    assert up.accepted == 1
