"""The fault upstream: a real server on a real socket that speaks the OpenAI protocol and breaks it on demand.

    async with Upstream() as up:                 # http on 127.0.0.1, a free port
        up.script(Fault(status=429, headers={"retry-after": "2"}), Fault(reset_after=200))
        ...                                      # 429, then a reset, then good answers
        assert up.seen[0].json()["model"] == "m"
        await up.seen[1].aborted()               # when did the client hang up? (loop time)

* ``Upstream(tls=True)`` serves https with a certificate of its own authority: give ``up.ca_file`` to the client.
  ``Upstream(unix=path)`` listens on a Unix socket. ``up.url``, ``up.base_url`` (with /v1) and ``up.origin`` say where.
* Answers: ``…/chat/completions`` and ``…/completions`` (JSON, or SSE when ``"stream": true``, with usage when
  ``stream_options.include_usage``), ``…/models``, and what ``up.add(path, Reply(…))`` or ``up.add(path, function)``
  says. Any other path is a 404 in OpenAI's shape. ``up.words`` are the pieces of the text.
* ``up.script(…)`` queues one Fault per request, in the order in which requests arrive; ``up.always`` is used when the
  queue is empty. Each field of Fault is one deviation from a good answer; they combine.
* ``up.seen`` logs every request once its body is read (at once with ``early``); ``await up.saw(3)`` waits for three.
"""

import asyncio
import os
import socket
import ssl
import struct
import tempfile
from collections import deque
from collections.abc import Callable
from typing import Self

import trustme
from typing_extensions import override

from openhearth.core.provider import Origin
from tests.fakes.upstream_answers import (
    ERROR_BODY,
    PATIENCE_S,
    Fault,
    Reply,
    Seen,
    body,
    coded,
    completion,
    error_headers,
    framing,
    one,
)

__all__ = ["ERROR_BODY", "Fault", "Reply", "Seen", "Upstream"]

Answering = Callable[[Seen], Reply]


class Upstream:
    """See the module's text."""

    def __init__(
        self, *, tls: bool = False, unix: str = "", names: tuple[str, ...] = ("127.0.0.1", "localhost")
    ) -> None:
        self.words: tuple[str, ...] = ("Hello", " from", " up", "stream", "!")
        self.always = Fault()
        self.seen: list[Seen] = []
        self.accepted = 0
        self.ca_file = ""
        self.port = 0
        self._tls = tls
        self._unix = unix
        self._names = names
        self._script: deque[Fault] = deque()
        self._routes: dict[str, Answering] = {}
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._server: asyncio.AbstractServer | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def origin(self) -> Origin:
        if self._unix:
            return Origin("unix", self._unix, 0)
        return Origin("https" if self._tls else "http", "127.0.0.1", self.port)

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._links)

    def script(self, *faults: Fault) -> None:
        """Queue what happens to the next requests, one each."""
        self._script.extend(faults)

    def clear(self) -> None:
        """Forget what is still queued."""
        self._script.clear()

    def add(self, path: str, answer: Reply | Answering) -> None:
        """Answer ``path`` (exactly, without its query) with a Reply or with what a function makes of the request."""
        self._routes[path] = answer if callable(answer) else lambda _: answer

    async def saw(self, count: int, patience_s: float = PATIENCE_S) -> Seen:
        """Wait for the ``count``-th request (from 1) and return it. Raises TimeoutError."""
        await self._until(lambda: len(self.seen) >= count, patience_s)
        return self.seen[count - 1]

    async def left(self, connections: int = 0, patience_s: float = PATIENCE_S) -> None:
        """Wait until at most that many connections are open. Raises TimeoutError."""
        await self._until(lambda: len(self._links) <= connections, patience_s)

    async def hang_up(self) -> None:
        """Close every connection now, as a restarting server would."""
        for link in tuple(self._links):
            link.cut()
        await self.left()

    async def _until(self, true: Callable[[], bool], patience_s: float) -> None:
        async with asyncio.timeout(patience_s):
            while not true():
                await self._changed.wait()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if self._unix:
            self._server = await loop.create_unix_server(lambda: _Link(self), self._unix)
            return self
        context = self._certificate() if self._tls else None
        self._server = await loop.create_server(lambda: _Link(self), "127.0.0.1", self.port, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in tuple(self._links):
            link.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.left()
        await self._server.wait_closed()
        if self.ca_file:
            os.unlink(self.ca_file)

    def _certificate(self) -> ssl.SSLContext:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*self._names).configure_cert(context)
        with tempfile.NamedTemporaryFile(suffix=".pem", delete=False) as file:
            file.write(authority.cert_pem.bytes())
        self.ca_file = file.name
        return context

    def opened(self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._links.add(link)
        if self._script and self._script[0].close_on_accept:
            self._script.popleft()
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(link, reader, writer))
        link.task = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def closed(self, link: "_Link") -> None:
        self._links.discard(link)
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _serve(self, link: "_Link", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                seen = await _read_head(reader)
                fault = self._script.popleft() if self._script else self.always
                if not fault.early:
                    seen.body = await _read_body(reader, seen)
                self.seen.append(seen)
                link.take(seen)
                self._tell()
                await self._answer(seen, fault, writer)
                seen.finished.set()
                link.current = None
                await _read_on(reader, fault)
                if fault.close_idle or fault.read_to_end or not fault.keep_alive or fault.early:
                    break
        except (_Cut, asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            pass
        finally:
            writer.close()

    async def _answer(self, seen: Seen, fault: Fault, writer: asyncio.StreamWriter) -> None:
        out = _Out(writer, seen, fault)
        await _wait(fault.delay_headers_s, fault.hold_headers)
        if fault.silent:
            await asyncio.Event().wait()
        for status in fault.interim:
            await out.send(b"HTTP/1.1 %d Interim\r\nx-interim: yes\r\n\r\n" % status)
        reply = self._reply(seen, fault)
        headers = {**reply.headers, **error_headers(fault)}
        pieces = coded(body(reply, fault), fault, headers)
        headers |= fault.headers
        streamed = bool(reply.pieces or fault.endless or fault.bomb_bytes)
        whole = None if streamed else b"".join([piece async for piece in pieces])
        framed = framing(fault, headers, whole)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        await out.send(b"HTTP/1.1 %d Said\r\n%b\r\n" % (fault.status or reply.status, lines.encode("latin-1")))
        count = 0
        async for piece in one(whole) if whole is not None else pieces:
            await _wait(fault.delay_chunk_s, fault.hold_chunks if count == fault.hold_after else None)
            count += 1
            await out.send(framed(piece))
        await _wait(0, fault.hold_chunks if count <= fault.hold_after else None)
        if headers.get("transfer-encoding") == "chunked":
            await out.send(b"0\r\n\r\n")
        await out.end()

    def _reply(self, seen: Seen, fault: Fault) -> Reply:
        if fault.body is not None:
            return Reply(fault.body)
        if fault.status >= 400:
            return Reply(ERROR_BODY)
        path = seen.path.split("?", 1)[0]
        if path in self._routes:
            return self._routes[path](seen)
        if path.endswith("/models"):
            return Reply(b'{"object":"list","data":[{"id":"m","object":"model","created":1,"owned_by":"up"}]}')
        if path.endswith("/completions"):
            return completion(seen, fault, self.words)
        return Reply(b'{"error":{"message":"Unknown path.","type":"invalid_request_error","code":null}}', 404)


class _Cut(Exception):
    """The fault ended the connection."""


class _Link(asyncio.StreamReaderProtocol):
    """One connection; notices the moment at which the client hangs up, whatever the answer waits for."""

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(asyncio.StreamReader(limit=2**20), self._opened)
        self._upstream = upstream
        self._transport_: asyncio.Transport | None = None
        self.current: Seen | None = None
        self.task: asyncio.Task[None] | None = None
        self._gone = False

    def take(self, seen: Seen) -> None:
        """This request is being answered from now on."""
        self.current = seen
        if self._gone:
            self._hung_up()

    def _opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._transport_ = writer.transport  # type: ignore[assignment]
        self._upstream.opened(self, reader, writer)

    def cut(self) -> None:
        if self.task is not None:
            self.task.cancel()
        if self._transport_ is not None:
            self._transport_.abort()

    @override
    def eof_received(self) -> bool | None:
        self._hung_up()
        return super().eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._hung_up()
        super().connection_lost(exc)
        self._upstream.closed(self)

    def _hung_up(self) -> None:
        self._gone = True
        if self.current is not None:
            self.current.hung_up()
            if self.task is not None:
                self.task.cancel()


class _Out:
    """Counts what is sent and cuts the connection where the fault says."""

    def __init__(self, writer: asyncio.StreamWriter, seen: Seen, fault: Fault) -> None:
        self._writer = writer
        self._seen = seen
        self._fault = fault

    async def send(self, data: bytes) -> None:
        limit = self._fault.reset_after if self._fault.reset_after is not None else self._fault.close_after
        if limit is not None and self._seen.sent_bytes + len(data) >= limit:
            await self._write(data[: limit - self._seen.sent_bytes])
            await self._cut()
        await self._write(data)

    async def end(self) -> None:
        """The answer is complete: what the fault wants after it."""
        if self._fault.reset_after is not None or self._fault.close_after is not None:
            await self._cut()
        if self._fault.surplus:
            await self._write(self._fault.surplus)
        if self._fault.surplus_later:
            await asyncio.sleep(0.05)
            await self._write(self._fault.surplus_later)

    async def _write(self, data: bytes) -> None:
        self._seen.sent_bytes += len(data)
        self._writer.write(data)
        await self._writer.drain()

    async def _cut(self) -> None:
        self._seen.finished.set()
        if self._fault.reset_after is not None:
            await asyncio.sleep(0.01)
            sock = self._writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._writer.transport.abort()
        raise _Cut


async def _read_head(reader: asyncio.StreamReader) -> Seen:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
    return Seen(method, path, headers, head)


async def _read_body(reader: asyncio.StreamReader, seen: Seen) -> bytes:
    if seen.headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(seen.headers.get("content-length", "0")))
    parts = []
    while size := int(await reader.readline(), 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


async def _read_on(reader: asyncio.StreamReader, fault: Fault) -> None:
    """After an early answer the client decides when to hang up; closing first could take the answer away from it."""
    if fault.early:
        async with asyncio.timeout(PATIENCE_S):
            while await reader.read(65536):
                pass


async def _wait(delay_s: float, event: asyncio.Event | None) -> None:
    if delay_s:
        await asyncio.sleep(delay_s)
    if event is not None:
        await event.wait()
