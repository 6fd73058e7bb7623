"""Bad and slow clients: a clear JSON error, the right status, the connection freed, nobody else disturbed."""

import asyncio

import msgspec
import pytest

from openhearth.config import Config, Limits
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"[1]", 400, "invalid_json"),
        (b'{"model":"\xff"}', 400, "invalid_json"),
        (b'{"model":"mock","messages":' + b"[" * 5000 + b"]" * 5000 + b"}", 400, "json_too_deep"),
        (b'{"model":"mock","model":"other"}', 400, "duplicate_field"),
        (b'{"messages":[]}', 400, "missing_field"),
        (b'{"model":7}', 400, "invalid_type"),
        (b'{"model":"mock","stream":"yes"}', 400, "invalid_type"),
        (b'{"model":""}', 400, "invalid_value"),
    ],
)
async def test_a_bad_body_is_named(gate: Gateway, up: Upstream, body: bytes, status: int, code: str) -> None:
    reply = await ask(gate.port, body=body)
    assert (reply.status, reply.error()["code"]) == (status, code)
    assert reply.error()["type"] == "invalid_request_error"
    assert up.seen == []


async def test_the_key_is_asked_for_before_the_body_is_judged(gate: Gateway) -> None:
    assert (await ask(gate.port, body=b"{", key="sk-wrong")).status == 401


async def test_a_wrong_content_type_is_a_415(gate: Gateway) -> None:
    reply = await ask(gate.port, body=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"})
    assert (reply.status, reply.error()["code"]) == (415, "unsupported_media_type")


async def test_an_unknown_path_names_the_right_one(gate: Gateway) -> None:
    reply = await ask(gate.port, "/v1/chat/completion", CHAT)
    assert (reply.status, reply.error()["code"]) == (404, "unknown_path")
    assert "/v1/chat/completions" in str(reply.error()["message"])


async def test_a_wrong_method_names_the_right_one(gate: Gateway) -> None:
    reply = await ask(gate.port, method="GET")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_a_body_too_large_is_a_413(quick: Gateway) -> None:
    reply = await ask(quick.port, body={**CHAT, "pad": "x" * 300_000})
    assert (reply.status, reply.error()["code"]) == (413, "request_too_large")
    assert reply.headers["x-request-id"].startswith("req_")


async def test_headers_too_large_are_a_431(quick: Gateway) -> None:
    reply = await ask(quick.port, body=CHAT, headers={"x-pad": "y" * 9000})
    assert (reply.status, reply.error()["code"]) == (431, "headers_too_large")
    assert reply.headers["x-request-id"].startswith("req_")


async def test_a_header_that_never_ends_is_a_431(quick: Gateway) -> None:
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nx-pad: " + b"y" * 20_000)
        assert (await connection.reply()).status == 431


async def test_a_silent_socket_is_closed(quick: Gateway) -> None:
    async with asyncio.timeout(30), connect(quick.port) as connection:
        assert await connection.reader.read() == b""


async def test_slow_headers_are_a_408(quick: Gateway) -> None:
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: ")
        reply = await connection.reply()
        assert (reply.status, reply.error()["code"]) == (408, "request_timeout")
        assert reply.headers["x-request-id"].startswith("req_")
        assert await connection.reader.read() == b""


async def test_dripping_headers_do_not_push_the_deadline(quick: Gateway) -> None:
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(b"POST /v1/chat/completions HTTP/1.1\r\n")
        reply = asyncio.create_task(connection.reply())
        number = 0
        while not reply.done():
            number += 1
            connection.writer.write(b"x-%d: y\r\n" % number)
            await asyncio.sleep(0.05)
        assert (await reply).status == 408


async def test_a_slow_body_is_a_408(quick: Gateway) -> None:
    whole = request(body=CHAT)
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(whole[:-5])
        assert (await connection.reply()).status == 408


async def test_an_idle_connection_is_closed_quietly(quick: Gateway) -> None:
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(request(body=CHAT))
        assert (await connection.reply()).status == 200
        assert await connection.reader.read() == b""


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}",
        b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"NOT HTTP AT ALL\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_400_and_closed(gate: Gateway, data: bytes) -> None:
    async with asyncio.timeout(30), connect(gate.port) as connection:
        await connection.send(data)
        reply = await connection.reply()
        assert reply.status == 400
        assert reply.error()["type"] == "invalid_request_error"
        assert reply.headers["x-request-id"].startswith("req_")
        assert await connection.reader.read() == b""


async def test_a_pipelined_second_request_does_not_disturb_the_first(gate: Gateway) -> None:
    async with asyncio.timeout(30), connect(gate.port) as connection:
        await connection.send(request(body=CHAT) + request(body=CHAT))
        assert (await connection.reply()).status == 200


async def test_a_body_in_pieces_and_in_chunks_arrives_whole(gate: Gateway, up: Upstream) -> None:
    whole = request(body=CHAT)
    async with asyncio.timeout(30), connect(gate.port) as connection:
        for start in range(0, len(whole), 7):
            await connection.send(whole[start : start + 7])
            await asyncio.sleep(0)
        assert (await connection.reply()).status == 200
    chunked = (
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: t\r\nauthorization: Bearer sk-oh-test\r\n"
        b"content-type: application/json; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    data = whole.partition(b"\r\n\r\n")[2]
    async with asyncio.timeout(30), connect(gate.port) as connection:
        await connection.send(
            chunked + b"".join(b"1\r\n%b\r\n" % data[at : at + 1] for at in range(len(data))) + b"0\r\n\r\n"
        )
        assert (await connection.reply()).status == 200
    assert [seen.json() for seen in up.seen] == [CHAT, CHAT]


@pytest.mark.parametrize("path", ["/health/live", "/v1/chat/completions"])
async def test_a_wish_to_upgrade_is_ignored(gate: Gateway, path: str) -> None:
    wish = {"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-key": "x"}
    method, body = ("POST", CHAT) if "chat" in path else ("GET", None)
    async with asyncio.timeout(30):
        assert (await ask(gate.port, path, body, method=method, headers=wish)).status == 200


async def test_expect_continue_is_answered(gate: Gateway) -> None:
    whole = request(body=CHAT, headers={"expect": "100-continue"})
    head, _, body = whole.partition(b"\r\n\r\n")
    async with asyncio.timeout(30), connect(gate.port) as connection:
        await connection.send(head + b"\r\n\r\n")
        assert (await connection.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await connection.send(body)
        assert (await connection.reply()).status == 200


async def test_expect_continue_with_too_large_a_body_is_refused_at_once(quick: Gateway) -> None:
    head = request(headers={"expect": "100-continue", "content-length": "999999"}).partition(b"\r\n\r\n")[0]
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(head + b"\r\n\r\n")
        assert (await connection.reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413")


async def test_old_http_gets_a_stream_that_ends_with_the_connection(gate: Gateway) -> None:
    whole = request(body={**CHAT, "stream": True}).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    async with asyncio.timeout(30), connect(gate.port) as connection:
        await connection.send(whole)
        assert b"data: [DONE]" in await connection.reader.read()


async def test_many_slow_sockets_do_not_delay_good_traffic(quick: Gateway) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", quick.port) for _ in range(200)]
    for _, writer in slow[::2]:
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nx: ")
    assert (await ask(quick.port, body=CHAT)).status == 200
    async with asyncio.timeout(30):
        for reader, writer in slow:
            await reader.read()
            writer.close()


async def test_a_connection_too_many_is_told_so_and_disturbs_nobody(up: Upstream, config: Config) -> None:
    config = msgspec.structs.replace(config, limits=Limits(open_connections=2))
    async with asyncio.timeout(20), gateway([target(up.port)], config=config) as gate:
        async with connect(gate.port) as first, connect(gate.port) as second:
            for connection in (first, second):
                await connection.send(request(body=CHAT))
                assert (await connection.reply()).status == 200
            for early in (True, False):  # it may send its request before it reads the answer, or not at all
                async with connect(gate.port) as third:
                    if early:
                        await third.send(request(body=CHAT))
                    reply = await third.reply()
                    assert (reply.status, reply.error()["code"]) == (503, "too_many_connections")
                    assert int(reply.headers["retry-after"]) >= 1
                    assert reply.headers["x-request-id"].startswith("req_")
                    assert await third.reader.read() == b""
            await first.send(request(body=CHAT))
            assert (await first.reply()).status == 200
        while (await ask(gate.port, body=CHAT)).status != 200:
            await asyncio.sleep(0.02)
    assert len(up.seen) == 4
