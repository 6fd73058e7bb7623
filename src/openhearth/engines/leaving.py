"""Work that lasts no longer than its client: what every engine's app does with a request."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive


async def until_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do ``work``; cancel it when the client disconnects. Raises what ``work`` raises."""
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await give_up(leaving)
        await give_up(working)
    if not working.cancelled() and (failure := working.exception()) is not None:
        raise failure


async def give_up(task: "asyncio.Future[Any]") -> None:
    """Cancel ``task`` and wait for its end."""
    if not task.done():
        task.cancel()
        await asyncio.wait({task})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
