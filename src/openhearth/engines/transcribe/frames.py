"""What the engine and its worker say to each other, as MessagePack."""

import msgspec

from openhearth.core.transcript import Segment
from openhearth.engines.failed import Failed


class Order(msgspec.Struct, frozen=True):
    """One recording to hear. ``language`` and ``languages`` are codes; ``temperature`` ``None`` means Whisper's own
    rising list; the last three tell speech from silence, ``None`` as usual."""

    path: str
    translate: bool = False
    language: str = ""
    languages: tuple[str, ...] = ()
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    with_words: bool = False
    with_chances: bool = False
    chinese: str = "simplified"
    threshold: float | None = None
    pause_ms: int | None = None
    padding_ms: int | None = None


class Ready(msgspec.Struct, frozen=True, tag_field="kind", tag="ready"):
    """The worker can take an order."""


class At(msgspec.Struct, frozen=True, tag_field="kind", tag="at"):
    """So much of the recording has been listened through; ``of_s`` is 0 when its length is not known."""

    seconds: float
    of_s: float


class Said(msgspec.Struct, frozen=True, tag_field="kind", tag="said"):
    """One more segment."""

    segment: Segment


class Finished(msgspec.Struct, frozen=True, tag_field="kind", tag="finished"):
    """The recording has been heard to its end. ``languages`` are codes, in the order in which they were heard."""

    languages: tuple[str, ...]
    probability: float | None
    duration_s: float


Frame = Ready | At | Said | Finished | Failed

_ENCODER = msgspec.msgpack.Encoder()
_FRAMES: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_ORDERS = msgspec.msgpack.Decoder(Order)


def encode(value: Frame | Order) -> bytes:
    return _ENCODER.encode(value)


def decode(body: bytes) -> Frame:
    return _FRAMES.decode(body)


def decode_order(body: bytes) -> Order:
    return _ORDERS.decode(body)


def is_last(frame: Frame) -> bool:
    return isinstance(frame, Finished | Failed)
