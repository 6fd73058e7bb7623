"""What makes two requests the same: SHA-256 over method, path, query and body, taken while the body streams by.

A client library that sends a request again may write it anew: JSON with its fields in another order, a form with
another boundary. Neither makes it another request, so JSON is hashed in a canonical form and forms without boundaries.
"""

import asyncio
import hashlib
import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.multipart import boundary_of

_ENCODER = msgspec.json.Encoder(order="sorted")
_FORM = "multipart/form-data"
_LARGE_BYTES = 256 * 1024
_Made = TypeVar("_Made")


class Fingerprint:
    """Of one request. ``feed`` the body as it comes, then ask for ``hex``.

    A JSON body of up to ``most_json_bytes`` is held until its end: its pieces are those that the handler holds too.
    Above that its bytes are compared as they are.
    """

    def __init__(self, method: str, path: str, query: bytes, content_type: str, *, most_json_bytes: int) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        self._hash = hashlib.sha256()
        for part in (method.encode(), path.encode(), query, kind.encode()):
            self._hash.update(b"%d:%b" % (len(part), part))
        self._form = _form(content_type) if kind == _FORM else None
        self._raw = hashlib.sha256()
        self._left_bytes = most_json_bytes if _is_json(kind) else -1
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """The next bytes of the body."""
        if self._form is not None:
            self._form.feed(data)
            return
        self._raw.update(data)
        if self._left_bytes >= 0:
            self._left_bytes -= len(data)
            self._pieces.append(data)
            if self._left_bytes < 0:
                self._pieces = []

    async def hex(self) -> str:
        """The fingerprint, in hexadecimal. Ends the feeding."""
        self._hash.update(await beside(self._body, sum(map(len, self._pieces))))
        return self._hash.hexdigest()

    def _body(self) -> bytes:
        if self._form is not None:
            return b"form" + self._form.digest()
        text = canonical(b"".join(self._pieces)) if self._left_bytes >= 0 else None
        if text is None:
            return b"bytes" + self._raw.digest()
        return b"json" + hashlib.sha256(text).digest()


async def beside(work: Callable[[], _Made], size_bytes: int) -> _Made:
    """What ``work`` makes of ``size_bytes``: in a thread when they are many, so that the event loop goes on."""
    return await asyncio.to_thread(work) if size_bytes > _LARGE_BYTES else work()


class _Form:
    """A form's bytes, its boundary taken out wherever it stands, however the bytes are cut into pieces."""

    def __init__(self, boundary: bytes) -> None:
        self._mark = b"--" + boundary
        self._hash = hashlib.sha256()
        self._rest = b""
        self._part_bytes = 0

    def feed(self, data: bytes) -> None:
        *ended, rest = (self._rest + data).split(self._mark)
        for part in ended:
            self._take(part)
            self._hash.update(b"\0%d\0" % self._part_bytes)  # how long the part was: no content can look like an end
            self._part_bytes = 0
        whole = max(0, len(rest) - len(self._mark) + 1)
        self._take(rest[:whole])
        self._rest = rest[whole:]

    def digest(self) -> bytes:
        self._take(self._rest)
        self._rest = b""
        return self._hash.digest()

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self._part_bytes += len(data)


def canonical(body: bytes) -> bytes | None:
    """A JSON text with its fields sorted and without blanks, so that only what it says counts (as in RFC 8785).

    ``None`` where readers could differ about what it says: not JSON, a field named twice, a number beyond a double.
    ``1`` and ``1.0`` stay two values, and so do whole numbers of any length.
    """
    try:
        value = json.loads(body, object_pairs_hook=_fields, parse_float=_finite, parse_constant=_finite)
        return _ENCODER.encode(value)
    except (ValueError, RecursionError, UnicodeError):
        return None


def _fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field is named twice")
    return fields


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _is_json(kind: str) -> bool:
    return kind in ("", "application/json") or kind.endswith("+json")


def _form(content_type: str) -> _Form | None:
    try:
        return _Form(boundary_of(content_type))
    except RequestError:
        return None  # the handler refuses it
