"""The supervisor of all engines: starts each on demand in its own process and keeps the books on them."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from openhearth.core.errors import EngineNotInstalled
from openhearth.core.provider import Origin
from openhearth.engines.memory import Families
from openhearth.engines.ports import EngineSpec, EngineState
from openhearth.engines.room import Room
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

# ONNX Runtime 1.32 keeps a device id on disk and reports what it runs, hub clients count downloads: not from here.
_NO_REPORTS = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
_PLAIN = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}


class Installed(Protocol):
    """What the host asks of the packs."""

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of ``names`` that are not installed."""

    def installed_bytes(self, names: Iterable[str]) -> int:
        """What the files of these packs take."""


class Fetching(Protocol):
    """``engines.fetching.Fetches``: brings packs while calls wait."""

    async def bring(self, names: Iterable[str]) -> None:
        """Raises EngineNotInstalled: on its way, or it failed."""

    def progress(self, names: Iterable[str]) -> str:
        """How far it is, in words; empty when nothing is under way."""

    async def close(self) -> None: ...


class Host:
    """Implements ``engines.ports.EngineHost``. Create it and use it on one event loop.

    ``folder`` is for the sockets; where its path would be too long for a Unix socket, a private temporary folder is
    used. ``threads`` 0 leaves one core free. ``budget_bytes`` is what all engines together may hold; 0 means six
    tenths of the memory. With ``fetching``, packs that a call needs are brought; without, it is told the command.
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
        budget_bytes: int = 0,
        fetching: Fetching | None = None,
    ) -> None:
        specs = list(specs)
        timing = timing or Timing()
        sockets = _socket_folder(folder, specs)
        self._temporary = None if sockets == folder.absolute() else sockets
        self._packs = packs
        self._fetching = fetching
        self._path = environ.get("PATH")
        child_environ = _child_environ(environ, threads or free_cores())
        families = Families(timing.look_s)
        self._room = Room(packs.installed_bytes, budget_bytes=budget_bytes, wait_s=timing.room_s)
        self._engines = {
            spec.name: Supervised(
                spec,
                sockets / _socket_name(spec),
                admit=self._room.admit,
                families=families,
                environ=child_environ,
                timing=timing,
            )
            for spec in specs
        }
        self._room.engines = tuple(self._engines.values())

    def origin(self, name: str) -> Origin:
        """Where the engine listens, whether or not it runs now. KeyError for an unknown name."""
        return self._engines[name].origin

    def ready(self, name: str) -> bool:
        """True when a request may be sent without ``ensure``. Counts as use."""
        return self._engines[name].ready()

    def doubt(self, name: str) -> None:
        """A request to the engine just broke off: it is looked at before the next one is sent."""
        self._engines[name].doubt()

    async def ensure(self, name: str) -> Origin:
        """Start the engine if needed and wait until it is healthy. See ``engines.ports.EngineHost``."""
        engine = self._engines[name]
        if not engine.is_alive and (missing := self._packs.missing(engine.spec.packs)):
            await self._bring(engine.spec, missing)
        return await engine.ensure()

    def states(self) -> list[EngineState]:
        """Every engine as seen now."""
        return [self._state(engine) for engine in self._engines.values()]

    async def close(self) -> None:
        """Stop all children and wait for them."""
        async with asyncio.TaskGroup() as group:
            if self._fetching is not None:
                group.create_task(self._fetching.close())
            for engine in self._engines.values():
                group.create_task(engine.close())
        if self._temporary is not None:
            await asyncio.to_thread(shutil.rmtree, self._temporary, ignore_errors=True)

    async def _bring(self, spec: EngineSpec, missing: tuple[str, ...]) -> None:
        lacking = [tool for tool in spec.fetch_tools if shutil.which(tool, path=self._path) is None]
        hint = f" (that needs {' and '.join(lacking)}, which this machine does not have)" if lacking else ""
        if self._fetching is None:
            raise EngineNotInstalled(
                f"The model of {spec.name} is not installed. Run: openhearth packs fetch {' '.join(missing)}{hint}"
            )
        try:
            await self._fetching.bring(missing)
        except EngineNotInstalled as error:
            error.message += hint
            raise

    def _state(self, engine: Supervised) -> EngineState:
        seen = engine.state()
        missing = self._packs.missing(engine.spec.packs)
        progress = self._fetching.progress(missing) if missing and self._fetching is not None else ""
        state = seen.state
        if missing and not engine.is_alive:
            state = "fetching" if progress else "not_installed"
        return msgspec.structs.replace(
            seen, state=state, missing_packs=missing, progress=progress, fits=self._room.fits(engine)
        )


def free_cores() -> int:
    """Threads an engine takes by default: all cores but one, because native threads spin and starve the server."""
    return max(1, len(os.sched_getaffinity(0)) - 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 2) - 1)


def _child_environ(environ: Mapping[str, str], threads: int) -> dict[str, str]:
    kept = {name: environ[name] for name in KEPT_VARIABLES if name in environ}
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        kept[name] = str(threads)
    return {**kept, **_NO_REPORTS, **_PLAIN}


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
