"""A hostile upstream: every fault ends in the right error or a whole answer, in time, with nothing left open."""

import asyncio
import random
import tracemalloc

import pytest

from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.transport.coding import DecodeLimits
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.upstream import ERROR_BODY, Fault, Upstream
from tests.transport.wiring import CHAT_STREAM, outgoing, sent

QUICK = Deadlines(connect_s=0.3, first_byte_s=0.3, idle_s=0.3, total_s=0.8)
CUT_GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\x03KL"
LONG = "x" * 70_000

BROKEN: dict[str, tuple[Fault, type[UpstreamError]]] = {
    "closes right after accept": (Fault(close_on_accept=True), UpstreamDown),
    "closes without an answer": (Fault(close_after=0), UpstreamDown),
    "resets without an answer": (Fault(reset_after=0), UpstreamDown),
    "resets in the head": (Fault(reset_after=20), UpstreamDown),
    "resets in the body": (Fault(reset_after=300), UpstreamDown),
    "closes in a chunk": (Fault(close_after=300), UpstreamDown),
    "closes before the last chunk": (Fault(endless=True, close_after=2000), UpstreamDown),
    "shorter than its length": (Fault(content_length=99_999, close_after=5000), UpstreamDown),
    "silent": (Fault(silent=True), UpstreamTimeout),
    "silent after 1xx": (Fault(interim=(100, 103), silent=True), UpstreamTimeout),
    "silent in the body": (Fault(delay_chunk_s=30), UpstreamTimeout),
    "never ends": (Fault(endless=True, delay_chunk_s=0.001), UpstreamTimeout),
    "bad chunk size": (Fault(bad_chunk_size=True), UpstreamGarbled),
    "switches protocols": (Fault(interim=(101,)), UpstreamGarbled),
    "NUL in a header": (Fault(headers={"x": "a\0b"}), UpstreamGarbled),
    "two lengths": (Fault(headers={"Content-Length": "5", "content-length": "6"}, body=b"12345"), UpstreamGarbled),
    "length and chunks": (Fault(headers={"Content-Length": "5"}), UpstreamGarbled),
    "other transfer coding": (Fault(headers={"Transfer-Encoding": "gzip"}, body=b"x"), UpstreamGarbled),
    "long header": (Fault(headers={"x-long": LONG}), UpstreamGarbled),
    "many headers": (Fault(headers={f"x-{number}": "y" * 50 for number in range(1500)}), UpstreamGarbled),
    "ten megabytes of header": (Fault(headers={"x-long": "x" * 10_000_000}), UpstreamGarbled),
    "br": (Fault(coding="br"), UpstreamGarbled),
    "zstd": (Fault(coding="zstd"), UpstreamGarbled),
    "two codings": (Fault(headers={"content-encoding": "gzip, br"}), UpstreamGarbled),
    "not gzip at all": (Fault(headers={"content-encoding": "gzip"}), UpstreamGarbled),
    "gzip bomb": (Fault(bomb_bytes=200 * 1024 * 1024), UpstreamGarbled),
    "gzip cut short": (
        Fault(body=b"\x1f\x8b\x08\0\0\0\0\0\0\x03KL", headers={"content-encoding": "gzip"}),
        UpstreamGarbled,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
@pytest.mark.parametrize("pooled", [False, True], ids=["fresh", "pooled"])
async def test_a_broken_answer_is_the_right_error(client: H1Client, up: Upstream, case: str, pooled: bool) -> None:
    fault, expected = BROKEN[case]
    if pooled:
        await sent(client, outgoing(up.origin)).finished()
    # A pooled connection may be tried twice, and then meets the fault again.
    up.always = fault
    if fault.close_on_accept:
        await up.hang_up()
        up.script(fault)
    answer = await sent(client, outgoing(up.origin, CHAT_STREAM, deadlines=QUICK)).finished()
    assert type(answer.error) is expected
    assert not answer.ended
    await up.left(0)


HEALTHY: dict[str, tuple[Fault, bytes]] = {
    "1xx before": (Fault(interim=(100, 102, 103)), b"[DONE]"),
    "gzip": (Fault(coding="gzip"), b"[DONE]"),
    "deflate": (Fault(coding="deflate"), b"[DONE]"),
    "deflate without wrapper": (Fault(coding="x", headers={"content-encoding": "deflate"}), b"[DONE]"),
    "NUL in the body": (Fault(nul=True), b"\0\0"),
    "no [DONE]": (Fault(no_done=True), b'"stop"'),
    "until the end of the stream": (Fault(read_to_end=True), b"[DONE]"),
    "ten megabytes in one line": (Fault(long_line_bytes=10_000_000), b"[DONE]"),
    "429": (Fault(status=429, headers={"retry-after": "2"}), ERROR_BODY),
    "500": (Fault(status=500), ERROR_BODY),
    "401": (Fault(status=401), ERROR_BODY),
    "200 with an error": (Fault(body=ERROR_BODY), ERROR_BODY),
}


@pytest.mark.parametrize("case", HEALTHY)
async def test_an_odd_answer_comes_whole(client: H1Client, up: Upstream, case: str) -> None:
    fault, inside = HEALTHY[case]
    up.script(fault)
    answer = await sent(client, outgoing(up.origin, CHAT_STREAM)).finished()
    assert answer.error is None
    assert answer.status == (fault.status or 200)
    assert inside in answer.body
    assert not {b"content-encoding", b"transfer-encoding", b"connection"} & {name for name, _ in answer.headers}


async def test_a_truncated_stream_brings_its_beginning(client: H1Client, up: Upstream) -> None:
    up.script(Fault(close_after=600))
    answer = await sent(client, outgoing(up.origin, CHAT_STREAM)).finished()
    assert b"Hello" in answer.body
    assert isinstance(answer.error, UpstreamDown)


async def test_passes_on_retry_after(client: H1Client, up: Upstream) -> None:
    up.script(Fault(status=429, headers={"Retry-After": "3600"}))
    answer = await sent(client, outgoing(up.origin)).finished()
    assert answer.header(b"retry-after") == b"3600"


async def test_drops_headers_that_connection_names(client: H1Client, up: Upstream) -> None:
    up.script(Fault(headers={"Connection": "keep-alive, X-Hop", "X-Hop": "1", "X-Stays": "2"}))
    answer = await sent(client, outgoing(up.origin)).finished()
    assert answer.header(b"x-hop") == b""
    assert answer.header(b"x-stays") == b"2"


async def test_an_early_answer_arrives_and_the_connection_is_closed(client: H1Client, up: Upstream) -> None:
    up.script(Fault(early=True, status=413))
    answer = await sent(client, outgoing(up.origin, b"x" * 30_000_000)).finished()
    assert answer.status == 413
    assert answer.body == ERROR_BODY
    assert answer.ended
    await up.left(0)


async def test_a_bomb_takes_little_memory(client: H1Client, up: Upstream) -> None:
    up.script(Fault(bomb_bytes=200 * 1024 * 1024))
    tracemalloc.start()
    answer = await sent(client, outgoing(up.origin)).finished()
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.error is not None
    assert answer.error.code == "upstream_bomb"
    assert peak_bytes < 64 * 1024 * 1024


async def test_the_decoded_size_has_a_limit_of_its_own(up: Upstream) -> None:
    client = H1Client(decode=DecodeLimits(most_bytes=1000, most_ratio=10_000))
    up.script(Fault(coding="gzip", body=b"x" * 2000))
    answer = await sent(client, outgoing(up.origin)).finished()
    assert answer.error is not None
    assert answer.error.code == "upstream_bomb"
    await client.close()


@pytest.mark.parametrize("trailer", [b"x-t: " + b"y" * 200_000, b""], ids=["trailer", "chunk-extension"])
async def test_bytes_that_bring_nothing_are_bounded(client: H1Client, trailer: bytes) -> None:
    answer_head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"
    rest = b"0\r\n" + trailer if trailer else b"1;" + b"e" * 200_000

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer_head + rest)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    origin = Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1])
    answer = await sent(client, outgoing(origin, b"", method="GET")).finished()
    assert answer.body == b"a"
    assert isinstance(answer.error, UpstreamGarbled)
    server.close()
    await server.wait_closed()


async def test_a_storm_of_faults_and_aborts_leaks_no_place(up: Upstream) -> None:
    chance = random.Random(7)
    faults = [fault for fault, _ in BROKEN.values() if not fault.bomb_bytes and "x-long" not in fault.headers]
    client = H1Client(pool_per_origin=8)

    async def call() -> None:
        up.script(chance.choice([Fault(), *faults]))
        answer = sent(client, outgoing(up.origin, CHAT_STREAM, deadlines=QUICK))
        if chance.random() < 0.5:
            await asyncio.sleep(chance.random() * 0.02)
            answer.flight.abort()
        else:
            await answer.finished()

    for _ in range(4):
        await asyncio.gather(*(call() for _ in range(50)))
    up.clear()
    hold = asyncio.Event()
    up.always = Fault(hold_headers=hold)
    first = len(up.seen)
    answers = [sent(client, outgoing(up.origin)) for _ in range(8)]
    await up.saw(first + 8)
    hold.set()
    assert [(await answer.finished()).status for answer in answers] == [200] * 8
    await client.close()
    await up.left(0)
