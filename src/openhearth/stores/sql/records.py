"""All records of one database: each port method handed to its query, in the right thread."""

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from openhearth.stores.ports import (
    FileRecord,
    KeyRecord,
    LedgerEntry,
    OpenReservation,
    Page,
    PictureRecord,
    PriceRecord,
    Records,
    TargetRecord,
)
from openhearth.stores.sql import files, keys, ledger, pictures, schema, settings, targets
from openhearth.stores.sql import prices as price_rows
from openhearth.stores.sql.database import Database


class SqlRecords(Records):
    """SQLite or PostgreSQL, by ``url`` (``sqlite:///folder/name.db``, ``postgresql+psycopg://…``)."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @override
    async def open(self) -> None:
        """Connect and bring the schema up to date. Raises ConfigError for a database of a newer release."""
        await self._database.write(schema.bring_up_to_date)

    @override
    async def close(self) -> None:
        await self._database.close()

    @override
    async def add_key(self, key: KeyRecord) -> None:
        await self._database.write(keys.add_key, key)

    @override
    async def key_by_digest(self, digest: str) -> KeyRecord | None:
        return await self._database.read(keys.key_by_digest, digest)

    @override
    async def list_keys(self) -> Sequence[KeyRecord]:
        return await self._database.read(keys.list_keys)

    @override
    async def disable_key(self, key_id: str) -> bool:
        return await self._database.write(keys.disable_key, key_id)

    @override
    async def moderate_key(self, key_id: str, moderate: str) -> KeyRecord | None:
        return await self._database.write(keys.moderate_key, key_id, moderate)

    @override
    async def add_target(self, target: TargetRecord) -> None:
        await self._database.write(targets.add_target, target)

    @override
    async def list_targets(self) -> Sequence[TargetRecord]:
        return await self._database.read(targets.list_targets)

    @override
    async def remove_target(self, target_id: str) -> bool:
        return await self._database.write(targets.remove_target, target_id)

    @override
    async def write_batch(
        self,
        settled: Sequence[LedgerEntry],
        opened: Sequence[OpenReservation],
        closed: Sequence[str] | None = None,
    ) -> None:
        try:
            await self._database.write(ledger.write_new, settled, opened, closed)
        except IntegrityError:
            await self._database.write(ledger.write_missing, settled, opened)

    @override
    async def sweep(self, boot_id: str, now: float) -> int:
        return await self._database.write(ledger.sweep, boot_id, now)

    @override
    async def spent_by_key(self) -> dict[str, int]:
        return await self._database.read(ledger.spent_by_key)

    @override
    async def entry(self, effect: str) -> LedgerEntry | None:
        return await self._database.read(ledger.entry, effect)

    @override
    async def open_reservations(self) -> Sequence[OpenReservation]:
        return await self._database.read(ledger.open_reservations)

    @override
    async def add_prices(self, prices: Sequence[PriceRecord]) -> Sequence[PriceRecord]:
        return await self._database.write(price_rows.add_prices, prices)

    @override
    async def prices_in_force(self, now: float) -> Sequence[PriceRecord]:
        return await self._database.read(price_rows.prices_in_force, now)

    @override
    async def price_history(self, model: str, limit: int, before: int | None = None) -> Sequence[PriceRecord]:
        return await self._database.read(price_rows.price_history, model, limit, before)

    @override
    async def price(self, version: int) -> PriceRecord | None:
        return await self._database.read(price_rows.price, version)

    @override
    async def last_price_version(self) -> int:
        return await self._database.read(price_rows.last_price_version)

    @override
    async def add_file(self, file: FileRecord) -> None:
        await self._database.write(files.add_file, file)

    @override
    async def file(self, owner: str, file_id: str) -> FileRecord | None:
        return await self._database.read(files.file, owner, file_id)

    @override
    async def list_files(
        self, owner: str, purpose: str | None, page: Page, now: float = 0.0
    ) -> tuple[Sequence[FileRecord], bool]:
        return await self._database.read(files.list_files, owner, purpose, page, now)

    @override
    async def delete_file(self, owner: str, file_id: str) -> FileRecord | None:
        return await self._database.write(files.delete_file, owner, file_id)

    @override
    async def expired_files(self, now: float, limit: int) -> Sequence[FileRecord]:
        return await self._database.read(files.expired_files, now, limit)

    @override
    async def is_blob_used(self, address: str) -> bool:
        return await self._database.read(files.is_blob_used, address)

    @override
    async def add_picture(self, picture: PictureRecord) -> None:
        await self._database.write(pictures.add_picture, picture)

    @override
    async def picture(self, owner: str | None, picture_id: str) -> PictureRecord | None:
        return await self._database.read(pictures.picture, owner, picture_id)

    @override
    async def delete_picture(self, owner: str, picture_id: str) -> PictureRecord | None:
        return await self._database.write(pictures.delete_picture, owner, picture_id)

    @override
    async def expired_pictures(self, now: float, limit: int) -> Sequence[PictureRecord]:
        return await self._database.read(pictures.expired_pictures, now, limit)

    @override
    async def setting(self, name: str) -> str | None:
        return await self._database.read(settings.setting, name)

    @override
    async def put_setting(self, name: str, value: str) -> None:
        await self._database.write(settings.put_setting, name, value)
