"""Where calls go and who carries them: targets, their health, the choice among them, engines, the upstream client."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from openhearth.accounts.keys import Keys
from openhearth.accounts.limits import Limits
from openhearth.accounts.prices import Prices
from openhearth.accounts.secrets import Vault
from openhearth.app.embedded import embedded_targets, engine_specs, openai_names, stand_ins
from openhearth.app.embedded.row import Row
from openhearth.app.engines import engine_host
from openhearth.app.meter import Meter
from openhearth.config import Config, ConfigError
from openhearth.engines.packs import Packs
from openhearth.providers import builtin
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.routing.aliases import aliases
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.routing.rules import Rules
from openhearth.routing.targets import Targets
from openhearth.stores.ports import Records
from openhearth.telemetry.metrics import Metrics
from openhearth.transport.h1_client import H1Client

_LOOK_EVERY_S = 60.0  # how soon what another process of the same database changed is known here


class Ground(msgspec.Struct, frozen=True):
    """What calls are carried out on: stores, secrets, packs, and the rows of embedded models."""

    config: Config
    environ: Mapping[str, str]
    folder: Path
    records: Records
    keys: Keys
    prices: Prices
    limits: Limits
    vault: Vault
    packs: Packs
    rows: Sequence[Row]


class Relaying(msgspec.Struct):
    """Calls can be carried out now."""

    relay: Relay
    catalog: Catalog
    router: Router
    targets: Targets
    meter: Meter


async def open_relaying(ground: Ground, stack: AsyncExitStack) -> Relaying:
    """Raises ConfigError. Closed by ``stack``."""
    config = ground.config
    specs = engine_specs(ground.rows)
    host = engine_host(specs, config, ground.packs, ground.environ, ground.folder / "run")
    stack.push_async_callback(host.close)
    client = _client(config)
    stack.push_async_callback(client.close)
    needed = {spec.name: spec.packs for spec in specs}
    catalog = Catalog(
        embedded_targets(ground.rows, host),
        aliases(config.aliases, openai=openai_names(ground.rows)),
        stand_ins(ground.rows),
        listed=lambda target: config.packs.fetch_on_use or not ground.packs.missing(needed.get(target.engine, ())),
        priced=ground.prices.priced,
    )
    ground.prices.listen(catalog.reprice)
    stack.callback(asyncio.create_task(ground.prices.keep_time(), name="prices").cancel)
    gate = Gate(ground.keys, ground.limits)
    health = Health(config.upstream.cooldown_s, circuit=config.routing.circuit, jitter=random.random)
    rules = Rules(config.routing, ground.records)
    await rules.load()
    router = Router(
        catalog,
        health,
        doubt=host.doubt,
        refuse_unpriced=config.prices.unknown == "refuse",
        routing=config.routing,
        rules=rules,
        may_use=gate.may_use,
    )
    stack.callback(asyncio.create_task(rules.look_on(_LOOK_EVERY_S), name="routing rules").cancel)
    meter = Meter(Metrics(), host, learn=health.learn)
    relay = Relay(config, gate, router, client, host, Shaper(config), meter)
    targets = _targets(ground, relay, catalog, router)
    stack.callback(asyncio.create_task(targets.look_on(_LOOK_EVERY_S), name="targets").cancel)
    return Relaying(relay, catalog, router, targets, meter)


def _targets(ground: Ground, relay: Relay, catalog: Catalog, router: Router) -> Targets:
    def changed(target_id: str) -> None:
        relay.shaper.forget(target_id)
        router.changed(target_id)

    return Targets(
        ground.records,
        catalog,
        router.health,
        ground.vault,
        relay.client,
        builtin(),
        ground.config.upstream,
        ground.environ,
        engines=relay.engines,
        on_removed=changed,
        prices=ground.prices,
    )


def _client(config: Config) -> H1Client:
    upstream = config.upstream
    try:
        return H1Client(
            pool_per_origin=upstream.pool_per_origin, pool_idle_s=upstream.pool_idle_s, ca_file=upstream.ca_file
        )
    except OSError as error:
        raise ConfigError(
            f"upstream.ca_file: {upstream.ca_file} holds no certificates we can read: {error.strerror or error}."
        ) from error
