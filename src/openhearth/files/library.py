"""A client's files: a record for each, one blob for equal bytes, and the blob goes with its last record.

Every call names the owner, and another owner's file is absent, like one that never was.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import TypeVar

from openhearth.core.errors import NotFound
from openhearth.core.ids import new_id
from openhearth.files.mime import HEAD_BYTES, mime_of
from openhearth.stores.blob_ports import Blobs, BlobWriter
from openhearth.stores.ports import FileRecord, FileRecords, Page

_LOG = logging.getLogger(__name__)
_SWEEP_ROWS = 500
_SHOWN_CHARS = 80
_R = TypeVar("_R")


class Library:
    """All files. ``changes`` is held while a blob gains or loses a record, so that none is deleted while it is wanted;
    whoever keeps blobs for records of another kind holds it too.
    """

    def __init__(self, records: FileRecords, blobs: Blobs, *, now: Callable[[], float] = time.time) -> None:
        self._records = records
        self._blobs = blobs
        self._now = now
        self.changes = asyncio.Lock()

    async def draft(self) -> "Draft":
        """A file whose bytes come before all is known about it."""
        return Draft(await self._blobs.writer(), self._records, self.changes, self._now)

    async def create(
        self,
        owner: str,
        filename: str,
        purpose: str,
        mime: str,
        pieces: AsyncIterator[bytes],
        *,
        lifetime_s: float | None = None,
    ) -> FileRecord:
        """Keep what ``pieces`` yields. Raises StorageFull; whatever happens, nothing half-kept remains."""
        async with await self.draft() as draft:
            async for piece in pieces:
                await draft.write(piece)
            return await draft.keep(owner, filename, purpose, mime, lifetime_s=lifetime_s)

    async def file(self, owner: str, file_id: str) -> FileRecord | None:
        """The file, ``None`` when it is absent, expired or another owner's."""
        file = await self._records.file(owner, file_id)
        if file is None or (file.expires_at is not None and file.expires_at <= self._now()):
            return None
        return file

    async def get(self, owner: str, file_id: str) -> FileRecord:
        """Like ``file``, but raises NotFound."""
        file = await self.file(owner, file_id)
        if file is None:
            raise _absent(file_id)
        return file

    async def list(self, owner: str, purpose: str | None, page: Page) -> tuple[Sequence[FileRecord], bool]:
        """One page and whether there is more. Raises NotFound when the page starts at a file that is not there."""
        return await self._records.list_files(owner, purpose, page, self._now())

    async def content(self, file: FileRecord, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of ``file``, or a range of them. Raises NotFound when the store has lost them."""
        if await self._blobs.size(file.blob) is None:
            raise NotFound(f"The content of file '{file.id}' is no longer there.", code="file_content_missing")
        return self._blobs.read(file.blob, start, length)

    async def delete(self, owner: str, file_id: str) -> None:
        """Raises NotFound."""
        if not await _to_its_end(self._remove(owner, file_id)):
            raise _absent(file_id)

    async def release(self, address: str) -> None:
        """Delete a blob unless some record still names it. The caller holds ``changes``."""
        if not await self._records.is_blob_used(address):
            await self._blobs.delete(address)

    async def sweep(self) -> int:
        """Delete every expired file; how many there were."""
        swept = 0
        while expired := await self._records.expired_files(self._now(), _SWEEP_ROWS):
            for file in expired:
                swept += await _to_its_end(self._remove(file.owner, file.id))
        return swept

    async def sweep_on(self, every_s: float) -> None:
        """Sweep now and every ``every_s`` seconds until cancelled."""
        while True:
            try:
                await self.sweep()
            except Exception as error:
                # The store is a port: whatever ails it, the next round tries again.
                _LOG.error("Expired files could not be removed: %s", type(error).__name__)
            await asyncio.sleep(every_s)

    async def _remove(self, owner: str, file_id: str) -> bool:
        async with self.changes:
            file = await self._records.delete_file(owner, file_id)
            if file is not None:
                await self.release(file.blob)
        return file is not None


class Draft:
    """A file being received; ``async with`` forgets it unless it was kept."""

    def __init__(
        self, writer: BlobWriter, records: FileRecords, changes: asyncio.Lock, now: Callable[[], float]
    ) -> None:
        self._writer = writer
        self._records = records
        self._changes = changes
        self._now = now
        self._head = b""
        self.size_bytes = 0

    async def write(self, piece: bytes) -> None:
        """Raises StorageFull."""
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
        self.size_bytes += len(piece)
        await self._writer.write(piece)

    async def keep(
        self, owner: str, filename: str, purpose: str, mime: str, *, lifetime_s: float | None = None
    ) -> FileRecord:
        """Make it a file of ``owner``. ``mime`` is what was declared; the content decides. Raises StorageFull."""
        return await _to_its_end(self._keep(owner, filename, purpose, mime, lifetime_s))

    async def _keep(self, owner: str, filename: str, purpose: str, mime: str, lifetime_s: float | None) -> FileRecord:
        async with self._changes:
            blob, size_bytes = await self._writer.commit()
            created_at = self._now()
            file = FileRecord(
                id=new_id("file"),
                owner=owner,
                blob=blob,
                filename=filename,
                purpose=purpose,
                mime=mime_of(self._head, mime),
                size_bytes=size_bytes,
                created_at=created_at,
                expires_at=None if lifetime_s is None else created_at + lifetime_s,
            )
            await self._records.add_file(file)
        return file

    async def __aenter__(self) -> "Draft":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._writer.abort()


async def _to_its_end(work: Coroutine[object, object, _R]) -> _R:
    """Run ``work`` whole, also when we are cancelled meanwhile: a record and its blob change together or not at all."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _absent(file_id: str) -> NotFound:
    return NotFound(f"There is no file '{file_id[:_SHOWN_CHARS]}'.", param="file_id", code="file_not_found")
