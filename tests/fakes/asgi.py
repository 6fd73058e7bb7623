"""Calls an ASGI app in process, piece by piece, and leaves whenever the test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Message

_PATIENCE_S = 60.0


class Answer:
    """What came so far. ``pieces`` are the bodies in the order they were sent."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.pieces: list[bytes] = []
        self.complete = False

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def json(self) -> Any:
        return json.loads(self.body)

    def events(self) -> list[Any]:
        """The JSON of every event; ``[DONE]`` stays a text."""
        lines = (line for block in self.body.decode().split("\n\n") for line in block.split("\n"))
        data = (line.removeprefix("data: ") for line in lines if line.startswith("data: "))
        return [one if one == "[DONE]" else json.loads(one) for one in data]


class Caller:
    """One call under way. The client stops reading while ``reads`` is cleared."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], body: bytes) -> None:
        self._app = app
        self._scope = scope
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._news = asyncio.Event()
        self.answer = Answer()
        self.reads = asyncio.Event()
        self.reads.set()
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self._run())

    def leave(self) -> None:
        """The client hangs up."""
        self._gone.set()

    async def until(self, text: bytes) -> None:
        """Wait until ``text`` has come. Raises TimeoutError."""
        async with asyncio.timeout(_PATIENCE_S):
            while text not in self.answer.body:
                self._news.clear()
                await self._news.wait()

    async def end(self) -> Answer:
        """Wait for the app to return; raises what it raises."""
        assert self.task is not None
        async with asyncio.timeout(_PATIENCE_S):
            await self.task
        return self.answer

    async def _run(self) -> None:
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self) -> Message:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        await self.reads.wait()
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.answer.pieces.append(message.get("body", b""))
            self.answer.complete = not message.get("more_body", False)
        self._news.set()


@asynccontextmanager
async def calling(
    app: ASGIApp, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> AsyncIterator[Caller]:
    """A call that runs beside the test and is ended with the block."""
    given = {"host": "gate.test", **(headers or {})}
    place, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    caller = Caller(app, scope, body)
    caller.start()
    try:
        yield caller
    finally:
        assert caller.task is not None
        caller.task.cancel()
        await asyncio.gather(caller.task, return_exceptions=True)


async def ask(
    app: ASGIApp, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> Answer:
    """One call from beginning to end."""
    async with calling(app, method, path, headers=headers, body=body) as caller:
        return await caller.end()
