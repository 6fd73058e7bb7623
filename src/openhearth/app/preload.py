"""Engines started before anybody asks, so that the first call does not wait for a model to load."""

from openhearth.core.errors import GatewayError
from openhearth.engines.ports import EngineHost
from openhearth.telemetry.log import Log


async def preload(engines: EngineHost) -> None:
    """Start every engine whose packs are installed, one after the other: together they would fight for the cores.

    One that fails is logged and starts again when it is asked for. Whoever runs this as a task cancels it at the end.
    """
    log = Log("engines")
    for state in engines.states():
        if state.missing_packs:
            continue
        try:
            await engines.ensure(state.name)
        except GatewayError as error:
            log.error("engine could not be preloaded", engine=state.name, error=error.message)
        else:
            log.info("engine preloaded", engine=state.name)
