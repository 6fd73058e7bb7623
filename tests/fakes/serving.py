"""uvicorn inside a test: it stops when its connections are closed, and not two tenths of a second later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from uvicorn.server import ServerState


@asynccontextmanager
async def serving(
    config: uvicorn.Config, state: ServerState | None = None, patience_s: float = 10.0
) -> AsyncIterator[uvicorn.Server]:
    """Serve in the running loop. What still goes on at the end is left alone after ``patience_s``."""
    assert config.lifespan == "off"
    server = uvicorn.Server(config)
    if state is not None:
        server.server_state = state
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield server
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
        await _close(server, patience_s)


def port_of(server: uvicorn.Server) -> int:
    """The port that the kernel picked."""
    return int(server.servers[0].sockets[0].getsockname()[1])


async def _close(server: uvicorn.Server, patience_s: float) -> None:
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    loop = asyncio.get_running_loop()
    end = loop.time() + patience_s
    while (server.server_state.connections or server.server_state.tasks) and loop.time() < end:
        await asyncio.sleep(0.001)
