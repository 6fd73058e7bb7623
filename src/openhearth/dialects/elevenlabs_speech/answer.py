"""Speech with the time of each character, as ElevenLabs answers it: one object, or one per line while it is made."""

from base64 import b64encode
from collections.abc import Iterable

import msgspec

from openhearth.core.speech import Alignment

_ENCODER = msgspec.json.Encoder()


class _Times(msgspec.Struct, frozen=True):
    characters: tuple[str, ...]
    character_start_times_seconds: tuple[float, ...]
    character_end_times_seconds: tuple[float, ...]


class _Timed(msgspec.Struct, frozen=True):
    audio_base64: str
    alignment: _Times | None
    normalized_alignment: _Times | None


def timed(data: bytes, alignment: Alignment | None, normalized: Alignment | None) -> bytes:
    """The JSON object of a piece, or of the whole."""
    return _ENCODER.encode(_Timed(b64encode(data).decode(), _times(alignment), _times(normalized)))


def joined(parts: Iterable[Alignment | None]) -> Alignment | None:
    """The alignments of the pieces as one."""
    found = [part for part in parts if part is not None]
    if not found:
        return None
    return Alignment(
        tuple(character for part in found for character in part.characters),
        tuple(start for part in found for start in part.starts_s),
        tuple(end for part in found for end in part.ends_s),
    )


def _times(alignment: Alignment | None) -> _Times | None:
    return None if alignment is None else _Times(alignment.characters, alignment.starts_s, alignment.ends_s)
