"""Queries on the targets an operator attached."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import TargetRecord
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import KEYS, TARGETS

_KEYS_BEGIN = "key_"


def add_target(connection: Connection, target: TargetRecord, audit: Audit | None = None) -> None:
    connection.execute(insert(TARGETS), values(target))
    chain.append(connection, audit)


def list_targets(connection: Connection) -> list[TargetRecord]:
    found = connection.execute(select(TARGETS).order_by(TARGETS.c.created_at, TARGETS.c.id))
    return records(TargetRecord, list(found))


def change_target(
    connection: Connection, target_id: str, changes: Mapping[str, Any], audit: Audit | None = None
) -> TargetRecord | None:
    changed = msgspec.to_builtins(dict(changes))
    if changed and not connection.execute(update(TARGETS).where(TARGETS.c.id == target_id).values(changed)).rowcount:
        return None
    found = record(TargetRecord, connection.execute(select(TARGETS).where(TARGETS.c.id == target_id)).first())
    if found is not None:
        chain.append(connection, audit)
    return found


def remove_target(connection: Connection, target_id: str, audit: Audit | None = None) -> bool:
    removed = connection.execute(delete(TARGETS).where(TARGETS.c.id == target_id)).rowcount > 0
    if removed:
        chain.append(connection, audit)
    return removed


def sealed(connection: Connection) -> dict[str, str]:
    """Every sealed text by the id of the target or key it belongs to."""
    found = [
        *connection.execute(select(TARGETS.c.id, TARGETS.c.credential).where(TARGETS.c.credential.startswith("v1:"))),
        *connection.execute(select(KEYS.c.id, KEYS.c.sealed).where(KEYS.c.sealed != "")),
    ]
    return {row[0]: row[1] for row in found}


def reseal(connection: Connection, credentials: Mapping[str, str], audit: Audit) -> None:
    """Sealed texts of targets and keys, by their ids."""
    chain.lock(connection)  # before the rows, as all who change them: two that wait for each other never end
    for name, text in credentials.items():
        if name.startswith(_KEYS_BEGIN):
            connection.execute(update(KEYS).where(KEYS.c.id == name).values(sealed=text))
        else:
            connection.execute(update(TARGETS).where(TARGETS.c.id == name).values(credential=text))
    chain.append(connection, audit)
