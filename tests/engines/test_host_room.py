"""What engines hold together and how they give it back: budget, families of processes, limits on one request."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from openhearth.core.errors import EngineOutOfMemory
from openhearth.engines.host import Host
from openhearth.engines.memory import Families, default_budget
from openhearth.engines.room import Room
from openhearth.engines.supervised import Supervised
from openhearth.engines.unix_http import get
from tests.engines.test_host import QUICK, alive, ask, hosting, spec, until

MB = 1_000_000
KEEN = msgspec.structs.replace(QUICK, just_used_s=0.2, room_s=1.0, look_s=0.1)


async def grow(host: Host, name: str, size_bytes: int) -> None:
    await get(host.origin(name).host, f"/grow?{size_bytes}", 30.0)


async def outlives(pid: int) -> bool:
    """Whether it still runs after a while."""
    deadline = time.monotonic() + 30
    while alive(pid) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return alive(pid)


def stays_ready(host: Host, name: str) -> bool:
    """Whether the host takes an engine for ready after a while in which its event loop told it nothing."""
    deadline = time.monotonic() + 30
    while host.ready(name) and time.monotonic() < deadline:
        time.sleep(0.01)
    return host.ready(name)


async def test_engines_that_nobody_calls_cost_nothing(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with hosting(tmp_path / "s", *(spec(f"engine {number}") for number in range(10))) as host:
        assert {(state.state, state.pid, state.memory_bytes) for state in host.states()} == {("stopped", 0, 0)}
        assert asyncio.all_tasks() == before


async def test_the_engine_not_used_for_longest_makes_way(tmp_path: Path) -> None:
    specs = [spec(name, need_bytes=400 * MB) for name in ("one", "two", "three")]
    async with hosting(tmp_path / "s", *specs, timing=KEEN, budget_bytes=650 * MB) as host:
        for name in ("one", "two"):
            await host.ensure(name)
            await grow(host, name, 100 * MB)
        assert host.ready("one")
        assert [state.fits for state in host.states()] == [True, True, False]
        await host.ensure("three")
        by_name = {state.name: state for state in host.states()}
        assert (by_name["two"].state, by_name["three"].state) == ("stopped", "ready")
        assert by_name["two"].restarts == 0


async def test_an_engine_at_work_does_not_make_way(tmp_path: Path) -> None:
    specs = [spec("busy", settings={"queue": 1}), spec("two", need_bytes=400 * MB)]
    async with hosting(tmp_path / "s", *specs, timing=KEEN, budget_bytes=410 * MB) as host:
        await host.ensure("busy")
        with pytest.raises(EngineOutOfMemory, match="no memory for two while others work: busy") as caught:
            await host.ensure("two")
        assert caught.value.retry_after_s == KEEN.room_s
        assert host.ready("busy")


async def test_an_engine_larger_than_the_budget_is_refused_at_once(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec(need_bytes=400 * MB), timing=KEEN, budget_bytes=300 * MB) as host:
        with pytest.raises(
            EngineOutOfMemory, match=r"needs about 400 MB .* hold 300 MB: see engines.budget_bytes"
        ) as no:
            await host.ensure("one")
        assert no.value.retry_after_s is None


async def test_one_that_is_just_leaving_is_waited_for() -> None:
    leaving, coming = Scarce("leaving", 400 * MB, holds=[400 * MB, 400 * MB]), Scarce("coming", 400 * MB)
    room = Room(lambda _: 0, budget_bytes=500 * MB, wait_s=10.0)
    room.engines = cast("tuple[Supervised, ...]", (leaving, coming))
    await room.admit(cast("Supervised", coming))
    assert not leaving.holds


class Scarce:
    """An engine that is no longer alive and whose memory comes back look by look."""

    is_alive = is_starting = False
    most_bytes = 0
    used_at = 0.0

    def __init__(self, name: str, need_bytes: int, holds: Sequence[int] = ()) -> None:
        self.spec = spec(name, need_bytes=need_bytes)
        self.holds = list(holds)

    @property
    def memory_bytes(self) -> int:
        return self.holds.pop() if self.holds else 0

    async def unload_if_idle(self) -> bool:
        return False


async def test_memory_is_back_at_its_base_after_idle_unload(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(KEEN, idle_unload_s=3.0)
    async with hosting(tmp_path / "s", spec(), timing=timing) as host:
        await host.ensure("one")
        base = host.states()[0].memory_bytes
        await grow(host, "one", 150 * MB)
        worker = (await ask(host, "one", "/worker?150000000"))["worker"]
        grown = await until(host, "one", lambda state: state.memory_bytes > base + 300 * MB)
        assert alive(worker)
        await until(host, "one", lambda state: state.state == "stopped" and state.memory_bytes == 0)
        assert not await outlives(grown.pid)
        assert not await outlives(worker)
        await host.ensure("one")
        assert host.states()[0].memory_bytes < base + 100 * MB


async def test_a_crash_leaves_no_worker_behind(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        await host.ensure("one")
        worker = (await ask(host, "one", "/worker?1000"))["worker"]
        os.kill(host.states()[0].pid, signal.SIGKILL)
        await until(host, "one", lambda state: state.restarts == 1 and state.state == "ready")
        assert not await outlives(worker)


async def test_a_dead_engine_is_not_ready_even_before_anybody_is_told(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        await host.ensure("one")
        os.kill(host.states()[0].pid, signal.SIGKILL)
        assert not stays_ready(host, "one")
        await host.ensure("one")
        assert host.ready("one")


async def test_one_endless_request_ends_the_engine(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(QUICK, request_s=50.0)
    async with hosting(tmp_path / "s", spec(settings={"oldest_s": 51.0, "queue": 1}), timing=timing) as host:
        await host.ensure("one")
        state = await until(host, "one", lambda state: state.restarts >= 1)
        assert "worked on one request for more than 50 s" in state.last_error


async def test_a_long_request_within_the_limit_is_left_alone(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(QUICK, request_s=50.0)
    settings = {"oldest_s": 49.0, "queue": 3, "running": 1, "waiting": 2}
    async with hosting(tmp_path / "s", spec(settings=settings), timing=timing) as host:
        await host.ensure("one")
        state = await until(host, "one", lambda state: state.waiting == 2)
        assert (state.running, state.restarts, state.starts) == (1, 0, 1)


def test_a_family_is_counted_without_what_its_workers_share(tmp_path: Path) -> None:
    pages = {100: (500, 100, 100), 101: (300, 200, 100), 102: (50, 20, 7)}
    for pid, (resident, shared, session) in pages.items():
        home = tmp_path / str(pid)
        home.mkdir()
        (home / "stat").write_text(f"{pid} (a ) b) S 1 {session} {session} 0 -1")
        (home / "statm").write_text(f"9999 {resident} {shared} 1 0 1 0")
    families = Families(proc=tmp_path)
    assert families.bytes_of(100) == (500 + 100) * os.sysconf("SC_PAGE_SIZE")
    assert families.bytes_of(999) == 0


def test_the_default_budget_is_less_than_the_memory_there_is() -> None:
    assert 0 < default_budget() < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


async def test_an_engine_in_doubt_is_looked_at_before_the_next_request(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        await host.ensure("one")
        pid = host.states()[0].pid
        host.doubt("one")
        assert not host.ready("one")
        await host.ensure("one")
        assert host.ready("one")
        assert host.states()[0].pid == pid
        os.kill(pid, signal.SIGKILL)
        host.doubt("one")
        await host.ensure("one")
        assert host.ready("one")
        assert host.states()[0].pid != pid
        assert (await ask(host, "one"))["pid"] == host.states()[0].pid
