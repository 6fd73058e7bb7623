"""Bytes that must lie in a file for a while: an upload that another process reads. Nothing here outlives its request,
and what a crash left is removed at the next start.
"""

import asyncio
import errno
from pathlib import Path
from typing import BinaryIO

from openhearth.core.errors import StorageFull
from openhearth.core.ids import new_id

_HEAD_BYTES = 64
_GATHER_BYTES = 1024 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Spool:
    """Temporary files in ``folder``, readable by this user alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def clear(self) -> None:
        """Make the folder and remove what is left of an earlier run. Blocking; for the start."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._folder.iterdir():
            left_over.unlink()

    def draft(self) -> "Held":
        """A file to be written. Whoever asks for it removes it."""
        return Held(self._folder / new_id("spool"))


class Held:
    """One temporary file: ``write`` any number of times, ``close``, and at last ``remove``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = 0
        self.head = b""  # the first bytes, by which a kind of file is known
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    async def write(self, data: bytes) -> None:
        """Raises StorageFull. Small pieces are gathered, so that a thread is asked once per megabyte."""
        self.size_bytes += len(data)
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _GATHER_BYTES:
            await asyncio.to_thread(self._flush)

    async def close(self) -> None:
        """All bytes are in the file after this. Raises StorageFull."""
        await asyncio.to_thread(self._close)

    async def remove(self) -> None:
        """Forget the file, also when the caller is cancelled meanwhile. Harmless when repeated."""
        await asyncio.shield(asyncio.to_thread(self._remove))

    def _flush(self) -> BinaryIO:
        pieces, self._waiting, self._waiting_bytes = self._waiting, [], 0
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = self.path.open("xb")
            for piece in pieces:
                self._file.write(piece)
            self._file.flush()
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull("The server's storage is full; the upload was not kept.") from error
            raise
        return self._file

    def _close(self) -> None:
        self._flush().close()

    def _remove(self) -> None:
        if self._file is not None:
            self._file.close()
        self.path.unlink(missing_ok=True)
