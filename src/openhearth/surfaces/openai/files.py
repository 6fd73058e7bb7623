"""The Files API: /v1/files (https://platform.openai.com/docs/api-reference/files).

An upload streams from the socket into the blob store; the order of the form's parts does not matter.
"""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Limits
from openhearth.core.errors import RequestError, RequestTimeout, TooLarge
from openhearth.core.multipart import Event, Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.core.permissions import Permission
from openhearth.files.library import Draft, Library
from openhearth.relay.gate import Gate
from openhearth.stores.ports import FileRecord, Page
from openhearth.surfaces.http import Json, Route, body_pieces, principal_of
from openhearth.surfaces.openai.file_content import file_answer

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_FORM_BYTES = 2 * 1024 * 1024
_HOUR_S = 3600
_MONTH_S = 30 * 24 * _HOUR_S
_MOST_LISTED = 10_000
_ANCHOR = "expires_after[anchor]"
_SECONDS = "expires_after[seconds]"


def routes(library: Library, gate: Gate, limits: Limits) -> list[BaseRoute]:
    """The five routes of files."""

    async def create(request: Request) -> Response:
        principal = await principal_of(request, gate)
        reader = FormReader(boundary_of(request.headers.get("content-type", "")))
        async with await library.draft() as draft:
            upload = _Upload(draft, limits.upload_bytes)
            async for piece in _body(request, limits):
                for event in reader.feed(piece):
                    await upload.take(event)
            reader.close()
            file = await upload.keep(principal.owner)
        return Json(_shown(file), headers=upload.headers())

    async def show_all(request: Request) -> Response:
        principal = await principal_of(request, gate)
        purpose = request.query_params.get("purpose") or None
        found, has_more = await library.list(principal.owner, purpose, _page(request))
        return Json(
            {
                "object": "list",
                "data": [_shown(file) for file in found],
                "first_id": found[0].id if found else None,
                "last_id": found[-1].id if found else None,
                "has_more": has_more,
            }
        )

    async def show(request: Request) -> Response:
        principal = await principal_of(request, gate)
        return Json(_shown(await library.get(principal.owner, request.path_params["file_id"])))

    async def content(request: Request) -> Response:
        principal = await principal_of(request, gate)
        file = await library.get(principal.owner, request.path_params["file_id"])
        return await file_answer(request, library, file)

    async def delete(request: Request) -> Response:
        principal = await principal_of(request, gate)
        file_id = request.path_params["file_id"]
        await library.delete(principal.owner, file_id)
        return Json({"id": file_id, "object": "file", "deleted": True})

    return [
        Route("/v1/files", create, methods=["POST"], permission=Permission.CALL),
        Route("/v1/files", show_all, methods=["GET"], permission=Permission.CALL),
        Route("/v1/files/{file_id}", show, methods=["GET"], permission=Permission.CALL),
        Route("/v1/files/{file_id}", delete, methods=["DELETE"], permission=Permission.CALL),
        Route("/v1/files/{file_id}/content", content, methods=["GET"], permission=Permission.CALL),
    ]


class _Upload:
    """The parts of one form, in whatever order they come."""

    def __init__(self, draft: Draft, most_bytes: int) -> None:
        self._draft = draft
        self._most_bytes = most_bytes
        self._file: FileBegin | None = None
        self._fields: dict[str, str] = {}
        self._dropped: list[str] = []

    async def take(self, event: Event) -> None:
        """Raises RequestError and TooLarge as soon as a part is wrong, not after half a gigabyte more."""
        match event:
            case FileData(data):
                if self._draft.size_bytes + len(data) > self._most_bytes:
                    raise TooLarge(f"A file has at most {self._most_bytes} bytes.", param="file", code="file_too_large")
                await self._draft.write(data)
            case FileBegin(name):
                if name != "file" or self._file is not None:
                    raise RequestError("A form has one file, in the field 'file'.", param=name[:80])
                self._file = event
            case Field(name, value):
                self._take_field(name, value)

    async def keep(self, owner: str) -> FileRecord:
        """Store the file. Raises RequestError when a part is missing, and StorageFull."""
        purpose = self._fields.get("purpose")
        if purpose is None:
            raise RequestError(
                f"'purpose' is required: one of {', '.join(PURPOSES)}.", param="purpose", code="missing_field"
            )
        if self._file is None:
            raise RequestError("'file' is required.", param="file", code="missing_field")
        lifetime_s = _lifetime_s(self._fields, purpose)
        return await self._draft.keep(owner, self._file.filename, purpose, self._file.mime, lifetime_s=lifetime_s)

    def headers(self) -> dict[str, str]:
        """What we did not know what to do with, said and not swallowed."""
        return {"x-openhearth-dropped": ", ".join(self._dropped)} if self._dropped else {}

    def _take_field(self, name: str, value: str) -> None:
        if name == "file":
            raise RequestError("'file' is sent as a file: its part needs a filename.", param="file")
        if name not in ("purpose", _ANCHOR, _SECONDS):
            self._dropped.append(quote(name[:80], safe="[]"))
            return
        if name in self._fields:
            raise RequestError(f"'{name}' is sent twice.", param=name, code="duplicate_field")
        if name == "purpose" and value not in PURPOSES:
            raise RequestError(
                f"'{value[:80]}' is not a purpose; it is one of {', '.join(PURPOSES)}.",
                param="purpose",
                code="invalid_value",
            )
        self._fields[name] = value


def _lifetime_s(fields: dict[str, str], purpose: str) -> float | None:
    """How long the file is kept; batch input for 30 days, everything else for ever, unless the client says so."""
    seconds = fields.get(_SECONDS)
    anchor = fields.get(_ANCHOR)
    if seconds is None and anchor is None:
        return _MONTH_S if purpose == "batch" else None
    if anchor != "created_at":
        raise RequestError("'expires_after[anchor]' is 'created_at'.", param=_ANCHOR, code="invalid_value")
    if seconds is None or not seconds.isdecimal() or not _HOUR_S <= int(seconds[:20]) <= _MONTH_S:
        raise RequestError(
            f"'expires_after[seconds]' is a whole number from {_HOUR_S} to {_MONTH_S}.",
            param=_SECONDS,
            code="invalid_value",
        )
    return int(seconds)


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


def _page(request: Request) -> Page:
    query = request.query_params
    limit = query.get("limit", str(_MOST_LISTED))
    if not limit.isdecimal() or not 1 <= int(limit[:20]) <= _MOST_LISTED:
        raise RequestError(f"'limit' is a whole number from 1 to {_MOST_LISTED}.", param="limit", code="invalid_value")
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise RequestError("'order' is 'asc' or 'desc'.", param="order", code="invalid_value")
    return Page(limit=int(limit), order=order, after=query.get("after", ""))


def _shown(file: FileRecord) -> dict[str, object]:
    """OpenAI's FileObject."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size_bytes,
        "created_at": int(file.created_at),
        "expires_at": None if file.expires_at is None else int(file.expires_at),
        "filename": file.filename,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }
