"""The tables of who may do what, and of who changed it."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Identity, Index, Integer, Table, Text

from openhearth.stores.sql.tables import METADATA

ORGS = Table(
    "orgs",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("allowance", JSON, nullable=False),
)

# The number is the primary key because only such a column counts by itself on SQLite. None is ever given twice; root is
# put in with 1.
USERS = Table(
    "users",
    METADATA,
    Column("id", Text, nullable=False, unique=True),
    Column("number", Integer, Identity(start=2), primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("username", Text, nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("role", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("access_digest", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("allowance", JSON, nullable=False),
    Column("settings", JSON, nullable=False),
    Index(None, "org_id", "number"),
    Index(None, "access_digest"),
    sqlite_autoincrement=True,
)

GROUPS = Table(
    "groups",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("ratio_ppm", BigInteger, nullable=False),
    Column("models", JSON, nullable=False),
    Column("allowance", JSON, nullable=False),
    Column("description", Text, nullable=False),
    Column("open", Boolean, nullable=False),
)

PROJECTS = Table(
    "projects",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("models", JSON, nullable=False),
    Column("allowance", JSON, nullable=False),
    Index(None, "org_id", "created_at", "id"),
)

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
    Index(None, "user_id"),
)

MODEL_ALLOWANCES = Table(
    "model_allowances",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("allowance", JSON, nullable=False),
)

# The secret a key had before it was rotated, while it still counts.
RETIRED_SECRETS = Table(
    "retired_secrets",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "key_id"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("change", JSON, nullable=False),
    Column("before", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

# One row. Whoever appends changes it first, so that two processes cannot append after the same entry.
AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)
