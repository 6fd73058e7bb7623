"""Real accounts, ledger, counters, relay and doors on one database, without sockets: calls as a test drives them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvicorn
from sqlalchemy import Connection, select
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from openhearth.accounts.ledger import Ledger, Sizes
from openhearth.accounts.limits import Limits
from openhearth.config import Config
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Call, Principal
from openhearth.core.errors import AccessError
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.doors.fast import FastDoor, bound
from openhearth.relay.gate import Gate, Keys
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.rows import records as rows
from openhearth.stores.sql.tables import LEDGER
from openhearth.surfaces.openai import chat
from openhearth.transport.h1_client import H1Client
from tests.billing.wires import FastClient, Lines, fresh_state
from tests.fakes.gateway import NoEngines

PATH = "/v1/chat/completions"
MOST_NANOS = 10**18
_SIZES = Sizes(beat_s=3600.0, retry_s=0.001)  # a test beats by itself
_SPEAKS = {Operation.CHAT: Dialect.OPENAI_CHAT, Operation.COMPLETE: Dialect.OPENAI_COMPLETIONS}
Made = Callable[[Relay, Calls], list[BaseRoute]]


class Tenants:
    """``ratio-PPM`` is the key of somebody whose group pays so many millionths of the price; all bounds are wide."""

    def __init__(self, *bounds: tuple[Bound, int]) -> None:
        self._bounds = bounds or ((Bound.TOTAL, MOST_NANOS), (Bound.DAY, MOST_NANOS), (Bound.CONCURRENCY, 10**6))
        self._known: dict[bytes, Principal] = {}

    def find_cached(self, token: bytes) -> Principal | None:
        known = self._known.get(token)
        if known is None and token.startswith(b"ratio-"):
            name = token.decode()
            scopes = (f"key:{name}", f"user:{name}", "org:org_default")
            limits = tuple(Limit(scope, *bound) for scope in scopes[:2] for bound in self._bounds)
            known = self._known[token] = Principal(
                name, name, name, user_id=name, ratio_ppm=int(name[6:]), limits=limits, scopes=scopes
            )
        return known

    async def find(self, token: bytes) -> Principal:
        raise AccessError("This API key is not known.")


class Meter:
    """Keeps finished calls. A bug is a failure of the test, unless it is ``forgiving``."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.bugs: list[Exception] = []
        self.forgiving = False

    def finished(self, call: Call) -> None:
        self.calls.append(call)

    def bug(self, error: Exception, call_id: str) -> None:
        self.bugs.append(error)
        if not self.forgiving:
            raise error

    def text(self) -> bytes:
        return b""


class House(msgspec.Struct):
    """Everything a test may look at. ``lines`` is the upstream side of whatever goes out."""

    app: ASGIApp
    relay: Relay
    records: SqlRecords
    ledger: Ledger
    counters: MemoryCounters
    limits: Limits
    meter: Meter
    catalog: Catalog
    health: Health
    lines: Lines
    door: Callable[[], FastDoor]

    def client(self) -> FastClient:
        """A connection at the fast door."""
        return FastClient(self.door())

    async def finished(self, count: int) -> Call:
        """The last of ``count`` finished calls, once there are so many."""
        for _ in range(1000):
            if len(self.meter.calls) >= count:
                break
            await asyncio.sleep(0)
        assert len(self.meter.calls) == count, f"{len(self.meter.calls)} calls ended, not {count}"
        return self.meter.calls[-1]

    async def entries(self) -> dict[str, LedgerEntry]:
        """Every settled call, once all of them are durable."""
        assert await self.ledger.flushed(60.0)
        return {entry.effect: entry for entry in await self.records.database.read(_all)}

    async def check(self) -> None:
        """Nothing open, nothing held, all sums right, and every counter what its calls were charged."""
        entries = await self.entries()
        assert self.relay.open == set()
        assert not await self.records.open_reservations()
        assert await self.records.check_ledger() == []
        assert len(entries) == len(self.meter.calls) == len({call.id for call in self.meter.calls})
        tally = self.counters._tally
        assert (tally.held, tally.open) == ({}, {})
        charged: dict[str, int] = {}
        for call in self.meter.calls:
            if not call.principal.scopes:
                continue
            for scope in (*call.principal.scopes, f"model:{call.model}"):
                charged[scope] = charged.get(scope, 0) + entries[call.id].charge_nanos
        assert {scope: nanos for scope, nanos in charged.items() if nanos} == {
            counter: nanos for counter, nanos in tally.spent.items() if nanos and "@" not in counter
        }


@asynccontextmanager
async def house(
    folder: Path,
    targets: Sequence[Target],
    *,
    config: Config | None = None,
    records: SqlRecords | None = None,
    keys: Keys | None = None,
    now: Callable[[], float] = time.time,
    make: Made | None = None,
) -> AsyncIterator[House]:
    """Chat and completions, and the routes that ``make`` makes, over ``targets``."""
    config = config or Config()
    lines, meter, counters = Lines(), Meter(), MemoryCounters()
    records = records or SqlRecords(f"sqlite:///{folder / 'openhearth.db'}")
    await records.open()
    ledger = Ledger(records, boot_id="boot_test", folder=folder, flush_ms=5, sizes=_SIZES, now=now)
    await ledger.start()
    limits = Limits(counters, ledger)
    await counters.load(await records.spent())
    gate = Gate(keys or Tenants(), limits, now=now)
    client = H1Client(pool_per_origin=64)
    client._dialer = lines
    health = Health(0.0, circuit=config.routing.circuit)
    catalog = Catalog(targets)
    router = Router(catalog, health, draw=lambda: 0.5, routing=config.routing)
    relay = Relay(config, gate, router, client, NoEngines(), Shaper(config), meter)
    routes = chat.routes(relay, config.limits, _no_pictures)
    routes += make(relay, Calls(gate, router, meter)) if make is not None else []
    app = asgi.app(routes)
    settings = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    kind = bound(relay, {PATH.encode(): Operation.CHAT}, config.limits)
    state = fresh_state()

    def door() -> FastDoor:
        return kind(settings, state, {})

    try:
        yield House(app, relay, records, ledger, counters, limits, meter, catalog, health, lines, door)
    finally:
        await client.close()
        await ledger.close()
        await records.close()


def target(
    model: str, price: Price, name: str = "", *, priority: int = 0, speaks: Mapping[Operation, Dialect] = _SPEAKS
) -> Target:
    """A place that answers ``model`` at ``price``."""
    name = name or f"target-{model}"
    provider = Provider(name, name, "http://127.0.0.1:9/v1", speaks=dict(speaks), auth="none")
    return Target(name, provider, Origin("http", f"{name}.test", 9), "/v1", model, price=price, priority=priority)


async def _no_pictures(*_: object) -> None:
    return None


def _all(connection: Connection) -> list[LedgerEntry]:
    return rows(LedgerEntry, connection.execute(select(LEDGER)))
