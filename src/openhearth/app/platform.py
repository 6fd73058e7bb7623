"""Everything the running platform consists of, put together once and taken apart in the opposite order."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from openhearth.accounts.keys import Keys
from openhearth.accounts.ledger import Ledger
from openhearth.accounts.limits import Limits
from openhearth.accounts.secrets import Secrets, open_secrets
from openhearth.app.embedded import EDITOR, NOTES, STAND_INS, default_chat, embedded_targets, engine_specs
from openhearth.app.meter import Meter
from openhearth.config import Config
from openhearth.core.ids import new_id
from openhearth.core.provider import Dialect
from openhearth.doors import asgi
from openhearth.engines.catalogue import load_catalogue
from openhearth.engines.host import Host
from openhearth.engines.packs import Packs, packs_folder
from openhearth.engines.supervised import Timing
from openhearth.files.library import Library
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.providers import builtin
from openhearth.providers.embedded.images import LocalEditDriver
from openhearth.providers.openai_images.images import OpenAIImagesDriver
from openhearth.providers.volcengine.images import ArkImagesDriver
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.picture_chat import PictureChat
from openhearth.relay.pictures import Pictures
from openhearth.relay.pipeline import Relay
from openhearth.routing.aliases import aliases
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.routing.targets import Targets
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.stores.shared.memory import MemoryHolds
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces import health
from openhearth.surfaces.admin.routes import Admin
from openhearth.surfaces.media import MediaPages
from openhearth.surfaces.openai import chat, files
from openhearth.surfaces.openai.images import Images
from openhearth.surfaces.openai.models import ModelList
from openhearth.surfaces.openai.models import routes as model_routes
from openhearth.surfaces.openai.picture_chat import PictureChatAnswers
from openhearth.telemetry.metrics import Metrics
from openhearth.transport.fetch import Fetcher
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines

_SWEEP_EVERY_S = 3600.0
FIRST_KEY = "first-key"


class Platform(msgspec.Struct):
    """The parts that whoever serves the platform needs."""

    config: Config
    app: ASGIApp
    relay: Relay
    first_key: str
    said: list[str]


class Stores(msgspec.Struct, frozen=True):
    """The opened stores and secrets of one data folder."""

    folder: Path
    records: SqlRecords
    blobs: LocalBlobs
    secrets: Secrets


@asynccontextmanager
async def platform(config: Config, environ: Mapping[str, str]) -> AsyncIterator[Platform]:
    """Open everything, yield it, close everything. Raises ConfigError for what an operator must put right."""
    async with AsyncExitStack() as stack:
        stores = await _stores(config, stack)
        holds = MemoryHolds()
        ledger = Ledger(
            stores.records,
            boot_id=new_id("boot"),
            spool=stores.folder / "ledger-spool.jsonl",
            flush_ms=config.store.flush_ms,
        )
        holds.load(await ledger.start())
        stack.push_async_callback(ledger.close)
        keys = Keys(stores.records, stores.secrets.pepper_bytes())
        yield await _assembled(config, environ, stack, stores, keys, Limits(holds, ledger))


async def _stores(config: Config, stack: AsyncExitStack) -> Stores:
    folder = Path(os.path.abspath(config.store.folder))
    secrets = open_secrets(folder)
    records = SqlRecords(f"sqlite:///{folder / 'openhearth.db'}")
    await records.open()
    stack.push_async_callback(records.close)
    blobs = LocalBlobs(folder / "blobs")
    await blobs.open()
    return Stores(folder, records, blobs, secrets)


async def _assembled(
    config: Config, environ: Mapping[str, str], stack: AsyncExitStack, stores: Stores, keys: Keys, limits: Limits
) -> Platform:
    packs = Packs(packs_folder(config.packs.folder, environ), load_catalogue(), environ)
    host = Host(
        engine_specs(config, packs),
        folder=stores.folder / "run",
        packs=packs,
        environ=environ,
        threads=config.engines.threads,
        timing=Timing(idle_unload_s=config.engines.idle_unload_s),
    )
    stack.push_async_callback(host.close)
    client = H1Client(
        pool_per_origin=config.upstream.pool_per_origin,
        pool_idle_s=config.upstream.pool_idle_s,
        ca_file=config.upstream.ca_file,
    )
    stack.push_async_callback(client.close)
    installed = {spec.name: spec.packs for spec in engine_specs(config, packs)}
    catalog = Catalog(
        embedded_targets(config, host),
        aliases(config.aliases, chat=default_chat(config, packs), pictures=EDITOR),
        STAND_INS,
        listed=lambda target: not packs.missing(installed.get(target.engine, ())),
    )
    health_of = Health(config.upstream.cooldown_s)
    gate = Gate(keys, limits)
    meter = Meter(Metrics(), host)
    relay = Relay(config, gate, Router(catalog, health_of), client, host, Shaper(config), meter)
    targets = Targets(
        stores.records,
        catalog,
        health_of,
        stores.secrets.vault(),
        client,
        builtin(),
        config.upstream,
        environ,
        on_removed=relay.shaper.forget,
    )
    await targets.load()
    said = targets.attach_environment()
    routes = [
        *health.routes(is_ready=lambda: "stopping" if relay.stopping else "", metrics=meter.text),
        *Admin(gate, keys, targets, health_of, host, config.limits).routes(),
        *model_routes(ModelList(catalog, targets, created=int(time.time()), notes=NOTES), gate),
        *await _pictures_and_files(config, stack, stores, relay),
    ]
    return Platform(config, asgi.app(routes), relay, await first_key(keys, stores.folder), said)


async def _pictures_and_files(config: Config, stack: AsyncExitStack, stores: Stores, relay: Relay) -> list[BaseRoute]:
    library = Library(stores.records, stores.blobs)
    pepper = stores.secrets.pepper_bytes()
    gallery = Gallery(stores.records, stores.blobs, pepper, keep_days=config.media.keep_days, changes=library.changes)
    fetcher = Fetcher(relay.client, config.fetch)
    sources = Sources(gallery, library, fetcher, most_bytes=config.fetch.bytes)
    deadlines = Deadlines(
        connect_s=config.upstream.connect_s,
        first_byte_s=config.upstream.first_byte_s,
        idle_s=config.limits.stream_idle_s,
        total_s=config.limits.total_s,
    )
    pictures = Pictures(
        relay.gate,
        relay.router,
        {
            Dialect.LOCAL_EDIT: LocalEditDriver(relay.client, relay.engines),
            Dialect.ARK_IMAGES: ArkImagesDriver(relay.client, fetcher, deadlines),
            Dialect.OPENAI_IMAGES: OpenAIImagesDriver(relay.client, fetcher, deadlines),
        },
        relay.meter,
        attempts=config.upstream.attempts,
        total_s=config.limits.total_s,
    )
    picture_chat = PictureChatAnswers(PictureChat(pictures, gallery, sources), pictures, config)
    for sweep in (library.sweep_on(_SWEEP_EVERY_S), gallery.sweep_on(_SWEEP_EVERY_S)):
        task = asyncio.create_task(sweep)
        stack.callback(task.cancel)
    return [
        *chat.routes(relay, config.limits, picture_chat.answer),
        *files.routes(library, relay.gate, config.limits),
        *Images(relay.gate, pictures, gallery, sources, config).routes(),
        *MediaPages(relay.gate, gallery, public_url=config.server.public_url).routes(),
    ]


async def first_key(keys: Keys, folder: Path) -> str:
    """The first, administrating key: made on the first start and kept in a file for its owner alone."""
    path = folder / FIRST_KEY
    if await keys.list():
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""
    _, key = await keys.create(name="first key", is_admin=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key + "\n")
    return key
