"""Engines started before the first call."""

import asyncio

import pytest
from typing_extensions import override

from openhearth.app.preload import preload
from openhearth.core.errors import GatewayError, UpstreamDown
from openhearth.core.provider import Origin
from openhearth.engines.ports import EngineState
from tests.fakes.gateway import NoEngines


class Engines(NoEngines):
    """Engines by name: None starts, an error does not; ``missing`` have no pack."""

    def __init__(self, ends: dict[str, GatewayError | None], missing: tuple[str, ...] = (), room: int = 100) -> None:
        self._ends = ends
        self._missing = missing
        self._room = room
        self.asked: list[str] = []
        self.hang: asyncio.Event | None = None

    @override
    async def ensure(self, name: str) -> Origin:
        self.asked.append(name)
        if self.hang is not None:
            await self.hang.wait()
        error = self._ends[name]
        if error is not None:
            raise error
        return Origin("unix", name, 0)

    @override
    def states(self) -> list[EngineState]:
        return [
            EngineState(
                name,
                "stopped",
                missing_packs=("pack",) if name in self._missing else (),
                fits=len(self.asked) < self._room,
            )
            for name in self._ends
        ]


async def test_every_engine_whose_packs_are_installed_is_started() -> None:
    engines = Engines({"a": None, "b": None, "c": None}, missing=("b",))
    await preload(engines)
    assert engines.asked == ["a", "c"]


async def test_engines_beyond_the_budget_are_left_to_their_first_call() -> None:
    engines = Engines({"a": None, "b": None, "c": None}, room=2)
    await preload(engines)
    assert engines.asked == ["a", "b"]


async def test_an_engine_that_fails_is_logged_and_the_next_one_starts(caplog: pytest.LogCaptureFixture) -> None:
    engines = Engines({"a": UpstreamDown("a is broken", target="a"), "b": None})
    await preload(engines)
    assert engines.asked == ["a", "b"]
    failed = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [getattr(record, "fields", {}) for record in failed] == [{"engine": "a", "error": "a is broken"}]


async def test_cancelling_ends_the_wait_and_starts_no_more() -> None:
    engines = Engines({"a": None, "b": None})
    engines.hang = asyncio.Event()
    task = asyncio.create_task(preload(engines))
    while not engines.asked:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engines.asked == ["a"]
