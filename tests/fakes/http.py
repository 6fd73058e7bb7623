"""A bare HTTP/1.1 client over asyncio streams, for tests that must control every byte and leave at any moment."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from tests.fakes.access import GOOD_KEY


class Reply(msgspec.Struct):
    """A whole answer. ``closed`` says the server closed the connection after it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    def error(self) -> dict[str, object]:
        error = self.json()["error"]
        assert isinstance(error, dict)
        return error

    def events(self) -> list[str]:
        """The data of each server-sent event."""
        return [
            block[6:] for block in self.body.decode().replace("\r\n", "\n").split("\n\n") if block.startswith("data: ")
        ]


class Connection:
    """One connection; requests may follow each other on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the next answer (interim ones skipped)."""
        while True:
            lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            if status >= 200:
                return status, dict(_pair(line) for line in lines[1:] if line)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The pieces of a chunked body as they come."""
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            data = await self.reader.readexactly(size + 2)
            if not size:
                return
            yield data[:-2]

    async def reply(self) -> Reply:
        status, headers = await self.head()
        if status in (204, 304):
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b"".join([piece async for piece in self.chunks()])
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        else:
            body = await self.reader.read()
        return Reply(status, headers, body)

    def abort(self) -> None:
        """Reset the connection at once."""
        self.writer.transport.abort()


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()


@asynccontextmanager
async def connect(port: int, *, buffer_bytes: int = 2**24) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=buffer_bytes)
    try:
        yield Connection(reader, writer)
    finally:
        writer.transport.abort()


def request(
    path: str = "/v1/chat/completions",
    body: object = None,
    *,
    method: str = "POST",
    key: str = GOOD_KEY,
    headers: dict[str, str] | None = None,
) -> bytes:
    """A request as bytes. ``body`` may be bytes or a JSON value."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    lines = {"host": "test", "content-length": str(len(data)), **(headers or {})}
    if key:
        lines.setdefault("authorization", f"Bearer {key}")
    if data:
        lines.setdefault("content-type", "application/json")
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + data


async def ask(
    port: int,
    path: str = "/v1/chat/completions",
    body: object = None,
    *,
    method: str = "POST",
    key: str = GOOD_KEY,
    headers: dict[str, str] | None = None,
    patience_s: float = 20.0,
) -> Reply:
    """One request on a connection of its own."""
    async with asyncio.timeout(patience_s), connect(port) as connection:
        await connection.send(request(path, body, method=method, key=key, headers=headers))
        return await connection.reply()
