"""A real server process: the official SDK with keys and with the cache, clients that lose patience, kill -9."""

import asyncio
import itertools
import json
import random
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.e2e.conftest import Running, running
from tests.fakes.http import Reply, connect, request
from tests.fakes.upstream import Fault, Upstream

ASK = [{"role": "user", "content": "x"}]


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("repeats")) as started:
        yield started


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


_NUMBERS = itertools.count()


async def attached(server: Running, up: Upstream) -> str:
    """A model of the server's that ``up`` answers."""
    model = f"mock-{next(_NUMBERS)}"
    await asyncio.to_thread(server.post, "/admin/v1/targets", {"base_url": up.base_url, "model": model})
    return model


def sdk(server: Running, key: str = "", *, retries: int = 0) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=key or server.key, max_retries=retries, timeout=60)


async def ask(server: Running, body: object, key: str, path: str = "/v1/chat/completions") -> Reply:
    async with asyncio.timeout(60), connect(int(server.url.rpartition(":")[2])) as connection:
        await connection.send(request(path, body, key=server.key, headers={"idempotency-key": key}))
        return await connection.reply()


def ledger(data: Path, model: str) -> list[tuple[str, str]]:
    """Effect and outcome of the calls of a model."""
    with closing(sqlite3.connect(f"file:{data / 'openhearth.db'}?mode=ro", uri=True)) as database:
        return list(database.execute("select effect, outcome from ledger where model = ? order by 1", (model,)))


async def settled(data: Path, model: str, count: int) -> list[tuple[str, str]]:
    """The same, once there are ``count``."""
    async with asyncio.timeout(60):
        while len(found := await asyncio.to_thread(ledger, data, model)) < count:
            await asyncio.sleep(0.05)
    return found


async def test_the_sdk_gets_the_same_answer_for_the_same_key(process: Running, up: Upstream) -> None:
    model = await attached(process, up)
    async with sdk(process) as client:
        answers = [
            await client.chat.completions.with_raw_response.create(
                model=model,
                messages=[{"role": "user", "content": "x"}],
                extra_headers={"Idempotency-Key": "sdk-1"},
            )
            for _ in range(2)
        ]
        assert [answer.headers.get("idempotent-replayed") for answer in answers] == [None, "true"]
        assert answers[0].parse() == answers[1].parse()
        with pytest.raises(openai.BadRequestError) as caught:
            await client.chat.completions.create(
                model=model,
                messages=[{"role": "user", "content": "another"}],
                extra_headers={"Idempotency-Key": "sdk-1"},
            )
        assert caught.value.code == "idempotency_key_reused"
    assert len(up.seen) == 1
    assert len(await settled(process.data, model, 1)) == 1


async def _chunks(client: openai.AsyncOpenAI, model: str, **headers: str) -> list[ChatCompletionChunk]:
    stream = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "x"}], stream=True, extra_headers=headers
    )
    return [chunk async for chunk in stream]


async def test_the_sdk_streams_the_same_events_again(process: Running, up: Upstream) -> None:
    model = await attached(process, up)
    async with sdk(process) as client:
        kept = {"Idempotency-Key": "sdk-2"}
        first = await _chunks(client, model, **kept)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in first) == "".join(up.words)
        assert await _chunks(client, model, **kept) == first
        cached = {"x-openhearth-cache": "max-age=60"}
        second = await _chunks(client, model, **cached)
        assert await _chunks(client, model, **cached) == second
    assert len(up.seen) == 2


async def test_twenty_sdk_twins_run_once_and_all_get_the_answer(process: Running, up: Upstream) -> None:
    """The SDK tries again after a 409, so that its twins wait for each other."""
    model = await attached(process, up)
    up.always = Fault(delay_headers_s=0.3)
    async with sdk(process, retries=8) as client:
        answers = await asyncio.gather(
            *(
                client.chat.completions.create(
                    model=model,
                    messages=[{"role": "user", "content": "x"}],
                    extra_headers={"Idempotency-Key": "sdk-3"},
                )
                for _ in range(20)
            )
        )
    assert len({answer.model_dump_json() for answer in answers}) == 1
    assert len(up.seen) == 1
    assert [outcome for _, outcome in await settled(process.data, model, 1)] == ["ok"]


async def test_the_cache_saves_money_and_the_operator_sees_how_much(process: Running, up: Upstream) -> None:
    model = await attached(process, up)
    rates = {"input_micros_per_mtok": 1_000_000, "output_micros_per_mtok": 2_000_000}
    await asyncio.to_thread(process.post, "/admin/v1/prices", {"model": model, "rates": rates})
    async with sdk(process) as client:
        for _ in range(4):
            answer = await client.chat.completions.with_raw_response.create(
                model=model,
                messages=[{"role": "user", "content": "x"}],
                extra_headers={"x-openhearth-cache": "max-age=60"},
            )
    assert answer.headers["x-openhearth-cache"] == "hit"
    assert len(up.seen) == 1
    call = answer.headers["x-openhearth-cached-call"]
    await settled(process.data, model, 1)
    with closing(sqlite3.connect(f"file:{process.data / 'openhearth.db'}?mode=ro", uri=True)) as database:
        ((charge,),) = database.execute("select charge_nanos from ledger where effect = ?", (call,))
    shown = json.loads((await asyncio.to_thread(process.get, "/admin/v1/cache"))[2])
    assert charge > 0
    assert shown["saved_nanos"] == 3 * charge
    metrics = (await asyncio.to_thread(process.get, "/metrics"))[2].decode()
    assert f"openhearth_cache_saved_nanos_total {3 * charge}" in metrics


async def test_whatever_clients_do_a_key_has_one_effect(process: Running, up: Upstream) -> None:
    """A history of impatient clients: some leave before the head, some in the middle, some send twins; at the end the
    upstream has done each thing once, the ledger has it once, and everybody who got an answer got the same."""
    model = await attached(process, up)
    up.always = Fault(delay_headers_s=0.02, delay_chunk_s=0.01)
    draw = random.Random(4)
    bodies = [{"model": model, "messages": ASK, "user": f"u{n}", "stream": n % 2 == 0} for n in range(20)]
    answers: dict[int, set[bytes]] = {n: set() for n in range(20)}

    async def impatient(number: int) -> None:
        leaves = draw.random() < 0.5
        await asyncio.sleep(draw.random() * 0.2)
        try:
            async with asyncio.timeout(draw.random() * 0.1 if leaves else 60):
                reply = await ask(process, bodies[number], f"history-{number}")
        except TimeoutError:
            return
        if reply.status == 200:
            answers[number].add(reply.body)
        else:
            assert reply.error()["code"] == "idempotency_in_progress"

    await asyncio.gather(*(impatient(number) for number in range(20) for _ in range(5)))
    for number, body in enumerate(bodies):
        async with asyncio.timeout(60):
            while (reply := await ask(process, body, f"history-{number}")).status == 409:
                await asyncio.sleep(0.05)
        answers[number].add(reply.body)
    assert {len(found) for found in answers.values()} == {1}
    assert set(Counter(seen.json()["user"] for seen in up.seen).values()) == {1}
    assert Counter(outcome for _, outcome in await settled(process.data, model, 20)) == {"ok": 20}


async def test_after_a_kill_what_was_kept_is_given_and_what_was_running_runs_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with Upstream() as up:
        with running(data) as server:
            model = await attached(server, up)
            bodies = [{"model": model, "messages": ASK, "stream": stream} for stream in (False, True)]
            firsts = [await ask(server, body, f"done-{n}") for n, body in enumerate(bodies)]
            up.script(Fault(silent=True))
            async with connect(int(server.url.rpartition(":")[2])) as connection:
                held = request(body=bodies[0], key=server.key, headers={"idempotency-key": "running"})
                await connection.send(held)
                await up.saw(3)
                assert (await ask(server, bodies[0], "running")).status == 409
                await _recorded(data, 1)
                server.process.kill()
                await asyncio.to_thread(server.process.wait)
        with running(data) as server:
            for number, (body, first) in enumerate(zip(bodies, firsts, strict=True)):
                again = await ask(server, body, f"done-{number}")
                assert (again.status, again.body) == (200, first.body)
                assert again.headers["idempotent-replayed"] == "true"
            reply = await ask(server, bodies[0], "running")
            assert reply.status == 200
            assert "idempotent-replayed" not in reply.headers
            assert (await ask(server, bodies[0], "running")).body == reply.body
            entries = await settled(data, model, 4)
    assert len(up.seen) == 4
    assert len({effect for effect, _ in entries}) == 4
    assert Counter(outcome for _, outcome in entries) == {"ok": 3, "interrupted": 1}


async def _recorded(data: Path, count: int) -> None:
    """Wait until ``count`` open calls are in the database."""

    def reserved() -> int:
        with closing(sqlite3.connect(f"file:{data / 'openhearth.db'}?mode=ro", uri=True)) as database:
            return int(database.execute("select count(*) from reservations").fetchone()[0])

    async with asyncio.timeout(60):
        while await asyncio.to_thread(reserved) < count:
            await asyncio.sleep(0.05)


async def test_a_new_key_made_with_a_key_is_shown_again_and_lies_nowhere_in_clear(process: Running) -> None:
    body = {"name": "made twice"}
    made = await ask(process, body, "make-1", "/admin/v1/keys")
    again = await ask(process, body, "make-1", "/admin/v1/keys")
    secret = str(made.json()["key"])
    assert again.body == made.body
    assert again.headers["idempotent-replayed"] == "true"
    kept = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in process.data.rglob("*") if path.is_file())
    )
    assert secret.encode() not in kept
    listed = json.loads((await asyncio.to_thread(process.get, "/admin/v1/keys"))[2])
    assert [key["name"] for key in listed["data"]].count("made twice") == 1
