"""What the child process and its worker say to each other: length-prefixed MessagePack over two pipes."""

import struct
from collections.abc import Callable
from typing import Any

import msgspec

from openhearth.core.errors import Bug, GatewayError

_LENGTH = struct.Struct("<Q")
PREFIX_BYTES = _LENGTH.size


class Ready(msgspec.Struct, frozen=True, tag_field="kind", tag="ready"):
    """The worker can take a request."""


class Progress(msgspec.Struct, frozen=True, tag_field="kind", tag="progress"):
    """A stage of the edit has finished. ``data`` is the picture as it is now, an encoded file, if one is shown."""

    done: int
    total: int
    text: str
    mime: str = ""
    data: bytes = b""


class Result(msgspec.Struct, frozen=True, tag_field="kind", tag="result"):
    """The edit is done. ``data`` is the encoded file."""

    mime: str
    width: int
    height: int
    operations: tuple[dict[str, Any], ...]
    note: str
    seed: int | None
    data: bytes


class Failed(msgspec.Struct, frozen=True, tag_field="kind", tag="failed"):
    """The edit failed; ``status`` is the HTTP status of the error."""

    status: int
    message: str
    type: str
    code: str
    param: str | None = None
    retry_after_s: float | None = None

    def body(self) -> dict[str, Any]:
        """The error body of a response, or of an ``error`` event (where ``status`` is otherwise lost)."""
        shown = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": {**shown, "status": self.status}}


Frame = Ready | Progress | Result | Failed

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def failed(error: GatewayError) -> Failed:
    """An error as a value that crosses processes."""
    message = "The editor failed. See the log. 编辑器内部错误。" if isinstance(error, Bug) else error.message
    return Failed(error.shown_status, message, error.type, error.code, error.param, error.retry_after_s)


def packed(body: bytes) -> bytes:
    """A body with its length before it."""
    return _LENGTH.pack(len(body)) + body


def encode(frame: Frame) -> bytes:
    return packed(_ENCODER.encode(frame))


def decode(body: bytes) -> Frame:
    return _DECODER.decode(body)


def length(prefix: bytes) -> int:
    """Bytes of the body that follows a prefix of ``PREFIX_BYTES``."""
    return int(_LENGTH.unpack(prefix)[0])


def read(take: Callable[[int], bytes]) -> bytes | None:
    """One body from a blocking reader; ``None`` at the end."""
    prefix = take(PREFIX_BYTES)
    if len(prefix) < PREFIX_BYTES:
        return None
    size = length(prefix)
    body = take(size)
    return body if len(body) == size else None
