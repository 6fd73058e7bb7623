"""What every blob store must do. A new implementation is one more entry in ``STORES``."""

import asyncio
import hashlib
import os
import resource
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from openhearth.core.errors import StorageFull
from openhearth.stores.blob_ports import Blobs
from openhearth.stores.blobs.local import LocalBlobs


async def local(folder: Path) -> Blobs:
    blobs = LocalBlobs(folder)
    await blobs.open()
    return blobs


STORES: list[Callable[[Path], Awaitable[Blobs]]] = [local]


@pytest.fixture(params=STORES)
async def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    made: Blobs = await request.param(tmp_path / "blobs")
    return made


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def whole(blobs: Blobs, address: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.read(address, start, length)])


async def test_what_was_put_is_read_back_under_its_hash(blobs: Blobs) -> None:
    data = os.urandom(700_000)
    address = await blobs.put(data)
    assert address == hashlib.sha256(data).hexdigest()
    assert await whole(blobs, address) == data
    assert await blobs.size(address) == len(data)


async def test_no_piece_is_larger_than_promised(blobs: Blobs) -> None:
    address = await blobs.put(bytes(3_000_000))
    sizes = [len(piece) async for piece in blobs.read(address)]
    assert sum(sizes) == 3_000_000
    assert max(sizes) <= 256 * 1024


async def test_a_stream_of_small_and_large_pieces_is_one_blob(blobs: Blobs) -> None:
    pieces = [b"a" * 10, b"", b"b" * 2_500_000, b"c"]
    writer = await blobs.writer()
    for piece in pieces:
        await writer.write(piece)
    address, size = await writer.commit()
    assert size == 2_500_011
    assert await whole(blobs, address) == b"".join(pieces)


async def test_an_empty_blob_is_a_blob(blobs: Blobs) -> None:
    address = await blobs.put(b"")
    assert await blobs.size(address) == 0
    assert await whole(blobs, address) == b""


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (7, None, b"789"), (8, 100, b"89"), (10, None, b""), (4, 0, b"")],
)
async def test_a_range_is_read(blobs: Blobs, start: int, length: int | None, expected: bytes) -> None:
    address = await blobs.put(b"0123456789")
    assert await whole(blobs, address, start, length) == expected


async def test_nothing_is_visible_before_commit_or_after_abort(blobs: Blobs) -> None:
    data = b"not yet"
    address = hashlib.sha256(data).hexdigest()
    writer = await blobs.writer()
    await writer.write(data)
    assert await blobs.size(address) is None
    await writer.abort()
    await writer.abort()
    assert await blobs.size(address) is None


async def test_abort_after_commit_keeps_the_blob(blobs: Blobs) -> None:
    writer = await blobs.writer()
    await writer.write(b"kept")
    address, _ = await writer.commit()
    await writer.abort()
    assert await whole(blobs, address) == b"kept"


async def test_nothing_can_be_written_behind_the_end(blobs: Blobs) -> None:
    writer = await blobs.writer()
    await writer.abort()
    with pytest.raises(ValueError, match="aborted"):
        await writer.write(bytes(2_000_000))


async def test_equal_bytes_written_at_once_are_one_blob(blobs: Blobs) -> None:
    addresses = await asyncio.gather(*(blobs.put(b"same" * 1000) for _ in range(8)))
    assert len(set(addresses)) == 1
    assert await whole(blobs, addresses[0]) == b"same" * 1000


async def test_a_deleted_blob_is_gone_and_may_be_deleted_again(blobs: Blobs) -> None:
    address = await blobs.put(b"short life")
    await blobs.delete(address)
    await blobs.delete(address)
    assert await blobs.size(address) is None
    with pytest.raises(FileNotFoundError):
        await whole(blobs, address)


@pytest.mark.parametrize("address", ["../../etc/passwd", "", "a" * 63, "A" * 64, "/" * 64, "a" * 64 + "\n"])
async def test_an_address_is_never_a_path(blobs: Blobs, address: str) -> None:
    with pytest.raises(FileNotFoundError):
        await whole(blobs, address)


async def test_left_over_pieces_are_removed_at_open(tmp_path: Path) -> None:
    blobs = LocalBlobs(tmp_path)
    await blobs.open()
    writer = await blobs.writer()
    await writer.write(bytes(2_000_000))
    assert len(list((tmp_path / "incoming").iterdir())) == 1
    await LocalBlobs(tmp_path).open()
    assert list((tmp_path / "incoming").iterdir()) == []
    await writer.abort()


@pytest.fixture
def only_a_megabyte_per_file() -> Iterator[None]:
    """The system refuses larger files, as a full disk refuses any."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("only_a_megabyte_per_file")
@pytest.mark.parametrize("size", [3_000_000, 1_000_001])
async def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path, size: int) -> None:
    blobs = LocalBlobs(tmp_path)
    await blobs.open()
    with pytest.raises(StorageFull) as caught:
        await blobs.put(bytes(size))
    assert caught.value.status == 507
    assert files_in(tmp_path) == []
    assert await whole(blobs, await blobs.put(b"fits")) == b"fits"
