"""Routes of one surface over real relay, calls and client, with fake access and targets at fake upstreams."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from openhearth.config import Config
from openhearth.core.provider import Target
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.transport.h1_client import H1Client
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.gateway import Finished, NoEngines

Made = Callable[[Relay, Calls], list[BaseRoute]]


class Routed(msgspec.Struct):
    """The app and what a test may look at."""

    app: ASGIApp
    limits: Limits
    finished: Finished

    async def post(self, path: str, body: object, key: str = GOOD_KEY) -> Answer:
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        return await ask(self.app, "POST", path, headers=headers, body=data)


@asynccontextmanager
async def routed(
    make: Made, targets: Sequence[Target], *, config: Config | None = None, **catalog: Any
) -> AsyncIterator[Routed]:
    """The routes that ``make`` makes, over these targets."""
    config = config or Config()
    limits, finished = Limits(), Finished()
    client = H1Client(pool_per_origin=4)
    gate = Gate(Keys(), limits)
    router = Router(Catalog(targets, **catalog), Health(config.upstream.cooldown_s))
    relay = Relay(
        config=config, gate=gate, router=router, client=client, engines=NoEngines(), shaper=Shaper(config),
        meter=finished,
    )  # fmt: skip
    try:
        yield Routed(asgi.app(make(relay, Calls(gate, router, finished))), limits, finished)
    finally:
        await client.close()
