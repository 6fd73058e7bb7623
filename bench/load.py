"""The load: N connections, each sending its next request when the last one was answered (a closed loop).

Run as ``python -m bench.load`` with a Job as JSON on standard input; prints a Result as JSON. ``hold`` opens N idle
streams instead, prints the Result when each has had its first chunk, and keeps them until standard input closes.
"""

import asyncio
import sys
import time

import httptools
import msgspec
import uvloop
from typing_extensions import override

_PATIENCE_S = 120.0


class Job(msgspec.Struct, frozen=True):
    """What to send and for how long. ``marker`` must be in every answer, or it counts as an error."""

    port: int
    path: str
    headers: dict[str, str]
    body: str
    connections: int
    seconds: float = 0.0
    hold: bool = False
    marker: str = "bench-ok"


class Result(msgspec.Struct):
    """What came back. Latencies in milliseconds."""

    answered: int = 0
    errors: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    first_error: str = ""


class Connection(asyncio.Protocol):
    """One connection of the closed loop."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._began = 0.0
        self._busy = False
        self._seen = False
        self._tail = b""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._busy, self._seen, self._tail = True, False, b""
        self._began = time.perf_counter()
        self._transport.write(self._load.request)

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._load.failed(f"unreadable answer: {error}")
            self._transport.close()

    def on_body(self, data: bytes) -> None:
        if not self._seen:
            self._seen = self._load.marker in data
            self._tail = data
            if self._seen and self._load.job.hold:
                self._load.done(time.perf_counter() - self._began)

    def on_message_complete(self) -> None:
        self._busy = False
        status = self._parser.get_status_code()
        if status != 200 or not self._seen:
            self._load.failed(f"{status} {self._tail[:300]!r}")
        elif not self._load.job.hold:
            self._load.done(time.perf_counter() - self._began)
        if self._load.open and not self._transport.is_closing():
            # Not from inside the parser: a new one is made for the next answer.
            asyncio.get_running_loop().call_soon(self._send)
        else:
            self._transport.close()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self._busy and self._load.open:
            self._load.failed(f"connection lost: {error}")

    def close(self) -> None:
        self._transport.close()


class Load:
    """All connections of one job and what they saw."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.marker = job.marker.encode()
        self.open = True
        self.result = Result()
        self._latencies: list[float] = []
        self._enough = asyncio.Event()
        body = job.body.encode()
        headers = {"host": f"127.0.0.1:{job.port}", "content-type": "application/json"} | job.headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.request = f"POST {job.path} HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body

    def done(self, seconds: float) -> None:
        self._latencies.append(seconds)
        if self.job.hold and len(self._latencies) + self.result.errors >= self.job.connections:
            self._enough.set()

    def failed(self, reason: str) -> None:
        self.result.errors += 1
        self.result.first_error = self.result.first_error or reason
        if self.result.errors > 100:
            self.open = False
            self._enough.set()

    async def run(self) -> Result:
        loop = asyncio.get_running_loop()
        began = time.perf_counter()
        connections: list[Connection] = []

        def made() -> Connection:
            connections.append(Connection(self))
            return connections[-1]

        for _ in range(self.job.connections):
            await loop.create_connection(made, "127.0.0.1", self.job.port)
        try:
            await asyncio.wait_for(self._enough.wait(), _PATIENCE_S if self.job.hold else self.job.seconds)
        except TimeoutError:
            pass
        seconds = time.perf_counter() - began
        self.open = self.job.hold
        for connection in () if self.open else connections:
            connection.close()
        return self._summary(seconds)

    def _summary(self, seconds: float) -> Result:
        ranked = sorted(self._latencies)
        self.result.answered = len(ranked)
        self.result.seconds = seconds
        if ranked:
            self.result.p50_ms = ranked[len(ranked) // 2] * 1000
            self.result.p99_ms = ranked[len(ranked) * 99 // 100] * 1000
        return self.result


async def _main() -> None:
    load = Load(msgspec.json.decode(sys.stdin.buffer.readline(), type=Job))
    result = await load.run()
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    sys.stdout.buffer.flush()
    if load.job.hold:
        await asyncio.to_thread(sys.stdin.buffer.read)
        load.open = False


if __name__ == "__main__":
    uvloop.run(_main())
