"""A gateway of real doors, relay and client over fake access, so that the relay is tested without stores or engines."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import hypercorn
import hypercorn.asyncio
import msgspec
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from openhearth.config import Config
from openhearth.core.call import Call, Principal
from openhearth.core.envelope import Envelope
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.doors.fast import bound
from openhearth.doors.sweeper import Sweeper
from openhearth.engines.ports import EngineState
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.surfaces import health
from openhearth.surfaces.openai import chat
from openhearth.surfaces.screening import Screening
from openhearth.transport.h1_client import H1Client
from tests.fakes.access import Keys, Limits
from tests.fakes.serving import port_of, serving

RELAYED = {Operation.CHAT: Dialect.OPENAI_CHAT, Operation.COMPLETE: Dialect.OPENAI_COMPLETIONS}


class NoEngines:
    """A host without engines."""

    def origin(self, name: str) -> Origin:
        raise KeyError(name)

    def ready(self, name: str) -> bool:
        return True

    async def ensure(self, name: str) -> Origin:
        raise KeyError(name)

    def states(self) -> list[EngineState]:
        return []

    async def close(self) -> None:
        return None


class Finished:
    """Keeps finished calls and lets a test wait for one."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._news = asyncio.Event()

    def finished(self, call: Call) -> None:
        self.calls.append(call)
        self._news.set()

    def text(self) -> bytes:
        return b""

    def bug(self, error: Exception, call_id: str) -> None:
        raise error

    async def wait(self, count: int = 1) -> list[Call]:
        async with asyncio.timeout(30):
            while len(self.calls) < count:
                self._news.clear()
                await self._news.wait()
        return self.calls


class Gateway(msgspec.Struct):
    """A running gateway: its address and what a test may look at."""

    port: int
    relay: Relay
    limits: Limits
    finished: Finished
    catalog: Catalog
    health: Health
    router: Router

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def target(port: int, name: str = "up", **changes: object) -> Target:
    """A target at a fake upstream on this machine."""
    provider = Provider(name, name, f"http://127.0.0.1:{port}/v1", speaks=RELAYED, auth="none")
    made = Target(id=name, provider=provider, origin=Origin("http", "127.0.0.1", port), base_path="/v1", model="mock")
    return msgspec.structs.replace(made, **changes)


async def _no_pictures(_: Request, __: Envelope, ___: Principal) -> Response | None:
    return None


@asynccontextmanager
async def gateway(
    targets: Sequence[Target],
    *,
    config: Config | None = None,
    keys: Keys | None = None,
    limits: Limits | None = None,
    foreign: bool = False,
    screening: Callable[[Relay], Screening] | None = None,
) -> AsyncIterator[Gateway]:
    """Serve on a free port until the block ends. ``config.server.fast_door`` chooses the door; ``foreign`` serves the
    ASGI app by another server than ours (hypercorn)."""
    config = config or Config()
    catalog = Catalog(targets)
    health_of = Health(config.upstream.cooldown_s, circuit=config.routing.circuit)
    router = Router(catalog, health_of, routing=config.routing)
    limits = limits or Limits()
    finished = Finished()
    client = H1Client(pool_per_origin=config.upstream.pool_per_origin)
    relay = Relay(
        config=config,
        gate=Gate(keys or Keys(), limits),
        router=router,
        client=client,
        engines=NoEngines(),
        shaper=Shaper(config),
        meter=finished,
    )
    routes = [
        *chat.routes(relay, config.limits, _no_pictures, screening(relay) if screening else None),
        *health.routes(is_ready=lambda: "", metrics=lambda: b""),
    ]
    state = ServerState()
    async with (_hypercorn if foreign else _uvicorn)(relay, asgi.app(routes), state) as port:
        sweeping = asyncio.create_task(Sweeper(relay, state, every_s=0.05).run())
        try:
            yield Gateway(port, relay, limits, finished, catalog, health_of, router)
        finally:
            sweeping.cancel()
            for exchange in list(relay.open):
                exchange.client_gone()
    await client.close()


@asynccontextmanager
async def _uvicorn(relay: Relay, app: ASGIApp, state: ServerState) -> AsyncIterator[int]:
    config = relay.config
    operations = {"/v1/chat/completions": Operation.CHAT, "/v1/completions": Operation.COMPLETE}
    hot = {way.encode(): operation for path, operation in operations.items() for way in asgi.spellings(path)}
    settings = uvicorn.Config(
        app,
        port=0,
        http=bound(relay, hot if config.server.fast_door else {}, config.limits),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=max(1, round(config.limits.idle_connection_s)),
    )
    async with serving(settings, state, patience_s=0.1) as server:
        yield port_of(server)


@asynccontextmanager
async def _hypercorn(relay: Relay, app: ASGIApp, state: ServerState) -> AsyncIterator[int]:
    stop = asyncio.Event()
    settings = hypercorn.Config()
    settings.loglevel = "CRITICAL"
    settings.graceful_timeout = 0.1
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings.bind = [f"fd://{listener.fileno()}"]
        answering = asyncio.create_task(
            hypercorn.asyncio.serve(app, settings, shutdown_trigger=stop.wait)  # type: ignore[arg-type]
        )
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            await answering
            listener.detach()
