"""Native work in threads, in small portions, so that leaving stops it soon and nobody waits behind one large batch.

Every request hands in one portion at a time, and the threads take portions in the order in which they came: requests
that run together take turns.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from openhearth.engines.line import Ticket

PORTION = 8

Given = ParamSpec("Given")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Desk:
    """``threads`` portions are worked on at once. ``close`` waits for them and drops what has not begun."""

    def __init__(self, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="work")

    async def do(
        self, ticket: Ticket, work: Callable[Given, Result], *given: Given.args, **named: Given.kwargs
    ) -> Result:
        """One portion of work. A caller that is cancelled gives its place in the line up when the portion has ended."""
        loop = asyncio.get_running_loop()
        ticket.hold()
        future = self._threads.submit(work, *given, **named)
        future.add_done_callback(lambda _: _tell(loop, ticket))
        return await asyncio.wrap_future(future)

    async def each(self, ticket: Ticket, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """``work`` of every item, ``PORTION`` of them at a time."""
        found: list[Result] = []
        for start in range(0, len(items), PORTION):
            found += await self.do(ticket, _all, work, items[start : start + PORTION])
        return found

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)


def _tell(loop: asyncio.AbstractEventLoop, ticket: Ticket) -> None:
    """From a thread: the portion has ended. A loop that is closed by then has no line any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(ticket.release)


def _all(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    return [work(item) for item in items]
