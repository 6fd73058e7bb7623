"""What the editor is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

import os
from pathlib import Path

import msgspec

from openhearth.config import Engines
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

NAME = "local-edit"
MODULE = "openhearth.engines.edit_image"
REQUIRED_PACKS = ("portrait", "background", "fonts-zh")
FONT_FILE = "NotoSansSC-Regular.otf"


class EditSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``portrait``, ``background``, ``upscale`` and ``fonts`` are folders of packs (``upscale`` may be absent: then
    enlarging says how to get it). ``limit_s`` bounds one edit, ``queue`` how many may wait, ``memory_bytes`` the
    address space of the process that edits. ``threads`` 0 leaves one core free."""

    portrait: str
    background: str
    upscale: str
    fonts: str
    queue: int = 32
    threads: int = 0
    limit_s: float = 120.0
    picture_pixels: int = 40_000_000
    memory_bytes: int = 6 * 1024**3

    @property
    def used_threads(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 2) - 1)

    @property
    def font(self) -> Path:
        return Path(self.fonts) / FONT_FILE


def edit_spec(name: str, engines: Engines, packs: Packs) -> EngineSpec:
    """The spec of the editor for the engine host. Without the ``upscale`` pack it runs and cannot enlarge."""
    settings = EditSettings(
        portrait=str(packs.place("portrait")),
        background=str(packs.place("background")),
        upscale=str(packs.place("upscale")),
        fonts=str(packs.place("fonts-zh")),
        queue=engines.queue,
        threads=engines.threads,
        limit_s=engines.edit_s,
        picture_pixels=engines.picture_pixels,
        memory_bytes=engines.memory_bytes,
    )
    return EngineSpec(
        name=name,
        module=MODULE,
        packs=REQUIRED_PACKS,
        settings=msgspec.to_builtins(settings),
        memory_bytes=engines.memory_bytes,
        start_s=engines.start_s,
    )
