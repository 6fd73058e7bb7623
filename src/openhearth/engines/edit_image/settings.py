"""What the editor is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

import os
from pathlib import Path

import msgspec

from openhearth.engines.ports import EngineSpec

NAME = "local-edit"
MODULE = "openhearth.engines.edit_image"
PACKS = ("portrait", "background", "fonts-zh")
OPTIONAL_PACKS = ("upscale",)
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


def edit_spec(settings: EditSettings, *, start_s: float) -> EngineSpec:
    """The spec of the editor for the engine host."""
    return EngineSpec(
        name=NAME,
        module=MODULE,
        packs=PACKS,
        settings=msgspec.to_builtins(settings),
        memory_bytes=settings.memory_bytes,
        start_s=start_s,
    )
