"""Two whole servers on one database: one set of keys, one ledger, and limits that count for both."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openhearth.stores.sql import SqlRecords
from tests.e2e.conftest import running
from tests.fakes.upstream import Upstream
from tests.races.test_store_away import add_key, chat, settled, until_ready

SECRETS = ("pepper", "master-key", "first-key")


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.mark.parametrize(
    ("kind", "shared"), [("sqlite", "database"), ("postgresql", "database"), ("postgresql", "valkey")]
)
async def test_two_servers_hold_one_limit_together(
    kind: str, shared: str, up: Upstream, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path / 'common.db'}"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").database()
    place = request.getfixturevalue("valkey").url() if shared == "valkey" else shared
    environ = {"OPENHEARTH__STORE__URL": url, "OPENHEARTH__STORE__SHARED": place}
    with running(tmp_path / "one", **environ) as one:
        await asyncio.to_thread(one.post, "/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})
        key = await add_key(one, quota_micros=1_000_000, concurrency=100, rpm=10)
        (tmp_path / "two").mkdir(mode=0o700)
        for name in SECRETS:
            shutil.copy2(tmp_path / "one" / name, tmp_path / "two" / name)
        with running(tmp_path / "two", **environ) as two:
            for server in (one, two):
                await until_ready(server, 200)
            answers = await asyncio.gather(*(chat(server, key) for _ in range(12) for server in (one, two)))
            counted = Counter(answer.status for answer in answers)
            # One more where a new minute had begun on a slow machine.
            assert counted[200] in (10, 11)
            assert counted[200] + counted[429] == 24
            assert all("retry-after" in answer.headers for answer in answers if answer.status == 429)
    records = SqlRecords(url)
    await settled(records, counted[200])
    await records.close()
