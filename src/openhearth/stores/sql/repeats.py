"""Queries on answers kept for repeated requests, and the port over them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from typing_extensions import override

from openhearth.stores.repeats_ports import RepeatRecord, RepeatRecords
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.repeats_tables import REPEATS
from openhearth.stores.sql.rows import record, records


class SqlRepeats(RepeatRecords):
    """The table ``repeats`` of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def add_repeat(self, record: RepeatRecord) -> RepeatRecord | None:
        try:
            return await self._database.write(_add, record)
        except IntegrityError:
            return await self._database.write(_add, record)  # another process was quicker: its record is seen now

    @override
    async def replace_repeat(self, claim: str, record: RepeatRecord) -> bool:
        return await self._database.write(_replace, claim, record)

    @override
    async def remove_repeat(self, repeat_id: str, claim: str) -> bool:
        return await self._database.write(_remove, repeat_id, claim)

    @override
    async def expired_repeats(self, now: float, limit: int) -> Sequence[RepeatRecord]:
        return await self._database.read(_expired, now, limit)


def _add(connection: Connection, new: RepeatRecord) -> RepeatRecord | None:
    there = connection.execute(select(REPEATS).where(REPEATS.c.id == new.id)).first()
    if there is None:
        connection.execute(insert(REPEATS), _columns(new))
    return record(RepeatRecord, there)


def _replace(connection: Connection, claim: str, new: RepeatRecord) -> bool:
    changed = update(REPEATS).where(REPEATS.c.id == new.id, REPEATS.c.claim == claim).values(_columns(new))
    return connection.execute(changed).rowcount > 0


def _remove(connection: Connection, repeat_id: str, claim: str) -> bool:
    return connection.execute(delete(REPEATS).where(REPEATS.c.id == repeat_id, REPEATS.c.claim == claim)).rowcount > 0


def _expired(connection: Connection, now: float, limit: int) -> list[RepeatRecord]:
    asked = select(REPEATS).where(REPEATS.c.expires_at <= now).order_by(REPEATS.c.expires_at).limit(limit)
    return records(RepeatRecord, list(connection.execute(asked)))


def _columns(item: RepeatRecord) -> dict[str, Any]:
    """Bytes stay bytes."""
    return {**msgspec.structs.asdict(item), "state": item.state.value}
