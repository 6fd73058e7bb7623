"""An engine's worker process, seen from the engine: one is kept warm, works on one order at a time, and is killed to
stop an order. Native code in a thread cannot be interrupted; a process can.

Both sides speak in bodies with their length before them. What is in a body is the engine's own business.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

from openhearth.core.errors import ShuttingDown, UpstreamDown, UpstreamTimeout

_LENGTH = struct.Struct("<Q")

FrameT = TypeVar("FrameT")
_R = TypeVar("_R")


def packed(body: bytes) -> bytes:
    """A body with its length before it."""
    return _LENGTH.pack(len(body)) + body


def unpacked(take: Callable[[int], bytes]) -> bytes | None:
    """One body from a blocking reader; ``None`` at the end."""
    prefix = take(_LENGTH.size)
    if len(prefix) < _LENGTH.size:
        return None
    size = int(_LENGTH.unpack(prefix)[0])
    body = take(size)
    return body if len(body) == size else None


class Workshop(Generic[FrameT]):
    """One worker process. ``command`` starts it; its first frame says that it is ready, within ``start_s``.

    ``decode`` reads a frame and ``is_last`` knows the one that ends an order. A worker that says nothing for
    ``silence_s`` hangs and is replaced.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        *,
        decode: Callable[[bytes], FrameT],
        is_last: Callable[[FrameT], bool],
        silence_s: float,
        start_s: float = 120.0,
    ) -> None:
        self._command = tuple(command)
        self._environ = dict(environ)
        self._decode = decode
        self._is_last = is_last
        self._silence_s = silence_s
        self._start_s = start_s
        self._starting: asyncio.Task[_Worker] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._was_ready = False
        self._closed = False

    def warm(self) -> None:
        """Start a worker unless there is one. Raises ShuttingDown."""
        if self._closed:
            raise ShuttingDown("The engine is stopping.", retry_after_s=5)
        if self._starting is None or (self._starting.done() and not _usable(self._starting)):
            self._starting = asyncio.create_task(self._start(), name="worker")
            self._starting.add_done_callback(_seen)

    async def ready(self) -> None:
        """Wait until a worker is there. Raises as ``order`` does."""
        self.warm()
        assert self._starting is not None
        await asyncio.shield(self._starting)

    @property
    def is_able(self) -> bool:
        """True when an order can be taken: a worker is there, or is being replaced."""
        starting = self._starting
        if starting is None:
            return False
        return _usable(starting) if starting.done() else self._was_ready

    async def order(self, body: bytes) -> AsyncGenerator[FrameT, None]:
        """The frames of one order, the last one included. Closing the iterator before that kills the worker at once;
        another is started for the next order.

        Raises UpstreamTimeout (``worker_silent``) and UpstreamDown (``worker_ended``).
        """
        self.warm()
        assert self._starting is not None
        worker = await asyncio.shield(self._starting)
        finished = False
        try:
            await self._within(worker.send(body))
            while not finished:
                frame = self._decode(await self._within(worker.receive()))
                finished = self._is_last(frame)
                yield frame
        finally:
            if not finished:
                self._replace(worker)

    async def close(self) -> None:
        """Kill the worker and wait for it."""
        self._closed = True
        task, self._starting = self._starting, None
        if task is not None:
            if not task.done():
                task.cancel()
            await asyncio.wait({task})
            if _usable(task):
                await task.result().ended()
        if self._ending:
            await asyncio.wait(self._ending)

    async def _within(self, doing: Awaitable[_R]) -> _R:
        try:
            async with asyncio.timeout(self._silence_s):
                return await doing
        except TimeoutError as error:
            raise UpstreamTimeout(
                f"The engine gave no sign of life for {self._silence_s:g} s and was stopped.", code="worker_silent"
            ) from error

    def _replace(self, worker: "_Worker") -> None:
        worker.kill()
        ending = asyncio.create_task(worker.ended(), name="worker-end")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        self._starting = None
        if not self._closed:
            self.warm()

    async def _start(self) -> "_Worker":
        worker = _Worker(
            await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, env=self._environ
            )
        )
        is_ready = False
        try:
            async with asyncio.timeout(self._start_s):
                await worker.receive()
            is_ready = self._was_ready = True
        except TimeoutError as error:
            raise UpstreamTimeout(
                f"The engine was not ready within {self._start_s:g} s.", code="worker_silent"
            ) from error
        finally:
            if not is_ready:
                await worker.ended()
        return worker


class _Worker:
    """One process and its pipes. Its standard error is ours, so that its traces reach the log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

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

    async def receive(self) -> bytes:
        """The next body. Raises UpstreamDown when the process has ended."""
        assert self._process.stdout is not None
        try:
            size = _LENGTH.unpack(await self._process.stdout.readexactly(_LENGTH.size))[0]
            return await self._process.stdout.readexactly(size)
        except asyncio.IncompleteReadError as error:
            raise await self._crash() from error

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
            "The engine's worker ended while it worked, most likely for want of memory.", code="worker_ended"
        )


def _usable(task: "asyncio.Task[_Worker]") -> bool:
    return not task.cancelled() and task.exception() is None and task.result().is_alive


def _seen(task: "asyncio.Task[_Worker]") -> None:
    """A failed start is told to the next order; it must not be reported as forgotten."""
    if not task.cancelled():
        task.exception()
