"""One engine over its life: start, health, crash, back-off, memory, idle unload, stop.

Each engine has its own instance and its own tasks, so the crash of one is nothing to another.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

from openhearth.core.errors import GatewayError, ShuttingDown, UpstreamDown, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.engines.memory import Families
from openhearth.engines.ports import EngineSpec, EngineState
from openhearth.engines.process import Child
from openhearth.engines.unix_http import get
from openhearth.telemetry.log import Log

STEADY_S = 60.0


class Timing(msgspec.Struct, frozen=True):
    """How patient a supervisor is, in seconds. After a crash it waits ``backoff_s``, doubled each time up to
    ``backoff_max_s``; after ``crashes`` in a row it starts again only when asked. Workers of engines are looked for in
    the process table every ``look_s``. An engine in use is asked for its
    health every ``busy_s``, another every ``health_s``; ``unhealthy_s`` without an answer is a hang. A start waits
    ``room_s`` for memory to become free; an engine makes way for it when it was not used for ``just_used_s``. A request
    that runs longer than ``request_s`` ends its engine: nothing else frees what hangs in native code."""

    idle_unload_s: float = 900.0
    watch_s: float = 1.0
    look_s: float = 3.0
    busy_s: float = 2.0
    health_s: float = 10.0
    unhealthy_s: float = 60.0
    backoff_s: float = 0.5
    backoff_max_s: float = 30.0
    crashes: int = 4
    room_s: float = 10.0
    just_used_s: float = 2.0
    request_s: float = 1800.0


class _Health(msgspec.Struct):
    queue: int = 0
    running: int = 0
    waiting: int = 0
    oldest_s: float = 0.0


class Supervised:
    """The process of one engine. ``admit`` is awaited before each start: it makes room or says why there is none."""

    def __init__(
        self,
        spec: EngineSpec,
        socket_path: Path,
        *,
        admit: Callable[["Supervised"], Awaitable[None]],
        families: Families,
        environ: Mapping[str, str],
        timing: Timing,
    ) -> None:
        self.spec = spec
        self._socket = socket_path
        self._admit = admit
        self._families = families
        self._environ = dict(environ)
        self._timing = timing
        self._state = "stopped"
        self._child: Child | None = None
        self._starting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._health = _Health()
        self._used_at = 0.0
        self._healthy_at = 0.0
        self._ready_at = 0.0
        self._may_start_at = 0.0
        self._crashes = 0
        self._starts = 0
        self._restarts = 0
        self._load_s = 0.0
        self._last_error = ""
        self._closed = False
        self._doubted = False
        self._log = Log("engines")
        self._turn = asyncio.Lock()
        self.most_bytes = 0

    @property
    def origin(self) -> Origin:
        return Origin("unix", str(self._socket), 0)

    @property
    def is_alive(self) -> bool:
        """True while it has a process, or is about to."""
        return self._state in ("starting", "ready")

    @property
    def is_starting(self) -> bool:
        return self._state == "starting"

    @property
    def used_at(self) -> float:
        """When it was last asked for, on the monotonic clock."""
        return self._used_at

    @property
    def memory_bytes(self) -> int:
        """What its processes hold now."""
        held = self._families.bytes_of(self._child.pid) if self._child is not None else 0
        self.most_bytes = max(self.most_bytes, held)
        return held

    def ready(self) -> bool:
        """True when a request may be sent; asking counts as use."""
        if self._state != "ready" or self._doubted or self._child is None or self._child.is_over:
            return False
        self._used_at = time.monotonic()
        return True

    def doubt(self) -> None:
        """A request to it just broke: look at it before the next one is sent."""
        self._doubted = True

    def state(self) -> EngineState:
        """As seen now, but for packs and budget, which the host knows."""
        child = self._child
        is_ready = self._state == "ready"
        return EngineState(
            name=self.spec.name,
            state=self._state,
            pid=child.pid if child is not None and not child.is_over else 0,
            memory_bytes=self.memory_bytes,
            load_s=round(self._load_s, 3),
            restarts=self._restarts,
            starts=self._starts,
            last_error=self._last_error,
            running=self._health.running if is_ready else 0,
            waiting=self._health.waiting if is_ready else 0,
        )

    async def ensure(self) -> Origin:
        """Running and healthy, or the reason why not. Callers share one start; one that leaves does not stop it."""
        if self._closed:
            raise ShuttingDown("The server is shutting down.", retry_after_s=5)
        if not self.ready() and not await self._is_well_after_all():
            self._refuse_if_backing_off()
            await asyncio.shield(self._start_task())
            self._used_at = time.monotonic()
        return self.origin

    async def close(self) -> None:
        """Stop the child and every task, and wait for them."""
        self._closed = True
        for task in (self._starting, self._watching):
            await _cancelled(task)
        await self._stop_child()
        self._state = "stopped"

    async def unload_if_idle(self) -> bool:
        """Stop it when nobody uses it now; whether it was stopped."""
        if not self._seems_idle():
            return False
        health = await self._ask(self._timing.busy_s)
        if health is None or health.queue or not self._seems_idle():
            return False
        await self._unload()
        return True

    def _seems_idle(self) -> bool:
        return self._state == "ready" and time.monotonic() - self._used_at >= self._timing.just_used_s

    async def _is_well_after_all(self) -> bool:
        """A dying process closes its connections a moment before it is known to be dead."""
        child, self._doubted = self._child, False
        if self._state != "ready" or child is None:
            return False
        if not child.is_over and (await self._ask(self._timing.busy_s) or not await child.ended(self._timing.busy_s)):
            return self.ready()
        if self._watching is not None:
            await asyncio.wait({self._watching}, timeout=self._timing.busy_s)
        return False

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
            await self._stop_child()
        await self._admit(self)
        self._state = "starting"
        async with self._turn:
            began = time.monotonic()
            try:
                child = await self._spawn()
                await self._wait_healthy(child)
            except GatewayError as error:
                await self._stop_child()
                self._failed(error.message)
                raise
            except OSError as error:
                self._failed(f"{self.spec.name} could not be started: {error.strerror}.")
                raise UpstreamDown(self._last_error, target=self.spec.name) from error
            now = time.monotonic()
            self._load_s = now - began
            self._state, self._ready_at, self._healthy_at, self._used_at = "ready", now, now, now
        self._watching = asyncio.create_task(self._watch(child), name=f"watch-{self.spec.name}")

    async def _spawn(self) -> Child:
        self._starts += 1
        child = self._child = await Child.spawn(self.spec, self._socket, self._environ)
        return child

    async def _wait_healthy(self, child: Child) -> None:
        deadline = time.monotonic() + self.spec.start_s
        while time.monotonic() < deadline:
            if child.is_over:
                await child.ended(1.0)
                raise UpstreamDown(f"{self.spec.name} {await child.how_it_ended()}", target=self.spec.name)
            if await self._ask(2.0) is not None:
                return
            await child.ended(0.05)
        raise UpstreamTimeout(
            f"{self.spec.name} was not ready within {self.spec.start_s:.0f} s.{child.words()}", target=self.spec.name
        )

    async def _ask(self, timeout_s: float) -> _Health | None:
        try:
            status, body = await get(str(self._socket), "/health", timeout_s)
            if status != 200:
                return None
            self._health = msgspec.json.decode(body, type=_Health, strict=False)
        except (OSError, TimeoutError, ValueError, msgspec.DecodeError):
            return None
        return self._health

    async def _watch(self, child: Child) -> None:
        """Until the child ends: memory, hangs, idleness. A crash starts it again, with back-off."""
        reason = ""
        checked_at = time.monotonic()
        while not reason and not await child.ended(self._timing.watch_s):
            if self.memory_bytes > self.spec.memory_bytes:
                reason = f"took more than {self.spec.memory_bytes / 1e6:,.0f} MB of memory and was stopped."
            elif time.monotonic() - checked_at >= self._patience_s():
                reason = await self._check()
                checked_at = time.monotonic()
            if child.is_leaving:
                return
        if child.is_leaving:
            return
        if reason:
            await child.kill()
        self._crashed(f"{self.spec.name} {reason or await child.how_it_ended()}")

    def _patience_s(self) -> float:
        timing = self._timing
        in_use = time.monotonic() - self._used_at < 10 * timing.busy_s or self._health.queue > 0
        return min(timing.busy_s if in_use else timing.health_s, timing.health_s, timing.idle_unload_s or 1e9)

    async def _check(self) -> str:
        """One health check; why the child must go, or nothing. Stops it when it was idle long enough."""
        health = await self._ask(self._timing.health_s)
        now = time.monotonic()
        if health is None:
            silent_s = now - self._healthy_at
            return f"gave no sign of life for {silent_s:.0f} s." if silent_s > self._timing.unhealthy_s else ""
        self._healthy_at = now
        if health.oldest_s > self._timing.request_s:
            return f"worked on one request for more than {self._timing.request_s:g} s and was stopped."
        if health.queue:
            self._used_at = now
        elif self._timing.idle_unload_s and now - self._used_at >= self._timing.idle_unload_s:
            await self._unload()
        return ""

    async def _unload(self) -> None:
        self._forgive_if_steady()
        self._state = "stopped"
        async with self._turn:
            await self._stop_child()

    def _crashed(self, message: str) -> None:
        self._forgive_if_steady()
        self._failed(message)
        if not self._closed and self._crashes < self._timing.crashes:
            self._restarts += 1
            self._start_task()

    def _forgive_if_steady(self) -> None:
        """Crashes count in a row only: one that has worked for a while begins anew."""
        if time.monotonic() - self._ready_at > STEADY_S:
            self._crashes = 0

    def _failed(self, message: str) -> None:
        self._log.error("engine failed", engine=self.spec.name, error=message)
        self._state = "failed"
        self._last_error = message
        pause_s = min(self._timing.backoff_s * 2**self._crashes, self._timing.backoff_max_s)
        self._crashes += 1
        self._may_start_at = time.monotonic() + pause_s

    async def _stop_child(self) -> None:
        child = self._child
        if child is not None:
            await child.stop()
        if self._child is child:  # not gone before: whoever was cut off here leaves it to the next
            self._child = None
            self._health = _Health()


async def _cancelled(task: "asyncio.Task[None] | None") -> None:
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.wait({task})


def _seen(task: "asyncio.Task[None]") -> None:
    """Mark the failure as looked at: it is kept in ``last_error`` whether or not somebody waits."""
    if not task.cancelled():
        task.exception()
