"""Files: seen by their owner, gone with their time, and the bytes with the last file that holds them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from typing_extensions import override

from openhearth.core.errors import NotFound
from openhearth.files.library import Library
from openhearth.files.mime import mime_of
from openhearth.stores.blobs.local import LocalBlobs
from openhearth.stores.ports import FileRecord, Page, Records
from openhearth.stores.sql import SqlRecords


class Watched(LocalBlobs):
    """Says when it is about to delete, and fails the first ``troubles`` times."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.deleting = asyncio.Event()
        self.troubles = 0

    @override
    async def delete(self, address: str) -> None:
        self.deleting.set()
        await asyncio.sleep(0)
        if self.troubles:
            self.troubles -= 1
            raise OSError("The disk is away.")
        await super().delete(address)


class Shelf(msgspec.Struct):
    """A library over real stores, with a clock to move."""

    records: Records
    blobs: Watched
    folder: Path
    time: float = 1_000.0

    def now(self) -> float:
        return self.time

    def library(self) -> Library:
        return Library(self.records, self.blobs, now=self.now)

    def kept(self) -> int:
        return sum(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    blobs = Watched(tmp_path / "blobs")
    await records.open()
    await blobs.open()
    yield Shelf(records, blobs, tmp_path / "blobs")
    await records.close()


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


async def add(
    library: Library, owner: str = "anna", data: bytes = b"text", lifetime_s: float | None = None
) -> FileRecord:
    return await library.create(owner, "a.txt", "user_data", "text/plain", pieces(data), lifetime_s=lifetime_s)


async def content_of(library: Library, file: FileRecord) -> bytes:
    return b"".join([piece async for piece in await library.content(file)])


async def test_a_file_is_kept_as_it_came(shelf: Shelf) -> None:
    library = shelf.library()
    file = await library.create("anna", "a.png", "vision", "text/html", pieces(b"\x89PNG\r\n", b"\x1a\n", b"rest"))
    assert file.mime == "image/png"
    assert file.size_bytes == 12
    assert await library.get("anna", file.id) == file
    assert await content_of(library, file) == b"\x89PNG\r\n\x1a\nrest"


async def test_another_owners_file_is_like_no_file(shelf: Shelf) -> None:
    library = shelf.library()
    file = await add(library)
    for ask in (library.get, library.delete):
        with pytest.raises(NotFound) as foreign:
            await ask("bert", file.id)
        with pytest.raises(NotFound) as missing:
            await ask("bert", "file_none")
        assert foreign.value.message.replace(file.id, "file_none") == missing.value.message
        assert foreign.value.code == missing.value.code == "file_not_found"
    assert await library.file("bert", file.id) is None


async def test_equal_bytes_are_kept_until_their_last_file_goes(shelf: Shelf) -> None:
    library = shelf.library()
    one, two = await add(library), await add(library, owner="bert")
    assert one.blob == two.blob
    assert shelf.kept() == 1
    await library.delete("anna", one.id)
    assert await content_of(library, two) == b"text"
    await library.delete("bert", two.id)
    assert shelf.kept() == 0


async def test_a_file_expires_at_once_and_is_swept_later(shelf: Shelf) -> None:
    library = shelf.library()
    short = await add(library, lifetime_s=10)
    long = await add(library, data=b"other")
    assert short.expires_at == short.created_at + 10
    shelf.time += 9.9
    assert await library.get("anna", short.id) == short
    assert await library.sweep() == 0
    shelf.time += 0.1
    with pytest.raises(NotFound):
        await library.get("anna", short.id)
    assert await library.list("anna", None, Page()) == ([long], False)
    assert await library.sweep() == 1
    assert shelf.kept() == 1


async def test_the_sweep_goes_on_by_itself_and_finishes_what_it_began(shelf: Shelf) -> None:
    library = shelf.library()
    sweeper = asyncio.create_task(library.sweep_on(0.001))
    await add(library, lifetime_s=1)
    shelf.time += 1
    await asyncio.wait_for(shelf.blobs.deleting.wait(), 5)
    sweeper.cancel()
    await asyncio.gather(sweeper, return_exceptions=True)
    assert shelf.kept() == 0


async def test_the_sweep_outlives_trouble_of_the_store(shelf: Shelf) -> None:
    library = shelf.library()
    await add(library, lifetime_s=1)
    shelf.time += 1
    shelf.blobs.troubles = 1
    sweeper = asyncio.create_task(library.sweep_on(0.001))
    await asyncio.wait_for(shelf.blobs.deleting.wait(), 5)
    shelf.blobs.deleting.clear()
    await add(library, data=b"other", lifetime_s=0)
    await asyncio.wait_for(shelf.blobs.deleting.wait(), 5)
    sweeper.cancel()
    await asyncio.gather(sweeper, return_exceptions=True)
    assert await shelf.records.expired_files(shelf.time, 1) == []


async def test_a_broken_upload_leaves_nothing(shelf: Shelf) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        assert shelf.kept() == 1
        raise ConnectionResetError

    library = shelf.library()
    with pytest.raises(ConnectionResetError):
        await library.create("anna", "a", "batch", "", broken())
    assert shelf.kept() == 0
    assert await library.list("anna", None, Page()) == ([], False)


async def test_a_cancelled_upload_leaves_nothing(shelf: Shelf) -> None:
    written = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(2_000_000)
        written.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(shelf.library().create("anna", "a", "batch", "", endless()))
    await written.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert shelf.kept() == 0


async def test_lost_bytes_are_a_404_and_not_an_empty_file(shelf: Shelf) -> None:
    library = shelf.library()
    file = await add(library)
    await shelf.blobs.delete(file.blob)
    with pytest.raises(NotFound) as caught:
        await library.content(file)
    assert caught.value.code == "file_content_missing"


async def test_upload_and_delete_of_equal_bytes_at_once_lose_nothing(shelf: Shelf) -> None:
    library = shelf.library()
    for _ in range(15):
        old = await add(library)
        _, new = await asyncio.gather(library.delete("anna", old.id), add(library))
        assert await content_of(library, new) == b"text"
        await library.delete("anna", new.id)


@pytest.mark.parametrize(
    ("head", "declared", "mime"),
    [
        (b"\x89PNG\r\n\x1a\n....", "", "image/png"),
        (b"\xff\xd8\xff\xe0", "text/html", "image/jpeg"),
        (b"GIF89a", "image/png", "image/gif"),
        (b"RIFF....WEBPVP8 ", "application/octet-stream", "image/webp"),
        (b"RIFF....WAVEfmt ", "", "audio/wav"),
        (b"%PDF-1.7", "", "application/pdf"),
        (b"....ftypavif", "", "image/avif"),
        (b"....ftypisom", "", "video/mp4"),
        (b"\x1aE\xdf\xa3", "audio/webm", "audio/webm"),
        (b"\x1aE\xdf\xa3", "text/html", "video/webm"),
        (b"BM\x00\x10\x00\x00\x00\x00\x00\x00", "", "image/bmp"),
        (b"BMW is a maker of cars", "text/plain", "text/plain"),
        (b"<html><script>", "image/png", "application/octet-stream"),
        (b"<svg>", "image/svg+xml", "image/svg+xml"),
        (b"{}", "Application/JSONL; charset=utf-8", "application/jsonl"),
        (b"{}", "", "application/octet-stream"),
        (b"{}", "text/html\r\nset-cookie: a=b", "application/octet-stream"),
        (b"{}", "nonsense", "application/octet-stream"),
        (b"", "text/plain", "text/plain"),
    ],
)
def test_content_decides_what_a_file_is(head: bytes, declared: str, mime: str) -> None:
    assert mime_of(head, declared) == mime
