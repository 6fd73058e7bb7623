"""What the platform asks of the engine host, and what an engine's child process must offer.

A child is started as ``python -m <module> --socket PATH --settings JSON`` with an empty-ish environment and its
rlimits set. It serves ``GET /health`` (200 when it can work; JSON with at least ``{"model": …, "queue": n}``, better
all of ``engines.line.Line.health``) and its own operations on that socket, finishes within 5 s of SIGTERM, and exits
when its standard input closes (the parent died). It answers errors as
``{"error": {"message", "type", "param", "code"}}``.
"""

from typing import Protocol

import msgspec

from openhearth.core.provider import Origin


class EngineSpec(msgspec.Struct, frozen=True):
    """How to start one engine. ``settings`` is handed to the child as JSON; ``packs`` must be installed.

    ``memory_bytes`` ends it when it holds more. ``need_bytes`` is what it will likely hold, for the budget of all
    engines together; 0 guesses from its packs and then learns. ``fetch_tools`` are programs that fetching its packs
    takes beside pip.
    """

    name: str
    module: str
    packs: tuple[str, ...]
    settings: dict[str, object] = {}
    memory_bytes: int = 4 * 1024**3
    start_s: float = 60.0
    need_bytes: int = 0
    fetch_tools: tuple[str, ...] = ()


class EngineState(msgspec.Struct, frozen=True):
    """One engine as seen now. ``state``: stopped, starting, ready, failed, not_installed, fetching.

    ``memory_bytes`` counts its whole process family; ``running`` and ``waiting`` are requests, as its last sign of
    life said; ``starts`` and ``restarts`` count since the platform began, a restart being one after a crash.
    ``fits`` is false when it could only start once others are unloaded. ``progress`` is how far a fetch of its packs
    is, in words.
    """

    name: str
    state: str
    pid: int = 0
    memory_bytes: int = 0
    load_s: float = 0.0
    restarts: int = 0
    missing_packs: tuple[str, ...] = ()
    last_error: str = ""
    running: int = 0
    waiting: int = 0
    starts: int = 0
    fits: bool = True
    progress: str = ""


class EngineHost(Protocol):
    """Supervisor of the child processes."""

    def origin(self, name: str) -> Origin:
        """Where the engine listens (``unix``), whether or not it runs now. KeyError for an unknown name."""

    def ready(self, name: str) -> bool:
        """True when a request may be sent without ``ensure``."""

    async def ensure(self, name: str) -> Origin:
        """Start the engine if needed and wait until it is healthy.

        Raises EngineNotInstalled (with the command that installs it, or how far its fetch is), EngineOutOfMemory (no
        room beside the engines that work now), UpstreamDown (it keeps dying: how, and its last words) or
        UpstreamTimeout.
        """

    def states(self) -> list[EngineState]: ...

    async def close(self) -> None:
        """Stop all children and wait for them."""
