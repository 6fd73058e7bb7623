"""The parent's side of the worker process: keeps one warm, gives it one edit at a time, kills it to stop an edit."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence

import msgspec

from openhearth.core.errors import ShuttingDown, UpstreamDown, UpstreamTimeout
from openhearth.engines.edit_image.frames import (
    PREFIX_BYTES,
    Failed,
    Frame,
    Progress,
    Ready,
    Result,
    decode,
    length,
    packed,
)

_SIGN_OF_LIFE_S = 10.0


class Working(msgspec.Struct, frozen=True):
    """The worker is alive and has nothing to say yet."""


class Workshop:
    """One worker process. ``command`` starts it; ``limit_s`` bounds an edit and ``start_s`` a start.

    The worker counts its time itself and words better refusals, so it is killed only ``grace_s`` later.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        limit_s: float,
        grace_s: float = 2.0,
        start_s: float = 120.0,
    ) -> None:
        self._command = tuple(command)
        self._environ = dict(environ)
        self._limit_s = limit_s
        self._grace_s = grace_s
        self._start_s = start_s
        self._starting: asyncio.Task[_Worker] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._was_ready = False
        self._closed = False

    def warm(self) -> None:
        """Start a worker unless there is one."""
        if self._closed:
            raise ShuttingDown("The editor is stopping.", retry_after_s=5)
        if self._starting is None or (self._starting.done() and not self._usable(self._starting)):
            self._starting = asyncio.create_task(self._start(), name="edit-worker")
            self._starting.add_done_callback(_seen)

    @property
    def is_able(self) -> bool:
        """True when an edit can be taken: a worker is there, or is being replaced."""
        starting = self._starting
        if starting is None:
            return False
        return self._usable(starting) if starting.done() else self._was_ready

    async def edit(self, body: bytes) -> AsyncGenerator[Progress | Result | Working, None]:
        """Frames of one edit. Closing the iterator kills the worker at once; another is started for the next edit.

        Raises EditFailed (what the worker says), UpstreamTimeout (``edit_timeout``) or UpstreamDown
        (``edit_crashed``).
        """
        self.warm()
        assert self._starting is not None
        worker = await asyncio.shield(self._starting)
        finished = False
        try:
            async with contextlib.aclosing(self._frames(worker, body)) as frames:
                async for frame in frames:
                    finished = isinstance(frame, Result | Failed)
                    if isinstance(frame, Failed):
                        raise EditFailed(frame)
                    if not isinstance(frame, Ready):
                        yield frame
        finally:
            if not finished:
                self._replace(worker)

    async def _frames(self, worker: "_Worker", body: bytes) -> AsyncGenerator[Frame | Working, None]:
        """What the worker says until its result, with a sign of life while it says nothing."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._limit_s + self._grace_s
        frame: Frame = Ready()
        try:
            async with asyncio.timeout_at(ends_at):
                await worker.send(body)
        except TimeoutError as error:
            raise self._overdue() from error
        while not isinstance(frame, Result | Failed):
            receiving = asyncio.ensure_future(worker.receive())
            try:
                while not receiving.done():
                    left_s = ends_at - loop.time()
                    if left_s <= 0:
                        raise self._overdue()
                    await asyncio.wait({receiving}, timeout=min(left_s, _SIGN_OF_LIFE_S))
                    if not receiving.done() and ends_at > loop.time():
                        yield Working()
            finally:
                receiving.cancel()
            frame = receiving.result()
            yield frame

    def _overdue(self) -> UpstreamTimeout:
        return UpstreamTimeout(
            f"The edit took longer than {self._limit_s:g} s and was stopped. 编辑超过时限，已停止。",
            code="edit_timeout",
        )

    def _replace(self, worker: "_Worker") -> None:
        worker.kill()
        ending = asyncio.create_task(worker.ended(), name="edit-worker-end")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        self._starting = None
        if not self._closed:
            self.warm()

    async def close(self) -> None:
        """Kill the worker and wait for it."""
        self._closed = True
        task, self._starting = self._starting, None
        if task is not None:
            if not task.done():
                task.cancel()
            await asyncio.wait({task})
            if self._usable(task):
                await task.result().ended()
        if self._ending:
            await asyncio.wait(self._ending)

    def _usable(self, task: "asyncio.Task[_Worker]") -> bool:
        return not task.cancelled() and task.exception() is None and task.result().is_alive

    async def _start(self) -> "_Worker":
        worker = _Worker(
            await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=self._environ,
            )
        )
        try:
            async with asyncio.timeout(self._start_s):
                await worker.receive()
        except TimeoutError as error:
            raise UpstreamTimeout(f"The editor was not ready within {self._start_s:g} s.") from error
        finally:
            if not worker.is_ready:
                await worker.ended()
        self._was_ready = True
        return worker


class EditFailed(Exception):
    """The worker refused or failed; ``frame`` says how."""

    def __init__(self, frame: Failed) -> None:
        super().__init__(frame.message)
        self.frame = frame


class _Worker:
    """One process and its pipes. Its standard error is ours, so its traces reach the log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.is_ready = False

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def send(self, body: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(packed(body))
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise await self._crash() from error

    async def receive(self) -> Frame:
        """The next frame. Raises UpstreamDown (``edit_crashed``) when the process has ended."""
        assert self._process.stdout is not None
        try:
            size = length(await self._process.stdout.readexactly(PREFIX_BYTES))
            frame = decode(await self._process.stdout.readexactly(size))
        except asyncio.IncompleteReadError as error:
            raise await self._crash() from error
        self.is_ready = True
        return frame

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def ended(self) -> None:
        """Kill it and wait until it is gone."""
        self.kill()
        await self._process.wait()

    async def _crash(self) -> UpstreamDown:
        await self._process.wait()
        return UpstreamDown(
            "The editor ended while it worked, most likely for want of memory; a smaller picture may help. "
            "编辑进程意外退出，请换小一些的图片。",
            code="edit_crashed",
        )


def _seen(task: "asyncio.Task[_Worker]") -> None:
    """A failed start is told to the next edit; it must not be reported as forgotten."""
    if not task.cancelled():
        task.exception()
