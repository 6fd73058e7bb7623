"""``Idempotency-Key`` over HTTP: carried out once, answered again byte for byte, never for another caller or body."""

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from openhearth.config import Idempotency
from openhearth.core.call import Outcome
from tests.fakes.gateway import target
from tests.fakes.http import Reply, ask, connect, request
from tests.fakes.upstream import Fault, Upstream
from tests.repeats.serving import Server, serving

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
STREAM = {**CHAT, "stream": True}
PATH = "/v1/chat/completions"


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def server(up: Upstream, tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(tmp_path, target(up.port)) as running:
        yield running


async def post(
    server: Server, body: object = CHAT, path: str = PATH, *, key: str = "k-1", caller: str = "", **headers: str
) -> Reply:
    """One request with an Idempotency-Key."""
    named = {"idempotency-key": key, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if caller:
        named["authorization"] = f"Bearer {caller}"
    return await ask(server.port, path, body, headers=named)


def _form(data: bytes, boundary: str) -> tuple[bytes, str]:
    head = f'--{boundary}\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    return head.encode() + data + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


# -- the same answer again -----------------------------------------------------------------------------------------


async def test_a_repetition_gets_the_first_answer_and_runs_nothing(server: Server, up: Upstream) -> None:
    first = await post(server)
    again = await post(server)
    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    for name in ("content-type", "x-request-id", "x-openhearth-target", "content-length"):
        assert again.headers[name] == first.headers[name]
    assert len(up.seen) == 1
    assert len(server.limits.settled) == 1


async def test_without_a_key_every_request_runs(server: Server, up: Upstream) -> None:
    for _ in range(2):
        assert (await ask(server.port, body=CHAT)).status == 200
    assert len(up.seen) == 2


async def test_a_stream_is_given_again_byte_for_byte(server: Server, up: Upstream) -> None:
    first = await post(server, STREAM)
    again = await post(server, STREAM)
    assert first.body.endswith(b"data: [DONE]\n\n")
    assert again.body == first.body
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotent-replayed"] == "true"
    assert len(up.seen) == 1


async def test_fields_in_another_order_are_the_same_request(server: Server, up: Upstream) -> None:
    first = await post(server, CHAT)
    again = await post(server, dict(reversed(CHAT.items())))
    assert again.body == first.body
    assert len(up.seen) == 1


async def test_a_form_sent_again_with_another_boundary_is_the_same(server: Server) -> None:
    data = hashlib.sha256(b"x").digest() * 20_000
    answers = []
    for boundary in ("one-boundary", "another-9c"):
        body, kind = _form(data, boundary)
        answers.append(await post(server, body, "/test/form", content_type=kind))
    body, kind = _form(data + b"!", "third")
    other = await post(server, body, "/test/form", content_type=kind)
    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].body == answers[1].body
    assert other.error()["code"] == "idempotency_key_reused"
    assert server.ran == ["form"]


@pytest.mark.parametrize("size", [0, 1000, 65536, 65537, 300_000])
async def test_bytes_of_any_size_are_given_again(server: Server, size: int) -> None:
    first = await post(server, {"bytes": size}, "/test/sound")
    again = await post(server, {"bytes": size}, "/test/sound")
    assert first.body == again.body == b"\1" * size
    assert again.headers["content-type"] == "audio/mpeg"
    assert "set-cookie" in first.headers
    assert "set-cookie" not in again.headers
    assert server.ran == ["sound"]


async def test_what_is_kept_tells_nobody_what_was_answered(server: Server) -> None:
    for size in (5_000, 300_000):
        await post(server, {"bytes": size}, "/test/sound", key=f"key-of-{size}")
    kept = [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]
    assert sum(map(len, kept)) > 300_000
    for text in (b"\1" * 100, b"\2" * 100, b"key-of-", b"audio/mpeg"):
        assert all(text not in data for data in kept)


async def test_a_handler_that_does_not_read_its_body_runs_once(server: Server) -> None:
    first = await post(server, {"a": 1}, "/test/unread")
    again = await post(server, {"a": 1}, "/test/unread")
    other = await post(server, {"a": 2}, "/test/unread")
    assert first.body == again.body
    assert other.error()["code"] == "idempotency_key_reused"
    assert server.ran == ["unread"]


# -- another request, another caller -------------------------------------------------------------------------------


async def test_another_body_path_or_query_is_refused(server: Server, up: Upstream) -> None:
    await post(server)
    for body, path in ((STREAM, PATH), (CHAT, "/v1/completions"), (CHAT, f"{PATH}?a=1")):
        reply = await post(server, body, path)
        assert (reply.status, reply.error()["code"]) == (400, "idempotency_key_reused")
    assert len(up.seen) == 1
    assert (await post(server)).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("caller", ["sk-same-owner", "sk-other-owner"])
async def test_another_caller_has_keys_of_its_own(server: Server, up: Upstream, caller: str) -> None:
    first = await post(server)
    theirs = await post(server, caller=caller)
    assert theirs.status == 200
    assert "idempotent-replayed" not in theirs.headers
    assert theirs.headers["x-request-id"] != first.headers["x-request-id"]
    assert (await post(server, STREAM, caller=caller)).status == 400
    assert len(up.seen) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "café", "tab\there"])
async def test_a_key_that_is_none_is_refused(server: Server, up: Upstream, key: str) -> None:
    head = request(PATH, CHAT, headers={"idempotency-key": "KEY"}).replace(b"KEY", key.encode())
    async with connect(server.port) as connection:
        await connection.send(head)
        reply = await connection.reply()
    assert (reply.status, reply.error()["code"]) == (400, "invalid_idempotency_key")
    assert up.seen == []


async def test_two_keys_are_refused_and_the_longest_is_taken(server: Server) -> None:
    head = request(PATH, CHAT, headers={"idempotency-key": "a"}).replace(b"\r\n", b"\r\nidempotency-key: b\r\n", 1)
    async with connect(server.port) as connection:
        await connection.send(head)
        assert (await connection.reply()).error()["code"] == "invalid_idempotency_key"
    assert (await post(server, key="~" * 255)).status == 200


async def test_a_family_tells_it_in_its_own_way(server: Server) -> None:
    first = await post(server, {"text": "a"}, "/test/fish")
    assert (await post(server, {"text": "a"}, "/test/fish")).body == first.body
    reused = (await post(server, {"text": "b"}, "/test/fish")).json()
    assert (reused["status"], reused["code"]) == (400, "idempotency_key_reused")
    assert (await post(server, {"text": "a"}, "/test/fish", caller="sk-none")).json()["status"] == 401


# -- twins ---------------------------------------------------------------------------------------------------------


async def test_of_twenty_twins_one_runs(server: Server, up: Upstream) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_headers=hold))
    twins = [asyncio.create_task(post(server)) for _ in range(20)]
    refused = []
    async with asyncio.timeout(30):
        for done in asyncio.as_completed(twins):
            refused.append(await done)
            if len(refused) == 19:
                hold.set()
    *others, first = refused
    assert first.status == 200
    assert {(other.status, other.error()["code"]) for other in others} == {(409, "idempotency_in_progress")}
    assert all(other.headers["retry-after"] == "1" for other in others)
    assert len(up.seen) == 1
    assert (await post(server)).body == first.body


async def test_while_a_stream_runs_its_twin_is_told_to_wait(server: Server, up: Upstream) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_chunks=hold, hold_after=1))
    async with asyncio.timeout(30), connect(server.port) as connection:
        await connection.send(request(PATH, STREAM, headers={"idempotency-key": "k-1"}))
        await connection.head()
        pieces = connection.chunks()
        begun = await anext(aiter(pieces))
        assert (await post(server, STREAM)).error()["code"] == "idempotency_in_progress"
        hold.set()
        first = begun + b"".join([piece async for piece in pieces])
    assert (await post(server, STREAM)).body == first


# -- what is kept and what is not ----------------------------------------------------------------------------------


async def test_refusals_before_the_run_are_not_kept(server: Server, up: Upstream) -> None:
    refused = [
        await post(server, b"{", PATH),
        await post(server, CHAT, caller="sk-none"),
        await post(server, {**CHAT, "model": "nobody"}),
        await post(server, CHAT, caller="sk-one-model"),
    ]
    assert [reply.status for reply in refused] == [400, 401, 404, 403]
    good = await post(server)
    assert good.status == 200
    assert "idempotent-replayed" not in good.headers
    assert len(up.seen) == 1


async def test_a_busy_upstream_can_be_asked_again(server: Server, up: Upstream) -> None:
    up.script(Fault(status=429))
    assert (await post(server)).status == 429
    again = await post(server)
    assert again.status == 200
    assert "idempotent-replayed" not in again.headers


async def test_a_closed_door_can_be_knocked_at_again(server: Server, up: Upstream) -> None:
    server.relay.stopping = True
    assert (await post(server)).status == 503
    server.relay.stopping = False
    assert (await post(server)).status == 200
    assert len(up.seen) == 1


async def test_a_failure_after_it_ran_is_kept(server: Server, up: Upstream) -> None:
    up.script(Fault(status=500))
    first = await post(server)
    again = await post(server)
    assert first.status == 502
    assert (again.status, again.body) == (502, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(up.seen) == 1
    assert [call.outcome for call in server.limits.settled] == [Outcome.FAILED]


async def test_a_stream_that_broke_is_given_again_with_its_error(server: Server, up: Upstream) -> None:
    up.script(Fault(close_after=400))
    first = await post(server, STREAM)
    again = await post(server, STREAM)
    assert b'"upstream' in first.body
    assert again.body == first.body
    assert len(up.seen) == 1


async def test_a_bug_is_kept_as_the_500_it_was(server: Server) -> None:
    first = await post(server, {}, "/test/bug")
    again = await post(server, {}, "/test/bug")
    assert (first.status, again.status) == (500, 500)
    assert again.error() == first.error()
    assert again.headers["idempotent-replayed"] == "true"
    assert server.ran == ["bug"]


async def test_a_full_disk_is_not_kept(server: Server) -> None:
    for _ in range(2):
        assert (await post(server, {}, "/test/full")).status == 507
    assert server.ran == ["full", "full"]


async def test_an_answer_above_the_bound_is_given_once_and_then_said_to_be_too_large(tmp_path: Path) -> None:
    settings = Idempotency(answer_bytes=100_000, inline_bytes=1_000)
    async with serving(tmp_path, idempotency=settings) as server:
        first = await post(server, {"bytes": 200_000}, "/test/sound")
        again = await post(server, {"bytes": 200_000}, "/test/sound")
        fitting = await post(server, {"bytes": 100_000}, "/test/sound", key="k-2")
        assert (first.status, len(first.body)) == (200, 200_000)
        assert (again.status, again.error()["code"]) == (409, "idempotency_answer_too_large")
        assert (await post(server, {"bytes": 100_000}, "/test/sound", key="k-2")).body == fitting.body
        assert server.ran == ["sound", "sound"]
        assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


async def test_an_answer_whose_bytes_are_gone_is_said_to_be_lost(server: Server) -> None:
    await post(server, {"bytes": 300_000}, "/test/sound")
    for path in (server.folder / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()
    lost = await post(server, {"bytes": 300_000}, "/test/sound")
    assert (lost.status, lost.error()["code"]) == (409, "idempotency_answer_lost")


async def test_after_a_day_a_key_is_new(server: Server, up: Upstream) -> None:
    first = await post(server)
    server.clock.now_s += 86_399
    assert (await post(server)).body == first.body
    server.clock.now_s += 1
    renewed = await post(server, STREAM)
    assert renewed.status == 200
    assert "idempotent-replayed" not in renewed.headers
    assert len(up.seen) == 2


async def test_without_its_table_no_request_with_a_key_is_carried_out(server: Server, up: Upstream) -> None:
    _execute(server, "drop table repeats")
    reply = await post(server)
    assert (reply.status, reply.error()["code"]) == (503, "idempotency_unavailable")
    assert reply.headers["retry-after"] == "1"
    assert up.seen == []
    assert (await ask(server.port, body=CHAT)).status == 200


async def test_an_answer_that_cannot_be_recorded_is_given_all_the_same(server: Server, up: Upstream) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_headers=hold))
    first = asyncio.create_task(post(server))
    await up.saw(1)
    _execute(server, "alter table repeats rename to hidden")
    hold.set()
    assert (await first).status == 200
    _execute(server, "alter table hidden rename to repeats")
    assert (await post(server)).status == 200
    assert len(up.seen) == 2


async def test_an_answer_that_the_disk_does_not_take_is_given_all_the_same(server: Server) -> None:
    (server.folder / "blobs" / "incoming").rmdir()
    for number in (1, 2):
        reply = await post(server, {"bytes": 3_000_000}, "/test/sound")
        assert reply.body == bytes([number]) * 3_000_000
    assert server.ran == ["sound", "sound"]


def _execute(server: Server, statement: str) -> None:
    with closing(sqlite3.connect(server.folder / "openhearth.db", timeout=30)) as database:
        database.execute(statement)
        database.commit()


# -- clients that leave --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_a_client_that_leaves_finds_the_whole_answer_later(server: Server, up: Upstream, body: object) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_chunks=hold, hold_after=1) if body is STREAM else Fault(hold_headers=hold))
    async with connect(server.port) as connection:
        await connection.send(request(PATH, body, headers={"idempotency-key": "k-1"}))
        if body is STREAM:
            await connection.head()
        await up.saw(1)
    assert (await post(server, body)).error()["code"] == "idempotency_in_progress"
    hold.set()
    (call,) = await server.finished.wait(1)
    assert call.outcome is Outcome.OK
    again = await _when_kept(server, body)
    assert again.headers["idempotent-replayed"] == "true"
    assert b"Hello" in again.body
    assert b"stream" in again.body
    assert len(up.seen) == 1
    assert len(server.limits.settled) == 1


async def test_leaving_in_the_middle_of_the_body_frees_the_key(server: Server, up: Upstream) -> None:
    async with connect(server.port) as connection:
        await connection.send(request(PATH, CHAT, headers={"idempotency-key": "k-1"})[:-5])
    async with asyncio.timeout(30):
        while (reply := await post(server)).status == 409:
            await asyncio.sleep(0.02)
    assert reply.status == 200
    assert len(up.seen) == 1


async def _when_kept(server: Server, body: object) -> Reply:
    async with asyncio.timeout(30):
        while (reply := await post(server, body)).status == 409:
            await asyncio.sleep(0.02)
    return reply
