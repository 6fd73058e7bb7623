"""Engines started before anybody asks, so that the first call does not wait for a model to load."""

from openhearth.core.errors import GatewayError
from openhearth.engines.ports import EngineHost
from openhearth.telemetry.log import Log


async def preload(engines: EngineHost) -> None:
    """Start every engine whose packs are installed, one after the other: together they would fight for the cores.

    One for which there is no room beside the others is left to its first call, and so is one that fails. Whoever runs
    this as a task cancels it at the end.
    """
    log = Log("engines")
    for name in [state.name for state in engines.states() if not state.missing_packs]:
        state = next(state for state in engines.states() if state.name == name)
        if not state.fits:
            log.info("engine not preloaded: the budget of memory is used up", engine=name)
            continue
        try:
            await engines.ensure(state.name)
        except GatewayError as error:
            log.error("engine could not be preloaded", engine=state.name, error=error.message)
        else:
            log.info("engine preloaded", engine=state.name)
