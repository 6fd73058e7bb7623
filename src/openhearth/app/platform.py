"""Everything the running platform consists of, put together once and taken apart in the opposite order."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from openhearth.accounts.keys import Keys
from openhearth.accounts.options import may_register
from openhearth.accounts.price_seed import Seed
from openhearth.accounts.prices import Prices
from openhearth.accounts.rotation import open_vault
from openhearth.accounts.secrets import Vault, open_secrets
from openhearth.app.access import Access
from openhearth.app.accounting import Accounting, open_accounting
from openhearth.app.drivers import picture_drivers
from openhearth.app.embedded import about, embedded_rows
from openhearth.app.embedded.replace import replaced
from openhearth.app.parts import Parts
from openhearth.app.relaying import Ground, Relaying, open_relaying
from openhearth.app.repeats import open_repeats
from openhearth.app.routes import FAMILIES, surface_routes
from openhearth.app.routes.newapi import newapi_routes
from openhearth.app.stores import open_records
from openhearth.config import Config
from openhearth.doors import asgi
from openhearth.engines.packs import open_packs
from openhearth.files.library import Library
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.pictures import Pictures
from openhearth.relay.screen import Screen
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.surfaces import health, target_health
from openhearth.surfaces.admin.engines import routes as engine_routes
from openhearth.surfaces.admin.prices import routes as price_routes
from openhearth.surfaces.admin.targets import routes as target_routes
from openhearth.surfaces.calls.witness import Witness
from openhearth.surfaces.openai.models import ModelList
from openhearth.surfaces.openai.models import routes as model_routes
from openhearth.transport.fetch import Fetcher
from openhearth.transport.wire import Deadlines

_SWEEP_EVERY_S = 3600.0
FIRST_KEY = "first-key"


class Platform(msgspec.Struct):
    """The parts that whoever serves the platform needs."""

    config: Config
    app: ASGIApp
    routes: list[BaseRoute]
    relay: Relay
    first_key: str
    said: list[str]


@asynccontextmanager
async def platform(config: Config, environ: Mapping[str, str]) -> AsyncIterator[Platform]:
    """Open everything, yield it, close everything. Raises ConfigError for what an operator must put right."""
    async with AsyncExitStack() as stack:
        yield await _Assembly(config, environ, stack).run()


class _Assembly:
    """Puts the platform together; what must be closed goes on ``stack`` as it is opened."""

    def __init__(self, config: Config, environ: Mapping[str, str], stack: AsyncExitStack) -> None:
        self._config = config
        self._environ = environ
        self._stack = stack
        self._folder = Path(config.store.folder)
        self._secrets = open_secrets(self._folder)
        self._records = open_records(config)
        self._blobs = LocalBlobs(self._folder / "blobs")
        self._packs = open_packs(config.packs, environ)
        self._keys = Keys(self._records, self._secrets.pepper_bytes())
        self._prices = Prices(self._records, seed=Seed() if config.prices.seed else None)
        self._rows = replaced(embedded_rows(config, self._packs), config, self._packs, environ)

    async def run(self) -> Platform:
        """Open stores, start the ledger, connect services, collect the routes."""
        config, stack = self._config, self._stack
        await self._records.open()
        stack.push_async_callback(self._records.close)
        vault = await open_vault(self._secrets, self._records)
        await self._prices.load()
        await self._blobs.open()
        accounting = await open_accounting(config, self._records, self._folder, stack)
        access, said = await self._access(vault, accounting)
        ground = Ground(
            config, self._environ, self._folder, self._records, self._keys, self._prices, accounting.limits, vault,
            self._packs, self._rows,
        )  # fmt: skip
        relaying = await open_relaying(ground, stack)
        relay, targets = relaying.relay, relaying.targets
        routes = [
            *health.routes(
                is_ready=lambda: "stopping" if relay.stopping else accounting.trouble, metrics=relay.meter.text
            ),
            *access.routes(relay.gate),
            *target_routes(targets, relaying.router, relay.gate, config.limits),
            *target_health.routes(relay, relaying.router, catch_up=relaying.meter.catch_up),
            *engine_routes(relay.engines, relay.gate),
            *price_routes(self._prices, relay.gate, targets.all, config.limits),
            *model_routes(self._models(relaying), relay.gate),
            *accounting.routes(relay.gate, self._prices, relaying.catalog, self._folder),
            *newapi_routes(ground, accounting, access, relaying, self._secrets.pepper_bytes()),
            *surface_routes(self._parts(relay)),
        ]
        repeats = open_repeats(
            relay,
            self._records,
            self._blobs,
            version=lambda: relaying.catalog.version,
            secret=self._secrets.pepper_bytes(),
            boot_id=accounting.ledger.boot_id,
            alive=accounting.ledger.alive,
        )
        stack.callback(asyncio.create_task(repeats.keeper.sweep_on(_SWEEP_EVERY_S), name="kept answers").cancel)
        relaying.meter.also(repeats.lines)
        routes = repeats.added_to(routes)
        said += [*await targets.load(), *await targets.attach_environment()]
        stack.callback(asyncio.create_task(targets.learn(), name="lists of models").cancel)
        app = Witness(asgi.app(routes, families=FAMILIES), accounting.digests)
        return Platform(config, app, routes, relay, await first_key(self._keys, self._folder), said)

    async def _access(self, vault: Vault, accounting: Accounting) -> tuple[Access, list[str]]:
        """And what to tell the operator."""
        access = Access(
            self._config,
            self._records,
            self._keys,
            vault,
            bind_models=accounting.limits.bind_models,
            may_register=partial(may_register, self._records, self._config.access.registration),
        )
        access.sessions.share_tries(accounting.counters, accounting.ledger.boot_id)
        self._stack.push_async_callback(access.close)
        password = await access.start()
        self._stack.callback(asyncio.create_task(access.look(), name="limits of models").cancel)
        told = f"User root, password {password} (shown this once; 'openhearth user password root' makes another)"
        return access, [told] if password else []

    def _models(self, relaying: Relaying) -> ModelList:
        return ModelList(
            relaying.catalog,
            relaying.targets,
            relaying.relay.engines,
            created=int(time.time()),
            about=about(self._rows),
        )

    def _parts(self, relay: Relay) -> Parts:
        config = self._config
        library = Library(self._records, self._blobs)
        gallery = Gallery(
            self._records,
            self._blobs,
            self._secrets.pepper_bytes(),
            keep_days=config.media.keep_days,
            changes=library.changes,
        )
        for sweep in (library.sweep_on(_SWEEP_EVERY_S), gallery.sweep_on(_SWEEP_EVERY_S)):
            self._stack.callback(asyncio.create_task(sweep).cancel)
        fetcher = Fetcher(relay.client, config.fetch, upstream=config.upstream)
        deadlines = _deadlines(config)
        calls = Calls(
            relay.gate, relay.router, relay.meter, attempts=config.upstream.attempts, total_s=config.limits.total_s
        )
        screen = Screen(calls, relay.client, relay.engines, deadlines, model=config.moderation.model)
        return Parts(
            config=config,
            relay=relay,
            calls=calls,
            pictures=Pictures(
                relay.gate,
                relay.router,
                picture_drivers(relay, fetcher, deadlines),
                relay.meter,
                attempts=config.upstream.attempts,
                total_s=config.limits.total_s,
                screen=screen,
            ),
            fetcher=fetcher,
            library=library,
            gallery=gallery,
            sources=Sources(gallery, library, fetcher, most_bytes=config.fetch.bytes),
            deadlines=deadlines,
            folder=self._folder,
            signing_key=self._secrets.pepper_bytes(),
            screen=screen,
        )


def _deadlines(config: Config) -> Deadlines:
    return Deadlines(
        connect_s=config.upstream.connect_s,
        first_byte_s=config.upstream.first_byte_s,
        idle_s=config.limits.stream_idle_s,
        total_s=config.limits.total_s,
    )


async def first_key(keys: Keys, folder: Path) -> str:
    """The first, administrating key: made on the first start and kept in a file for its owner alone."""
    if await keys.list():
        return await asyncio.to_thread(_kept_key, folder / FIRST_KEY)
    _, key = await keys.create(name="first key", is_admin=True)
    await asyncio.to_thread(_keep_key, folder / FIRST_KEY, key)
    return key


def _kept_key(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _keep_key(path: Path, key: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(key + "\n")
