"""T10: a whole server while its database, or its shared counters, are gone: never a bad key, never a lost call."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from openhearth.stores.sql import SqlRecords
from tests.e2e.conftest import Running, running
from tests.fakes.upstream import Upstream
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
AWAY_S = 5.0
LONG_S = 60.0


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        return str(json.loads(self.body)["error"]["code"])


async def ask(server: Running, path: str, key: str = "", body: object = None) -> Answer:
    request = urllib.request.Request(
        server.url + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
    )

    def send() -> Answer:
        try:
            with urllib.request.urlopen(request, timeout=LONG_S) as found:
                return Answer(found.status, dict(found.headers.items()), found.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers.items()), error.read())

    return await asyncio.to_thread(send)


async def chat(server: Running, key: str) -> Answer:
    return await ask(server, "/v1/chat/completions", key, CHAT)


async def until_ready(server: Running, status: int) -> Answer:
    async with asyncio.timeout(LONG_S):
        while (found := await ask(server, "/health/ready")).status != status:
            await asyncio.sleep(0.05)
    return found


async def add_key(server: Running, **fields: object) -> str:
    made = await ask(server, "/admin/v1/keys", server.key, {"name": "laptop", **fields})
    assert made.status in (200, 201), made.body
    return str(json.loads(made.body)["key"])


async def settled(records: SqlRecords, count: int) -> None:
    """The ledger has that many calls, each once, and its books are in order."""
    async with asyncio.timeout(LONG_S):
        while await records.database.read(_calls) != count:
            await asyncio.sleep(0.05)
    assert await records.check_ledger() == []
    assert list(await records.open_reservations()) == []


def _calls(connection: object) -> int:
    return int(connection.exec_driver_sql("SELECT COUNT(*) FROM ledger").scalar_one())  # type: ignore[attr-defined]


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


async def test_a_server_goes_on_without_its_database_and_forgets_nothing(
    own_postgres: Postgres, up: Upstream, tmp_path: Path
) -> None:
    url = own_postgres.database()
    environ = {"OPENHEARTH__STORE__URL": url, "OPENHEARTH__STORE__BEAT_S": "0.5"}
    with running(tmp_path / "data", **environ) as server:
        await asyncio.to_thread(server.post, "/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})
        limited = await add_key(server, quota_micros=1_000_000, rpm=1_000)
        good = 0
        for key in (server.key, limited):
            assert (await chat(server, key)).status == 200
            good += 1
        await asyncio.to_thread(own_postgres.stop)
        gone_at = time.monotonic()
        said = await until_ready(server, 503)
        assert b"database" in said.body
        while time.monotonic() < gone_at + AWAY_S:
            for key in (server.key, limited):
                assert (await chat(server, key)).status == 200
                good += 1
            stranger = await chat(server, "sk-oh-" + "x" * 43)
            assert (stranger.status, stranger.code) == (503, "store_unavailable")
            assert int(stranger.headers["retry-after"]) > 0
            await asyncio.sleep(0.1)
        await asyncio.to_thread(own_postgres.start)
        await until_ready(server, 200)
        assert (await chat(server, "sk-oh-" + "y" * 43)).status == 401
        assert (await chat(server, server.key)).status == 200
        records = SqlRecords(url)
        await settled(records, good + 1)
        await records.close()
        assert "Traceback" not in server.log()


async def test_a_server_stopped_without_its_database_keeps_its_calls_in_the_spool(
    own_postgres: Postgres, up: Upstream, tmp_path: Path
) -> None:
    url = own_postgres.database()
    with running(tmp_path / "data", OPENHEARTH__STORE__URL=url) as server:
        await asyncio.to_thread(server.post, "/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})
        assert (await chat(server, server.key)).status == 200
        await asyncio.to_thread(own_postgres.stop)
        for _ in range(3):
            assert (await chat(server, server.key)).status == 200
        server.process.terminate()
        await asyncio.to_thread(server.process.wait, LONG_S)
    assert list((tmp_path / "data").glob("ledger-spool-*"))
    await asyncio.to_thread(own_postgres.start)
    with running(tmp_path / "data", OPENHEARTH__STORE__URL=url):
        records = SqlRecords(url)
        await settled(records, 4)
        await records.close()
    assert not list((tmp_path / "data").glob("ledger-spool-*"))


async def test_calls_with_limits_wait_for_valkey_and_others_go_on(
    own_valkey: Valkey, up: Upstream, tmp_path: Path
) -> None:
    with running(tmp_path / "data", OPENHEARTH__STORE__SHARED=own_valkey.url()) as server:
        await asyncio.to_thread(server.post, "/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})
        limited = await add_key(server, quota_micros=1_000_000, rpm=1_000)
        assert (await chat(server, limited)).status == 200
        await asyncio.to_thread(own_valkey.stop)
        refused = await chat(server, limited)
        assert (refused.status, refused.code) == (503, "counters_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert (await chat(server, server.key)).status == 200
        assert b"counters" in (await until_ready(server, 503)).body
        await asyncio.to_thread(own_valkey.start)
        await until_ready(server, 200)
        async with asyncio.timeout(LONG_S):
            while (await chat(server, limited)).status != 200:
                await asyncio.sleep(0.05)
        assert "Traceback" not in server.log()
