"""Tables and indexes of usage.

The ledger has the two indexes that every call pays for, by time and by key and time, and two that only failures pay
for. All other questions find their hours in ``usage_hours``, which has a row where the ledger has many.
"""

from typing import Any

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


def _as(name: str, *first: Column[Any], when: str) -> Table:
    """``usage_hours`` by longer times: the same columns otherwise, whatever they come to be. Without the row numbers
    of SQLite, rows of one time lie together: read whole, that is twice as quick."""
    return Table(
        name,
        METADATA,
        *first,
        *(
            Column(when if column is USAGE_HOURS.c.hour else column.name, column.type, primary_key=column.primary_key,
                   nullable=False)
            for column in USAGE_HOURS.columns
        ),
        Index(None, "key_id", *(one.name for one in first), when),
        Index(None, "user_id", *(one.name for one in first), when),
        Index(None, "org_id", *(one.name for one in first), when),
        sqlite_with_rowid=False,
    )  # fmt: skip


def _sums(name: str, when: str) -> Table:
    """The same by one dimension alone: ninety days of all calls are some thousand rows of models, not half a
    million."""
    return Table(
        name,
        METADATA,
        Column("dimension", Text, primary_key=True),
        Column(when, Integer, primary_key=True),
        Column("org_id", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        *(Column(name, BigInteger, nullable=False) for name in SUMMED),
        sqlite_with_rowid=False,
    )


# Days are UTC days since 1970. A span is so many days; the first of each began with 1970's first week, on 29 December.
USAGE_DAYS = _as("usage_days", when="day")
USAGE_SPANS = _as("usage_spans", Column("days", Integer, primary_key=True), when="span")
USAGE_DAY_SUMS = _sums("usage_day_sums", "day")
USAGE_HOUR_SUMS = _sums("usage_hour_sums", "hour")

# Which days are in ``usage_days``, and of how many calls; and of how many calls their rows in ``usage_hour_sums`` are,
# which count only if these are the same. ``alone``: their hours are no longer kept.
FOLDED_DAYS = Table(
    "folded_days",
    METADATA,
    Column("day", Integer, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("alone", Boolean, nullable=False),
    Column("hour_calls", BigInteger, nullable=False, server_default="0"),
)

# Which spans are in ``usage_spans``, and of how many calls. A span counts only if these are as many as of its days.
FOLDED_SPANS = Table(
    "folded_spans",
    METADATA,
    Column("days", Integer, primary_key=True),
    Column("span", Integer, primary_key=True),
    Column("calls", BigInteger, nullable=False),
)

# What removed calls came to: ``spend`` by counter, ``usage`` by name of what is summed. And ``windows``: the unix time
# before which counters of days, weeks and months that have ended are no longer kept.
FOLDED_CALLS = Table(
    "folded_calls",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
)
