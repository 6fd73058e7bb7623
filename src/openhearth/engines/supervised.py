"""One engine's child process over its life: start, health, crash, back-off, memory, idle unload, stop.

Each engine has its own instance and its own tasks, so the crash of one is nothing to another.
"""

import asyncio
import contextlib
import os
import resource
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from openhearth.core.errors import EngineNotInstalled, GatewayError, ShuttingDown, UpstreamDown, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.engines.ports import EngineSpec, EngineState
from openhearth.engines.unix_http import get

STOP_S = 5.0
LAST_WORDS_BYTES = 4096
STEADY_S = 60.0
ADDRESS_SPACE_FACTOR = 2


class Timing(msgspec.Struct, frozen=True):
    """How patient a supervisor is, in seconds. After a crash it waits ``backoff_s``, doubled each time up to
    ``backoff_max_s``; after ``crashes`` in a row it starts again only when asked. ``unhealthy_s`` without an answer to
    ``/health`` is a hang."""

    idle_unload_s: float = 900.0
    watch_s: float = 1.0
    health_s: float = 10.0
    unhealthy_s: float = 60.0
    backoff_s: float = 0.5
    backoff_max_s: float = 30.0
    crashes: int = 4


class _Health(msgspec.Struct):
    queue: int = 0


class Supervised:
    """The child process of one engine. ``missing`` says which packs are not installed."""

    def __init__(
        self,
        spec: EngineSpec,
        socket_path: Path,
        *,
        missing: Callable[[tuple[str, ...]], tuple[str, ...]],
        environ: Mapping[str, str],
        timing: Timing,
    ) -> None:
        self.spec = spec
        self._socket = socket_path
        self._missing = missing
        self._environ = dict(environ)
        self._timing = timing
        self._state = "stopped"
        self._process: asyncio.subprocess.Process | None = None
        self._starting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._said = deque[bytes](maxlen=64)
        self._used_at = 0.0
        self._healthy_at = 0.0
        self._ready_at = 0.0
        self._may_start_at = 0.0
        self._crashes = 0
        self._restarts = 0
        self._load_s = 0.0
        self._last_error = ""
        self._closed = False
        self._turn = asyncio.Lock()

    @property
    def origin(self) -> Origin:
        return Origin("unix", str(self._socket), 0)

    def ready(self) -> bool:
        """True when a request may be sent; asking counts as use."""
        if self._state != "ready":
            return False
        self._used_at = time.monotonic()
        return True

    def state(self) -> EngineState:
        missing = self._missing(self.spec.packs)
        state = "not_installed" if missing and self._state in ("stopped", "failed") else self._state
        pid = self._process.pid if self._process is not None and self._process.returncode is None else 0
        return EngineState(
            name=self.spec.name,
            state=state,
            pid=pid,
            memory_bytes=resident_bytes(pid) if pid else 0,
            load_s=round(self._load_s, 3),
            restarts=self._restarts,
            missing_packs=missing,
            last_error=self._last_error,
        )

    async def ensure(self) -> Origin:
        """Running and healthy, or the reason why not. Callers share one start; one that leaves does not stop it."""
        if self._closed:
            raise ShuttingDown("The server is shutting down.", retry_after_s=5)
        if not self.ready():
            self._refuse_if_not_installed()
            self._refuse_if_backing_off()
            await asyncio.shield(self._start_task())
            self._used_at = time.monotonic()
        return self.origin

    async def close(self) -> None:
        """Stop the child and every task, and wait for them."""
        self._closed = True
        for task in (self._starting, self._watching):
            await _cancelled(task)
        await self._stop_process()
        self._state = "stopped"

    def _refuse_if_not_installed(self) -> None:
        missing = self._missing(self.spec.packs)
        if missing:
            raise EngineNotInstalled(
                f"The model of {self.spec.name} is not installed. Run: openhearth packs fetch {' '.join(missing)}"
            )

    def _refuse_if_backing_off(self) -> None:
        wait_s = self._may_start_at - time.monotonic()
        if self._crashes >= self._timing.crashes and wait_s > 0:
            raise UpstreamDown(
                f"{self.spec.name} keeps failing and rests for {wait_s:.0f} s. {self._last_error}",
                target=self.spec.name,
                retry_after_s=wait_s,
            )

    def _start_task(self) -> "asyncio.Task[None]":
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start(), name=f"start-{self.spec.name}")
            self._starting.add_done_callback(_seen)
        return self._starting

    async def _start(self) -> None:
        await asyncio.sleep(max(0.0, self._may_start_at - time.monotonic()))
        async with self._turn:
            self._state = "starting"
            began = time.monotonic()
            try:
                await self._stop_process()
                process = await self._spawn()
                await self._wait_healthy(process)
            except GatewayError as error:
                await self._stop_process()
                self._failed(error.message)
                raise
            except OSError as error:
                self._failed(f"{self.spec.name} could not be started: {error.strerror}.")
                raise UpstreamDown(self._last_error, target=self.spec.name) from error
            now = time.monotonic()
            self._load_s = now - began
            self._state, self._ready_at, self._healthy_at, self._used_at = "ready", now, now, now
        self._watching = asyncio.create_task(self._watch(process), name=f"watch-{self.spec.name}")

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._socket.unlink(missing_ok=True)
        self._said.clear()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", self.spec.module),
            *("--socket", str(self._socket), "--settings", msgspec.json.encode(self.spec.settings).decode()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=self._environ,
            start_new_session=True,
        )
        self._process = process
        _limit(process.pid, self.spec.memory_bytes * ADDRESS_SPACE_FACTOR)
        self._listening = asyncio.create_task(self._listen(process), name=f"stderr-{self.spec.name}")
        return process

    async def _wait_healthy(self, process: asyncio.subprocess.Process) -> None:
        deadline = time.monotonic() + self.spec.start_s
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise UpstreamDown(f"{self.spec.name} {await self._how_it_ended(process)}", target=self.spec.name)
            if await self._health(2.0) is not None:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.05)
        raise UpstreamTimeout(
            f"{self.spec.name} was not ready within {self.spec.start_s:.0f} s.{self._words()}", target=self.spec.name
        )

    async def _health(self, timeout_s: float) -> _Health | None:
        try:
            status, body = await get(str(self._socket), "/health", timeout_s)
            return msgspec.json.decode(body, type=_Health) if status == 200 else None
        except (OSError, TimeoutError, ValueError, msgspec.DecodeError):
            return None

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Until the child ends: memory, hangs, idleness. A crash starts it again, with back-off."""
        reason = ""
        checked_at = time.monotonic()
        while process.returncode is None and not reason:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._timing.watch_s)
            if process.returncode is not None:
                break
            if resident_bytes(process.pid) > self.spec.memory_bytes:
                reason = f"took more than {self.spec.memory_bytes / 1e6:,.0f} MB of memory and was stopped."
            elif time.monotonic() - checked_at >= min(self._timing.health_s, self._timing.idle_unload_s or 1e9):
                reason = await self._check()
                checked_at = time.monotonic()
                if process is not self._process:
                    return
        if reason:
            process.kill()
        await process.wait()
        self._crashed(f"{self.spec.name} {reason or await self._how_it_ended(process)}")

    async def _check(self) -> str:
        """One health check; why the child must go, or nothing. Stops it when it was idle long enough."""
        health = await self._health(self._timing.health_s)
        now = time.monotonic()
        if health is None:
            silent_s = now - self._healthy_at
            return f"gave no sign of life for {silent_s:.0f} s." if silent_s > self._timing.unhealthy_s else ""
        self._healthy_at = now
        if health.queue:
            self._used_at = now
        elif self._timing.idle_unload_s and now - self._used_at >= self._timing.idle_unload_s:
            self._state = "stopped"
            async with self._turn:
                await self._stop_process()
        return ""

    def _crashed(self, message: str) -> None:
        if time.monotonic() - self._ready_at > STEADY_S:
            self._crashes = 0
        self._failed(message)
        if not self._closed and self._crashes < self._timing.crashes:
            self._restarts += 1
            self._start_task()

    def _failed(self, message: str) -> None:
        self._state = "failed"
        self._last_error = message
        pause_s = min(self._timing.backoff_s * 2**self._crashes, self._timing.backoff_max_s)
        self._crashes += 1
        self._may_start_at = time.monotonic() + pause_s

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(LAST_WORDS_BYTES):
            self._said.append(data)

    async def _how_it_ended(self, process: asyncio.subprocess.Process) -> str:
        if self._listening is not None:
            await asyncio.wait({self._listening}, timeout=1.0)
        code = process.returncode or 0
        how = f"was ended by {signal.Signals(-code).name}." if code < 0 else f"ended with exit code {code}."
        return how + self._words()

    def _words(self) -> str:
        text = b"".join(self._said)[-LAST_WORDS_BYTES:].decode("utf-8", "replace").strip()
        return f" Its last words: {' / '.join(text.splitlines()[-3:])}" if text else ""

    async def _stop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if process is not None and process.stdin is not None:
            process.stdin.close()
        await _cancelled(self._listening)
        self._socket.unlink(missing_ok=True)


async def _cancelled(task: "asyncio.Task[None] | None") -> None:
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.wait({task})


def _seen(task: "asyncio.Task[None]") -> None:
    """Mark the failure as looked at: it is kept in ``last_error`` whether or not somebody waits."""
    if not task.cancelled():
        task.exception()


def _limit(pid: int, address_space_bytes: int) -> None:
    if hasattr(resource, "prlimit"):
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))
            resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
            os.setpriority(os.PRIO_PROCESS, pid, 5)


def resident_bytes(pid: int) -> int:
    """Memory a process holds now; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
