"""What a list of models says of one model, before any family gives it its shape."""

from typing import Literal

import msgspec

from openhearth.core.money import FREE, Price
from openhearth.core.operations import Operation

Lifecycle = Literal["active", "deprecated", "retired"]


class About(msgspec.Struct, frozen=True):
    """One honest sentence in both languages, and the context in tokens where it is known."""

    en: str = ""
    zh: str = ""
    context_tokens: int = 0


class EngineCard(msgspec.Struct, frozen=True):
    """The embedded engine behind a model as seen now. ``fetch`` is the command that installs it, where that is
    needed; ``progress`` says how far a fetch is."""

    state: str
    load_s: float
    memory_bytes: int
    running: int
    waiting: int
    starts: int
    restarts: int
    fetch: str = ""
    progress: str = ""


class ModelCard(msgspec.Struct, frozen=True):
    """One public model name. ``engine`` is there for embedded models; ``price`` is that of its first target."""

    id: str
    owned_by: str
    operations: tuple[Operation, ...]
    created: int
    about: About = About()
    engine: EngineCard | None = None
    price: Price = FREE
    alias_of: str = ""
    lifecycle: Lifecycle = "active"

    @property
    def is_embedded(self) -> bool:
        return self.engine is not None

    @property
    def is_installed(self) -> bool:
        """True for everything that needs no pack, or has it."""
        return self.engine is None or not self.engine.fetch
