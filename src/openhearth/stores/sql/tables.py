"""The schema as one value: what a fresh database is made from and what every query is written against.

Only types that SQLite and PostgreSQL share. A change here needs a migration beside it; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

from openhearth.core.permissions import DEFAULT_ORG, ROOT_USER

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

KEYS = Table(
    "keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("hint", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("models", JSON, nullable=False),
    Column("moderate", Text, nullable=False, server_default="off"),
    Column("user_id", Text, nullable=False, server_default=ROOT_USER),
    Column("org_id", Text, nullable=False, server_default=DEFAULT_ORG),
    Column("project_id", Text, nullable=False, server_default=""),
    Column("group_name", Text, nullable=False, server_default=""),
    Column("operations", JSON, nullable=False, server_default="[]"),
    Column("ips", JSON, nullable=False, server_default="[]"),
    Column("allowance", JSON, nullable=False, server_default="{}"),
    Column("cache_s", Integer, nullable=False, server_default="0"),
    Column("sealed", Text, nullable=False, server_default=""),
    Column("used_at", Double),
    Index(None, "user_id"),
)

TARGETS = Table(
    "targets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("upstream_model", Text, nullable=False),
    Column("credential", Text, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("price", JSON, nullable=False),
    Column("operations", JSON, nullable=False),
    Column("limits", JSON, nullable=False, server_default="{}"),
)

LEDGER = Table(
    "ledger",
    METADATA,
    Column("effect", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("stream", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("first_byte_ms", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("usage_source", Text, nullable=False),
    Column("reserved_nanos", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("charge_nanos", BigInteger, nullable=False),
    Column("ratio_ppm", BigInteger, nullable=False),
    Column("price_version", Integer, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("more", Text, nullable=False),
)

POSTINGS = Table(
    "postings",
    METADATA,
    Column("effect", Text, primary_key=True),
    Column("account", Text, primary_key=True),
    Column("nanos", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    sqlite_with_rowid=False,
)

BALANCES = Table(
    "balances",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("nanos", BigInteger, nullable=False),
)

USAGE_HOURS = Table(
    "usage_hours",
    METADATA,
    Column("hour", Integer, primary_key=True),
    Column("key_id", Text, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("target_id", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("project_id", Text, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("calls", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("images", BigInteger, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("charge_nanos", BigInteger, nullable=False),
    Index(None, "org_id", "hour"),
    Index(None, "user_id", "hour"),
    sqlite_with_rowid=False,
)

NODES = Table(
    "nodes",
    METADATA,
    Column("boot_id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

PRICES = Table(
    "prices",
    METADATA,
    Column("version", Integer, primary_key=True),
    Column("model", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("hours", Text, nullable=False),
    Column("effective_from", Double, nullable=False),
    Column("rates", JSON(none_as_null=True)),
    Column("source", Text, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("note", Text, nullable=False),
    Index(None, "model", "version"),
)

SPEND = Table(
    "spend",
    METADATA,
    Column("counter", Text, primary_key=True),
    Column("nanos", BigInteger, nullable=False),
)

RESERVATIONS = Table(
    "reservations",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("project_id", Text, nullable=False),
    Column("org_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("group_name", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("reserved_nanos", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("cost_nanos", BigInteger, nullable=False),
    Column("charge_nanos", BigInteger, nullable=False),
    Column("ratio_ppm", BigInteger, nullable=False),
    Column("price_version", Integer, nullable=False),
)

FILES = Table(
    "files",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Index(None, "owner", "created_at", "id"),
    Index(None, "blob"),
    Index(None, "expires_at"),
)

PICTURES = Table(
    "pictures",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("blob", Text, nullable=False),
    Column("mime", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("parents", JSON, nullable=False),
    Column("instruction", Text, nullable=False),
    Column("operations", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("seed", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Index(None, "blob"),
    Index(None, "expires_at"),
)

SETTINGS = Table(
    "settings",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
