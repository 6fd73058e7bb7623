"""Records on SQL: SQLite and PostgreSQL from one implementation."""

from openhearth.stores.sql.records import SqlRecords

__all__ = ["SqlRecords"]
