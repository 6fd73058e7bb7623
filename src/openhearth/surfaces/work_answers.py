"""Answers of calls that our own code carries out: a stream that begins when there is something true to say, or a whole.

Both notice at once that the client left, stop the work upstream and settle the call. A surface hands in its family's
way to write errors.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Protocol, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.errors import Bug, GatewayError
from openhearth.dialects import openai_errors
from openhearth.relay.work import Work

EVENTS = "text/event-stream; charset=utf-8"
_KEEP_ALIVE = b": keep-alive\n\n"
_PATIENCE_S = 2.0
_ENGINE_PATIENCE_S = 10.0
_Made = TypeVar("_Made")
_Item = bytes | GatewayError | Exception | None


class Errors(Protocol):
    """How a family of clients reads errors. The modules ``dialects.*_errors`` are of this form."""

    def shown(self, error: GatewayError) -> bytes:
        """The body of an error answer (JSON)."""

    def headers(self, error: GatewayError) -> list[tuple[bytes, bytes]]:
        """Its content type, and when to come back."""

    def event(self, error: GatewayError) -> bytes:
        """The error inside a stream that has begun; empty for streams that can hold none (sound, say)."""


class Timing(msgspec.Struct, frozen=True):
    """Seconds. ``patience_s``: how long an error may still become a status instead of an event in the stream.

    ``keepalive_s``: silence before a comment. ``stall_s``: how long a client may stop reading.
    """

    patience_s: float
    keepalive_s: float
    stall_s: float


def timing(work: Work, limits: Limits) -> Timing:
    """An embedded engine says quickly what it cannot do, but may have to start first: it gets more patience."""
    patience_s = min(_ENGINE_PATIENCE_S if work.is_embedded else _PATIENCE_S, limits.keepalive_comment_s)
    return Timing(patience_s, limits.keepalive_comment_s, limits.stream_idle_s)


class Streamed(Response):
    """The pieces of one call as they come. Nothing is sent before the first piece or the end of patience.

    ``opening`` goes out first. ``marks`` is asked for headers when the stream begins, when the target is known. A form
    without comments (``content_type`` other than events) waits for its first piece however long that takes, and an
    error after it breaks the connection, so that nobody takes half an answer for a whole one.
    """

    def __init__(
        self,
        work: Work,
        pieces: AsyncGenerator[bytes, None],
        *,
        timing: Timing,
        marks: Callable[[], Mapping[str, str]] | None = None,
        opening: bytes = b"",
        content_type: str = EVENTS,
        errors: Errors = openai_errors,
    ) -> None:
        super().__init__()
        self._work = work
        self._pieces = pieces
        self._opening = opening
        self._marks = marks or work.headers
        self._timing = timing
        self._content_type = content_type
        self._is_events = content_type == EVENTS
        self._errors = errors
        self._started = False

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._answer(receive, send)
        except GatewayError as error:  # nothing was sent yet: after that errors are events
            await _refusal(error, self._work, self._errors)(scope, receive, send)

    async def _answer(self, receive: Receive, send: Send) -> None:
        with self._work as work:
            queue: asyncio.Queue[_Item] = asyncio.Queue(maxsize=16)
            pump = asyncio.create_task(self._pump(queue))
            leaving = asyncio.create_task(_left(receive))
            try:
                stayed = await self._serve(queue, leaving, send)
            finally:
                await _end(pump, leaving)
                await self._pieces.aclose()
            if not stayed:
                work.abandon()

    async def _pump(self, queue: asyncio.Queue[_Item]) -> None:
        """Pieces into the bounded queue: a slow client slows the work. Ends with None or the error."""
        last: _Item = None
        try:
            async with aclosing(self._pieces) as pieces:
                async for piece in pieces:
                    self._work.commit()  # it will be sent: a part of another target's answer must not follow
                    await queue.put(piece)
            self._work.finish()
        except Exception as error:  # handed on to the task that answers
            last = error
        await queue.put(last)

    async def _serve(self, queue: asyncio.Queue[_Item], leaving: asyncio.Task[None], send: Send) -> bool:
        """False when the client left or stopped reading."""
        coming = asyncio.create_task(queue.get())
        try:
            while True:
                wait_s = self._silence_s()
                done, _ = await asyncio.wait({coming, leaving}, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                if leaving in done:
                    return False
                if not done:
                    await self._send(send, _KEEP_ALIVE if self._started else b"")
                    continue
                item = coming.result()
                if not isinstance(item, bytes):
                    return await self._last(item, send)
                self._work.deliver()
                await self._send(send, item)
                coming = asyncio.create_task(queue.get())
        except _Stalled:
            return False
        finally:
            await _end(coming)

    def _silence_s(self) -> float | None:
        """How long nothing may come before a comment is sent."""
        if not self._is_events:
            return None
        return self._timing.keepalive_s if self._started else self._timing.patience_s

    async def _last(self, item: GatewayError | Exception | None, send: Send) -> bool:
        if item is not None:
            if not self._started:
                raise item
            if isinstance(item, GatewayError):
                self._work.fail(item)
            if not self._is_events and isinstance(item, GatewayError):
                return True  # without the end of the body: the server cuts the connection
            await self._send(send, self._errors.event(item if isinstance(item, GatewayError) else Bug("internal")))
        await self._send(send, b"", more=False)
        if item is not None and not isinstance(item, GatewayError):
            raise item
        return True

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        try:
            async with asyncio.timeout(self._timing.stall_s):
                if not self._started:
                    self._started = True
                    self._work.commit()
                    headers = {**_STREAM_HEADERS, "content-type": self._content_type, **self._marks()}
                    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
                    await send({"type": "http.response.start", "status": 200, "headers": raw})
                    body = self._opening + body
                if body or not more:
                    await send({"type": "http.response.body", "body": body, "more_body": more})
        except TimeoutError as error:
            raise _Stalled from error


class _Stalled(Exception):
    """The client stopped reading."""


async def whole(
    request: Request, work: Work, making: Coroutine[None, None, Response], errors: Errors = openai_errors
) -> Response:
    """Run ``making`` to its end and settle; when the client leaves first it is cancelled.

    A GatewayError becomes an answer that says which call and target it was. Raises ClientDisconnect.
    """
    try:
        return await _made(request, work, making)
    except GatewayError as error:
        return _refusal(error, work, errors)


async def _made(request: Request, work: Work, making: Coroutine[None, None, Response]) -> Response:
    with work:
        try:
            return await while_there(request, making)
        except ClientDisconnect:
            work.abandon()
            raise


async def while_there(request: Request, making: Coroutine[None, None, _Made]) -> _Made:
    """What ``making`` makes; it is cancelled when the client leaves first. Raises ClientDisconnect then."""
    task = asyncio.create_task(making)
    leaving = asyncio.create_task(_left(request.receive))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        await _end(task, leaving)
    raise ClientDisconnect


def _refusal(error: GatewayError, work: Work, errors: Errors) -> Response:
    answer = Response(errors.shown(error), error.shown_status, headers=work.headers())
    for name, value in errors.headers(error):
        answer.headers[name.decode()] = value.decode()
    return answer


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _end(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


_STREAM_HEADERS = {
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}
