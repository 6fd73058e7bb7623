"""The parent's side of the worker process: one edit at a time, with signs of life and a limit for the whole."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

import msgspec

from openhearth.core.errors import UpstreamDown, UpstreamTimeout
from openhearth.engines import workshop
from openhearth.engines.edit_image.frames import Frame, Progress, Ready, Result, decode, is_last
from openhearth.engines.failed import Failed
from openhearth.engines.leaving import give_up

_SIGN_OF_LIFE_S = 10.0


class Working(msgspec.Struct, frozen=True):
    """The worker is alive and has nothing to say yet."""


class Workshop:
    """One worker process. ``command`` starts it; ``limit_s`` bounds an edit.

    The worker counts its time itself and words better refusals, so it is killed only ``grace_s`` later.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], *, limit_s: float, grace_s: float = 2.0
    ) -> None:
        self._limit_s = limit_s
        self._most_s = limit_s + grace_s
        self._worker = workshop.Workshop(
            command, environ, decode=decode, is_last=is_last, silence_s=self._most_s + _SIGN_OF_LIFE_S
        )

    def warm(self) -> None:
        """Start a worker unless there is one."""
        self._worker.warm()

    @property
    def is_able(self) -> bool:
        """True when an edit can be taken: a worker is there, or is being replaced."""
        return self._worker.is_able

    async def close(self) -> None:
        """Kill the worker and wait for it."""
        await self._worker.close()

    async def edit(self, body: bytes) -> AsyncGenerator[Progress | Result | Working, None]:
        """Frames of one edit. Closing the iterator kills the worker at once; another is started for the next edit.

        Raises EditFailed (what the worker says), UpstreamTimeout (``edit_timeout``) or UpstreamDown
        (``edit_crashed``).
        """
        try:
            await self._worker.ready()
            async with aclosing(self._worker.order(body)) as frames, aclosing(self._timed(frames)) as said:
                async for frame in said:
                    if isinstance(frame, Failed):
                        raise EditFailed(frame)
                    if not isinstance(frame, Ready):
                        yield frame
        except UpstreamDown as error:
            raise UpstreamDown(
                "The editor ended while it worked, most likely for want of memory; a smaller picture may help. "
                "编辑进程意外退出，请换小一些的图片。",
                code="edit_crashed",
            ) from error

    async def _timed(self, frames: AsyncGenerator[Frame, None]) -> AsyncGenerator[Frame | Working, None]:
        """What the worker says until its result, with a sign of life while it says nothing."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._most_s
        frame: Frame = Ready()
        while not is_last(frame):
            coming = asyncio.ensure_future(anext(frames))
            try:
                while not coming.done():
                    left_s = ends_at - loop.time()
                    if left_s <= 0:
                        raise self._overdue()
                    await asyncio.wait({coming}, timeout=min(left_s, _SIGN_OF_LIFE_S))
                    if not coming.done() and ends_at > loop.time():
                        yield Working()
            finally:
                await give_up(coming)
            frame = coming.result()
            yield frame

    def _overdue(self) -> UpstreamTimeout:
        return UpstreamTimeout(
            f"The edit took longer than {self._limit_s:g} s and was stopped. 编辑超过时限，已停止。",
            code="edit_timeout",
        )


class EditFailed(Exception):
    """The worker refused or failed; ``frame`` says how."""

    def __init__(self, frame: Failed) -> None:
        super().__init__(frame.message)
        self.frame = frame
