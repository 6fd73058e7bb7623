"""What clients of the images API get: the whole answer and its stream events (openai-python 3.54 types)."""

import msgspec

_ENCODER = msgspec.json.Encoder()


class TokenDetails(msgspec.Struct, frozen=True):
    """Both are always present: strict clients demand them."""

    image_tokens: int = 0
    text_tokens: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Zeros from engines that count no tokens."""

    input_tokens: int = 0
    input_tokens_details: TokenDetails = TokenDetails()
    output_tokens: int = 0
    total_tokens: int = 0


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result: a link or the bytes in base64. ``id`` is ours, for the lineage; ``seed`` makes it once more."""

    url: str | None = None
    b64_json: str | None = None
    revised_prompt: str | None = None
    id: str | None = None
    seed: int | None = None


class ImagesResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole answer. ``size`` is that of the first result."""

    created: int
    data: list[Image]
    usage: Usage
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
    note: str | None = None


class StreamEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """``image_edit.partial_image``, ``image_edit.completed`` and the same with ``image_generation``, and more.

    ``dropped``, in the last event only, names the fields without effect: some are known only at the end, when the
    headers have long been sent.
    """

    type: str
    b64_json: str
    created_at: int
    background: str
    output_format: str
    quality: str
    size: str
    partial_image_index: int | None = None
    usage: Usage | None = None
    url: str | None = None
    id: str | None = None
    seed: int | None = None
    revised_prompt: str | None = None
    note: str | None = None
    dropped: tuple[str, ...] = ()


def usage_of(input_tokens: int, output_tokens: int) -> Usage:
    """Token usage; providers do not say how the input divides, so all of it is counted as text."""
    return Usage(
        input_tokens=input_tokens,
        input_tokens_details=TokenDetails(text_tokens=input_tokens),
        output_tokens=output_tokens,
        total_tokens=input_tokens + output_tokens,
    )


def event_bytes(event: StreamEvent) -> bytes:
    """The event on the wire: named, with its JSON as data."""
    return b"event: " + event.type.encode() + b"\ndata: " + _ENCODER.encode(event) + b"\n\n"
