"""What one warm call costs in machine instructions: a number that does not depend on what else the machine does.

Run as ``python -m bench.instructions``; it needs valgrind. The real doors, relay, client, ledger and metrics run in one
process between two transports that only note what is written, and the upstream answers at once. Two runs under
callgrind, one twice as long: their difference holds the calls and nothing of the start.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from typing_extensions import override
from uvicorn.server import ServerState

from bench.upstream import STREAM, STREAM_HEAD, WHOLE
from openhearth import config
from openhearth.app.platform import Platform, platform
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.doors.fast import FastDoor, bound
from openhearth.telemetry import log
from openhearth.transport.connection import Connection
from openhearth.transport.dial import Dialer

_BATCH = 500
_PATH = "/v1/chat/completions"
_WAIT_S = 0.02


class Wire(asyncio.Transport):
    """A transport whose ``write`` is a list's ``append``: it costs the measured side nearly nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.write = self.written.append  # type: ignore[assignment, method-assign]

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    @override
    def is_closing(self) -> bool:
        return False

    @override
    def close(self) -> None:
        """There is no socket."""

    @override
    def abort(self) -> None:
        """There is no socket."""


class Upstreams(Dialer):
    """Opens connections that end in a ``Wire``."""

    def __init__(self) -> None:
        self.opened: list[tuple[Connection, Wire]] = []

    @override
    async def open(self, origin: Origin, connection: Connection, name: str) -> None:
        wire = Wire()
        connection.connection_made(wire)
        self.opened.append((connection, wire))


class Stand:
    """A built platform with one connection from a client and one to an upstream."""

    def __init__(self, built: Platform) -> None:
        self._built = built
        self._upstreams = Upstreams()
        self._client = Wire()
        relay = built.relay
        relay.client._dialer = self._upstreams  # type: ignore[attr-defined]
        provider = Provider(
            "bench", "bench", "http://127.0.0.1:9/v1", speaks={Operation.CHAT: Dialect.OPENAI_CHAT}, auth="none"
        )
        router: Any = relay.router
        price = Price(input_micros_per_mtok=150_000, output_micros_per_mtok=600_000, version=1)
        router.catalog.add(Target("bench", provider, Origin("http", "127.0.0.1", 9), "/v1", "mock", price=price))
        settings = uvicorn.Config(built.app, ws="none", lifespan="off", log_config=None, access_log=False)
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        hot = {_PATH.encode(): Operation.CHAT}
        self._door: FastDoor = bound(relay, hot, built.config.limits)(settings, state, {})
        self._door.connection_made(self._client)

    async def run(self, calls: int, *, stream: bool) -> None:
        """That many calls, with pauses in which the ledger writes."""
        request = _request(self._built.first_key, stream=stream)
        self._door.data_received(request)
        while not self._upstreams.opened:  # the key is looked up, the connection opened
            await asyncio.sleep(_WAIT_S)
        ((connection, upstream),) = self._upstreams.opened
        pieces = [STREAM_HEAD, *STREAM] if stream else [WHOLE]
        for piece in pieces:
            connection.data_received(piece)
        door, answers, heard = self._door, self._client.written, upstream.written
        for number in range(1, calls + 1):
            door.data_received(request)
            for piece in pieces:
                connection.data_received(piece)
            if number % _BATCH == 0:
                assert len(heard) == _BATCH + (number == _BATCH), len(heard)
                assert b"bench-ok" in answers[-1] or stream
                heard.clear()
                answers.clear()
                await self._settled()

    async def _settled(self) -> None:
        ledger: Any = self._built.relay.gate._limits
        while ledger._ledger.waiting:
            await asyncio.sleep(_WAIT_S)


def _request(key: str, *, stream: bool) -> bytes:
    text = "Say something nice about the weather. " * 7
    call = {"model": "mock", "messages": [{"role": "user", "content": text}]} | ({"stream": True} if stream else {})
    body = json.dumps(call).encode()
    lines = (
        f"POST {_PATH} HTTP/1.1\r\nhost: 127.0.0.1:8080\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return lines.encode() + body


async def _calls(count: int, *, stream: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = config.Config(store=config.Store(folder=folder))
        async with platform(settings, {}) as built:
            stand = Stand(built)
            gc.freeze()  # as ``app.server`` does
            gc.set_threshold(20_000, 20, 50)
            await stand.run(count, stream=stream)


def _instructions(count: int, stream: bool, keep: str) -> int:
    """All instructions of one run of this module with ``count`` calls."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(keep or folder) / f"callgrind.out.{count}"
        command = [sys.executable, "-X", "frozen_modules=on", "-m", "bench.instructions", "--calls", str(count)]
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={out}", *command]
            + (["--stream"] if stream else []),
            check=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},
        )
        lines = out.read_text().splitlines()
        return int(next(line for line in lines if line.startswith(("summary:", "totals:"))).split()[1])


def main() -> None:
    """Print instructions per call; with ``--calls`` only make that many."""
    wish = argparse.ArgumentParser(description=__doc__)
    wish.add_argument("--calls", type=int, default=0, help="only make this many calls, without valgrind")
    wish.add_argument("--stream", action="store_true", help="streams of fifty chunks instead of whole answers")
    wish.add_argument("--keep", default="", help="folder for callgrind's output")
    given = wish.parse_args()
    if given.calls:
        log.setup("info", open(os.devnull, "w"))  # noqa: SIM115 (as long as the process)
        uvloop.run(_calls(given.calls, stream=given.stream))
        return
    some = _BATCH if given.stream else 4 * _BATCH
    less, more = (_instructions(count, given.stream, given.keep) for count in (some, 2 * some))
    print(f"{(more - less) // some:,} instructions per {'stream' if given.stream else 'call'}")


if __name__ == "__main__":
    main()
