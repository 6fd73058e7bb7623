"""Queries on API keys."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import KeyRecord
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.access_rows import columns_of
from openhearth.stores.sql.access_tables import RETIRED_SECRETS
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import KEYS

_ROTATED = ("digest", "hint", "sealed")


def add_key(connection: Connection, key: KeyRecord, audit: Audit | None = None) -> None:
    connection.execute(insert(KEYS), values(key))
    chain.append(connection, audit)


def key(connection: Connection, key_id: str) -> KeyRecord | None:
    return record(KeyRecord, connection.execute(select(KEYS).where(KEYS.c.id == key_id)).first())


def key_by_digest(connection: Connection, digest: str) -> KeyRecord | None:
    """Also by the secret it had before it was rotated: then the record says until when that counts."""
    found = record(KeyRecord, connection.execute(select(KEYS).where(KEYS.c.digest == digest)).first())
    return found or _by_retired(connection, digest)


def list_keys(connection: Connection) -> list[KeyRecord]:
    found = connection.execute(select(KEYS).order_by(KEYS.c.created_at, KEYS.c.id))
    return records(KeyRecord, list(found))


def find_keys(
    connection: Connection,
    org_id: str | None,
    user_id: str | None,
    *,
    search: str = "",
    offset: int = 0,
    limit: int = 100,
) -> tuple[list[KeyRecord], int]:
    wanted = []
    if org_id is not None:
        wanted.append(KEYS.c.org_id == org_id)
    if user_id is not None:
        wanted.append(KEYS.c.user_id == user_id)
    if search:
        wanted.append(KEYS.c.name.icontains(search, autoescape=True) | (KEYS.c.id == search))
    count = connection.execute(select(func.count()).select_from(KEYS).where(*wanted)).scalar_one()
    page = select(KEYS).where(*wanted).order_by(KEYS.c.created_at, KEYS.c.id).offset(offset).limit(limit)
    return records(KeyRecord, connection.execute(page)), count


def change_key(
    connection: Connection, key_id: str, changes: Mapping[str, Any], audit: Audit | None = None
) -> KeyRecord | None:
    chain.lock(connection)
    found = key(connection, key_id)
    if found is None:
        return None
    if changes:
        connection.execute(update(KEYS).where(KEYS.c.id == key_id).values(columns_of(changes, found)))
    chain.append(connection, audit)
    return key(connection, key_id)


def note_uses(connection: Connection, uses: Mapping[str, float]) -> None:
    """Another process may have seen a later use."""
    later = KEYS.c.used_at.is_(None) | (KEYS.c.used_at < bindparam("at"))
    noted = update(KEYS).where(KEYS.c.id == bindparam("key_id"), later).values(used_at=bindparam("at"))
    if uses:
        connection.execute(noted, [{"key_id": key_id, "at": at} for key_id, at in sorted(uses.items())])


def rotate_key(connection: Connection, new: KeyRecord, old_until: float, audit: Audit) -> KeyRecord | None:
    chain.lock(connection)
    old = key(connection, new.id)
    if old is None:
        return None
    now = time.time()
    connection.execute(
        delete(RETIRED_SECRETS).where((RETIRED_SECRETS.c.key_id == new.id) | (RETIRED_SECRETS.c.expires_at <= now))
    )
    if old_until > now:
        row = {"digest": old.digest, "key_id": old.id, "expires_at": old_until}
        connection.execute(insert(RETIRED_SECRETS), row)
    return change_key(connection, new.id, {name: getattr(new, name) for name in _ROTATED}, audit)


def _by_retired(connection: Connection, digest: str) -> KeyRecord | None:
    retired = connection.execute(select(RETIRED_SECRETS).where(RETIRED_SECRETS.c.digest == digest)).first()
    found = None if retired is None else key(connection, retired.key_id)
    if retired is None or found is None:
        return None
    ends = retired.expires_at if found.expires_at is None else min(found.expires_at, retired.expires_at)
    return msgspec.structs.replace(found, expires_at=ends)
