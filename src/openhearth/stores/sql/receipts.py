"""Digests of calls that a receipt was asked for."""

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from openhearth.stores.receipt_ports import DigestRecord, DigestRecords
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.receipt_tables import CALL_DIGESTS
from openhearth.stores.sql.rows import record, values


class SqlDigests(DigestRecords):
    """Digests in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_digests(self, digests: DigestRecord) -> None:
        try:
            await self._database.write(_add, digests)
        except IntegrityError:
            pass  # an answer that is given again, as to an Idempotency-Key, has the digests of the first time

    @override
    async def digests(self, call_id: str) -> DigestRecord | None:
        return await self._database.read(_digests, call_id)


def _add(connection: Connection, digests: DigestRecord) -> None:
    connection.execute(insert(CALL_DIGESTS), values(digests))


def _digests(connection: Connection, call_id: str) -> DigestRecord | None:
    found = connection.execute(select(CALL_DIGESTS).where(CALL_DIGESTS.c.call_id == call_id)).first()
    return record(DigestRecord, found)
