"""Blobs in a folder, addressed by what they hold: equal bytes are kept once, and a name can never be a path.

A blob appears in one step, by renaming a finished and synced file, so that a crash leaves nothing half-written.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from typing_extensions import override

from openhearth.core.errors import StorageFull
from openhearth.core.ids import new_id
from openhearth.stores.blob_ports import Blobs, BlobWriter

_PIECE_BYTES = 256 * 1024
_GATHER_BYTES = 1024 * 1024
_ADDRESS = re.compile(r"[0-9a-f]{64}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class LocalBlobs(Blobs):
    """``folder/ab/cd/<address>``; what is being written lies in ``folder/incoming``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    async def open(self) -> None:
        """Make the folder and remove what a crash left half-written."""
        await asyncio.to_thread(self._prepare)

    @override
    async def writer(self) -> BlobWriter:
        return _Writer(self._incoming / new_id("blob"), self._folder)

    @override
    async def put(self, data: bytes) -> str:
        writer = await self.writer()
        try:
            await writer.write(data)
            address, _ = await writer.commit()
        finally:
            await writer.abort()
        return address

    @override
    async def size(self, address: str) -> int | None:
        return await asyncio.to_thread(self._size, address)

    @override
    async def read(self, address: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._open, address, start)
        left = length
        try:
            while left is None or left > 0:
                want = _PIECE_BYTES if left is None else min(left, _PIECE_BYTES)
                piece = await asyncio.to_thread(file.read, want)
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece
        finally:
            file.close()

    @override
    async def delete(self, address: str) -> None:
        await asyncio.to_thread(_place(self._folder, address).unlink, missing_ok=True)

    def _prepare(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left_over in self._incoming.iterdir():
            left_over.unlink()

    def _size(self, address: str) -> int | None:
        try:
            return _place(self._folder, address).stat().st_size
        except FileNotFoundError:
            return None

    def _open(self, address: str, start: int) -> BinaryIO:
        file = _place(self._folder, address).open("rb")
        file.seek(start)
        return file


class _Writer(BlobWriter):
    """One file being written. The lock keeps an abort from closing it under a write whose task was cancelled."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._path = path
        self._folder = folder
        self._file: BinaryIO | None = None
        self._ended = False
        self._hash = hashlib.sha256()
        self._size = 0
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._lock = Lock()

    @override
    async def write(self, data: bytes) -> None:
        """Raises StorageFull. Small pieces are gathered, so that a thread is asked once per megabyte."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _GATHER_BYTES:
            await asyncio.to_thread(self._write, self._gathered())

    @override
    async def commit(self) -> tuple[str, int]:
        """Raises StorageFull."""
        return await asyncio.to_thread(self._commit, self._gathered())

    @override
    async def abort(self) -> None:
        """Forget what was written; after ``commit`` this does nothing."""
        await asyncio.to_thread(self._abort)

    def _gathered(self) -> list[bytes]:
        gathered, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return gathered

    def _write(self, pieces: list[bytes]) -> None:
        with self._lock, _saying_full():
            self._append(pieces)

    def _append(self, pieces: list[bytes]) -> BinaryIO:
        if self._ended:
            raise ValueError("This blob was committed or aborted.")
        if self._file is None:
            self._file = self._path.open("xb")
        for piece in pieces:
            self._hash.update(piece)
            self._file.write(piece)
            self._size += len(piece)
        return self._file

    def _commit(self, pieces: list[bytes]) -> tuple[str, int]:
        with self._lock, _saying_full():
            file = self._append(pieces)
            file.flush()
            os.fsync(file.fileno())
            file.close()
            address = self._hash.hexdigest()
            _appear(self._path, _place(self._folder, address))
            self._ended = True
        return address, self._size

    def _abort(self) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
            if self._file is not None:
                # Closing writes what is still buffered, which fails again on a full disk.
                with contextlib.suppress(OSError):
                    self._file.close()
                self._path.unlink(missing_ok=True)


def _appear(path: Path, place: Path) -> None:
    """Rename ``path`` to ``place`` so that it is still there after a power loss."""
    changed = [place.parent]
    if not place.parent.exists():
        changed += [place.parent.parent, place.parent.parent.parent]
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.replace(place)
    for folder in changed:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _place(folder: Path, address: str) -> Path:
    if not _ADDRESS.fullmatch(address):
        raise FileNotFoundError(errno.ENOENT, "There is no blob with this address")
    return folder / address[:2] / address[2:4] / address


@contextlib.contextmanager
def _saying_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("The server's storage is full; nothing was stored.") from error
        raise
