"""One platform in this process, two tenants with things of their own, and every route tried by everybody, once."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from openhearth.app.platform import Platform, platform
from openhearth.config import Config, Engines, Store
from tests.fakes.upstream import Upstream
from tests.permissions.callers import callers
from tests.permissions.matrix import Cell, named, tried
from tests.permissions.objects import FOREIGN
from tests.permissions.rows import ROWS
from tests.permissions.things import Compared, Things, attach, compared, things_of


class Seen(msgspec.Struct):
    """What the running platform did. ``declared`` are its routes and the permissions they say."""

    declared: dict[str, str]
    cells: dict[str, list[Cell]]
    things: Things
    objects: list[Compared]


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return asyncio.run(_see(tmp_path_factory.mktemp("permissions")))


async def _see(folder: Path) -> Seen:
    config = Config(store=Store(folder=str(folder)), engines=Engines(enabled=False))
    async with Upstream() as up, platform(config, {}) as built:
        await attach(built.app, built.first_key, up)
        return await _tried(built)


async def _tried(built: Platform) -> Seen:
    app, routes = built.app, named(built.routes)
    known = {caller.name: caller for caller in await callers(app, built.first_key)}
    mine = await things_of(app, known["plain"].credential)
    others = await things_of(app, known["other"].credential)
    cells = {name: await tried(app, name, ROWS[name], tuple(known.values())) for name in routes if name in ROWS}
    objects = await compared(app, FOREIGN, (known["plain"], mine), (known["other"], others))
    return Seen({name: str(route.permission) for name, route in routes.items()}, cells, mine, objects)
