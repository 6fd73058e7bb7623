"""The record of one request, passed along and never global."""

from enum import StrEnum

import msgspec

from openhearth.core.allowance import Limit
from openhearth.core.operations import Operation
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER, Permission, Role, permissions

ONE_PPM = 1_000_000


class Principal(msgspec.Struct, frozen=True):
    """Who is calling: what a key, or somebody signed in, stands for. ``owner`` scopes every object.

    ``role`` opens routes (``core.permissions``). ``limits`` bound what the call may use; its charge, the cost times
    ``ratio_ppm``, counts for all ``scopes``. ``models``, ``operations`` and ``ips`` are what the key may use and where
    it may come from (empty: anything). ``screens`` is what of its traffic is moderated: empty for nothing, ``input``,
    ``output`` or ``both``. ``cache_s`` is how old an answer kept for it may be; 0: none is kept.
    """

    key_id: str
    owner: str
    name: str
    role: Role = Role.KEY
    user_id: str = ROOT_USER
    org_id: str = DEFAULT_ORG
    project_id: str = ""
    group: str = "default"
    ratio_ppm: int = ONE_PPM
    expires_at: float | None = None
    models: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    scopes: tuple[str, ...] = ()
    screens: str = ""
    cache_s: int = 0

    def may(self, permission: Permission) -> bool:
        """Whether a route that asks for ``permission`` is open to the caller."""
        return permission in permissions(self.role, self.org_id)


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


class Checkpoint(msgspec.Struct, frozen=True):
    """How far an open call has come, and what that costs."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cost_nanos: int
    charge_nanos: int
    price_version: int


class Call(msgspec.Struct):
    """One request from accept to settle. Times are monotonic seconds except ``created_at`` (unix seconds).

    ``cost_nanos`` is what the price makes of the usage, ``charge_nanos`` what the caller pays; ``price_version`` is the
    row of the price table: see ``stores.ports.LedgerEntry``. ``so_far`` is what an open call would be settled with if
    its process died now.
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
    cost_nanos: int = 0
    charge_nanos: int = 0
    price_version: int = 0
    so_far: "Checkpoint | None" = None
