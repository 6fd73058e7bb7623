"""One process folds at a time.

Two that did at once would each add what both had read: PostgreSQL lets the second see what the first wrote only after
it waited for it. SQLite has one writer anyway.
"""

from sqlalchemy import Connection, func, select, text

_LOCK = 0x0BEA_88


def lock_folding(connection: Connection) -> None:
    """Wait for whoever folds; until the transaction ends nobody else does. Before anything is read."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def lock_hours(connection: Connection) -> None:
    """Nothing is added to an hour until the transaction ends: what came after it was read would be removed unread."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE usage_hours IN SHARE ROW EXCLUSIVE MODE"))
