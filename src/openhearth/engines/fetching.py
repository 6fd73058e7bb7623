"""Packs fetched because a call needs them: one fetch per pack, shared by all who wait, stopped with the server."""

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

import msgspec

from openhearth.core.errors import EngineNotInstalled
from openhearth.engines.catalogue import PackError
from openhearth.engines.packs import Progress, Report
from openhearth.engines.staging import Hopeless
from openhearth.telemetry.log import Log

REST_S = 60.0
LONGEST_RETRY_S = 600.0


class Fetchable(Protocol):
    """``engines.packs.Packs``."""

    def fetch(self, name: str, report: Report) -> str: ...


class _Fetch(msgspec.Struct):
    """One fetch on its way. A thread writes ``progress``."""

    task: "asyncio.Task[None] | None" = None
    progress: Progress | None = None
    began_s: float = 0.0
    ended_s: float = 0.0
    error: str = ""


class Fetches:
    """Brings packs in threads. A call waits ``wait_s`` for its own at most."""

    def __init__(self, packs: Fetchable, *, wait_s: float, rest_s: float = REST_S) -> None:
        self._packs = packs
        self._wait_s = wait_s
        self._rest_s = rest_s
        self._fetches: dict[str, _Fetch] = {}
        self._is_closed = False
        self._log = Log("packs")

    async def bring(self, names: Iterable[str]) -> None:
        """Have all these packs here. Raises EngineNotInstalled: still on its way, or it failed a moment ago."""
        end = time.monotonic() + self._wait_s
        for name in names:
            fetch = self._begun(name)
            if fetch.task is not None:
                await asyncio.wait({fetch.task}, timeout=max(0.0, end - time.monotonic()))
            if fetch.error:
                raise EngineNotInstalled(
                    f"The model pack {name} could not be fetched; the server's log says why. "
                    f"Run: openhearth packs fetch {name}",
                    retry_after_s=max(1.0, fetch.ended_s + self._rest_s - time.monotonic()),
                )
            if fetch.task is not None and not fetch.task.done():
                raise EngineNotInstalled(
                    f"The model pack {name} is being fetched: {_told(fetch)}.",
                    code="engine_being_fetched",
                    retry_after_s=_left_s(fetch),
                )

    def progress(self, names: Iterable[str]) -> str:
        """How far the fetches of these packs are, in words; empty when none is under way."""
        under_way = [(name, fetch) for name in names if (fetch := self._fetches.get(name)) and not fetch.ended_s]
        return "; ".join(f"{name}: {_told(fetch)}" for name, fetch in under_way)

    async def close(self) -> None:
        """Stop what is under way; the next fetch goes on from there."""
        self._is_closed = True
        tasks = [fetch.task for fetch in self._fetches.values() if fetch.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begun(self, name: str) -> _Fetch:
        fetch = self._fetches.get(name)
        if fetch is None or (fetch.ended_s and time.monotonic() - fetch.ended_s >= self._rest_s) or _is_over(fetch):
            fetch = self._fetches[name] = _Fetch(began_s=time.monotonic())
            fetch.task = asyncio.create_task(self._run(name, fetch), name=f"fetch-{name}")
        return fetch

    async def _run(self, name: str, fetch: _Fetch) -> None:
        self._log.info("fetching a pack", pack=name)
        try:
            source = await asyncio.to_thread(self._packs.fetch, name, lambda progress: self._heard(fetch, progress))
        except (PackError, OSError) as error:
            fetch.error = str(error)
            if not self._is_closed:
                self._log.error("a pack could not be fetched", pack=name, error=fetch.error)
        else:
            self._log.info("a pack is here", pack=name, source=source)
        finally:
            fetch.ended_s = time.monotonic()

    def _heard(self, fetch: _Fetch, progress: Progress) -> None:
        if self._is_closed:
            raise Hopeless("The server stops; the next fetch goes on from here.")
        fetch.progress = progress


def _is_over(fetch: _Fetch) -> bool:
    """It succeeded; when it is asked for again, somebody has removed it since."""
    return bool(fetch.ended_s) and not fetch.error


def _told(fetch: _Fetch) -> str:
    progress = fetch.progress
    if progress is None or not progress.total_bytes:
        return "it has just begun"
    done, total = progress.done_bytes / 1e6, progress.total_bytes / 1e6
    return f"{done:,.0f} of {total:,.0f} MB, {progress.phase}"


def _left_s(fetch: _Fetch) -> float:
    """Seconds until it is likely here, from its speed so far."""
    progress = fetch.progress
    passed_s = time.monotonic() - fetch.began_s
    if progress is None or not progress.done_bytes:
        return 10.0
    left_s = passed_s * (progress.total_bytes - progress.done_bytes) / progress.done_bytes
    return min(LONGEST_RETRY_S, max(1.0, left_s))
