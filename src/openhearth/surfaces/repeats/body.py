"""A request's body on its way to the handler, for those who must look at it before, beside or after it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from openhearth.config import Limits
from openhearth.core.errors import RequestTimeout, TooLarge


class Body:
    """``ended`` once its last piece has come. Pieces read ahead are given to the handler later."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        self._ahead: deque[Message] = deque()
        self._told: Callable[[bytes], None] = lambda _: None
        self.ended = False

    def tell(self, told: Callable[[bytes], None]) -> None:
        """``told`` gets every piece as it comes from the client."""
        self._told = told

    async def receive(self) -> Message:
        """The next message for the handler."""
        return self._ahead.popleft() if self._ahead else await self._next()

    async def whole(self) -> bytes:
        """All of it, up to ``limits.json_body_bytes``; the handler will get it too. Raises as ``drain`` does."""
        pieces = [message async for message in self._rest(self._limits.json_body_bytes)]
        self._ahead.extend(pieces)
        return b"".join(message.get("body", b"") for message in pieces)

    async def drain(self) -> None:
        """Read what nobody has read, up to ``limits.upload_bytes``, and let it go.

        Raises TooLarge, RequestTimeout and ClientDisconnect.
        """
        async for _ in self._rest(self._limits.upload_bytes):
            pass

    async def _rest(self, most_bytes: int) -> AsyncIterator[Message]:
        end_s = asyncio.get_running_loop().time() + self._limits.body_s
        size_bytes = 0
        while not self.ended:
            try:
                async with asyncio.timeout_at(end_s):
                    message = await self._next()
            except TimeoutError as error:
                raise RequestTimeout(f"The body did not arrive within {self._limits.body_s:g} s.") from error
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            size_bytes += len(message.get("body", b""))
            if size_bytes > most_bytes:
                raise TooLarge(f"The body is larger than {most_bytes} bytes.")
            yield message

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._told(message.get("body", b""))
            self.ended = not message.get("more_body", False)
        return message
