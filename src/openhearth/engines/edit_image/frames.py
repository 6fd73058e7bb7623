"""What the child process and its worker say to each other, as MessagePack."""

from typing import Any

import msgspec

from openhearth.engines.failed import Failed


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


Frame = Ready | Progress | Result | Failed

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    return _ENCODER.encode(frame)


def decode(body: bytes) -> Frame:
    return _DECODER.decode(body)


def is_last(frame: Frame) -> bool:
    return isinstance(frame, Result | Failed)
