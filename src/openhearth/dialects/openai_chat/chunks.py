"""Writing chat answers: every chunk of a stream has the same id and time, every field clients look for is there."""

import msgspec

_ENCODER = msgspec.json.Encoder()
DONE = b"data: [DONE]\n\n"


class ImageUrl(msgspec.Struct, frozen=True):
    """The address of a picture."""

    url: str


class ShownImage(msgspec.Struct, frozen=True):
    """A picture for clients that show pictures beside the text. ``index`` lets clients join the lists of chunks."""

    image_url: ImageUrl
    index: int
    type: str = "image_url"


class TokenUsage(msgspec.Struct, frozen=True):
    """Tokens as the upstream counted them; zeros from engines that count none."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class Delta(msgspec.Struct, frozen=True):
    """What a chunk adds. Only ``images`` is left out when there is none."""

    content: str | None = None
    function_call: None = None
    refusal: str | None = None
    role: str | None = None
    tool_calls: None = None
    images: list[ShownImage] | msgspec.UnsetType = msgspec.UNSET


class _ChunkChoice(msgspec.Struct, frozen=True):
    delta: Delta
    finish_reason: str | None = None
    index: int = 0
    logprobs: None = None


class _Chunk(msgspec.Struct, frozen=True):
    id: str
    choices: list[_ChunkChoice]
    created: int
    model: str
    object: str = "chat.completion.chunk"
    service_tier: None = None
    system_fingerprint: None = None
    usage: TokenUsage | None = None


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str
    refusal: None = None
    images: list[ShownImage] | msgspec.UnsetType = msgspec.UNSET


class _Choice(msgspec.Struct, frozen=True):
    index: int
    message: _Message
    finish_reason: str
    logprobs: None = None


class Completion(msgspec.Struct, frozen=True):
    """A whole answer."""

    id: str
    created: int
    model: str
    choices: list[_Choice]
    usage: TokenUsage
    object: str = "chat.completion"
    service_tier: None = None
    system_fingerprint: None = None


class ChunkWriter:
    """The chunks of one stream with one choice, as bytes on the wire. ``created`` is in unix seconds."""

    __slots__ = ("_created", "_id", "_model")

    def __init__(self, completion_id: str, created: int, model: str) -> None:
        self._id = completion_id
        self._created = created
        self._model = model

    def role(self) -> bytes:
        """The first chunk: who speaks."""
        return self._write([_ChunkChoice(Delta(role="assistant", content=""))])

    def text(self, content: str, images: list[ShownImage] | None = None) -> bytes:
        """More text, with the pictures it shows."""
        return self._write([_ChunkChoice(Delta(content=content, images=images or msgspec.UNSET))])

    def stop(self) -> bytes:
        """The answer is complete."""
        return self._write([_ChunkChoice(Delta(), finish_reason="stop")])

    def usage(self, usage: TokenUsage) -> bytes:
        """The last chunk, for clients that asked with ``stream_options.include_usage``."""
        return self._write([], usage)

    def _write(self, choices: list[_ChunkChoice], usage: TokenUsage | None = None) -> bytes:
        chunk = _Chunk(self._id, choices, self._created, self._model, usage=usage)
        return b"data: " + _ENCODER.encode(chunk) + b"\n\n"


def completion(
    completion_id: str,
    created: int,
    model: str,
    content: str,
    *,
    images: list[ShownImage],
    usage: TokenUsage,
) -> Completion:
    """The whole answer with the same text a stream would have typed."""
    message = _Message("assistant", content, images=images or msgspec.UNSET)
    return Completion(completion_id, created, model, [_Choice(0, message, "stop")], usage)
