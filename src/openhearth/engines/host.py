"""The supervisor of all engines: starts each on demand in its own process and keeps the books on them."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from openhearth.core.provider import Origin
from openhearth.engines.ports import EngineSpec, EngineState
from openhearth.engines.supervised import Supervised, Timing

SOCKET_PATH_BYTES = 100
KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "PYTHONPATH",
    "PYTHONDONTWRITEBYTECODE",
    "LD_LIBRARY_PATH",
)


class Installed(Protocol):
    """What the host asks of the packs."""

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are not installed."""


class Host:
    """Implements ``engines.ports.EngineHost``. Create it and use it on one event loop.

    ``folder`` is for the sockets; where its path would be too long for a Unix socket, a private temporary folder is
    used. ``threads`` 0 leaves one core free.
    """

    def __init__(
        self,
        specs: Iterable[EngineSpec],
        *,
        folder: Path,
        packs: Installed,
        environ: Mapping[str, str],
        threads: int = 0,
        timing: Timing | None = None,
    ) -> None:
        specs = list(specs)
        sockets = _socket_folder(folder, specs)
        self._temporary = None if sockets == folder.absolute() else sockets
        child_environ = _child_environ(environ, threads or free_cores())
        self._engines = {
            spec.name: Supervised(
                spec,
                sockets / _socket_name(spec),
                missing=packs.missing,
                environ=child_environ,
                timing=timing or Timing(),
            )
            for spec in specs
        }

    def origin(self, name: str) -> Origin:
        """Where the engine listens, whether or not it runs now. KeyError for an unknown name."""
        return self._engines[name].origin

    def ready(self, name: str) -> bool:
        """True when a request may be sent without ``ensure``. Counts as use."""
        return self._engines[name].ready()

    async def ensure(self, name: str) -> Origin:
        """Start the engine if needed and wait until it is healthy. See ``engines.ports.EngineHost``."""
        return await self._engines[name].ensure()

    def states(self) -> list[EngineState]:
        """Every engine as seen now."""
        return [engine.state() for engine in self._engines.values()]

    async def close(self) -> None:
        """Stop all children and wait for them."""
        async with asyncio.TaskGroup() as group:
            for engine in self._engines.values():
                group.create_task(engine.close())
        if self._temporary is not None:
            await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)


def free_cores() -> int:
    """Threads an engine takes by default: all cores but one, because native threads spin and starve the server."""
    return max(1, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 2) - 1)


def _child_environ(environ: Mapping[str, str], threads: int) -> dict[str, str]:
    kept = {name: environ[name] for name in KEPT_VARIABLES if name in environ}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        kept[name] = str(threads)
    return {**kept, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}


def _socket_name(spec: EngineSpec) -> str:
    return re.sub(r"[^a-z0-9.-]+", "_", spec.name.lower()) + ".sock"


def _socket_folder(folder: Path, specs: list[EngineSpec]) -> Path:
    wanted = folder.absolute()
    longest = max((len(os.fsencode(wanted / _socket_name(spec))) for spec in specs), default=0)
    if longest > SOCKET_PATH_BYTES:
        return Path(tempfile.mkdtemp(prefix="openhearth-"))
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted.chmod(0o700)
    return wanted
