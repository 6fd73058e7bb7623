"""Pictures to look at: signed links to results, the sample pictures, and the lineage of a result for its owner."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from openhearth.core.errors import NotFound
from openhearth.core.permissions import Permission
from openhearth.core.pictures import kind_of
from openhearth.media import samples
from openhearth.media.gallery import Gallery
from openhearth.media.links import parse
from openhearth.relay.gate import Gate
from openhearth.stores.ports import PictureRecord
from openhearth.surfaces.home import home_of
from openhearth.surfaces.http import Json, Route, principal_of

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_SVG_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_SAMPLE_AGE_S = 86_400


class _Span(msgspec.Struct, frozen=True):
    """A part of a picture, in bytes."""

    start: int
    length: int


class _Unsatisfiable(Exception):
    """The asked range lies beyond the end."""


class MediaPages:
    """The routes. ``now`` is unix seconds."""

    def __init__(self, gate: Gate, gallery: Gallery, *, public_url: str, now: Callable[[], float] = time.time) -> None:
        self._gate = gate
        self._gallery = gallery
        self._public_url = public_url
        self._now = now

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/media/{signature}/{name}", self._picture, methods=["GET", "HEAD"], permission=Permission.PUBLIC),
            Route("/samples/{name}", self._sample, methods=["GET", "HEAD"], permission=Permission.PUBLIC),
            Route("/v1/images/{picture_id}/lineage", self._lineage, methods=["GET"], permission=Permission.CALL),
            Route("/v1/images/{picture_id}", self._delete, methods=["DELETE"], permission=Permission.CALL),
        ]

    async def _picture(self, request: Request) -> Response:
        link = parse(request.scope["path"])
        if link is None:
            raise NotFound("There is no picture at this address.", code="picture_not_found")
        record = await self._gallery.linked(link)
        headers = self._headers(record)
        if _matches(request.headers.get("if-none-match", ""), headers["etag"]):
            return Response(status_code=304, headers=_without_body(headers))
        try:
            span = _span(request, record.size_bytes, headers["etag"])
        except _Unsatisfiable:
            return Response(status_code=416, headers={"content-range": f"bytes */{record.size_bytes}"})
        length = span.length if span else record.size_bytes
        headers["content-length"] = str(length)
        if span:
            headers["content-range"] = f"bytes {span.start}-{span.start + span.length - 1}/{record.size_bytes}"
        status = 206 if span else 200
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers)
        pieces = self._gallery.read(record, span.start if span else 0, length)
        try:
            first = await anext(aiter(pieces), b"")
        except FileNotFoundError as error:
            raise NotFound("This picture was deleted.", code="picture_not_found") from error
        return StreamingResponse(_joined(first, pieces), status_code=status, headers=headers)

    def _headers(self, record: PictureRecord) -> dict[str, str]:
        """A link is a secret of whoever holds it: browsers keep it until it ends, shared caches never."""
        expires = record.expires_at
        age_s = max(0, int(expires - self._now())) if expires is not None else 31_536_000
        return {
            "content-type": record.mime,
            "etag": f'"{record.blob}"',
            "accept-ranges": "bytes",
            "cache-control": f"private, max-age={age_s}, immutable",
            "referrer-policy": "no-referrer",
            **_safe(record.mime),
        }

    async def _sample(self, request: Request) -> Response:
        data = await asyncio.to_thread(samples.load, request.path_params["name"])
        mime = kind_of(data) or "application/octet-stream"
        headers = {"cache-control": f"public, max-age={_SAMPLE_AGE_S}", "content-type": mime, **_safe(mime)}
        if request.method == "HEAD":
            return Response(headers={**headers, "content-length": str(len(data))})
        return Response(data, headers=headers)

    async def _lineage(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        picture_id = request.path_params["picture_id"]
        home = home_of(request, self._public_url)
        chain = await self._gallery.lineage(principal.owner, picture_id, home)
        return Json({"object": "image.lineage", "id": picture_id, "data": chain})

    async def _delete(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        picture_id = request.path_params["picture_id"]
        await self._gallery.delete(principal.owner, picture_id)
        return Json({"id": picture_id, "object": "image.deleted", "deleted": True})


def _safe(mime: str) -> dict[str, str]:
    """No sniffing, usable in pages of other origins; a drawing runs nothing and loads nothing."""
    headers = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "cross-origin"}
    if mime == "image/svg+xml":
        headers["content-security-policy"] = _SVG_POLICY
    return headers


def _without_body(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "content-type"}


def _matches(asked: str, etag: str) -> bool:
    """RFC 9110, section 13.1.2, weak comparison."""
    tags = (tag.strip().removeprefix("W/") for tag in asked.split(","))
    return asked.strip() == "*" or etag in tags


def _span(request: Request, size_bytes: int, etag: str) -> _Span | None:
    """The one range asked for (RFC 9110, section 14); ``None`` for none, several, or one of another version."""
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    condition = request.headers.get("if-range")
    if match is None or match[1] == match[2] == "" or (condition is not None and condition != etag):
        return None
    if match[1] == "":
        length = min(int(match[2]), size_bytes)
        if length == 0:
            raise _Unsatisfiable
        return _Span(size_bytes - length, length)
    start = int(match[1])
    if start >= size_bytes:
        raise _Unsatisfiable
    last = min(int(match[2]), size_bytes - 1) if match[2] else size_bytes - 1
    return _Span(start, last - start + 1) if last >= start else None


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece
