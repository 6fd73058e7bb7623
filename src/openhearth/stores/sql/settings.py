"""Queries on named values that the platform keeps for itself."""

from sqlalchemy import Connection, insert, select, update

from openhearth.stores.access_ports import Audit
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.tables import SETTINGS


def setting(connection: Connection, name: str) -> str | None:
    return connection.execute(select(SETTINGS.c.value).where(SETTINGS.c.name == name)).scalar()


def put_setting(connection: Connection, name: str, value: str, audit: Audit | None = None) -> None:
    changed = connection.execute(update(SETTINGS).where(SETTINGS.c.name == name).values(value=value))
    if changed.rowcount == 0:
        connection.execute(insert(SETTINGS), {"name": name, "value": value})
    chain.append(connection, audit)
