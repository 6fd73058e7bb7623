"""An installation that began on SQLite goes on on PostgreSQL: the same keys, the same money, the same history."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Running, running
from tests.fakes.upstream import Upstream
from tests.races.test_store_away import add_key, chat, until_ready
from tests.servers.postgres import Postgres


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


def copied(data: Path, to: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "openhearth", "database", "copy", "--to", to, "--data", str(data), "--json"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)


def told(server: Running, path: str) -> dict[str, Any]:
    found = json.loads(server.get(path)[2])
    assert isinstance(found, dict)
    return found


async def test_everything_goes_on_in_the_other_database(up: Upstream, postgres: Postgres, tmp_path: Path) -> None:
    data, url = tmp_path / "data", postgres.database()
    with running(data) as before:
        await asyncio.to_thread(before.post, "/admin/v1/targets", {"base_url": up.base_url, "model": "mock"})
        key = await add_key(before, quota_micros=1_000_000, name="生产密钥")
        assert [(await chat(before, key)).status for _ in range(3)] == [200] * 3
        refused = await asyncio.to_thread(copied, data, url)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "Stop it first" in refused.stderr
    done = await asyncio.to_thread(copied, data, url)
    assert done.returncode == 0, done.stderr
    tables = json.loads(done.stdout)["tables"]
    assert (tables["ledger"], tables["users"], tables["targets"] > 0) == (3, 1, True)
    with running(data, OPENHEARTH__STORE__URL=url) as after:
        await until_ready(after, 200)
        assert after.key == before.key
        assert (await chat(after, key)).status == 200
        names = [one["name"] for one in (await asyncio.to_thread(told, after, "/admin/v1/keys"))["data"]]
        assert "生产密钥" in names
        for _ in range(200):
            found = await asyncio.to_thread(told, after, "/admin/v1/ledger/check")
            if found["calls"] == 4:
                break
            await asyncio.sleep(0.05)
        assert (found["ok"], found["calls"]) == (True, 4)
        assert (await asyncio.to_thread(told, after, "/admin/v1/audit/check"))["ok"]
