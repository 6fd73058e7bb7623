"""The client with an upstream that behaves: bodies, reuse, the cap, the queue, the order of calls."""

import asyncio

import pytest
from typing_extensions import override

from openhearth.core.errors import UpstreamBusy, UpstreamDown, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines, Flight
from tests.fakes.upstream import Fault, Reply, Upstream
from tests.transport.wiring import CHAT_STREAM, Recorder, outgoing, sent


async def test_brings_a_whole_answer(client: H1Client, up: Upstream) -> None:
    answer = await sent(client, outgoing(up.origin)).finished()
    assert answer.status == 200
    assert answer.header(b"content-type") == b"application/json"
    assert b"Hello from upstream!" in answer.body
    assert answer.ended


async def test_sends_head_length_and_body_as_they_are(client: H1Client, up: Upstream) -> None:
    body = bytes(range(256)) * 500
    await sent(client, outgoing(up.origin, body, path="/v1/other?x=1")).finished()
    seen = up.seen[0]
    assert (seen.method, seen.path) == ("POST", "/v1/other?x=1")
    assert seen.headers["content-length"] == str(len(body))
    assert seen.body == body


async def test_a_get_without_body_has_no_length(client: H1Client, up: Upstream) -> None:
    answer = await sent(client, outgoing(up.origin, b"", method="GET", path="/v1/models")).finished()
    assert answer.status == 200
    assert "content-length" not in up.seen[0].headers


async def test_an_empty_post_has_a_length(client: H1Client, up: Upstream) -> None:
    await sent(client, outgoing(up.origin, b"", path="/v1/other")).finished()
    assert up.seen[0].headers["content-length"] == "0"


async def test_a_head_answer_has_no_body(client: H1Client, up: Upstream) -> None:
    up.script(Fault(content_length=5000, body=b""))
    answer = await sent(client, outgoing(up.origin, b"", method="HEAD", path="/file")).finished()
    assert answer.ended
    assert answer.header(b"content-length") == b"5000"


async def test_sends_ten_megabytes(client: H1Client, up: Upstream) -> None:
    body = b"x" * 10_000_000
    answer = await sent(client, outgoing(up.origin, body, path="/v1/other")).finished()
    assert answer.ended
    assert len(up.seen[0].body) == len(body)


async def test_streams_pieces_as_they_come(client: H1Client, up: Upstream) -> None:
    more = asyncio.Event()
    up.script(Fault(hold_chunks=more))
    answer = sent(client, outgoing(up.origin, CHAT_STREAM))
    async with asyncio.timeout(30):
        await answer.got_data.wait()
    assert b"Hello" in answer.body
    assert b"[DONE]" not in answer.body
    more.set()
    await answer.finished()
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.header(b"transfer-encoding") == b""


async def test_joins_what_one_read_brought(client: H1Client, up: Upstream) -> None:
    up.add("/many", Reply(pieces=tuple(b"%d\n" % number for number in range(200))))
    more = asyncio.Event()
    up.script(Fault(hold_headers=more))
    answer = sent(client, outgoing(up.origin, path="/many"))
    await up.saw(1)
    answer.flight.pause()
    more.set()
    await up.seen[0].finished.wait()
    answer.flight.resume()
    await answer.finished()
    assert len(answer.parts) < 10
    assert answer.body == b"".join(b"%d\n" % number for number in range(200))


async def test_uses_a_connection_again_after_a_clean_end(client: H1Client, up: Upstream) -> None:
    for body in (CHAT_STREAM, b"{}", CHAT_STREAM):
        await sent(client, outgoing(up.origin, body)).finished()
    assert up.accepted == 1


async def test_sends_the_next_request_from_inside_the_last_callback(client: H1Client, up: Upstream) -> None:
    second = Recorder()

    class Chained(Recorder):
        @override
        def answer_ended(self) -> None:
            super().answer_ended()
            second.flight = client.send(outgoing(up.origin), second)

    client.send(outgoing(up.origin), Chained())
    await second.finished()
    assert second.status == 200
    assert up.accepted == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(keep_alive=False),
        Fault(read_to_end=True),
        Fault(surplus=b"HTTP/1.1 200 OK\r\n\r\n"),
        Fault(surplus=b"junk"),
        Fault(close_idle=True),
    ],
    ids=["close", "to-end", "second-answer", "junk", "closed-idle"],
)
async def test_does_not_use_a_connection_again_after_an_unclean_end(
    client: H1Client, up: Upstream, fault: Fault
) -> None:
    up.script(fault)
    first = await sent(client, outgoing(up.origin)).finished()
    assert first.ended
    assert b"Hello from upstream!" in first.body
    assert b"junk" not in first.body
    second = await sent(client, outgoing(up.origin)).finished()
    assert second.status == 200
    assert up.accepted == 2


async def test_resends_once_when_a_pooled_connection_had_died(client: H1Client, up: Upstream) -> None:
    await sent(client, outgoing(up.origin)).finished()
    up.script(Fault(reset_after=0))
    answer = await sent(client, outgoing(up.origin, repeatable=True)).finished()
    assert answer.status == 200
    assert len(up.seen) == 3
    assert up.accepted == 2


async def test_resends_only_once(client: H1Client, up: Upstream) -> None:
    await sent(client, outgoing(up.origin)).finished()
    up.script(Fault(close_after=0), Fault(close_after=0))
    answer = await sent(client, outgoing(up.origin, repeatable=True)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert len(up.seen) == 3


@pytest.mark.parametrize("fault", [Fault(reset_after=0), Fault(close_after=0)], ids=["reset", "closed"])
async def test_what_makes_something_never_goes_out_twice(client: H1Client, up: Upstream, fault: Fault) -> None:
    await sent(client, outgoing(up.origin)).finished()
    up.script(fault)
    answer = await sent(client, outgoing(up.origin)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert len(up.seen) == 2


async def test_does_not_resend_on_a_fresh_connection(client: H1Client, up: Upstream) -> None:
    up.script(Fault(close_after=0))
    answer = await sent(client, outgoing(up.origin)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert len(up.seen) == 1


async def test_does_not_resend_after_a_byte_of_the_answer(client: H1Client, up: Upstream) -> None:
    await sent(client, outgoing(up.origin)).finished()
    up.script(Fault(close_after=4))
    answer = await sent(client, outgoing(up.origin)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert len(up.seen) == 2


async def test_drops_a_pooled_connection_that_the_upstream_closes(client: H1Client, up: Upstream) -> None:
    await sent(client, outgoing(up.origin)).finished()
    await up.hang_up()
    answer = await sent(client, outgoing(up.origin)).finished()
    assert answer.status == 200
    assert len(up.seen) == 2


async def test_closes_idle_connections_after_a_while(up: Upstream) -> None:
    client = H1Client(pool_idle_s=0.1)
    await sent(client, outgoing(up.origin)).finished()
    await up.left(0)
    await client.close()


async def test_never_opens_more_than_the_cap_and_keeps_the_order(up: Upstream) -> None:
    client = H1Client(pool_per_origin=2)
    up.always = Fault(delay_headers_s=0.01)
    answers = [sent(client, outgoing(up.origin, b'{"model":"%d"}' % number)) for number in range(12)]
    await asyncio.gather(*(answer.finished() for answer in answers))
    assert all(answer.status == 200 for answer in answers)
    assert up.accepted == 2
    order = [int(seen.json()["model"]) for seen in up.seen]
    assert sorted(order[:2]) == [0, 1]
    assert max(abs(place - number) for place, number in enumerate(order)) <= 1
    await client.close()


async def test_waiting_for_room_ends_with_the_connect_deadline(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    up.script(Fault(silent=True))
    sent(client, outgoing(up.origin))
    await up.saw(1)
    answer = await sent(client, outgoing(up.origin, deadlines=Deadlines(connect_s=0.1))).finished()
    assert isinstance(answer.error, UpstreamBusy)
    assert answer.error.code == "upstream_pool_full"
    await client.close()


async def test_a_full_queue_is_refused_and_not_from_inside_send(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1, waiting_per_origin=1)
    up.always = Fault(silent=True)
    sent(client, outgoing(up.origin))
    sent(client, outgoing(up.origin))
    third = sent(client, outgoing(up.origin))
    assert not third.over.is_set()
    await third.finished()
    assert isinstance(third.error, UpstreamBusy)
    await client.close()


async def test_a_failed_connection_makes_room_for_the_next(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    up.script(Fault(reset_after=0))
    first, second = sent(client, outgoing(up.origin)), sent(client, outgoing(up.origin))
    await asyncio.gather(first.finished(), second.finished())
    assert isinstance(first.error, UpstreamDown)
    assert second.status == 200
    await client.close()


async def test_refused_connection_says_so(client: H1Client) -> None:
    async with Upstream() as up:
        origin = up.origin
    answer = await sent(client, outgoing(origin)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert answer.error.code == "upstream_connect"
    assert answer.error.message == "Cannot connect to up: connection refused."


async def test_unknown_host_says_so(client: H1Client) -> None:
    origin = Origin("http", "no-such-host.invalid", 80)
    answer = await sent(client, outgoing(origin)).finished()
    assert isinstance(answer.error, UpstreamDown)
    assert answer.error.code == "upstream_dns"


async def test_close_fails_what_is_under_way_and_what_comes_later(up: Upstream) -> None:
    client = H1Client(pool_per_origin=1)
    up.always = Fault(silent=True)
    under_way, waiting = sent(client, outgoing(up.origin)), sent(client, outgoing(up.origin))
    await up.saw(1)
    before = asyncio.all_tasks()
    await client.close()
    late = sent(client, outgoing(up.origin))
    for answer in (under_way, waiting, late):
        await answer.finished()
        assert isinstance(answer.error, UpstreamDown)
    await up.left(0)
    assert asyncio.all_tasks() <= before


async def test_close_while_connecting_leaves_no_task(up: Upstream) -> None:
    client = H1Client()
    before = asyncio.all_tasks()
    answer = sent(client, outgoing(up.origin))
    await client.close()
    assert isinstance((await answer.finished()).error, UpstreamDown)
    assert {task for task in asyncio.all_tasks() - before if "_connect" in repr(task)} == set()


@pytest.mark.parametrize("phase", ["first byte", "idle", "total"])
async def test_deadlines_end_an_attempt(client: H1Client, up: Upstream, phase: str) -> None:
    fault, deadlines, code = {
        "first byte": (Fault(silent=True), Deadlines(first_byte_s=0.1), "first_byte_timeout"),
        "idle": (Fault(hold_chunks=asyncio.Event()), Deadlines(idle_s=0.1), "idle_timeout"),
        "total": (Fault(endless=True, delay_chunk_s=0.01), Deadlines(total_s=0.3), "total_timeout"),
    }[phase]
    up.script(fault)
    answer = await sent(client, outgoing(up.origin, CHAT_STREAM, deadlines=deadlines)).finished()
    assert isinstance(answer.error, UpstreamTimeout)
    assert answer.error.code == code
    await up.seen[0].aborted()


async def test_bytes_of_a_head_do_not_extend_the_first_byte_deadline(client: H1Client, up: Upstream) -> None:
    up.script(Fault(interim=(103,), silent=True))
    answer = sent(client, outgoing(up.origin, deadlines=Deadlines(first_byte_s=0.2, total_s=5)))
    await answer.finished()
    assert answer.error is not None
    assert answer.error.code == "first_byte_timeout"


async def test_data_extends_the_idle_deadline(client: H1Client, up: Upstream) -> None:
    up.script(Fault(delay_chunk_s=0.15))
    answer = await sent(client, outgoing(up.origin, CHAT_STREAM, deadlines=Deadlines(idle_s=0.6))).finished()
    assert answer.ended


async def test_connecting_has_a_deadline(client: H1Client, never_accepts: Origin) -> None:
    answer = await sent(client, outgoing(never_accepts, deadlines=Deadlines(connect_s=0.2))).finished()
    assert isinstance(answer.error, UpstreamTimeout)
    assert answer.error.code == "connect_timeout"


async def test_abort_is_harmless_after_the_end(client: H1Client, up: Upstream) -> None:
    answer = await sent(client, outgoing(up.origin)).finished()
    flight: Flight = answer.flight
    flight.pause()
    flight.resume()
    flight.abort()
    second = await sent(client, outgoing(up.origin)).finished()
    assert second.status == 200
    assert up.accepted == 1
