"""A small HTTP proxy: forwards absolute-form requests, opens CONNECT tunnels, checks Basic credentials."""

import asyncio
import base64
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """``async with Proxy() as proxy: … proxy.url``. ``asked`` holds every request line, ``credentials`` every pair.

    ``wanted`` is ``user:password`` or empty; ``refuse`` answers every CONNECT with that status; ``mute`` never answers.
    """

    def __init__(self, *, wanted: str = "", refuse: int = 0, mute: bool = False) -> None:
        self.asked: list[str] = []
        self.credentials: list[str] = []
        self.was_asked = asyncio.Event()
        self.port = 0
        self._wanted = wanted
        self._refuse = refuse
        self._mute = mute
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        user = f"{self._wanted}@" if self._wanted else ""
        return f"http://{user}127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *lines = head.split("\r\n")
            self.asked.append(line)
            self.was_asked.set()
            given = next((entry for entry in lines if entry.lower().startswith("proxy-authorization: ")), "")
            pair = base64.b64decode(given.rpartition(" ")[2]).decode()
            self.credentials.append(pair)
            if self._mute:
                await asyncio.Event().wait()
            if pair != self._wanted:
                writer.write(b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n")
            elif line.startswith("CONNECT "):
                await self._tunnel(line, reader, writer)
            else:
                await self._forward(line, lines, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _tunnel(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuse:
            writer.write(b"HTTP/1.1 %d No\r\ncontent-length: 0\r\n\r\n" % self._refuse)
            await writer.drain()
            return
        host, _, port = line.split(" ")[1].rpartition(":")
        onward = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\nx-proxy: yes\r\n\r\n")
        await _join(reader, writer, *onward)

    async def _forward(
        self, line: str, lines: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        method, url, version = line.split(" ")
        parts = urlsplit(url)
        onward = await asyncio.open_connection(parts.hostname, parts.port)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        onward[1].write("\r\n".join([f"{method} {path} {version}", *lines]).encode("latin-1"))
        await _join(reader, writer, *onward)


async def _join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Copy both ways until either side ends."""
    ways = [asyncio.ensure_future(_copy(reader, far_writer)), asyncio.ensure_future(_copy(far_reader, writer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far_writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
