"""Requests that bring a recording: a form with a file, or JSON and forms that name one by URL, data URI or file id.

A file goes to disk as it comes; nothing of it lies in memory. Whoever gets an ``Upload`` removes its file.
"""

import asyncio
import binascii
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from openhearth.config import Limits
from openhearth.core.data_uris import from_base64
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError, RequestTimeout, TooLarge, UnsupportedMedia
from openhearth.core.multipart import Event, Field, FileBegin, FileData, FormReader, boundary_of, clean_filename
from openhearth.core.transcript import Pairs, Recording, byte_rate_of
from openhearth.media.sources import Files
from openhearth.stores.spool import Held, Spool
from openhearth.surfaces.http import body_pieces, json_body
from openhearth.transport.fetch import Fetcher

_FORM_BYTES = 2 * 1024 * 1024
_FILE = "file"
_FORM, _JSON = "multipart/form-data", "application/json"


class Upload(msgspec.Struct, frozen=True):
    """The text fields of a request and its recording. ``held`` is the file, to be removed at the end."""

    fields: Pairs
    recording: Recording
    held: Held


class Recordings:
    """Reads requests with recordings. ``source_names`` are the text fields that may name one, best first.

    ``kinds`` are the types of fields in JSON bodies; forms know only text.
    """

    def __init__(
        self,
        spool: Spool,
        library: Files,
        fetcher: Fetcher,
        limits: Limits,
        *,
        source_names: tuple[str, ...],
        kinds: Mapping[str, Any] | None = None,
    ) -> None:
        self._spool = spool
        self._library = library
        self._fetcher = fetcher
        self._limits = limits
        self._source_names = source_names
        self._kinds = {**dict.fromkeys(source_names, str), **(kinds or {})}

    async def read(self, request: Request, owner: str) -> Upload:
        """The request, its recording on disk.

        Raises RequestError (``missing_field``, ``invalid_value``, ``url_refused`` …), NotFound, TooLarge,
        UnsupportedMedia, RequestTimeout and StorageFull.
        """
        held = self._spool.draft()
        is_whole = False
        try:
            upload = await self._read(request, owner, held)
            await held.close()
            is_whole = True
        finally:
            if not is_whole:
                await held.remove()
        return upload

    async def _read(self, request: Request, owner: str, held: Held) -> Upload:
        declared = request.headers.get("content-type", "")
        form = _Form(held, self._limits.upload_bytes)
        kind = declared.partition(";")[0].strip().lower()
        if kind == _FORM:
            reader = FormReader(boundary_of(declared))
            async for piece in _body(request, self._limits):
                for event in reader.feed(piece):
                    await form.take(event)
            reader.close()
        elif kind and kind != _JSON and not kind.endswith("+json"):
            raise UnsupportedMedia(f"This path takes '{_FORM}' or '{_JSON}', not '{kind[:80]}'.")
        else:
            envelope = await json_body(request, self._limits)
            for name, kind in self._kinds.items():
                envelope.get(name, kind)
            form.fields = list(_pairs(envelope))
        if form.file is not None:
            recording = _recording(held, form.file.filename, form.file.mime)
            return Upload(tuple(form.fields), recording, held)
        name, source = self._source(form.fields)
        recording = await self._fetched(source, name, owner, held)
        return Upload(tuple(pair for pair in form.fields if pair[0] not in self._source_names), recording, held)

    def _source(self, fields: list[tuple[str, str]]) -> tuple[str, str]:
        for name in self._source_names:
            for given, value in fields:
                if given == name and value.strip():
                    return name, value.strip()
        raise RequestError("Give the recording as 'file', or its address as 'url'.", param=_FILE, code="missing_field")

    async def _fetched(self, source: str, param: str, owner: str, held: Held) -> Recording:
        if source.startswith(("file_", "file-")):
            file = await self._library.get(owner, source)
            async for piece in await self._library.content(file):
                await held.write(piece)
            return _recording(held, file.filename, file.mime)
        if source[:5].lower() == "data:":
            mime, data = _decoded(source, param)
            await held.write(data)
            return _recording(held, "recording", mime)
        if not source[:8].lower().startswith(("http://", "https://")):
            raise RequestError(
                f"'{source[:80]}' is no recording: give an http(s) URL, a data URI, or the id of a file (file_…).",
                param=param,
                code="invalid_value",
            )
        try:
            fetched = await self._fetcher.get(source)
        except RequestError as error:
            error.param = error.param or param
            raise
        await held.write(fetched.data)
        name = clean_filename(PurePosixPath(urlsplit(fetched.url).path).name)
        return _recording(held, name, fetched.mime)


class _Form:
    """The parts of one form, in whatever order they come."""

    def __init__(self, held: Held, most_bytes: int) -> None:
        self._held = held
        self._most_bytes = most_bytes
        self.file: FileBegin | None = None
        self.fields: list[tuple[str, str]] = []

    async def take(self, event: Event) -> None:
        """Raises RequestError and TooLarge as soon as a part is wrong."""
        match event:
            case FileData(data):
                if self._held.size_bytes + len(data) > self._most_bytes:
                    raise TooLarge(
                        f"A recording has at most {self._most_bytes} bytes.", param=_FILE, code="file_too_large"
                    )
                await self._held.write(data)
            case FileBegin(name):
                if name != _FILE or self.file is not None:
                    raise RequestError(
                        "A form has one file, in the field 'file'.", param=name[:80], code="unexpected_file"
                    )
                self.file = event
            case Field(name, value):
                self.fields.append((name, value))


class Keeping(Response):
    """Another response, after which the recording is removed, whatever happens to it."""

    def __init__(self, inner: Response, held: Held) -> None:
        super().__init__()
        self._inner = inner
        self._held = held

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._inner(scope, receive, send)
        finally:
            await self._held.remove()


def _recording(held: Held, filename: str, mime: str) -> Recording:
    return Recording(str(held.path), filename, mime, held.size_bytes, byte_rate_of(held.head))


def _pairs(envelope: Envelope) -> Pairs:
    """A JSON body as the fields of a form: lists repeat a name, objects are JSON text, null is absent."""
    found: list[tuple[str, str]] = []
    for name in envelope.fields:
        value = _value(name, bytes(envelope.fields[name]))
        if isinstance(value, list):
            found += [(f"{name}[]", _text(one)) for one in value if one is not None]
        elif value is not None:
            found.append((name, _text(value)))
    return tuple(found)


def _value(name: str, raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"Field '{name[:64]}': {error}", param=name[:64], code="invalid_type") from error


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _decoded(uri: str, param: str) -> tuple[str, bytes]:
    """Type and bytes of a data URI (RFC 2397)."""
    head, comma, body = uri[5:].partition(",")
    kinds = head.split(";")
    try:
        data = from_base64(body) if kinds[-1].strip().lower() == "base64" else None
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"The data URI is not base64: {error}", param=param, code="invalid_value") from error
    if not comma:
        raise RequestError("A data URI has a comma.", param=param, code="invalid_value")
    return kinds[0].strip().lower(), unquote_to_bytes(body) if data is None else data


async def _body(request: Request, limits: Limits) -> AsyncIterator[bytes]:
    """The body, with a deadline for the whole and a shorter one for each silence. Raises RequestTimeout."""
    pieces = body_pieces(request, most=limits.upload_bytes + _FORM_BYTES, within_s=limits.total_s)
    while True:
        try:
            async with asyncio.timeout(limits.body_s):
                piece = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise RequestTimeout(f"Nothing of the upload arrived for {limits.body_s:g} s.") from error
        yield piece
