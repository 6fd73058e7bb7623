"""Queries on the targets an operator attached."""

from sqlalchemy import Connection, delete, insert, select

from openhearth.stores.ports import TargetRecord
from openhearth.stores.sql.rows import records, values
from openhearth.stores.sql.tables import TARGETS


def add_target(connection: Connection, target: TargetRecord) -> None:
    connection.execute(insert(TARGETS), values(target))


def list_targets(connection: Connection) -> list[TargetRecord]:
    found = connection.execute(select(TARGETS).order_by(TARGETS.c.created_at, TARGETS.c.id))
    return records(TargetRecord, list(found))


def remove_target(connection: Connection, target_id: str) -> bool:
    return connection.execute(delete(TARGETS).where(TARGETS.c.id == target_id)).rowcount > 0
