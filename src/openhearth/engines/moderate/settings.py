"""What the moderation engine is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

import os

import msgspec

from openhearth.config import Config
from openhearth.engines.packs import Packs
from openhearth.engines.ports import EngineSpec

NAME = "local-moderation"
MODULE = "openhearth.engines.moderate"
SENTENCES = "use-multilingual"
PROFANITY = "profanity"
NSFW = "opennsfw"
NUDITY = "nudenet"
REQUIRED_PACKS = (SENTENCES, PROFANITY, NSFW)
ENCODER_FILE = "encoder.onnx"
NSFW_FILE = "open-nsfw.onnx"
NUDITY_FILE = "320n.onnx"
MEMORY_BYTES = 1536 * 1024**2


class ModerateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``sentences`` and ``nsfw`` are ONNX files, ``profanity`` the pack's folder. ``nudity`` is the optional detector's
    file; it may be absent. ``strict`` refuses fields that are not understood instead of naming them in a header.
    ``picture_pixels`` bounds a picture, ``queue`` how many requests may wait. ``threads`` 0 leaves one core free."""

    sentences: str
    profanity: str
    nsfw: str
    nudity: str = ""
    strict: bool = False
    queue: int = 32
    slots: int = 2
    threads: int = 0
    picture_pixels: int = 40_000_000

    @property
    def used_threads(self) -> int:
        return self.threads or max(1, (os.cpu_count() or 2) - 1)


def moderate_spec(config: Config, packs: Packs) -> EngineSpec:
    """The spec for the engine host. Without the ``nudenet`` pack it runs and judges pictures by one network."""
    settings = ModerateSettings(
        sentences=str(packs.path(SENTENCES, ENCODER_FILE)),
        profanity=str(packs.place(PROFANITY)),
        nsfw=str(packs.path(NSFW, NSFW_FILE)),
        nudity=str(packs.path(NUDITY, NUDITY_FILE)),
        strict=config.strict_fields,
        queue=config.engines.queue,
        threads=config.engines.threads,
        picture_pixels=config.engines.picture_pixels,
    )
    return EngineSpec(
        name=NAME,
        module=MODULE,
        packs=REQUIRED_PACKS,
        settings=msgspec.to_builtins(settings),
        memory_bytes=min(MEMORY_BYTES, config.engines.memory_bytes),
        start_s=config.engines.start_s,
    )
