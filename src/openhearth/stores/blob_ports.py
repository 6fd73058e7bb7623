"""The port of blobs: bytes under the address of their content. Only ``app`` sees implementations."""

from collections.abc import AsyncIterator
from typing import Protocol


class BlobWriter(Protocol):
    """A blob being written; bytes are hashed on the way."""

    async def write(self, data: bytes) -> None: ...

    async def commit(self) -> tuple[str, int]:
        """Address (``sha256`` hex) and size. The blob is durable and visible after this."""

    async def abort(self) -> None: ...


class Blobs(Protocol):
    """Content-addressed bytes, streamed both ways."""

    async def writer(self) -> BlobWriter: ...

    async def put(self, data: bytes) -> str:
        """Write all of ``data``; the address."""

    async def size(self, address: str) -> int | None: ...

    def read(self, address: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Pieces of at most 256 KiB. Raises FileNotFoundError."""

    async def delete(self, address: str) -> None: ...
