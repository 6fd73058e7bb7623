"""Tables and indexes of usage.

The ledger has the two indexes that every call pays for, by time and by key and time, and two that only failures pay
for. All other questions find their hours in ``usage_hours``, which has a row where the ledger has many.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text, text

from openhearth.stores.sql.tables import LEDGER, METADATA, USAGE_HOURS
from openhearth.stores.usage_ports import SUMMED

FAILED = text("outcome <> 'ok'")
HAS_ERROR = text("error_code <> ''")
IN_PROJECT = text("project_id <> ''")

Index(None, LEDGER.c.created_at)
Index(None, LEDGER.c.key_id, LEDGER.c.created_at)
Index("ix_ledger_failed", LEDGER.c.created_at, sqlite_where=FAILED, postgresql_where=FAILED)
Index("ix_ledger_error", LEDGER.c.error_code, LEDGER.c.created_at, sqlite_where=HAS_ERROR, postgresql_where=HAS_ERROR)

Index(None, USAGE_HOURS.c.key_id, USAGE_HOURS.c.hour)
Index(None, USAGE_HOURS.c.model, USAGE_HOURS.c.hour)
Index(None, USAGE_HOURS.c.target_id, USAGE_HOURS.c.hour)
Index(
    "ix_usage_hours_project_id_hour",
    USAGE_HOURS.c.project_id,
    USAGE_HOURS.c.hour,
    sqlite_where=IN_PROJECT,
    postgresql_where=IN_PROJECT,
)

# ``usage_hours`` by the UTC day (days since 1970): the same columns otherwise, whatever they come to be. Without the
# row numbers of SQLite a day's rows lie together: read whole, that is twice as quick.
USAGE_DAYS = Table(
    "usage_days",
    METADATA,
    *(
        Column("day" if column is USAGE_HOURS.c.hour else column.name, column.type, primary_key=column.primary_key,
               nullable=False)
        for column in USAGE_HOURS.columns
    ),
    Index(None, "key_id", "day"),
    Index(None, "user_id", "day"),
    Index(None, "org_id", "day"),
    sqlite_with_rowid=False,
)  # fmt: skip

# The same by one dimension alone: ninety days of all calls are a few thousand rows of models, not half a million.
USAGE_DAY_SUMS = Table(
    "usage_day_sums",
    METADATA,
    Column("dimension", Text, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("org_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in SUMMED),
    sqlite_with_rowid=False,
)

# Which days are in ``usage_days``, and of how many calls. ``alone``: their hours are no longer kept.
FOLDED_DAYS = Table(
    "folded_days",
    METADATA,
    Column("day", Integer, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("alone", Boolean, nullable=False),
)

# What removed calls came to: ``spend`` by counter, ``usage`` by name of what is summed.
FOLDED_CALLS = Table(
    "folded_calls",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
