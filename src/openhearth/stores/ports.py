"""The protocols of the stores. Only ``app`` sees implementations; everyone else depends on this file.

Records are relational truth, blobs are bytes. Every query for an object of a user carries the owner: another
owner's object is absent, exactly like one that never existed. Times are unix seconds (float) in UTC.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from openhearth.core.allowance import UNBOUNDED, Allowance
from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER
from openhearth.stores.access_ports import AccessRecords, Audit


class KeyRecord(msgspec.Struct, frozen=True):
    """An API key as stored. ``digest`` is HMAC-SHA-256(pepper, key) in hex; ``hint`` is the last four characters.

    ``moderate`` is ``off``, ``input``, ``output`` or ``both``. ``models`` and ``operations`` are what it may use
    (names, ``name*``; empty: all), ``ips`` networks it may come from (empty: any). ``group_name`` empty: its
    user's group. ``cache_s``: how old an answer kept for it may be. ``sealed`` is the key itself, sealed, where the
    operator wants keys to be shown again (New API's form); empty otherwise.
    """

    id: str
    digest: str
    hint: str
    name: str
    owner: str
    is_admin: bool
    disabled: bool
    created_at: float
    expires_at: float | None = None
    models: tuple[str, ...] = ()
    moderate: str = "off"
    user_id: str = ROOT_USER
    org_id: str = DEFAULT_ORG
    project_id: str = ""
    group_name: str = ""
    operations: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    allowance: Allowance = UNBOUNDED
    cache_s: int = 0
    sealed: str = ""
    used_at: float | None = None


class TargetRecord(msgspec.Struct, frozen=True):
    """A target an operator attached. ``credential`` is sealed text, ``env:NAME``, ``file:PATH`` or empty. ``limits``
    are named numbers that ``routing`` reads (``concurrency``, ``first_token_s`` …)."""

    id: str
    provider: str
    base_url: str
    model: str
    upstream_model: str
    credential: str
    weight: int
    priority: int
    enabled: bool
    created_at: float
    price: dict[str, int] = {}
    operations: tuple[str, ...] = ()
    limits: dict[str, float] = {}


class LedgerEntry(msgspec.Struct, frozen=True):
    """One settled call. ``effect`` (the call id) is unique: a second settlement of a call cannot be written.

    ``cost_nanos`` is what the price row makes of the usage, ``charge_nanos`` that times the group's ratio: what the
    caller pays; each is rounded up once. ``price_version`` is the row of the price table: 0 for none (free by
    declaration, or nothing to charge), -1 where the model had no price. ``model`` is what was asked for. ``more`` is
    the JSON text of the rarer counters of ``core.call.Usage``, empty for none.
    """

    effect: str
    key_id: str
    user_id: str
    project_id: str
    org_id: str
    owner: str
    group_name: str
    operation: str
    model: str
    target_id: str
    outcome: str
    stream: bool
    attempts: int
    created_at: float
    duration_ms: int
    first_byte_ms: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    images: int
    usage_source: str
    reserved_nanos: int
    cost_nanos: int
    charge_nanos: int
    ratio_ppm: int = 1_000_000
    price_version: int = 0
    error_code: str = ""
    more: str = ""


class OpenReservation(msgspec.Struct, frozen=True):
    """A call that was admitted and not yet settled when the batch was written.

    From ``target_id`` on: its last checkpoint, which settles it when its process dies. Zeros before the first.
    """

    call_id: str
    key_id: str
    user_id: str
    project_id: str
    org_id: str
    owner: str
    group_name: str
    operation: str
    model: str
    reserved_nanos: int
    created_at: float
    boot_id: str
    target_id: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_nanos: int = 0
    charge_nanos: int = 0
    ratio_ppm: int = 1_000_000
    price_version: int = 0


class NodeRecord(msgspec.Struct, frozen=True):
    """A process that serves. ``host`` tells machines (and process namespaces) apart; ``seen_at`` is its last beat."""

    boot_id: str
    host: str
    pid: int
    started_at: float
    seen_at: float


class Posting(msgspec.Struct, frozen=True):
    """One side of an entry: all postings of an ``effect`` sum to zero.

    Accounts: ``user:ID`` (what the user has paid in and not used; below zero: owes), ``target:ID`` (what its provider
    will bill us), ``margin`` (what is charged above or below that), ``funding`` (where top-ups come from).
    """

    effect: str
    account: str
    nanos: int
    created_at: float


class PriceRecord(msgspec.Struct, frozen=True):
    """One row of the price table; rows are added and never changed. ``version`` is given by the store.

    A row is for a ``model`` (a name, ``name*`` by beginning, or ``*``), at one ``target_id``, at the targets of one
    ``provider``, or (both empty) anywhere. ``service`` is ``standard``, ``batch``, ``flex`` or ``priority``.
    ``hours`` is ``HH:MM-HH:MM`` in UTC, empty for the whole day. ``rates`` are those of ``core.rates``, ``None`` says
    that there is no price any more. In force is the latest ``effective_from`` that has passed, then the latest version.
    """

    version: int
    model: str
    provider: str
    target_id: str
    service: str
    hours: str
    effective_from: float
    rates: dict[str, Any] | None
    source: str
    changed_by: str
    changed_at: float
    note: str = ""


class FileRecord(msgspec.Struct, frozen=True):
    """A file a client uploaded or a result kept for it. ``blob`` is the address in the blob store."""

    id: str
    owner: str
    blob: str
    filename: str
    purpose: str
    mime: str
    size_bytes: int
    created_at: float
    expires_at: float | None = None


class PictureRecord(msgspec.Struct, frozen=True):
    """A picture we made, with its lineage.

    ``parents`` are ids of pictures (``img_…``), files (``file_…``) or URLs it was made from; ``operations`` is JSON
    text of what was done. ``blob`` is the address in the blob store.
    """

    id: str
    owner: str
    blob: str
    mime: str
    width: int
    height: int
    size_bytes: int
    parents: tuple[str, ...]
    instruction: str
    operations: str
    model: str
    target_id: str
    seed: int | None
    created_at: float
    expires_at: float | None


class Page(msgspec.Struct, frozen=True):
    """Where a listing starts and how far it goes. ``after`` and ``before`` are ids, exclusive."""

    limit: int = 20
    order: str = "desc"
    after: str = ""
    before: str = ""


class KeyRecords(Protocol):
    async def add_key(self, key: KeyRecord, audit: Audit | None = None) -> None: ...

    async def key_by_digest(self, digest: str) -> KeyRecord | None: ...

    async def list_keys(self) -> Sequence[KeyRecord]: ...

    async def change_key(self, key_id: str, changes: Mapping[str, Any], audit: Audit | None = None) -> KeyRecord | None:
        """Set fields of ``KeyRecord`` (also ``digest`` and ``hint``, to rotate it); the key as it is then."""


class TargetRecords(Protocol):
    async def add_target(self, target: TargetRecord, audit: Audit | None = None) -> None: ...

    async def list_targets(self) -> Sequence[TargetRecord]: ...

    async def change_target(
        self, target_id: str, changes: Mapping[str, Any], audit: Audit | None = None
    ) -> TargetRecord | None:
        """Set fields of ``TargetRecord``; the target as it is then."""

    async def remove_target(self, target_id: str, audit: Audit | None = None) -> bool: ...

    async def reseal(self, credentials: Mapping[str, str], audit: Audit) -> None:
        """Replace sealed credentials, by target id, all of them or none."""


class LedgerRecords(Protocol):
    async def write_batch(
        self,
        settled: Sequence[LedgerEntry],
        opened: Sequence[OpenReservation],
        closed: Sequence[str] | None = None,
    ) -> None:
        """One durable transaction: insert ``opened``; insert ``settled`` (an effect already there is left as it is)
        with its postings, balances, sums and hours, and delete the reservations of those calls.

        ``closed`` names the settled calls that may have a reservation, for a caller who knows; ``None``: all may.
        """

    async def checkpoint(self, open_calls: Sequence[OpenReservation]) -> None:
        """Note how far open calls have come; those that are settled or were never written are left out."""

    async def beat(self, node: NodeRecord) -> None:
        """This process lives."""

    async def nodes(self) -> Sequence[NodeRecord]: ...

    async def sweep(self, dead: Sequence[NodeRecord], now: float) -> Sequence[str]:
        """Forget processes found ``dead``, unless they beat since; then settle every reservation whose process is not
        among ``nodes``, from its last checkpoint, as ``interrupted``. Returns the ids of the calls."""

    async def spent(self) -> dict[str, int]:
        """Sum of charges in nanos, by counter name: totals, and those of windows that may still be open."""

    async def entry(self, effect: str) -> LedgerEntry | None: ...

    async def open_reservations(self) -> Sequence[OpenReservation]: ...

    async def post(self, postings: Sequence[Posting]) -> bool:
        """Write postings that no call made (a top-up), balances with them; False if their effect is there already.

        Raises ValueError when they do not sum to zero.
        """

    async def postings(self, effect: str) -> Sequence[Posting]: ...

    async def balance(self, account: str) -> int:
        """In nanos; 0 for an account nobody used."""

    async def check_ledger(self) -> Sequence[str]:
        """Everything that does not add up, in words; empty when all entries sum to zero, and balances, sums and hours
        follow from them."""


class PriceRecords(Protocol):
    async def add_prices(self, prices: Sequence[PriceRecord], audit: Audit | None = None) -> Sequence[PriceRecord]:
        """Add rows in one transaction; returned with their versions, which rise in this order."""

    async def prices_in_force(self, now: float) -> Sequence[PriceRecord]:
        """For each model, place, service and hours: the row in force and those that will be; by version."""

    async def price_history(self, model: str, limit: int, before: int | None = None) -> Sequence[PriceRecord]:
        """Rows of one model name (empty: all), newest first; ``before`` is a version, exclusive."""

    async def price(self, version: int) -> PriceRecord | None: ...

    async def last_price_version(self) -> int:
        """0 for an empty table."""


class FileRecords(Protocol):
    async def add_file(self, file: FileRecord) -> None: ...

    async def file(self, owner: str, file_id: str) -> FileRecord | None: ...

    async def list_files(
        self, owner: str, purpose: str | None, page: Page, now: float = 0.0
    ) -> tuple[Sequence[FileRecord], bool]:
        """The page and whether there is more; what expired before ``now`` is left out.

        Raises NotFound when ``page`` starts at a file that is not there.
        """

    async def delete_file(self, owner: str, file_id: str) -> FileRecord | None:
        """The deleted record. The blob is the caller's business."""

    async def expired_files(self, now: float, limit: int) -> Sequence[FileRecord]: ...

    async def is_blob_used(self, address: str) -> bool:
        """True while any file or picture record names this blob."""


class PictureRecords(Protocol):
    async def add_picture(self, picture: PictureRecord) -> None: ...

    async def picture(self, owner: str | None, picture_id: str) -> PictureRecord | None:
        """``owner`` None is for signed links only, where the signature is the permission."""

    async def delete_picture(self, owner: str, picture_id: str) -> PictureRecord | None: ...

    async def expired_pictures(self, now: float, limit: int) -> Sequence[PictureRecord]: ...


class Settings(Protocol):
    async def setting(self, name: str) -> str | None: ...

    async def put_setting(self, name: str, value: str, audit: Audit | None = None) -> None: ...


class Records(
    KeyRecords,
    TargetRecords,
    LedgerRecords,
    PriceRecords,
    FileRecords,
    PictureRecords,
    Settings,
    AccessRecords,
    Protocol,
):
    """All records of one database."""

    async def open(self) -> None:
        """Connect and bring the schema up to date."""

    async def close(self) -> None: ...
