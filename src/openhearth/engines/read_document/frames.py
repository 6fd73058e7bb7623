"""What the engine and its worker say to each other, as MessagePack."""

from typing import Any

import msgspec

from openhearth.core.documents import DocumentRequest, Reading
from openhearth.core.errors import Bug, GatewayError


class Ready(msgspec.Struct, frozen=True, tag_field="kind", tag="ready"):
    """The worker can take a document. ``granted`` is what the kernel took from it (``sandbox.confine``)."""

    granted: tuple[str, ...]


class Turned(msgspec.Struct, frozen=True, tag_field="kind", tag="turned"):
    """A page is begun: a sign of life."""

    page: int


class Done(msgspec.Struct, frozen=True, tag_field="kind", tag="done"):
    """The document is read. ``retire``: the worker is to be replaced."""

    reading: Reading
    granted: tuple[str, ...] = ()
    retire: bool = False


class Failed(msgspec.Struct, frozen=True, tag_field="kind", tag="failed"):
    """The document could not be read; ``status`` is the HTTP status of the error."""

    status: int
    message: str
    type: str
    code: str
    param: str | None = None
    retry_after_s: float | None = None
    retire: bool = False

    def body(self) -> dict[str, Any]:
        """The error body of a response."""
        shown = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": {**shown, "status": self.status}}


Frame = Ready | Turned | Done | Failed

_ENCODER = msgspec.msgpack.Encoder()
_FRAMES: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_REQUESTS = msgspec.msgpack.Decoder(DocumentRequest)


def failed(error: GatewayError, *, retire: bool = False) -> Failed:
    """An error as a value that crosses processes."""
    message = "The reader failed. See its log. 文档引擎内部错误。" if isinstance(error, Bug) else error.message
    return Failed(error.shown_status, message, error.type, error.code, error.param, error.retry_after_s, retire)


def encode(value: Frame | DocumentRequest | Reading) -> bytes:
    return _ENCODER.encode(value)


def decode(body: bytes) -> Frame:
    return _FRAMES.decode(body)


def decode_request(body: bytes) -> DocumentRequest:
    """Raises msgspec.MsgspecError."""
    return _REQUESTS.decode(body)


def is_last(frame: Frame) -> bool:
    """A worker that is to be replaced does not end its order: whoever closes the order then ends the worker."""
    return isinstance(frame, Done | Failed) and not frame.retire
