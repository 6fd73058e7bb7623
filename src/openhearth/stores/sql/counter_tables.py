"""Tables of the counters that several processes on one database share. Money spent is not here: it is in ``spend``."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from openhearth.stores.sql.tables import METADATA

TAKES = Table(
    "takes",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("boot_id", Text, nullable=False),
    Column("held", Text, nullable=False),
    Index(None, "boot_id"),
)

HOLDS = Table(
    "holds",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("nanos", BigInteger, nullable=False),
    Column("calls", BigInteger, nullable=False),
)

PACES = Table(
    "paces",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("bound", Text, primary_key=True),
    Column("minute", BigInteger, nullable=False),
    Column("this_count", BigInteger, nullable=False),
    Column("last_count", BigInteger, nullable=False),
)
