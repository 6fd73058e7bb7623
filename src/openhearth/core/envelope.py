"""A JSON request body read one level deep, so that what we authorise is what we send and no field is lost.

Fields stay the bytes the client wrote; only the few we must know are decoded, only those we set are replaced.
"""

import json
import re
from typing import TypeVar

import msgspec
from msgspec import Raw

from openhearth.core.errors import RequestError
from openhearth.core.json_reason import json_reason

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_BACKSLASH = 0x5C
_SHORT_BYTES = 2048
_WANT = TypeVar("_WANT")
_NOTHING = frozenset({b"", b"null"})


_ABSENT = NO_USAGE = Raw(b"")


class Head(msgspec.Struct):
    """The fields every relayed call must know; reading them also proves that the body is one JSON object."""

    model: str | None = None
    stream: bool | None = None
    stream_options: Raw = _ABSENT
    usage: Raw = _ABSENT


_HEAD = msgspec.json.Decoder(Head)


class Envelope(msgspec.Struct, eq=False):
    """One body. Its fields are taken apart only when one beyond the usual few is asked for, or one is changed.

    ``head`` holds the usual few, already decoded; ``None`` when one is of a wrong type or the fields were taken apart.
    """

    body: bytes
    head: Head | None
    parts: dict[str, Raw] | None = None

    @classmethod
    def of(cls, fields: dict[str, Raw]) -> "Envelope":
        """An envelope of ready fields (a form, say)."""
        return cls(b"", None, fields)

    @classmethod
    def decode(cls, body: bytes, *, max_depth: int = 64) -> "Envelope":
        """Read ``body`` one level deep.

        Raises RequestError for anything that is not one JSON object in UTF-8, is nested deeper than ``max_depth``
        or names ``model`` twice.
        """
        head: Head | None
        try:
            if not body.isascii():
                body.decode()  # untouched fields are passed on unread: their text must be checked here
            try:
                head = _HEAD.decode(body)
            except msgspec.ValidationError:
                _FIELDS.decode(body)  # an object whose fields are of wrong types: whoever asks for one says which
                head = None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RequestError(
                f"The body is not a JSON object: {json_reason(body, error)}", code="invalid_json"
            ) from error
        except RecursionError as error:
            raise _too_deep(max_depth) from error
        brackets = body.count(b"[") + body.count(b"{") if len(body) < _SHORT_BYTES else _brackets(body, max_depth)
        if brackets > max_depth and depth(body) > max_depth:
            raise _too_deep(max_depth)
        if body.count(b'"model"') > 1 and _names(body).count("model") > 1:
            raise RequestError("The body names 'model' twice.", param="model", code="duplicate_field")
        return cls(body, head)

    @property
    def fields(self) -> dict[str, Raw]:
        """Name → untouched bytes."""
        if self.parts is None:
            self.parts = _FIELDS.decode(self.body)
            self.head = None
        return self.parts

    def copy(self) -> "Envelope":
        """The same fields, to be changed apart from these."""
        return Envelope(self.body, self.head, None if self.parts is None else dict(self.parts))

    def encode(self) -> bytes:
        """The body to send. Idempotent: a retry may call it once more after other edits.

        Bytes that nobody changed go out as they came, unless another reader could see other values in them than we did:
        an escape may hide a field's name, and a field named twice has two values. Those are written anew, so that what
        was checked is what is sent.
        """
        if self.parts is None:
            body, head = self.body, self.head
            # A number is looked for ten times as fast as bytes are, and most bodies hold no backslash.
            hides = _BACKSLASH in body and body.find(b"\\u") >= 0
            if not hides and ((head is not None and head.stream is None) or body.count(b'"stream"') < 2):
                return body
        return _ENCODER.encode(self.fields)

    def set(self, name: str, value: object) -> None:
        """Replace or add one field by a JSON-able value."""
        self.fields[name] = Raw(_ENCODER.encode(value))

    def drop(self, name: str) -> bool:
        """Take one field out; True if it was there."""
        return self.fields.pop(name, None) is not None

    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        """One field decoded as ``want``; ``None`` when absent or null. Raises RequestError naming the field."""
        raw = self.head.stream_options if self.head and name == "stream_options" else self.fields.get(name)
        if raw is None or bytes(raw) in _NOTHING:
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


def _brackets(body: bytes, most: int) -> int:
    """How many opening brackets there are, strings included, or some number above ``most``.

    Long bodies are mostly text: to leap from bracket to bracket is fifty times as fast as to count them.
    """
    found = 0
    for bracket in (b"[", b"{"):
        at = body.find(bracket)
        while at >= 0 and found <= most:
            found += 1
            at = body.find(bracket, at + 1)
    return found


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
