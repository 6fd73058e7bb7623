"""The process: one event loop, one listening socket, a start that says where it is and a stop that loses nothing."""

import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from typing_extensions import override

from openhearth.app import banner
from openhearth.app.forwarded import forwarded
from openhearth.app.platform import Platform, platform
from openhearth.app.preload import preload
from openhearth.config import Config, ConfigError
from openhearth.core.operations import Operation
from openhearth.doors import asgi
from openhearth.doors.fast import bound
from openhearth.doors.sweeper import Sweeper
from openhearth.telemetry import log

_RELAYED = {"/v1/chat/completions": Operation.CHAT, "/v1/completions": Operation.COMPLETE}


def serve(config: Config) -> int:
    """Run until SIGTERM or SIGINT; the exit code. Raises ConfigError before anything is served."""
    log.setup(config.log_level)
    uvloop.run(_serve(config, dict(os.environ)))
    return 0


async def _serve(config: Config, environ: Mapping[str, str]) -> None:
    with _listening(config) as sock:
        async with platform(config, environ) as built:
            url = config.server.public_url or f"http://{_shown_host(config)}:{sock.getsockname()[1]}"
            await _run(built, sock, url)


async def _run(built: Platform, sock: socket.socket, url: str) -> None:
    config = built.config
    server = _Server(built, url)
    sweeper = asyncio.create_task(Sweeper(built.relay, server.server_state).run())
    about = Path(config.store.folder) / "server.json"
    about.write_text(json.dumps({"url": url, "pid": os.getpid()}), encoding="utf-8")
    try:
        await server.serve(sockets=[sock])
    finally:
        about.unlink(missing_ok=True)
        sweeper.cancel()
        await server.end_preload()
        for exchange in list(built.relay.open):
            exchange.interrupt()


class _Server(uvicorn.Server):
    """uvicorn with our fast door, our limits, and a greeting once it accepts connections."""

    def __init__(self, built: Platform, url: str) -> None:
        config = built.config
        hot = {way.encode(): operation for path, operation in _RELAYED.items() for way in asgi.spellings(path)}
        super().__init__(
            uvicorn.Config(
                forwarded(built.app, config.server.trusted_proxies),
                proxy_headers=False,
                http=bound(built.relay, hot if config.server.fast_door else {}, config.limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=round(config.limits.idle_connection_s),
                timeout_graceful_shutdown=round(config.limits.graceful_stop_s),
            )
        )
        self._built = built
        self._url = url
        self._preload: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _calm_collector()
        built = self._built
        banner.show(url=self._url, key=built.first_key, lines=built.said)
        if built.config.engines.preload:
            self._preload = asyncio.create_task(preload(built.relay.engines), name="preload")

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._built.relay.stopping = True
        await super().shutdown(sockets)

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. uvicorn's own way ends the process by the same signal once it has served, before the
        ledger is written and closed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    async def end_preload(self) -> None:
        """No engine is started any more, and nothing waits for one."""
        if self._preload is not None:
            self._preload.cancel()
            await asyncio.gather(self._preload, return_exceptions=True)


def _calm_collector() -> None:
    """What the start made stays for good: take it out of the collector's rounds, and make rounds rare. Measured: the
    default rounds cost about 5 µs of every relayed call."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@contextmanager
def _listening(config: Config) -> Iterator[socket.socket]:
    """The bound socket. Raises ConfigError that names the port when it is taken."""
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port with PORT=… or --port."
        ) from error
    sock.listen(4096)
    try:
        yield sock
    finally:
        sock.close()


def _shown_host(config: Config) -> str:
    host = config.server.host
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
