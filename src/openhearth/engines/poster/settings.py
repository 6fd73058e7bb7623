"""What the poster engine is told at start, and the spec that tells it. Imported by the parent: nothing heavy here."""

from pathlib import Path

import msgspec

from openhearth.config import Engines
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

NAME = "local-poster"
MODULE = "openhearth.engines.poster"
REQUIRED_PACKS = ("fonts-zh",)
SERIF_PACK = "fonts-serif-zh"
SANS_FILE = "NotoSansSC-Regular.otf"
SERIF_FILE = "NotoSerifSC-Regular.otf"


class PosterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``sans`` and ``serif`` are font files; without ``serif`` everything is set in the other. ``queue`` may wait."""

    sans: str
    serif: str = ""
    queue: int = 32
    picture_pixels: int = 40_000_000

    def fonts(self) -> dict[str, Path]:
        """The faces that are there."""
        named = {"sans": Path(self.sans), "serif": Path(self.serif)}
        return {name: path for name, path in named.items() if path.is_file()}


def poster_spec(name: str, engines: Engines, packs: Packs) -> EngineSpec:
    """The spec of the poster engine for the engine host. The serif face is used when its pack is installed."""
    settings = PosterSettings(
        sans=str(packs.path("fonts-zh", SANS_FILE)),
        serif=str(packs.path(SERIF_PACK, SERIF_FILE)),
        queue=engines.queue,
        picture_pixels=engines.picture_pixels,
    )
    return EngineSpec(
        name=name,
        module=MODULE,
        packs=REQUIRED_PACKS,
        settings=msgspec.to_builtins(settings),
        memory_bytes=min(engines.memory_bytes, 3 * 1024**3),
        start_s=engines.start_s,
    )
