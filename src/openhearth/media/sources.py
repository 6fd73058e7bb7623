"""From what a client wrote (URL, data URI, id) to a picture's bytes, each kind checked in its own way.

Our own links and ids come from storage, never over the network: a link by its signature, an id by its owner.
"""

import asyncio
import binascii
from collections.abc import AsyncIterator
from typing import Protocol
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec

from openhearth.core.data_uris import from_base64
from openhearth.core.errors import RequestError, TooLarge, UnsupportedMedia
from openhearth.core.media import Picture
from openhearth.core.pictures import Fetcher, kind_of, seems_html
from openhearth.media import samples
from openhearth.media.gallery import Gallery
from openhearth.media.links import parse
from openhearth.stores.ports import FileRecord

_SAMPLES = "/samples/"


class Files(Protocol):
    """What is needed of ``files.library.Library``: an owner's file and its bytes."""

    async def get(self, owner: str, file_id: str) -> FileRecord:
        """Raises NotFound."""

    async def content(self, file: FileRecord) -> AsyncIterator[bytes]:
        """The bytes in pieces. Raises NotFound."""


class Asker(msgspec.Struct, frozen=True):
    """Who asks, and by which names the server is known to them.

    ``home`` begins the links we hand out (``https://host``); ``hosts`` are the host[:port] texts that mean ourselves.
    """

    owner: str
    home: str
    hosts: frozenset[str]


class Sources:
    """Finds pictures. ``most_bytes`` bounds each one."""

    def __init__(self, gallery: Gallery, files: Files, fetcher: Fetcher, *, most_bytes: int) -> None:
        self._gallery = gallery
        self._files = files
        self._fetcher = fetcher
        self._most_bytes = most_bytes

    async def picture(self, source: str, asker: Asker) -> Picture:
        """The picture behind ``source``.

        Raises NotFound (no such id, foreign owner, expired link), UnsupportedMedia (not a picture), TooLarge,
        RequestError (address refused or not understood) and UpstreamError (the other server failed).
        """
        if source.startswith("img_"):
            return await self._result(source, asker.owner)
        if source.startswith(("file_", "file-")):
            return await self._file(source, asker.owner)
        scheme = source[:8].lower()
        if scheme.startswith("data:"):
            return self.checked(_decoded(source, self._most_bytes), "data")
        if scheme.startswith(("http://", "https://")) or source.startswith("/media/"):
            return await self._url(source, asker)
        raise RequestError(
            f"'{source[:80]}' is no picture source: give an http(s) URL, a data URI, or an id (file_…, img_…).",
            param="image",
            code="invalid_image",
        )

    def is_own(self, source: str, asker: Asker) -> bool:
        """Whether ``source`` lies with us (an id, one of our links), so that no other server could fetch it."""
        if source.startswith(("img_", "file_", "file-", "/media/")):
            return True
        if not source[:8].lower().startswith(("http://", "https://")):
            return False
        link = parse(source)
        if link is not None and (link.host in asker.hosts or self._gallery.signed(link)):
            return True
        return _split(source).netloc.lower() in asker.hosts

    def checked(self, data: bytes, source: str) -> Picture:
        """A picture by its content. Raises UnsupportedMedia saying what came instead, and TooLarge."""
        if len(data) > self._most_bytes:
            raise TooLarge(f"The picture is larger than {self._most_bytes} bytes.", param="image")
        kind = kind_of(data)
        if kind is None or kind == "image/svg+xml":
            raise UnsupportedMedia(_not_a_picture(data, source, kind), param="image", code="not_a_picture")
        return Picture(data, kind, source)

    async def _result(self, picture_id: str, owner: str) -> Picture:
        record = await self._gallery.own(owner, picture_id)
        return self.checked(await self._gallery.data(record), record.id)

    async def _file(self, file_id: str, owner: str) -> Picture:
        file = await self._files.get(owner, file_id)
        if file.size_bytes > self._most_bytes:
            raise TooLarge(f"The file is larger than {self._most_bytes} bytes.", param="image")
        data = b"".join([piece async for piece in await self._files.content(file)])
        return self.checked(data, file.id)

    async def _url(self, url: str, asker: Asker) -> Picture:
        link = parse(url)
        ours = link is not None and link.host in (asker.hosts | {""})
        if link is not None and (ours or self._gallery.signed(link)):
            record = await self._gallery.linked(link)
            return self.checked(await self._gallery.data(record), record.id)
        place = _split(url)
        if place.netloc.lower() in asker.hosts:
            if place.path.startswith(_SAMPLES):
                data = await asyncio.to_thread(samples.load, place.path.removeprefix(_SAMPLES))
                return self.checked(data, url)
            file_id = _file_id(place.path)
            if file_id:
                return await self._file(file_id, asker.owner)
        try:
            fetched = await self._fetcher.get(url)
        except RequestError as error:
            error.param = error.param or "image"
            raise
        return self.checked(fetched.data, url)


class _Place(msgspec.Struct, frozen=True):
    netloc: str
    path: str


def _split(url: str) -> _Place:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RequestError(f"'{url[:80]}' is not a URL.", param="image", code="invalid_url") from error
    return _Place(parts.netloc, parts.path)


def _file_id(path: str) -> str:
    """The id in ``…/files/{id}/content``, or empty."""
    pieces = path.rstrip("/").split("/")
    return pieces[-2] if len(pieces) >= 3 and pieces[-3] == "files" and pieces[-1] == "content" else ""


def _decoded(uri: str, most_bytes: int) -> bytes:
    """The bytes of a data URI (RFC 2397)."""
    head, comma, body = uri.partition(",")
    if not comma:
        raise RequestError("The data URI has no comma.", param="image", code="invalid_image")
    if len(body) > most_bytes * 4 // 3 + 1024:
        raise TooLarge(f"The picture is larger than {most_bytes} bytes.", param="image")
    if not head.lower().rstrip().endswith(";base64"):
        return unquote_to_bytes(body)
    try:
        return from_base64(body)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"The data URI is not base64: {error}", param="image", code="invalid_image") from error


def _not_a_picture(data: bytes, source: str, kind: str | None) -> str:
    where = "What was sent as a picture" if source == "data" else f"'{source[:120]}'"
    if kind == "image/svg+xml":
        return f"{where} is an SVG drawing; editing needs pixels (PNG, JPEG, WebP, …)."
    if seems_html(data):
        return f"{where} is a web page, not a picture. Give the address of the picture file itself."
    if not data:
        return f"{where} is empty."
    return f"{where} is not a picture in a known format (PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC)."
