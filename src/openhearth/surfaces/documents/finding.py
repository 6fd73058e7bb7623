"""From what a client wrote (URL, data URI, base64, id) to a document's bytes, each kind checked in its own way."""

import asyncio
import binascii
import re
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Protocol
from urllib.parse import unquote_to_bytes, urlsplit

from openhearth.core.data_uris import from_base64
from openhearth.core.documents import Document
from openhearth.core.errors import RequestError, TooLarge
from openhearth.core.multipart import clean_filename
from openhearth.media.sources import Asker, Files, Sources
from openhearth.surfaces.documents.bodies import CALL_FACTOR, Source
from openhearth.transport.fetch import Fetched

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{64,}={0,2}")
_LOOK_CHARS = 4096
_LONG_CHARS = 1024 * 1024  # so much is decoded beside the event loop
_OWN_FILE = re.compile(r"/files/(file[_-][A-Za-z0-9]{8,64})/content/?$")


class Fetcher(Protocol):
    """``transport.fetch.Fetcher``."""

    async def get(self, url: str, *, most_bytes: int | None = None) -> Fetched: ...


class Finder:
    """Finds documents of at most ``most_bytes`` each."""

    def __init__(self, sources: Sources, files: Files, fetcher: Fetcher, *, most_bytes: int) -> None:
        self._sources = sources
        self._files = files
        self._fetcher = fetcher
        self._most_bytes = most_bytes

    async def all(self, sources: Sequence[Source], asker: Asker) -> list[Document]:
        """Every document, in order.

        Raises NotFound (no such id, foreign owner), TooLarge, RequestError (address refused or not understood) and
        UpstreamError (the other server failed), naming the field.
        """
        found: list[Document] = []
        left = CALL_FACTOR * self._most_bytes
        for source in sources:
            found.append(await self._one(source, asker))
            left -= len(found[-1].data)
            if left < 0:
                raise TooLarge(
                    f"The documents together have more than {CALL_FACTOR * self._most_bytes} bytes. 文件总和过大。",
                    param="image",
                    code="document_too_large",
                )
        return found

    async def _one(self, source: Source, asker: Asker) -> Document:
        if isinstance(source, Document):
            return source
        param, text = source
        try:
            document = await self._named(text, param, asker)
        except RequestError as error:
            error.param = param
            raise
        if len(document.data) > self._most_bytes:
            raise self._too_large(param)
        return document

    async def _named(self, text: str, param: str, asker: Asker) -> Document:
        if text.startswith(("file_", "file-")):
            return await self._file(text, param, asker)
        if text[:5].lower() == "data:":
            return await _beside(self._inline, text, param)
        if text[:8].lower().startswith(("http://", "https://")):
            return await self._url(text, param, asker)
        if text.startswith(("img_", "/media/")):
            return Document((await self._sources.picture(text, asker)).data)
        if _BASE64.fullmatch("".join(text[:_LOOK_CHARS].split())):
            return await _beside(_from_base64, text, param)
        raise RequestError(
            f"'{text[:80]}' is no document: give an http(s) URL, a data URI, base64, or an id (file_…, img_…).",
            param=param,
            code="invalid_value",
        )

    async def _file(self, file_id: str, param: str, asker: Asker) -> Document:
        file = await self._files.get(asker.owner, file_id)
        if file.size_bytes > self._most_bytes:
            raise self._too_large(param)
        data = b"".join([piece async for piece in await self._files.content(file)])
        return Document(data, file.filename, file.mime)

    async def _url(self, url: str, param: str, asker: Asker) -> Document:
        if self._sources.is_own(url, asker):
            own = _OWN_FILE.search(urlsplit(url).path)
            if own:
                return await self._file(own[1], param, asker)
            return Document((await self._sources.picture(url, asker)).data)
        fetched = await self._fetcher.get(url, most_bytes=self._most_bytes)
        return Document(fetched.data, clean_filename(PurePosixPath(urlsplit(fetched.url).path).name), fetched.mime)

    def _inline(self, uri: str, param: str) -> Document:
        """A data URI (RFC 2397)."""
        head, comma, body = uri[5:].partition(",")
        if not comma:
            raise RequestError("The data URI has no comma.", param=param, code="invalid_value")
        if len(body) > self._most_bytes * 4 // 3 + 1024:
            raise self._too_large(param)
        kinds = head.lower().split(";")
        data = _bytes(body, param) if kinds[-1].strip() == "base64" else unquote_to_bytes(body)
        return Document(data, mime=kinds[0].strip())

    def _too_large(self, param: str) -> TooLarge:
        return TooLarge(
            f"A document has at most {self._most_bytes} bytes. 文件过大。", param=param, code="document_too_large"
        )


async def _beside(work: Callable[[str, str], Document], text: str, param: str) -> Document:
    """Work on a long text in a thread, on a short one here."""
    return await asyncio.to_thread(work, text, param) if len(text) > _LONG_CHARS else work(text, param)


def _from_base64(text: str, param: str) -> Document:
    return Document(_bytes(text, param))


def _bytes(text: str, param: str) -> bytes:
    try:
        return from_base64(text)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"This is not base64: {error}", param=param, code="invalid_value") from error
