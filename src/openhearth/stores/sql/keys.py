"""Queries on API keys."""

from sqlalchemy import Connection, insert, select, update

from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import KEYS


def add_key(connection: Connection, key: KeyRecord) -> None:
    connection.execute(insert(KEYS), values(key))


def key_by_digest(connection: Connection, digest: str) -> KeyRecord | None:
    return record(KeyRecord, connection.execute(select(KEYS).where(KEYS.c.digest == digest)).first())


def list_keys(connection: Connection) -> list[KeyRecord]:
    found = connection.execute(select(KEYS).order_by(KEYS.c.created_at, KEYS.c.id))
    return records(KeyRecord, list(found))


def disable_key(connection: Connection, key_id: str) -> bool:
    return connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(disabled=True)).rowcount > 0


def moderate_key(connection: Connection, key_id: str, moderate: str) -> KeyRecord | None:
    connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(moderate=moderate))
    return record(KeyRecord, connection.execute(select(KEYS).where(KEYS.c.id == key_id)).first())
