"""Every relay test runs over both doors; those that take ``anywhere`` also over another ASGI server."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from openhearth.config import Config, Limits, Server
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.upstream import Upstream

QUICK = Limits(
    header_s=0.5,
    body_s=0.6,
    stream_idle_s=0.6,
    keepalive_comment_s=0.2,
    json_body_bytes=200_000,
    header_bytes=8192,
    idle_connection_s=0.5,
)


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture(params=["fast", "asgi"])
def config(request: pytest.FixtureRequest) -> Config:
    return Config(server=Server(fast_door=request.param == "fast"))


@pytest.fixture(params=["fast", "asgi", "hypercorn"])
async def anywhere(request: pytest.FixtureRequest, up: Upstream) -> AsyncIterator[Gateway]:
    """A gateway behind each door, and behind another ASGI server where the fast door is absent."""
    config = Config(server=Server(fast_door=request.param == "fast"))
    async with gateway([target(up.port)], config=config, foreign=request.param == "hypercorn") as running:
        yield running


@pytest.fixture
async def gate(up: Upstream, config: Config) -> AsyncIterator[Gateway]:
    async with gateway([target(up.port)], config=config) as running:
        yield running


@pytest.fixture
async def quick(up: Upstream, config: Config) -> AsyncIterator[Gateway]:
    """A gateway with short limits."""
    async with gateway([target(up.port)], config=msgspec.structs.replace(config, limits=QUICK)) as running:
        yield running
