"""The host against real child processes that crash, hang, grow and idle."""

import asyncio
import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhearth.core.errors import EngineNotInstalled, ShuttingDown, UpstreamDown, UpstreamTimeout
from openhearth.engines import supervised
from openhearth.engines.host import Host
from openhearth.engines.ports import EngineSpec, EngineState
from openhearth.engines.process import limit
from openhearth.engines.supervised import Timing
from openhearth.engines.unix_http import get

QUICK = Timing(watch_s=0.05, health_s=0.1, backoff_s=0.05, backoff_max_s=5.0, crashes=3)
ROOT = str(Path(__file__).parents[2])


class FakePacks:
    def __init__(self, *missing: str) -> None:
        self._missing = missing

    def installed_bytes(self, names: Iterable[str]) -> int:
        return 0

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self._missing)


def spec(name: str = "one", **changes: Any) -> EngineSpec:
    fields: dict[str, Any] = {"name": name, "module": "tests.engines.trivial_child", "packs": ("p",), "start_s": 20.0}
    return EngineSpec(**{**fields, **changes})


@contextlib.asynccontextmanager
async def hosting(folder: Path, *specs: EngineSpec, timing: Timing = QUICK, **options: Any) -> AsyncIterator[Host]:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOT, "SECRET_KEY": "do not pass on"}
    options = {"packs": FakePacks(), **options}
    host = Host(specs, folder=folder, environ=environ, threads=1, timing=timing, **options)
    try:
        yield host
    finally:
        await host.close()


async def ask(host: Host, name: str, target: str = "/health") -> dict[str, Any]:
    status, body = await get(host.origin(name).host, target, 5.0)
    assert status == 200
    answer: dict[str, Any] = msgspec.json.decode(body)
    return answer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def gone(path: Path) -> bool:
    return not path.exists()


async def until(host: Host, name: str, reached: Callable[[EngineState], bool]) -> EngineState:
    async with asyncio.timeout(15):
        while True:
            state = next(state for state in host.states() if state.name == name)
            if reached(state):
                return state
            await asyncio.sleep(0.02)


async def test_starts_on_demand_and_says_so(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        assert not host.ready("one")
        assert host.states()[0].state == "stopped"
        origins = await asyncio.gather(*(host.ensure("one") for _ in range(5)))
        assert set(origins) == {host.origin("one")}
        assert host.ready("one")
        state = host.states()[0]
        assert (state.state, state.pid) == ("ready", (await ask(host, "one"))["pid"])
        assert state.memory_bytes > 1_000_000
        assert state.load_s > 0


async def test_socket_is_private_and_environment_is_bare(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        path = Path((await host.ensure("one")).host)
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
        environ = (await ask(host, "one"))["environ"]
        assert "SECRET_KEY" not in environ
        assert environ["OMP_NUM_THREADS"] == "1"
        assert environ["ORT_DISABLE_TELEMETRY"] == "1"


async def test_crash_of_one_restarts_it_and_harms_no_other(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec("one"), spec("two")) as host:
        await asyncio.gather(host.ensure("one"), host.ensure("two"))
        before = await ask(host, "two")
        with pytest.raises(ValueError, match="not HTTP"):
            await get(host.origin("one").host, "/crash", 5.0)
        state = await until(host, "one", lambda state: state.restarts == 1 and state.state == "ready")
        assert "exit code 3" in state.last_error
        assert (await ask(host, "two"))["pid"] == before["pid"]


async def test_rests_after_crashing_again_and_again(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec(settings={"start": "die"})) as host:
        for _ in range(QUICK.crashes):
            with pytest.raises(UpstreamDown, match="made of cheese"):
                await host.ensure("one")
        with pytest.raises(UpstreamDown, match="keeps failing") as caught:
            await host.ensure("one")
        assert caught.value.retry_after_s
        assert host.states()[0].state == "failed"


async def test_crashes_are_counted_in_a_row_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "STEADY_S", 1.0)
    timing = msgspec.structs.replace(QUICK, idle_unload_s=1.5)
    async with hosting(tmp_path / "s", spec(), timing=timing) as host:
        for number in range(QUICK.crashes + 1):
            await host.ensure("one")
            os.kill(host.states()[0].pid, signal.SIGKILL)
            await until(host, "one", lambda state: state.state == "ready" and state.starts == 2 * number + 2)  # noqa: B023
            await until(host, "one", lambda state: state.state == "stopped")


async def test_what_an_engine_says_and_how_it_ends_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "openhearth.engines")
    async with hosting(tmp_path / "s", spec(settings={"start": "die"})) as host:
        with pytest.raises(UpstreamDown, match=r"weights are made of cheese$") as caught:
            await host.ensure("one")
    assert "^" not in caught.value.message
    said, failed = caplog.records
    assert (said.getMessage(), failed.getMessage()) == ("engine says", "engine failed")
    assert "Traceback" in str(vars(said))
    assert "made of cheese" in str(vars(said))


def test_a_childs_limits_are_never_wider_than_the_servers() -> None:
    other = subprocess.Popen(["nice", "-n", "10", "sleep", "60"])
    try:
        deadline = time.monotonic() + 10
        while os.getpriority(os.PRIO_PROCESS, other.pid) != 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        resource.prlimit(other.pid, resource.RLIMIT_AS, (1 << 32, 1 << 33))
        limit(other.pid, 1 << 40)
        assert resource.prlimit(other.pid, resource.RLIMIT_AS) == (1 << 33, 1 << 33)
        assert os.getpriority(os.PRIO_PROCESS, other.pid) == 10
    finally:
        other.kill()
        other.wait()


async def test_names_the_signal_that_ended_it(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        await host.ensure("one")
        with pytest.raises(ValueError, match="not HTTP"):
            await get(host.origin("one").host, "/abort", 5.0)
        assert "SIGABRT" in (await until(host, "one", lambda state: bool(state.last_error))).last_error


async def test_hang_at_start_is_a_timeout_and_leaves_no_process(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec(settings={"start": "hang"}, start_s=1.0)) as host:
        with pytest.raises(UpstreamTimeout, match="not ready within 1 s"):
            await host.ensure("one")
        assert host.states()[0].pid == 0


async def test_hang_while_running_is_noticed(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(QUICK, unhealthy_s=0.3)
    async with hosting(tmp_path / "s", spec(), timing=timing) as host:
        await host.ensure("one")
        os.kill(host.states()[0].pid, signal.SIGSTOP)
        state = await until(host, "one", lambda state: state.restarts == 1 and state.state == "ready")
        assert "no sign of life" in state.last_error


async def test_memory_beyond_the_limit_ends_it(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec(memory_bytes=300_000_000)) as host:
        await host.ensure("one")
        assert (await ask(host, "one", "/too-much"))["refused"]
        with contextlib.suppress(ValueError):
            await ask(host, "one", "/grow?320000000")
        state = await until(host, "one", lambda state: state.restarts == 1)
        assert "took more than 300 MB" in state.last_error


async def test_idle_engine_is_unloaded_and_comes_back(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(QUICK, idle_unload_s=0.2)
    async with hosting(tmp_path / "s", spec(), timing=timing) as host:
        await host.ensure("one")
        first = host.states()[0].pid
        await until(host, "one", lambda state: state.state == "stopped" and state.pid == 0)
        assert not host.ready("one")
        await host.ensure("one")
        assert host.states()[0].pid not in (0, first)
        assert host.states()[0].restarts == 0


async def test_engine_with_work_in_flight_is_not_unloaded(tmp_path: Path) -> None:
    timing = msgspec.structs.replace(QUICK, idle_unload_s=0.2)
    async with hosting(tmp_path / "s", spec(settings={"queue": 1}), timing=timing) as host:
        await host.ensure("one")
        await asyncio.sleep(1.0)
        assert host.states()[0].state == "ready"


async def test_missing_pack_names_the_command(tmp_path: Path) -> None:
    host = Host([spec()], folder=tmp_path / "s", packs=FakePacks("p"), environ={})
    with pytest.raises(EngineNotInstalled, match="openhearth packs fetch p"):
        await host.ensure("one")
    assert host.states()[0].state == "not_installed"
    assert host.states()[0].missing_packs == ("p",)
    await host.close()


async def test_a_tool_that_fetching_takes_is_named_where_it_is_missing(tmp_path: Path) -> None:
    tooled = spec(fetch_tools=("npm",))
    host = Host([tooled], folder=tmp_path / "s", packs=FakePacks("p"), environ={"PATH": str(tmp_path)})
    with pytest.raises(EngineNotInstalled, match=r"openhearth packs fetch p \(that needs npm, which this machine"):
        await host.ensure("one")
    await host.close()
    (tmp_path / "npm").write_text("#!/bin/sh\n")
    (tmp_path / "npm").chmod(0o755)
    host = Host([tooled], folder=tmp_path / "s", packs=FakePacks("p"), environ={"PATH": str(tmp_path)})
    with pytest.raises(EngineNotInstalled, match=r"openhearth packs fetch p$"):
        await host.ensure("one")
    await host.close()


async def test_close_stops_children_and_refuses_new_ones(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec()) as host:
        await host.ensure("one")
        pid = host.states()[0].pid
        await host.close()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        with pytest.raises(ShuttingDown):
            await host.ensure("one")


async def test_close_during_start_leaves_nothing(tmp_path: Path) -> None:
    async with hosting(tmp_path / "s", spec(settings={"start": "hang"})) as host:
        starting = asyncio.create_task(host.ensure("one"))
        pid = (await until(host, "one", lambda state: state.pid > 0)).pid
        await host.close()
        with pytest.raises(asyncio.CancelledError):
            await starting
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_long_folder_falls_back_to_a_short_socket_path(tmp_path: Path) -> None:
    async with hosting(tmp_path / ("x" * 120), spec()) as host:
        path = host.origin("one").host
        assert len(path) < 108
        assert mode(Path(path).parent) == 0o700
        await host.ensure("one")
    assert gone(Path(path).parent)


PARENT = """
import asyncio, os, sys
from pathlib import Path
from openhearth.engines.host import Host
from openhearth.engines.ports import EngineSpec
class P:
    def missing(self, names): return ()
    def installed_bytes(self, names): return 0
async def main():
    spec = EngineSpec(name="one", module="tests.engines.trivial_child", packs=())
    host = Host([spec], folder=Path(sys.argv[1]), packs=P(), environ=os.environ)
    await host.ensure("one")
    print(host.states()[0].pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


def test_child_leaves_when_its_parent_is_killed(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": ROOT}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "s")], stdout=subprocess.PIPE, env=environ
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and alive(pid):
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except OSError:
        return False
