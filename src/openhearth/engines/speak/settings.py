"""What a speech engine is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

from pathlib import Path

import msgspec

from openhearth.engines.ports import EngineSpec
from openhearth.engines.speak.voices import HIBARI, KOKORO

MODULE = "openhearth.engines.speak"
START_S = 60.0
MEMORY_BYTES = {HIBARI: 1_500_000_000, KOKORO: 2_500_000_000}
NEED_BYTES = {HIBARI: 400_000_000, KOKORO: 950_000_000}
# Kokoro reads English by the dictionaries in hibari's pack.
PACKS = {HIBARI: (HIBARI,), KOKORO: (KOKORO, HIBARI)}


class SpeakSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``name`` is ``hibari-tts`` or ``kokoro-tts``. ``words`` is the folder with the English dictionaries, ``model``
    the one with the model. ``queue`` is how many requests may wait, ``threads`` 0 leaves one core free,
    ``characters`` is the longest input."""

    name: str
    words: str
    model: str
    queue: int = 32
    threads: int = 0
    characters: int = 4096


def speak_spec(
    name: str,
    *,
    words: Path,
    model: Path,
    queue: int,
    threads: int,
    characters: int,
    fetch_tools: tuple[str, ...] = (),
) -> EngineSpec:
    """The spec of one of the two engines."""
    settings = SpeakSettings(name, str(words), str(model), queue, threads, characters)
    return EngineSpec(
        name=name,
        module=MODULE,
        packs=PACKS[name],
        settings=msgspec.to_builtins(settings),
        memory_bytes=MEMORY_BYTES[name],
        start_s=START_S,
        need_bytes=NEED_BYTES[name],
        fetch_tools=fetch_tools,
    )
