"""A server process that is killed again and again in the middle of priced streams."""

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec

from tests.billing.answers import chunk, event
from tests.billing.policy import exact_nanos
from tests.e2e.conftest import Running, running
from tests.fakes.http import Connection, connect, request
from tests.fakes.upstream import Fault, Reply, Seen, Upstream

BEAT_S = 0.2
PATIENCE_S = 90.0
_CHUNKS = 2_000
_CHUNK_S = 0.02
RATES: dict[str, dict[str, Any]] = {
    "guessed": {"request_micros": 11, "input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000},
    "counted": {
        "input_micros_per_mtok": 2_500_000, "cached_input_micros_per_mtok": 1_250_000,
        "output_micros_per_mtok": 10_000_000,
    },
}  # fmt: skip
_SETTINGS = {
    "OPENHEARTH__STORE__BEAT_S": str(BEAT_S),
    "OPENHEARTH__STORE__FLUSH_MS": "10",
    "OPENHEARTH__ENGINES__ENABLED": "false",
    "OPENHEARTH__PRICES__SEED": "false",
}


class Stream(msgspec.Struct):
    """One call that was open when its server was killed."""

    call_id: str
    key_id: str
    model: str
    body_bytes: int
    received: bytes = b""
    noted_nanos: int = 0

    @property
    def most_nanos(self) -> int:
        """What all that the client got is worth."""
        events = [json.loads(line[6:]) for line in self.received.split(b"\n\n")[:-1] if line.startswith(b"data: {")]
        usage = {"input_tokens": self.body_bytes // 4, "output_tokens": len(events)}
        if self.model == "counted":
            said = events[-1]["usage"]
            usage = {"input_tokens": said["prompt_tokens"], "output_tokens": said["completion_tokens"]}
        return -(-exact_nanos(RATES[self.model], usage) // 1)


@asynccontextmanager
async def slow_upstream() -> AsyncIterator[Upstream]:
    """Answers ``guessed`` without any usage, and ``counted`` with the usage so far in every chunk; slowly."""
    async with Upstream() as up:
        up.add("/v1/chat/completions", _reply)
        up.always = Fault(delay_chunk_s=_CHUNK_S)
        yield up


def _reply(seen: Seen) -> Reply:
    asked = seen.json()
    if not asked.get("stream"):
        usage = {"prompt_tokens": 100, "completion_tokens": 10}
        return Reply(json.dumps({"choices": [{"message": {"content": "hi"}}], "usage": usage}).encode())
    reports = asked["model"] == "counted"
    pieces = [
        event(chunk("word", usage={"prompt_tokens": 11, "completion_tokens": number} if reports else None))
        for number in range(1, _CHUNKS)
    ]
    return Reply(pieces=tuple(pieces), headers={"content-type": "text/event-stream"})


@asynccontextmanager
async def server(data: Path) -> AsyncIterator[Running]:
    """One run; starting and stopping wait in a thread."""
    context = running(data, **_SETTINGS)
    started = await asyncio.to_thread(context.__enter__)
    try:
        yield started
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


async def prepare(here: Running, up: Upstream) -> list[tuple[str, str]]:
    """Targets and prices; two keys with a quota, as (id, key)."""
    for model, rates in RATES.items():
        await asyncio.to_thread(here.post, "/admin/v1/targets", {"base_url": up.base_url, "model": model})
        await asyncio.to_thread(here.post, "/admin/v1/prices", {"model": model, "rates": rates})
    made = [
        await asyncio.to_thread(here.post, "/admin/v1/keys", {"name": name, "quota_micros": 10**9})
        for name in ("one", "two")
    ]
    return [(str(key["id"]), str(key["key"])) for key in made]


async def round_of_calls(here: Running, keys: list[tuple[str, str]], dice: random.Random) -> list[Stream]:
    """Open streams, wait until each has been noted on disk, then kill the server at some moment of the next half
    second. Returns them with all that their clients got. A few whole calls end just before."""
    port = int(here.url.rpartition(":")[2])
    async with AsyncExitStack() as stack:
        opened: list[tuple[Stream, Connection]] = []
        for _ in range(dice.randint(3, 8)):
            key_id, key = dice.choice(keys)
            connection = await stack.enter_async_context(connect(port))
            opened.append((await _open(connection, dice.choice(list(RATES)), key_id, key), connection))
        reading = [asyncio.create_task(_read(stream, connection)) for stream, connection in opened]
        streams = {stream.call_id: stream for stream, _ in opened}
        await _until_noted(here.data, streams)
        ending = [asyncio.create_task(_end_one(port, *dice.choice(keys))) for _ in range(dice.randint(0, 3))]
        await asyncio.sleep(dice.random() / 2)
        for call_id, nanos in rows(here.data, "SELECT call_id, charge_nanos FROM reservations"):
            if call_id in streams:
                streams[call_id].noted_nanos = nanos
        here.process.kill()
        await asyncio.to_thread(here.process.wait)
        await asyncio.gather(*reading)
        await asyncio.gather(*ending)
    return list(streams.values())


async def _open(connection: Connection, model: str, key_id: str, key: str) -> Stream:
    """A stream of which the head has come."""
    body = {"model": model, "messages": [{"role": "user", "content": "go on"}], "stream": True}
    async with asyncio.timeout(PATIENCE_S):
        await connection.send(request(body=body, key=key))
        status, headers = await connection.head()
    assert status == 200
    return Stream(headers["x-request-id"], key_id, model, len(json.dumps(body).encode()))


async def _read(stream: Stream, connection: Connection) -> None:
    """All that comes until the server is gone."""
    try:
        async for piece in connection.chunks():
            stream.received += piece
    except (asyncio.IncompleteReadError, ConnectionError):
        pass


async def _end_one(port: int, _: str, key: str) -> None:
    """A whole call; the server may be killed first."""
    body = {"model": "counted", "messages": [{"role": "user", "content": "hi"}]}
    try:
        async with connect(port) as connection:
            await connection.send(request(body=body, key=key))
            await connection.reply()
    except (asyncio.IncompleteReadError, OSError):
        pass


async def _until_noted(data: Path, streams: dict[str, Stream]) -> None:
    """Until the disk knows of each that it costs something."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            found = await asyncio.to_thread(rows, data, "SELECT call_id FROM reservations WHERE charge_nanos > 0")
            if streams.keys() <= {row[0] for row in found}:
                return
            await asyncio.sleep(0.02)


def rows(data: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What the database says, also of a server that runs."""
    with closing(sqlite3.connect(f"file:{data / 'openhearth.db'}?mode=ro", uri=True, timeout=30)) as database:
        return list(database.execute(query, values))
