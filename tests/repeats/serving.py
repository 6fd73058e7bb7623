"""A server whose routes answer again: the real doors, relay and records, an upstream of the test, some odd handlers."""

import asyncio
import functools
import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from uvicorn.server import ServerState

import openhearth.stores.sql.repeats_tables  # noqa: F401 (a fresh database has the table)
from openhearth.config import Cache, Config, Idempotency
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import AccessError, StorageFull
from openhearth.core.permissions import Permission, Role
from openhearth.core.provider import Target
from openhearth.dialects import fish_errors
from openhearth.doors import asgi
from openhearth.doors.fast import bound
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.stores.sql.records import SqlRecords
from openhearth.stores.sql.repeats import SqlRepeats
from openhearth.surfaces.family import told_by
from openhearth.surfaces.http import Json, Route, body_pieces, json_body, known_caller, principal_of
from openhearth.surfaces.openai import chat, embeddings
from openhearth.surfaces.repeats import showing
from openhearth.surfaces.repeats.cached import AnswerCache
from openhearth.surfaces.repeats.keeper import Keeper
from openhearth.surfaces.repeats.routes import repeating
from openhearth.surfaces.repeats.shelf import Shelf
from openhearth.transport.h1_client import H1Client
from tests.fakes.access import GOOD_KEY, Limits
from tests.fakes.gateway import Finished, NoEngines

SECRET = b"a secret of sixteen"
PLAIN = Principal("key_1", "owner_1", "one", role=Role.ROOT)
CALLERS = {
    GOOD_KEY: PLAIN,
    "sk-same-owner": Principal("key_2", "owner_1", "two"),
    "sk-other-owner": Principal("key_3", "owner_2", "three"),
    "sk-chat-only": Principal("key_4", "owner_1", "four", operations=("chat",)),
    "sk-caching": Principal("key_5", "owner_5", "five", cache_s=3600),
    "sk-one-model": Principal("key_6", "owner_1", "six", models=("other",)),
}


class Clock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


class _Keys:
    def find_cached(self, token: bytes) -> Principal | None:
        found = CALLERS.get(token.decode())
        if found is None:
            raise AccessError("This API key is not known.")
        return found

    async def find(self, token: bytes) -> Principal:
        raise AccessError("This API key is not known.")


class Alive:
    """The boots that are said to live."""

    def __init__(self, *boots: str) -> None:
        self.boots: Collection[str] = boots

    async def __call__(self) -> Collection[str]:
        return self.boots


class Charges:
    """What the ledger says calls cost; nothing until a test says so."""

    def __init__(self) -> None:
        self.nanos: int | None = None
        self.asked: list[str] = []

    async def __call__(self, call_id: str) -> int | None:
        self.asked.append(call_id)
        return self.nanos


class Server(msgspec.Struct):
    """A running one, and what a test may look at. ``ran`` names the odd handlers that were carried out."""

    port: int
    relay: Relay
    limits: Limits
    finished: Finished
    catalog: Catalog
    keeper: Keeper
    cache: AnswerCache
    clock: Clock
    charges: Charges
    ran: list[str]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@asynccontextmanager
async def stores(folder: Path) -> AsyncIterator[tuple[SqlRepeats, LocalBlobs]]:
    """A database and a folder of blobs, as the platform opens them."""
    records = SqlRecords(f"sqlite:///{folder / 'openhearth.db'}")
    await records.open()
    blobs = LocalBlobs(folder / "blobs")
    await blobs.open()
    try:
        yield SqlRepeats(records.database), blobs
    finally:
        await records.close()


@asynccontextmanager
async def keeper(
    folder: Path, *, settings: Idempotency | None = None, boot: str = "boot_1", alive: Alive | None = None
) -> AsyncIterator[tuple[Keeper, Clock]]:
    """A keeper over real stores, and its clock."""
    clock = Clock()
    async with stores(folder) as (records, blobs):
        yield (
            Keeper(
                records,
                blobs,
                settings or Idempotency(),
                secret=SECRET,
                boot_id=boot,
                alive=alive or Alive(boot),
                now=clock,
            ),
            clock,
        )


@asynccontextmanager
async def serving(
    folder: Path, *targets: Target, idempotency: Idempotency | None = None, cache: Cache | None = None
) -> AsyncIterator[Server]:
    """Serve on a free port until the block ends."""
    config = Config(idempotency=idempotency or Idempotency(), cache=cache or Cache())
    catalog = Catalog(targets)
    limits, finished, client, charges = Limits(), Finished(), H1Client(), Charges()
    relay = Relay(
        config=config,
        gate=Gate(_Keys(), limits),
        router=Router(catalog, Health(config.upstream.cooldown_s)),
        client=client,
        engines=NoEngines(),
        shaper=Shaper(config),
        meter=finished,
    )
    async with keeper(folder, settings=config.idempotency) as (kept, clock):
        answers = AnswerCache(
            config.cache,
            config.limits,
            shelf=Shelf(config.cache, clock=clock),
            charge=charges,
            version=lambda: catalog.version,
            relays=relay.router.relayable,
        )
        ran: list[str] = []
        routes = [
            *chat.routes(relay, config.limits, _no_pictures),
            *embeddings.routes(relay, config.limits),
            *showing.routes(answers, relay.gate),
            *_odd(relay, ran),
        ]
        repeating(routes, kept, answers, config.limits)
        async with _listening(relay, routes) as port:
            yield Server(port, relay, limits, finished, catalog, kept, answers, clock, charges, ran, folder)
        for exchange in list(relay.open):
            exchange.interrupt()
    await client.close()


@asynccontextmanager
async def _listening(relay: Relay, routes: list[BaseRoute]) -> AsyncIterator[int]:
    """The server's protocol class without its loop of ticks, which a hundred short tests need not wait for."""
    state, door = ServerState(), bound(relay, {}, relay.config.limits)
    settings = uvicorn.Config(asgi.app(routes), http=door, ws="none", lifespan="off", log_config=None)
    settings.load()
    made = functools.partial(door, settings, state, {})
    listener = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for connection in list(state.connections):
            connection.transport.abort()
        running = list(state.tasks)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await listener.wait_closed()


def _odd(relay: Relay, ran: list[str]) -> list[BaseRoute]:
    """Handlers of forms that the relay's are not."""

    async def form(request: Request) -> Response:
        """An object made from a form; its number differs each time."""
        await principal_of(request, relay.gate)
        digest = hashlib.sha256()
        async for piece in body_pieces(request, most=10**8, within_s=60.0):
            digest.update(piece)
        ran.append("form")
        return Json({"number": len(ran), "sha256": digest.hexdigest()}, status_code=201)

    async def sound(request: Request) -> Response:
        """Bytes, as many as asked for; they differ each time."""
        await principal_of(request, relay.gate)
        count = (await json_body(request, relay.config.limits)).require("bytes", int)
        ran.append("sound")
        return Response(bytes([len(ran)]) * count, media_type="audio/mpeg", headers={"set-cookie": "a=b"})

    async def bug(request: Request, _: Principal) -> Response:
        await json_body(request, relay.config.limits)
        ran.append("bug")
        raise RuntimeError("a bug of the test")

    async def full(_: Request, __: Principal) -> Response:
        ran.append("full")
        raise StorageFull("The disk is full.")

    async def unread(_: Request, __: Principal) -> Response:
        """Does not look at its body."""
        ran.append("unread")
        return Json({"number": len(ran)})

    async def fish(request: Request) -> Response:
        await principal_of(request, relay.gate)
        envelope: Envelope = await json_body(request, relay.config.limits)
        ran.append("fish")
        return Json({"said": envelope.require("text", str), "number": len(ran)})

    handlers: Mapping[str, Any] = {
        "form": form,
        "sound": sound,
        "bug": known_caller(relay.gate, bug),
        "full": known_caller(relay.gate, full),
        "unread": known_caller(relay.gate, unread),
        "fish": told_by(fish_errors, fish),
    }
    return [
        Route(f"/test/{name}", handler, methods=["POST"], permission=Permission.CALL)
        for name, handler in handlers.items()
    ]


async def _no_pictures(_: Request, __: Envelope, ___: Principal) -> Response | None:
    return None
