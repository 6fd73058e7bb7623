"""The record of one request, passed along and never global."""

from enum import StrEnum

import msgspec

from openhearth.core.operations import Operation


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: what a key stands for. ``owner`` scopes every object; ``is_admin`` opens the admin surface.

    ``quota_micros`` is the money the key may still reserve in all, ``None`` for unlimited. ``screens`` is what of the
    key's traffic is moderated: empty for nothing, ``input``, ``output`` or ``both``.
    """

    key_id: str
    owner: str
    name: str
    is_admin: bool = False
    quota_micros: int | None = None
    expires_at: float | None = None
    models: tuple[str, ...] = ()
    screens: str = ""


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CLIENT_GONE = "client_gone"
    INTERRUPTED = "interrupted"


class Usage(msgspec.Struct):
    """What was consumed. ``source`` says whether the upstream reported it or we estimated it.

    ``characters`` of text spoken, ``audio_ms`` heard or made, ``pages`` read, ``searches`` in the sense of rerankers.
    ``input_tokens`` and ``output_tokens`` are whole: cached, cache write, audio and image input tokens are part of the
    one, reasoning, audio and image output tokens of the other. ``image_size`` and ``image_quality`` are those of all
    ``images`` of the call, as they are priced.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    images: int = 0
    characters: int = 0
    audio_ms: int = 0
    pages: int = 0
    searches: int = 0
    source: str = "none"
    cache_write_tokens: int = 0
    audio_input_tokens: int = 0
    image_input_tokens: int = 0
    reasoning_tokens: int = 0
    audio_output_tokens: int = 0
    image_output_tokens: int = 0
    video_ms: int = 0
    image_size: str = ""
    image_quality: str = ""


class Call(msgspec.Struct):
    """One request from accept to settle. Times are monotonic seconds except ``created_at`` (unix seconds).

    ``price_version`` is the row of the price table that ``cost_micros`` comes from; see ``stores.ports.LedgerEntry``.
    """

    id: str
    operation: Operation
    model: str
    principal: Principal
    created_at: float
    started_s: float
    target_id: str = ""
    attempts: int = 0
    stream: bool = False
    usage: Usage = msgspec.field(default_factory=Usage)
    outcome: Outcome = Outcome.OK
    error_code: str = ""
    first_byte_s: float = 0.0
    duration_s: float = 0.0
    cost_micros: int = 0
    price_version: int = 0
