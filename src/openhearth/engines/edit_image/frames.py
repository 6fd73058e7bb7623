"""What the child process and its worker say to each other, as MessagePack."""

from typing import Any

import msgspec

from openhearth.core.errors import Bug, GatewayError


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


def encode(frame: Frame) -> bytes:
    return _ENCODER.encode(frame)


def decode(body: bytes) -> Frame:
    return _DECODER.decode(body)


def is_last(frame: Frame) -> bool:
    return isinstance(frame, Result | Failed)
