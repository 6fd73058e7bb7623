"""Pictures made in code, stores in memory and a picture editor that does as it is told."""

import asyncio
import hashlib
import struct
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

import msgspec

from openhearth.core.errors import GatewayError, NotFound
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.provider import Target
from openhearth.stores.blob_ports import BlobWriter
from openhearth.stores.ports import FileRecord, PictureRecord


def png(width: int = 4, height: int = 3, grey: int = 128) -> bytes:
    """A whole, valid greyscale PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([grey]) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class MemoryPictures:
    """``stores.ports.PictureRecords`` in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[str, PictureRecord] = {}

    async def add_picture(self, picture: PictureRecord) -> None:
        self.rows[picture.id] = picture

    async def picture(self, owner: str | None, picture_id: str) -> PictureRecord | None:
        row = self.rows.get(picture_id)
        return row if row is not None and owner in (None, row.owner) else None

    async def delete_picture(self, owner: str, picture_id: str) -> PictureRecord | None:
        row = await self.picture(owner, picture_id)
        return self.rows.pop(picture_id) if row is not None else None

    async def expired_pictures(self, now: float, limit: int) -> Sequence[PictureRecord]:
        old = [row for row in self.rows.values() if row.expires_at is not None and row.expires_at <= now]
        return old[:limit]

    async def is_blob_used(self, address: str) -> bool:
        return any(row.blob == address for row in self.rows.values())


class MemoryBlobs:
    """``stores.ports.Blobs`` in a dictionary."""

    def __init__(self) -> None:
        self.data: dict[str, bytes] = {}

    async def writer(self) -> BlobWriter:
        raise NotImplementedError

    async def put(self, data: bytes) -> str:
        address = hashlib.sha256(data).hexdigest()
        self.data[address] = data
        return address

    async def size(self, address: str) -> int | None:
        data = self.data.get(address)
        return None if data is None else len(data)

    async def read(self, address: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if address not in self.data:
            raise FileNotFoundError(address)
        data = self.data[address][start:]
        data = data if length is None else data[:length]
        for at in range(0, len(data), 16):
            yield data[at : at + 16]

    async def delete(self, address: str) -> None:
        self.data.pop(address, None)


class MemoryFiles:
    """Files of owners, as ``files.library.Library`` shows them."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], tuple[FileRecord, bytes]] = {}

    def put(self, owner: str, file_id: str, data: bytes) -> None:
        record = FileRecord(file_id, owner, file_id, "picture.png", "vision", "image/png", len(data), 0.0)
        self.rows[owner, file_id] = (record, data)

    async def get(self, owner: str, file_id: str) -> FileRecord:
        if (owner, file_id) not in self.rows:
            raise NotFound("There is no such file.", code="file_not_found")
        return self.rows[owner, file_id][0]

    async def content(self, file: FileRecord) -> AsyncIterator[bytes]:
        return self._pieces(self.rows[file.owner, file.id][1])

    async def _pieces(self, data: bytes) -> AsyncIterator[bytes]:
        yield data


class Page(msgspec.Struct):
    """What a fetch brings."""

    data: bytes
    url: str


class Web:
    """A fetcher with a few known addresses; everything asked for is noted."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | GatewayError] = {}
        self.asked: list[str] = []

    async def get(self, url: str) -> Page:
        self.asked.append(url)
        page = self.pages.get(url, NotFound("No such address.", code="url_unreachable"))
        if isinstance(page, GatewayError):
            raise page
        return Page(page, url)


class Editor:
    """A driver that makes ``request.n`` pictures, each another shade, or does what ``script`` says for a target.

    ``hold`` makes it wait after its first event; ``closed`` is set when the work was aborted there.
    """

    def __init__(self) -> None:
        self.requests: list[ImageRequest] = []
        self.targets: list[str] = []
        self.script: dict[str, list[GatewayError | Exception]] = {}
        self.stages: tuple[str, ...] = ("找人 finding people", "换色 recolouring")
        self.partial = False
        self.done = ImagesDone()
        self.hold: asyncio.Event | None = None
        self.hold_before: asyncio.Event | None = None
        self.break_after_first: Exception | None = None
        self.waiting = asyncio.Event()
        self.closed = asyncio.Event()
        self._shade = 0

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        self.requests.append(request)
        self.targets.append(target.id)
        planned = self.script.get(target.id)
        if planned:
            raise planned.pop(0)
        await self._wait(self.hold_before)
        for number, text in enumerate(self.stages, 1):
            part = Picture(png(2, 2), "image/png", "partial") if self.partial else None
            yield ImageProgress(number, len(self.stages), text, part)
        await self._wait(self.hold)
        for number in range(request.n):
            self._shade += 1
            operations = ({"op": "recolour", "part": "top"},)
            yield MadePicture(png(4, 3, self._shade), "image/png", 4, 3, operations, request.seed or 7)
            if number == 0 and self.break_after_first is not None:
                raise self.break_after_first
        yield self.done

    async def _wait(self, event: asyncio.Event | None) -> None:
        if event is None:
            return
        self.waiting.set()
        try:
            await event.wait()
        except asyncio.CancelledError:
            self.closed.set()
            raise


class Clock:
    """Unix seconds that move when told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


Now = Callable[[], float]
