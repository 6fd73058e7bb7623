"""A JSON request body read one level deep, so that what we authorise is what we send and no field is lost.

Fields stay the bytes the client wrote; only the few we must know are decoded, only those we set are replaced.
"""

import json
import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from openhearth.core.errors import RequestError

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_WANT = TypeVar("_WANT")


class Envelope:
    """The fields of one body: name → untouched bytes."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Raw]) -> None:
        self.fields = fields

    @classmethod
    def decode(cls, body: bytes, *, max_depth: int = 64) -> "Envelope":
        """Read ``body`` one level deep.

        Raises RequestError for anything that is not one JSON object in UTF-8, is nested deeper than ``max_depth``
        or names ``model`` twice.
        """
        try:
            if not body.isascii():
                body.decode()  # untouched fields are passed on unread: their text must be checked here
            fields = _FIELDS.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RequestError(f"The body is not a JSON object: {error}", code="invalid_json") from error
        except RecursionError as error:
            raise _too_deep(max_depth) from error
        if body.count(b"[") + body.count(b"{") > max_depth and depth(body) > max_depth:
            raise _too_deep(max_depth)
        if body.count(b'"model"') > 1 and _names(body).count("model") > 1:
            raise RequestError("The body names 'model' twice.", param="model", code="duplicate_field")
        return cls(fields)

    def encode(self) -> bytes:
        """The body again. Idempotent: a retry may call it once more after other edits."""
        return _ENCODER.encode(self.fields)

    def set(self, name: str, value: object) -> None:
        """Replace or add one field by a JSON-able value."""
        self.fields[name] = Raw(_ENCODER.encode(value))

    def drop(self, name: str) -> bool:
        """Take one field out; True if it was there."""
        return self.fields.pop(name, None) is not None

    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        """One field decoded as ``want``; ``None`` when absent or null. Raises RequestError naming the field."""
        raw = self.fields.get(name)
        if raw is None or bytes(raw) == b"null":
            return None
        try:
            return msgspec.json.decode(raw, type=want)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise RequestError(f"Field '{name}': {error}", param=name, code="invalid_type") from error

    def require(self, name: str, want: type[_WANT]) -> _WANT:
        """Like ``get``, but an absent or null field is a RequestError."""
        value = self.get(name, want)
        if value is None:
            raise RequestError(f"Field '{name}' is required.", param=name, code="missing_field")
        return value


def depth(body: bytes) -> int:
    """How deep the brackets of a valid JSON text nest; strings do not count."""
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    deep = deepest = 0
    for byte in brackets:
        if byte in b"[{":
            deep += 1
            deepest = max(deepest, deep)
        else:
            deep -= 1
    return deepest


def _names(body: bytes) -> list[str]:
    found: list[str] = []

    def top(pairs: list[tuple[str, object]]) -> None:
        found[:] = [name for name, _ in pairs]

    json.loads(body, object_pairs_hook=top)
    return found


def _too_deep(max_depth: int) -> RequestError:
    return RequestError(f"The body nests deeper than {max_depth} levels.", code="json_too_deep")
