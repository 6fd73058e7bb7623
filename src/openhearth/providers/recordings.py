"""A recording taken into memory to be sent on: a request goes out whole, so there is a bound."""

import asyncio
from pathlib import Path

from openhearth.core.errors import TooLarge
from openhearth.core.transcript import Recording


async def whole(recording: Recording, most_bytes: int) -> bytes:
    """The bytes of a recording. Raises TooLarge (``recording_too_large``)."""
    if recording.size_bytes > most_bytes:
        raise TooLarge(
            f"The recording has {recording.size_bytes} bytes; at most {most_bytes} are sent on to a provider "
            "(transcripts.relay_bytes). The embedded model takes larger ones.",
            param="file",
            code="recording_too_large",
        )
    return await asyncio.to_thread(Path(recording.path).read_bytes)
