"""Packs fetched on first use: one fetch for all who wait, told how far it is, and stopped with the server."""

import asyncio
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from openhearth.core.errors import EngineNotInstalled
from openhearth.engines.catalogue import PackError
from openhearth.engines.fetching import Fetches
from openhearth.engines.packs import Progress, Report
from tests.engines.test_host import hosting, spec

LONG_S = 60.0


class SlowPacks:
    """A pack that comes when ``gate`` opens, or fails with ``error``."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.error = ""
        self.fetched: list[str] = []
        self.here: set[str] = set()

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name not in self.here)

    def installed_bytes(self, names: Iterable[str]) -> int:
        return 0

    def fetch(self, name: str, report: Report) -> str:
        self.fetched.append(name)
        while not self.gate.wait(0.01):
            report(Progress(name, "download", 45_000_000, 94_000_000))
        if self.error:
            raise PackError(self.error)
        self.here.add(name)
        return "model hub"


async def until_told(fetches: Fetches, words: str) -> None:
    async with asyncio.timeout(LONG_S):
        while words not in fetches.progress(["p"]):
            await asyncio.sleep(0.01)


async def test_a_call_is_told_how_far_the_fetch_is_and_when_to_come_back(tmp_path: Path) -> None:
    packs = SlowPacks()
    fetches = Fetches(packs, wait_s=0.05)
    async with hosting(tmp_path / "s", spec(), packs=packs, fetching=fetches) as host:
        assert host.states()[0].state == "not_installed"
        with pytest.raises(EngineNotInstalled):
            await host.ensure("one")
        await until_told(fetches, "45 of 94 MB")
        assert host.states()[0].state == "fetching"
        assert host.states()[0].progress == "p: 45 of 94 MB, download"
        with pytest.raises(EngineNotInstalled, match=r"p is being fetched: 45 of 94 MB") as caught:
            await host.ensure("one")
        assert caught.value.code == "engine_being_fetched"
        assert caught.value.retry_after_s is not None
        assert 1 <= caught.value.retry_after_s <= 600
        packs.gate.set()
        async with asyncio.timeout(LONG_S):
            while host.states()[0].state != "stopped":
                await asyncio.sleep(0.01)
        await host.ensure("one")
        assert packs.fetched == ["p"]


async def test_all_who_wait_share_one_fetch_and_go_on_when_it_is_there(tmp_path: Path) -> None:
    packs = SlowPacks()
    async with hosting(tmp_path / "s", spec(), packs=packs, fetching=Fetches(packs, wait_s=LONG_S)) as host:
        calls = [asyncio.create_task(host.ensure("one")) for _ in range(5)]
        while not packs.fetched:
            await asyncio.sleep(0.01)
        packs.gate.set()
        assert len(set(await asyncio.gather(*calls))) == 1
        assert packs.fetched == ["p"]
        assert host.ready("one")


async def test_a_failure_is_told_without_its_details_and_tried_again_later(caplog: pytest.LogCaptureFixture) -> None:
    packs = SlowPacks()
    packs.gate.set()
    packs.error = "pip could not fetch it from https://user:hunter2@index.test"
    fetches = Fetches(packs, wait_s=LONG_S, rest_s=LONG_S)
    for _ in range(2):
        with pytest.raises(EngineNotInstalled, match=r"the server's log says why.*openhearth packs fetch p") as caught:
            await fetches.bring(["p"])
        assert "hunter2" not in caught.value.message
        assert caught.value.retry_after_s is not None
        assert caught.value.retry_after_s > 1
    assert packs.fetched == ["p"]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "a pack could not be fetched"
    ]
    rested = Fetches(packs, wait_s=LONG_S, rest_s=0.0)
    for _ in range(2):
        with pytest.raises(EngineNotInstalled):
            await rested.bring(["p"])
    assert len(packs.fetched) == 3


async def test_closing_stops_a_fetch(tmp_path: Path) -> None:
    packs = SlowPacks()
    fetches = Fetches(packs, wait_s=0.01)
    async with hosting(tmp_path / "s", spec(), packs=packs, fetching=fetches) as host:
        with pytest.raises(EngineNotInstalled):
            await host.ensure("one")
    assert not packs.here
    assert fetches.progress(["p"]) == ""
