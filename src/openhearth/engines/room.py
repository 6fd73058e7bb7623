"""Room for one more engine: all of them together stay within a budget, and who was not used for longest makes way."""

import asyncio
import time
from collections.abc import Callable, Iterable

from openhearth.core.errors import EngineOutOfMemory
from openhearth.engines.memory import default_budget
from openhearth.engines.supervised import Supervised

LOOK_S = 0.25
BASE_BYTES = 150 * 1024 * 1024
FILE_FACTOR = 1.25


class Room:
    """The budget. ``pack_bytes`` gives the size of packs, the first guess at what an engine will hold."""

    def __init__(
        self, pack_bytes: Callable[[Iterable[str]], int], *, budget_bytes: int = 0, wait_s: float = 10.0
    ) -> None:
        self._pack_bytes = pack_bytes
        self._budget_bytes = budget_bytes or default_budget()
        self._wait_s = wait_s
        self._door = asyncio.Lock()
        self.engines: tuple[Supervised, ...] = ()

    def fits(self, engine: Supervised) -> bool:
        """Whether it runs, or could start now without another one making way."""
        return engine.is_alive or self._lacking(engine) <= 0

    async def admit(self, engine: Supervised) -> None:
        """Return when there is room for ``engine``, after others were unloaded if need be.

        Raises EngineOutOfMemory: after a while because others are at work, at once when it alone is too large.
        """
        end = time.monotonic() + self._wait_s
        while True:
            async with self._door:
                if self._lacking(engine) <= 0:
                    return
                if self._need(engine) > self._budget_bytes:
                    raise EngineOutOfMemory(
                        f"{engine.spec.name} needs about {self._need(engine) / 1e6:,.0f} MB of memory and all engines "
                        f"together may hold {self._budget_bytes / 1e6:,.0f} MB: see engines.budget_bytes."
                    )
                if await self._made_room():
                    continue
            if time.monotonic() >= end:
                working = ", ".join(other.spec.name for other in self.engines if other.is_alive)
                raise EngineOutOfMemory(
                    f"There is no memory for {engine.spec.name} while others work: {working}. Ask again soon.",
                    retry_after_s=self._wait_s,
                )
            await asyncio.sleep(LOOK_S)

    async def _made_room(self) -> bool:
        """Unload the idle engine that was not used for longest; whether there was one."""
        for other in sorted(self.engines, key=lambda engine: engine.used_at):
            if await other.unload_if_idle():
                return True
        return False

    def _lacking(self, engine: Supervised) -> int:
        return sum(map(self._held, self.engines)) + self._need(engine) - self._budget_bytes

    def _held(self, engine: Supervised) -> int:
        """A starting engine has not taken yet what it will."""
        return max(engine.memory_bytes, self._need(engine) if engine.is_starting else 0)

    def _need(self, engine: Supervised) -> int:
        spec = engine.spec
        guess = spec.need_bytes or int(BASE_BYTES + FILE_FACTOR * self._pack_bytes(spec.packs))
        return min(engine.most_bytes or guess, spec.memory_bytes)
