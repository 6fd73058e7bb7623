"""Every transport test runs on both event loops: asyncio's own and uvloop, which production uses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
import uvloop

from openhearth.core.provider import Origin
from openhearth.transport.h1_client import H1Client
from tests.fakes.upstream import Upstream


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    """A client with the defaults. At the end no task but the test's own may be left."""
    client = H1Client()
    yield client
    await client.close()


@pytest.fixture
def never_accepts() -> Iterator[Origin]:
    """A listener whose queue is full, so that connecting to it takes forever."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for caller in (first, second):
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield Origin("http", "127.0.0.1", listener.getsockname()[1])
