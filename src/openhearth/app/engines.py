"""The engine host as the settings want it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from openhearth.config import Config
from openhearth.engines.fetching import Fetches
from openhearth.engines.host import Host
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec
from openhearth.engines.supervised import Timing


def engine_host(
    specs: Iterable[EngineSpec], config: Config, packs: Packs, environ: Mapping[str, str], folder: Path
) -> Host:
    """A host for ``specs`` with its sockets in ``folder``. Whoever makes it closes it."""
    engines, wants = config.engines, config.packs
    return Host(
        specs,
        folder=folder,
        packs=packs,
        environ=environ,
        threads=engines.threads,
        timing=Timing(idle_unload_s=engines.idle_unload_s, request_s=engines.request_s),
        budget_bytes=engines.budget_bytes,
        fetching=Fetches(packs, wait_s=wants.fetch_wait_s) if wants.fetch_on_use else None,
    )
