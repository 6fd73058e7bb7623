"""The tables behind New API's forms."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, Table, Text, UniqueConstraint

from openhearth.stores.sql.tables import METADATA

# Numbers are primary keys because only such a column counts by itself on SQLite; none is ever given twice.
REDEMPTIONS = Table(
    "redemptions",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("micros", BigInteger, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("disabled", Boolean, nullable=False),
    Column("used_by", Text, nullable=False),
    Column("used_at", Double),
    sqlite_autoincrement=True,
)

ANNOUNCEMENTS = Table(
    "announcements",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("title", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("tag", Text, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("starts_at", Double, nullable=False),
    Column("ends_at", Double),
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    sqlite_autoincrement=True,
)

CHANNELS = Table(
    "channels",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("tag", Text, nullable=False),
    Column("remark", Text, nullable=False),
    Column("test_model", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("tested_at", Double, nullable=False),
    Column("test_ms", Integer, nullable=False),
    sqlite_autoincrement=True,
)

CHANNEL_TARGETS = Table(
    "channel_targets",
    METADATA,
    Column("target_id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Index(None, "number"),
)

# Numbers of what has a text for an id. A row stays when its object goes, so that no number comes to mean another one.
NUMBERS = Table(
    "numbers",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("dropped", Boolean, nullable=False),
    UniqueConstraint("kind", "number"),
)
