"""Which version of the schema a database has, and the way to ours.

The usual start costs one query: alembic is imported only when the database is behind. A fresh database is made from
the metadata and stamped, which a test proves equal to running every migration.
"""

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, func, insert, inspect, select

from openhearth.config import ConfigError
from openhearth.stores.sql.all_tables import METADATA

HEAD = "0007"
_LOCK = 0x0BEA_87
_VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


class SchemaError(ConfigError):
    """The database cannot be used by this version of the program."""


def bring_up_to_date(connection: Connection) -> None:
    """Make or migrate the schema. Raises SchemaError when a newer version of the program made the database."""
    found = version_of(connection)
    if found == HEAD:
        return
    if connection.dialect.name == "postgresql":
        # Two processes that start at once: the second waits, and finds the work done.
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        found = version_of(connection)
        if found == HEAD:
            return
    if found is None:
        METADATA.create_all(connection, checkfirst=False)
        _VERSION.create(connection)
        connection.execute(insert(_VERSION), {"version_num": HEAD})
        return
    # Imported here only: alembic costs more time than the rest of the start, and a database is behind once a release.
    from openhearth.stores.sql import migrate

    migrate.upgrade(connection, found)


def version_of(connection: Connection) -> str | None:
    """The version stamped into the database, ``None`` for an empty one. Raises SchemaError for foreign tables."""
    tables = set(inspect(connection).get_table_names())
    if _VERSION.name in tables:
        return str(connection.execute(select(_VERSION.c.version_num)).scalar_one())
    ours = tables & set(METADATA.tables)
    if ours:
        raise SchemaError(f"The database has tables of another program ({', '.join(sorted(ours))}). Name an empty one.")
    return None
