"""What the engine and its worker say to each other, as MessagePack."""

import msgspec

from openhearth.core.documents import DocumentRequest, Reading
from openhearth.engines.failed import Failed


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


Frame = Ready | Turned | Done | Failed

_ENCODER = msgspec.msgpack.Encoder()
_FRAMES: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_REQUESTS = msgspec.msgpack.Decoder(DocumentRequest)


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
