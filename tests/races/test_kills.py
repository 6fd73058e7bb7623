"""T8: processes are killed and frozen at random moments; no reservation is lost, doubled or stuck.

``RACES`` in the environment says how many kills (``make test-races``: 200). Seeds are in the names of what failed.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select

from openhearth.core.allowance import Bound
from openhearth.core.errors import StoreAway
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.rows import records
from openhearth.stores.sql.tables import LEDGER
from tests.races.node import Node, Where
from tests.races.victim import Birth, final

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_795_435_200.0
KILLS = int(os.environ.get("RACES", "20"))
LONG_S = 60.0
STORES = ["sqlite", "postgresql", "valkey"]


class Nursery:
    """The program that forks victims."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def birth(self, birth: Birth) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(birth).decode() + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.races.victim"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield Nursery(process)
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


class Scene:
    """One store, who serves on it, and what they wrote down."""

    def __init__(self, folder: Path, url: str, shared: str, nursery: Nursery) -> None:
        self.folder = folder
        self._url = url
        self._shared = shared
        self._nursery = nursery
        self._boots = 0
        self.journals: list[Path] = []

    def where(self, lease_s: float = 30.0) -> Where:
        self._boots += 1
        return Where(f"boot_{self._boots}", str(self.folder), self._url, self._shared, lease_s)

    def victim(self, seed: int, lease_s: float = 30.0, calls: int = 12) -> tuple[int, str]:
        """A new process that serves, and its boot id."""
        where = self.where(lease_s)
        journal = self.folder / f"{where.boot}.journal"
        journal.touch()
        self.journals.append(journal)
        return self._nursery.birth(Birth(where, str(journal), seed, NOON, calls)), where.boot

    def durable(self) -> dict[str, int]:
        """Every call that some process knew to be durable."""
        lines = [line.split() for path in self.journals for line in path.read_text().splitlines()]
        return {call_id: int(nanos) for call_id, nanos in lines}


@pytest.fixture(params=STORES)
def scene(request: pytest.FixtureRequest, tmp_path: Path, nursery: Nursery) -> Scene:
    url, shared = "", "database"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").empty(request.getfixturevalue("made_postgres"))
    if request.param == "valkey":
        shared = request.getfixturevalue("valkey").url()
    return Scene(tmp_path, url, shared, nursery)


@asynccontextmanager
async def surviving(scene: Scene, lease_s: float = 30.0) -> AsyncIterator[Node]:
    """A process that lives on and settles what the dead left: at once when their process is gone, or after a lease."""
    node = await Node(scene.where(lease_s)).start()
    try:
        yield node
    finally:
        await node.close()


async def test_a_killed_process_leaves_nothing_lost_doubled_or_stuck(scene: Scene) -> None:
    dice = random.Random(8_000 + KILLS)
    async with surviving(scene) as survivor:
        for number in range(-(-KILLS // len(STORES))):
            pid, boot = scene.victim(seed=number)
            await until_served(scene, boot)
            await asyncio.sleep(dice.random() / 3)
            os.kill(pid, signal.SIGKILL)
            await until_swept(survivor, boot)
        await judge(scene, survivor)


async def test_a_process_frozen_for_longer_than_its_lease_settles_nothing_twice(scene: Scene) -> None:
    """SIGSTOP, until its calls were settled for it; SIGCONT, and it settles them itself and goes on."""
    async with surviving(scene, lease_s=1.0) as survivor:
        await _freeze_and_go_on(scene, survivor)


async def _freeze_and_go_on(scene: Scene, survivor: Node) -> None:
    pid, boot = scene.victim(seed=7, lease_s=1.0, calls=4)
    await until_served(scene, boot)
    await freeze(pid, survivor)
    await until_swept(survivor, boot)
    interrupted = {entry.effect: entry for entry in await entries(survivor) if entry.outcome == "interrupted"}
    before = len(scene.durable())
    os.kill(pid, signal.SIGCONT)
    async with asyncio.timeout(LONG_S):
        while len(scene.durable()) < before + 50:
            await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    await until_swept(survivor, boot)
    now = {entry.effect: entry for entry in await entries(survivor)}
    assert interrupted
    assert {effect: now[effect] for effect in interrupted} == interrupted
    await judge(scene, survivor, is_zombie=True)


async def freeze(pid: int, survivor: Node) -> None:
    """Stop a process at a moment when it holds no lock of SQLite, which would stop all others with it."""
    while True:
        os.kill(pid, signal.SIGSTOP)
        try:
            await survivor.records.put_setting("frozen", "yes")
        except StoreAway:
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.05)
        else:
            return


async def until_served(scene: Scene, boot: str) -> None:
    journal = scene.folder / f"{boot}.journal"
    async with asyncio.timeout(LONG_S):
        while journal.stat().st_size < 200:
            await asyncio.sleep(0.02)


async def until_swept(survivor: Node, boot: str) -> None:
    async with asyncio.timeout(LONG_S):
        while boot in {node.boot_id for node in await survivor.records.nodes()}:
            await asyncio.sleep(0.02)
        while any(left.boot_id == boot for left in await survivor.records.open_reservations()):
            await asyncio.sleep(0.02)


async def entries(node: Node) -> list[LedgerEntry]:
    return await node.records.database.read(_entries)


def _entries(connection: Connection) -> list[LedgerEntry]:
    return records(LedgerEntry, connection.execute(select(LEDGER)))


async def judge(scene: Scene, node: Node, *, is_zombie: bool = False) -> None:
    """``is_zombie``: a process may have thought it settled what was settled for it."""
    found = {entry.effect: entry for entry in await entries(node)}
    durable = scene.durable()
    assert len(durable) > 20
    assert durable.keys() <= found.keys()
    for effect, entry in found.items():
        if entry.outcome == "ok":
            assert (entry.charge_nanos, durable.get(effect, entry.charge_nanos)) == (final(effect), final(effect))
        else:
            assert entry.outcome == "interrupted"
            assert is_zombie or effect not in durable
            assert entry.charge_nanos in [final(effect) * step // 5 for step in range(5)]
    assert list(await node.records.open_reservations()) == []
    assert await node.records.check_ledger() == []
    spent = await node.records.spent()
    for name in ("n0", "n1", "n2"):
        settled = sum(entry.charge_nanos for entry in found.values() if entry.key_id == name)
        assert spent[f"key:{name}"] == settled
        async with asyncio.timeout(LONG_S):
            while await node.looks(f"key:{name}", Bound.TOTAL, NOON) != (settled, 0):
                await asyncio.sleep(0.05)
            while await node.looks(f"org:{name}", Bound.CONCURRENCY, NOON) != (0, 0):
                await asyncio.sleep(0.05)
