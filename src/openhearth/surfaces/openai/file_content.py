"""A stored file as an answer: as a download only, in whole or one range of it (RFC 9110, section 14).

What a client uploaded is never shown by a browser in our name: attachment, nosniff, and a sandbox in case.
"""

import re
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from openhearth.files.library import Library
from openhearth.stores.ports import FileRecord

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_HEADER_SAFE = re.compile(r'[^ -~]|["\\]')


async def file_answer(request: Request, library: Library, file: FileRecord) -> Response:
    """The content of ``file``: 200, 206 for a range, 416 for one outside. Raises NotFound when it was lost."""
    headers = _headers(file)
    wanted = _range(request, file)
    if wanted is None:
        start, length, status = 0, file.size_bytes, 200
    else:
        start, length = wanted
        if length <= 0:
            return Response(status_code=416, headers=headers | {"content-range": f"bytes */{file.size_bytes}"})
        status = 206
        headers["content-range"] = f"bytes {start}-{start + length - 1}/{file.size_bytes}"
    headers["content-length"] = str(length)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(await library.content(file, start, length), status, headers)


def _headers(file: FileRecord) -> dict[str, str]:
    plain = _HEADER_SAFE.sub("_", file.filename)
    encoded = quote(file.filename, safe="", errors="replace")
    return {
        "content-type": file.mime,
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "cache-control": "private, no-cache",
        "etag": f'"{file.blob}"',
        "accept-ranges": "bytes",
    }


def _range(request: Request, file: FileRecord) -> tuple[int, int] | None:
    """Start and length of the one range asked for, length 0 when it lies outside; ``None`` for the whole file.

    What is not one well-formed range of bytes is ignored, as the standard allows.
    """
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.headers.get("if-range", f'"{file.blob}"') != f'"{file.blob}"':
        return None
    first, last = asked.groups()
    if not first:
        if not last:
            return None
        start = max(0, file.size_bytes - int(last))
        return start, file.size_bytes - start
    start = int(first)
    end = min(int(last), file.size_bytes - 1) if last else file.size_bytes - 1
    if last and int(last) < start:
        return None
    return start, end - start + 1
