"""The callback client for callers that may await: a whole answer, or a stream with back-pressure."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from typing_extensions import override

from openhearth.core.errors import UpstreamError, UpstreamGarbled
from openhearth.transport.wire import Answer, Client, Flight, Headers, Outgoing, Receiver

_PAUSE_ABOVE_BYTES = 256 * 1024


class _Whole(Receiver):
    def __init__(self, most_bytes: int, done: "asyncio.Future[Answer]") -> None:
        self._most_bytes = most_bytes
        self._done = done
        self._status = 0
        self._headers: Headers = []
        self._parts: list[bytes] = []
        self._size_bytes = 0

    @override
    def answer_started(self, status: int, headers: Headers) -> None:
        self._status = status
        self._headers = headers

    @override
    def answer_data(self, data: bytes) -> None:
        self._size_bytes += len(data)
        if self._size_bytes > self._most_bytes:
            self._parts.clear()
            message = f"The answer is larger than {self._most_bytes} bytes."
            self.answer_failed(UpstreamGarbled(message, code="upstream_too_large", upstream_status=self._status))
        else:
            self._parts.append(data)

    @override
    def answer_ended(self) -> None:
        if not self._done.done():
            self._done.set_result(Answer(self._status, self._headers, b"".join(self._parts)))

    @override
    def answer_failed(self, error: UpstreamError) -> None:
        if not self._done.done():
            self._done.set_exception(error)


async def collect(client: Client, outgoing: Outgoing, *, most_bytes: int) -> Answer:
    """The whole answer, of any status, with at most ``most_bytes`` of body.

    Raises the UpstreamError of the attempt, or UpstreamGarbled (``upstream_too_large``). Cancelling closes the
    connection at once.
    """
    done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    flight = client.send(outgoing, _Whole(most_bytes, done))
    try:
        return await done
    finally:
        flight.abort()


class Streamed(Receiver):
    """An answer as it arrives: ``status`` and ``headers``, then iterate over it once for the pieces of its body.

    ``held`` are the pieces that have come and were not taken yet; above 256 KiB of them reading stops.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self._flight: Flight | None = None
        self.held: deque[bytes] = deque()
        self._held_bytes = 0
        self._started = False
        self._ended = False
        self._error: UpstreamError | None = None
        self._news = asyncio.Event()

    @override
    def answer_started(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        self._started = True
        self._news.set()

    @override
    def answer_data(self, data: bytes) -> None:
        self.held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _PAUSE_ABOVE_BYTES and self._flight is not None:
            self._flight.pause()
        self._news.set()

    @override
    def answer_ended(self) -> None:
        self._ended = True
        self._news.set()

    @override
    def answer_failed(self, error: UpstreamError) -> None:
        self._error = error
        self._news.set()

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or empty."""
        return next((value for key, value in self.headers if key == name), b"")

    async def opened(self, flight: Flight) -> None:
        """Wait for the head of the answer. Raises the UpstreamError of the attempt."""
        self._flight = flight
        while not self._started:
            if self._error is not None:
                raise self._error
            await self._wait()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises the UpstreamError that cut the answer, after the pieces before it."""
        while not self.held:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            await self._wait()
        data = self.held.popleft()
        self._held_bytes -= len(data)
        if self._held_bytes <= _PAUSE_ABOVE_BYTES and self._flight is not None:
            self._flight.resume()
        return data

    async def _wait(self) -> None:
        """The client's deadlines bound this wait."""
        self._news.clear()
        await self._news.wait()


@asynccontextmanager
async def stream(client: Client, outgoing: Outgoing) -> AsyncIterator[Streamed]:
    """An open answer: ``async with stream(…) as answer: async for piece in answer: …``.

    Reading slowly slows the upstream down; leaving the block early closes the connection. Raises the UpstreamError of
    the attempt, on entry when no answer came and while iterating when it broke off.
    """
    answer = Streamed()
    flight = client.send(outgoing, answer)
    try:
        await answer.opened(flight)
        yield answer
    finally:
        flight.abort()
