"""What the chat engine is told at start, and the spec that tells it.

Imported by the parent as well: nothing heavy here.
"""

from pathlib import Path

import msgspec

from openhearth.engines.ports import EngineSpec

MODULE = "openhearth.engines.chat"
MODEL_FILE = "model.gguf"

PIECE_BY_MODEL_BYTES = ((200_000_000, 64), (700_000_000, 16))
SMALLEST_PIECE = 8


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``model`` is a GGUF file. ``context`` is tokens per slot, ``slots`` how many generate at once, ``queue`` how many
    may wait. ``threads`` 0 leaves one core free. ``piece`` is how many prompt tokens are worked off between two looks
    at whether the client is still there; 0 chooses by the size of the model, for about a quarter of a second."""

    name: str
    model: str
    context: int = 8192
    slots: int = 2
    queue: int = 32
    threads: int = 0
    piece: int = 0


def chat_spec(settings: ChatSettings, *, memory_bytes: int, start_s: float) -> EngineSpec:
    """The spec of a chat engine; the engine, the model and the pack have one name."""
    return EngineSpec(
        name=settings.name,
        module=MODULE,
        packs=(settings.name,),
        settings=msgspec.to_builtins(settings),
        memory_bytes=memory_bytes,
        start_s=start_s,
    )


def piece_for(model: Path) -> int:
    """Prompt tokens per step, so that one step takes about 250 ms on one ordinary core."""
    size = model.stat().st_size
    return next((piece for limit, piece in PIECE_BY_MODEL_BYTES if size < limit), SMALLEST_PIECE)
