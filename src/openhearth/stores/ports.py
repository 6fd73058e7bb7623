"""The protocols of the stores. Only ``app`` sees implementations; everyone else depends on this file.

Records are relational truth, blobs are bytes. Every query for an object of a user carries the owner: another
owner's object is absent, exactly like one that never existed. Times are unix seconds (float) in UTC.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec


class KeyRecord(msgspec.Struct, frozen=True):
    """An API key as stored. ``digest`` is HMAC-SHA-256(pepper, key) in hex; ``hint`` is the last four characters.

    ``moderate`` is ``off``, ``input``, ``output`` or ``both``.
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
    quota_micros: int | None = None
    models: tuple[str, ...] = ()
    moderate: str = "off"


class TargetRecord(msgspec.Struct, frozen=True):
    """A target an operator attached. ``credential`` is sealed text, ``env:NAME``, ``file:PATH`` or empty."""

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


class LedgerEntry(msgspec.Struct, frozen=True):
    """One settled call. ``effect`` (the call id) is unique: a second settlement of a call cannot be written.

    ``price_version`` is the row of the price table that made the cost: 0 for none (free by declaration, or nothing to
    charge), -1 where the model had no price.
    """

    effect: str
    key_id: str
    owner: str
    operation: str
    model: str
    target_id: str
    outcome: str
    created_at: float
    duration_ms: int
    first_byte_ms: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    images: int
    usage_source: str
    reserved_micros: int
    cost_micros: int
    error_code: str = ""
    price_version: int = 0


class OpenReservation(msgspec.Struct, frozen=True):
    """A call that was admitted and not yet settled when the batch was written."""

    call_id: str
    key_id: str
    owner: str
    operation: str
    model: str
    reserved_micros: int
    created_at: float
    boot_id: str


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
    async def add_key(self, key: KeyRecord) -> None: ...

    async def key_by_digest(self, digest: str) -> KeyRecord | None: ...

    async def list_keys(self) -> Sequence[KeyRecord]: ...

    async def disable_key(self, key_id: str) -> bool:
        """True if there was such a key."""

    async def moderate_key(self, key_id: str, moderate: str) -> KeyRecord | None:
        """The key as it is then; None if there is no such key."""


class TargetRecords(Protocol):
    async def add_target(self, target: TargetRecord) -> None: ...

    async def list_targets(self) -> Sequence[TargetRecord]: ...

    async def remove_target(self, target_id: str) -> bool: ...


class LedgerRecords(Protocol):
    async def write_batch(
        self,
        settled: Sequence[LedgerEntry],
        opened: Sequence[OpenReservation],
        closed: Sequence[str] | None = None,
    ) -> None:
        """One durable transaction: insert ``opened``; insert ``settled`` (an effect already there is left as it is)
        and delete the reservations of those calls.

        ``closed`` names the settled calls that may have a reservation, for a caller who knows; ``None``: all may.
        """

    async def sweep(self, boot_id: str, now: float) -> int:
        """Settle every reservation of an earlier boot as ``interrupted`` with cost 0; how many there were."""

    async def spent_by_key(self) -> dict[str, int]:
        """Sum of settled cost per key, in micros."""

    async def entry(self, effect: str) -> LedgerEntry | None: ...

    async def open_reservations(self) -> Sequence[OpenReservation]: ...


class PriceRecords(Protocol):
    async def add_prices(self, prices: Sequence[PriceRecord]) -> Sequence[PriceRecord]:
        """Add rows in one transaction; returned with their versions, which rise in this order."""

    async def prices_in_force(self, now: float) -> Sequence[PriceRecord]:
        """For each model, place, service and hours: the row in force and those that will be; by version."""

    async def price_history(self, model: str, limit: int, before: int | None = None) -> Sequence[PriceRecord]:
        """Rows of one model name (empty: all), newest first; ``before`` is a version, exclusive."""

    async def price(self, version: int) -> PriceRecord | None: ...

    async def last_price_version(self) -> int:
        """0 for an empty table."""


class Holds(Protocol):
    """Money per key: what is spent and what open calls hold. Every step is atomic, also across threads.

    The sum of ``spent`` and all holds never passes ``most`` by a hold; only a call that costs more than it held can.
    """

    def load(self, spent: Mapping[str, int]) -> None:
        """Start from what the ledger says was spent, in micros per key."""

    def hold(self, key_id: str, amount_micros: int, most_micros: int) -> bool:
        """Hold ``amount_micros`` if it still fits under ``most_micros``; False, and nothing held, if it does not."""

    def settle(self, key_id: str, held_micros: int, spent_micros: int) -> None:
        """Give back a hold and book what was really spent."""

    def spent(self, key_id: str) -> int: ...

    def held(self, key_id: str) -> int: ...


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

    async def put_setting(self, name: str, value: str) -> None: ...


class Records(KeyRecords, TargetRecords, LedgerRecords, PriceRecords, FileRecords, PictureRecords, Settings, Protocol):
    """All records of one database."""

    async def open(self) -> None:
        """Connect and bring the schema up to date."""

    async def close(self) -> None: ...


class BlobWriter(Protocol):
    """A blob being written; bytes are hashed on the way."""

    async def write(self, data: bytes) -> None: ...

    async def commit(self) -> tuple[str, int]:
        """Address (``sha256`` hex) and size. The blob is durable and visible after this."""

    async def abort(self) -> None: ...


class Blobs(Protocol):
    """Content-addressed bytes, streamed both ways."""

    async def writer(self) -> BlobWriter: ...

    async def put(self, data: bytes) -> str:
        """Write all of ``data``; the address."""

    async def size(self, address: str) -> int | None: ...

    def read(self, address: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Pieces of at most 256 KiB. Raises FileNotFoundError."""

    async def delete(self, address: str) -> None: ...
