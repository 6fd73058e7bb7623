"""All records of one database: each port method handed to its query, in the right thread."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from openhearth.core.errors import StoreAway
from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import (
    FileRecord,
    KeyRecord,
    LedgerEntry,
    NodeRecord,
    OpenReservation,
    Page,
    PictureRecord,
    Posting,
    PriceRecord,
    Records,
    TargetRecord,
)
from openhearth.stores.sql import files, keys, ledger, pictures, proof, schema, settings, sums, targets
from openhearth.stores.sql import prices as price_rows
from openhearth.stores.sql.access import SqlAccess
from openhearth.stores.sql.database import Database, cause_of


class SqlRecords(SqlAccess, Records):
    """SQLite or PostgreSQL, by ``url`` (``sqlite:///folder/name.db``, ``postgresql+psycopg://…``)."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)

    @override
    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises ConfigError for a database of a newer release, and for one
        that cannot be reached."""
        try:
            await self.database.write(schema.bring_up_to_date)
        except StoreAway as error:
            raise schema.SchemaError(f"The database cannot be used: {cause_of(error)}") from error

    @override
    async def close(self) -> None:
        await self.database.close()

    @override
    async def add_key(self, key: KeyRecord, audit: Audit | None = None) -> None:
        await self.database.write(keys.add_key, key, audit)

    @override
    async def key_by_digest(self, digest: str) -> KeyRecord | None:
        return await self.database.read(keys.key_by_digest, digest)

    @override
    async def list_keys(self) -> Sequence[KeyRecord]:
        return await self.database.read(keys.list_keys)

    @override
    async def change_key(self, key_id: str, changes: Mapping[str, Any], audit: Audit | None = None) -> KeyRecord | None:
        return await self.database.write(keys.change_key, key_id, changes, audit)

    @override
    async def add_target(self, target: TargetRecord, audit: Audit | None = None) -> None:
        await self.database.write(targets.add_target, target, audit)

    @override
    async def list_targets(self) -> Sequence[TargetRecord]:
        return await self.database.read(targets.list_targets)

    @override
    async def change_target(
        self, target_id: str, changes: Mapping[str, Any], audit: Audit | None = None
    ) -> TargetRecord | None:
        return await self.database.write(targets.change_target, target_id, changes, audit)

    @override
    async def remove_target(self, target_id: str, audit: Audit | None = None) -> bool:
        return await self.database.write(targets.remove_target, target_id, audit)

    @override
    async def write_batch(
        self,
        settled: Sequence[LedgerEntry],
        opened: Sequence[OpenReservation],
        closed: Sequence[str] | None = None,
    ) -> None:
        try:
            await self.database.write(ledger.write_new, settled, opened, closed)
        except IntegrityError:
            await self.database.write(ledger.write_missing, settled, opened)

    @override
    async def checkpoint(self, open_calls: Sequence[OpenReservation]) -> None:
        await self.database.write(ledger.checkpoint, open_calls)

    @override
    async def beat(self, node: NodeRecord) -> None:
        await self.database.write(ledger.beat, node)

    @override
    async def nodes(self) -> Sequence[NodeRecord]:
        return await self.database.read(ledger.nodes)

    @override
    async def sweep(self, dead: Sequence[NodeRecord], now: float) -> Sequence[str]:
        try:
            return await self.database.write(ledger.sweep, dead, now)
        except IntegrityError:  # another process settled some of them in the same moment
            return await self.database.write(ledger.sweep, dead, now)

    @override
    async def spent(self) -> dict[str, int]:
        return await self.database.read(sums.spent, time.time())

    @override
    async def post(self, postings: Sequence[Posting]) -> bool:
        try:
            return await self.database.write(ledger.post, postings)
        except IntegrityError:  # another process wrote the same effect in the same moment
            return await self.database.write(ledger.post, postings)

    @override
    async def postings(self, effect: str) -> Sequence[Posting]:
        return await self.database.read(ledger.postings, effect)

    @override
    async def balance(self, account: str) -> int:
        return await self.database.read(ledger.balance, account)

    @override
    async def check_ledger(self) -> Sequence[str]:
        return await self.database.survey(proof.check)

    @override
    async def entry(self, effect: str) -> LedgerEntry | None:
        return await self.database.read(ledger.entry, effect)

    @override
    async def open_reservations(self) -> Sequence[OpenReservation]:
        return await self.database.read(ledger.open_reservations)

    @override
    async def add_prices(self, prices: Sequence[PriceRecord], audit: Audit | None = None) -> Sequence[PriceRecord]:
        return await self.database.write(price_rows.add_prices, prices, audit)

    @override
    async def prices_in_force(self, now: float) -> Sequence[PriceRecord]:
        return await self.database.read(price_rows.prices_in_force, now)

    @override
    async def price_history(self, model: str, limit: int, before: int | None = None) -> Sequence[PriceRecord]:
        return await self.database.read(price_rows.price_history, model, limit, before)

    @override
    async def price(self, version: int) -> PriceRecord | None:
        return await self.database.read(price_rows.price, version)

    @override
    async def last_price_version(self) -> int:
        return await self.database.read(price_rows.last_price_version)

    @override
    async def add_file(self, file: FileRecord) -> None:
        await self.database.write(files.add_file, file)

    @override
    async def file(self, owner: str, file_id: str) -> FileRecord | None:
        return await self.database.read(files.file, owner, file_id)

    @override
    async def list_files(
        self, owner: str, purpose: str | None, page: Page, now: float = 0.0
    ) -> tuple[Sequence[FileRecord], bool]:
        return await self.database.read(files.list_files, owner, purpose, page, now)

    @override
    async def delete_file(self, owner: str, file_id: str) -> FileRecord | None:
        return await self.database.write(files.delete_file, owner, file_id)

    @override
    async def expired_files(self, now: float, limit: int) -> Sequence[FileRecord]:
        return await self.database.read(files.expired_files, now, limit)

    @override
    async def is_blob_used(self, address: str) -> bool:
        return await self.database.read(files.is_blob_used, address)

    @override
    async def add_picture(self, picture: PictureRecord) -> None:
        await self.database.write(pictures.add_picture, picture)

    @override
    async def picture(self, owner: str | None, picture_id: str) -> PictureRecord | None:
        return await self.database.read(pictures.picture, owner, picture_id)

    @override
    async def delete_picture(self, owner: str, picture_id: str) -> PictureRecord | None:
        return await self.database.write(pictures.delete_picture, owner, picture_id)

    @override
    async def expired_pictures(self, now: float, limit: int) -> Sequence[PictureRecord]:
        return await self.database.read(pictures.expired_pictures, now, limit)

    @override
    async def setting(self, name: str) -> str | None:
        return await self.database.read(settings.setting, name)

    @override
    async def put_setting(self, name: str, value: str, audit: Audit | None = None) -> None:
        await self.database.write(settings.put_setting, name, value, audit)
