"""From a blocking callback in a thread to an async iterator that can be cancelled.

When the reader goes away the callback says stop, and the runtime frees its slot at the next token or the next piece of
the prompt. A place in the line is held until the runtime has really let go.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from openhearth.core.errors import Bug, GatewayError, RequestError
from openhearth.engines.line import Ticket

PENDING_CHUNKS = 256
READER_S = 300.0
LOOK_S = 0.1

Stop = Callable[[dict[str, Any]], bool]
Work = Callable[[Stop], None]


class Runtime(Protocol):
    """A loaded model. Both methods block, call ``on_chunk`` for each chunk, and end soon after it returned True."""

    def chat(self, body: dict[str, Any], on_chunk: Stop) -> None: ...

    def complete(self, body: dict[str, Any], on_chunk: Stop) -> None: ...


class Generations:
    """Runs generations on a runtime. ``close`` stops all of them and waits."""

    def __init__(self, runtime: Runtime, slots: int) -> None:
        self.runtime = runtime
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="generation")
        self._stops: set[threading.Event] = set()

    async def chunks(self, work: Work, ticket: Ticket) -> AsyncGenerator[dict[str, Any], None]:
        """Chunks of one generation as the runtime gives them. Closing the iterator stops the generation.

        Raises RequestError for what the runtime refuses.
        """
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        room = threading.Semaphore(PENDING_CHUNKS)
        stop = threading.Event()

        def on_chunk(chunk: Any) -> bool:
            if isinstance(chunk, dict) and _acquired(room, stop):
                loop.call_soon_threadsafe(arrived.put_nowait, chunk)
            return stop.is_set()

        ticket.hold()
        self._stops.add(stop)
        future = self._threads.submit(work, on_chunk)

        def let_go() -> None:
            self._stops.discard(stop)
            ticket.release()
            arrived.put_nowait(None)

        future.add_done_callback(lambda _: loop.call_soon_threadsafe(let_go))
        try:
            while (chunk := await arrived.get()) is not None:
                room.release()
                _raise_if_refused(chunk)
                yield chunk
            _raise_failure(future)
        finally:
            stop.set()
            room.release()

    async def close(self) -> None:
        """Stop what runs; waits until the threads are done."""
        for stop in self._stops:
            stop.set()
        await asyncio.get_running_loop().run_in_executor(None, self._threads.shutdown)


def _acquired(room: threading.Semaphore, stop: threading.Event) -> bool:
    """Wait until the reader has room; a reader that takes nothing for ``READER_S`` stops the generation."""
    for _ in range(int(READER_S / LOOK_S)):
        if stop.is_set() or room.acquire(timeout=LOOK_S):
            return not stop.is_set()
    stop.set()
    return False


def _raise_if_refused(chunk: dict[str, Any]) -> None:
    error = chunk.get("error")
    if not isinstance(error, dict):
        return
    if error.get("type") == "exceed_context_size_error":
        raise RequestError(
            f"This model's context is {error.get('n_ctx')} tokens, the prompt has {error.get('n_prompt_tokens')}. "
            "Shorten it.",
            code="context_length_exceeded",
            param="messages",
        )
    if error.get("code") == 400:
        said = str(error.get("message"))
        param = "response_format" if "grammar" in said else None
        raise RequestError(f"The model's runtime refused the request: {said}", param=param)
    raise Bug(f"The model's runtime failed: {error.get('message')}")


def _raise_failure(future: "Future[None]") -> None:
    failure = future.exception()
    if failure is None or isinstance(failure, GatewayError):
        if failure is not None:
            raise failure
        return
    if isinstance(failure, ValueError):
        before, mark, reason = str(failure).partition("JSON schema error")
        param = "response_format" if mark else None
        raise RequestError(
            f"The model's runtime refused the request: {mark}{reason or before}", param=param
        ) from failure
    raise Bug(f"The model's runtime failed: {failure}") from failure
