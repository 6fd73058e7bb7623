"""Who may do what, and what New API's forms need beside."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Tables and indexes only; what always is there is made by the program when it starts."""
    _announcements()
    _audit()
    _audit_head()
    _channel_targets()
    _channels()
    _groups()
    _model_allowances()
    _numbers()
    _orgs()
    _projects()
    _redemptions()
    _retired_secrets()
    _sessions()
    _users()


def _announcements() -> None:
    op.create_table(
        "announcements",
        Column("number", Integer, nullable=False),
        Column("title", Text, nullable=False),
        Column("content", Text, nullable=False),
        Column("description", Text, nullable=False),
        Column("tag", Text, nullable=False),
        Column("pinned", Boolean, nullable=False),
        Column("starts_at", Double, nullable=False),
        Column("ends_at", Double),
        Column("created_at", Double, nullable=False),
        Column("created_by", Text, nullable=False),
        PrimaryKeyConstraint("number", name="pk_announcements"),
        sqlite_autoincrement=True,
    )


def _audit() -> None:
    op.create_table(
        "audit",
        Column("number", BigInteger, nullable=False),
        Column("actor", Text, nullable=False),
        Column("action", Text, nullable=False),
        Column("object", Text, nullable=False),
        Column("at", Double, nullable=False),
        Column("org_id", Text, nullable=False),
        Column("change", JSON, nullable=False),
        Column("before", Text, nullable=False),
        Column("digest", Text, nullable=False),
        PrimaryKeyConstraint("number", name="pk_audit"),
    )


def _audit_head() -> None:
    op.create_table(
        "audit_head",
        Column("id", Integer, nullable=False),
        Column("number", BigInteger, nullable=False),
        Column("digest", Text, nullable=False),
        PrimaryKeyConstraint("id", name="pk_audit_head"),
    )


def _channel_targets() -> None:
    op.create_table(
        "channel_targets",
        Column("target_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        PrimaryKeyConstraint("target_id", name="pk_channel_targets"),
    )
    op.create_index("ix_channel_targets_number", "channel_targets", ["number"])


def _channels() -> None:
    op.create_table(
        "channels",
        Column("number", Integer, nullable=False),
        Column("name", Text, nullable=False),
        Column("kind", Integer, nullable=False),
        Column("tag", Text, nullable=False),
        Column("remark", Text, nullable=False),
        Column("test_model", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("tested_at", Double, nullable=False),
        Column("test_ms", Integer, nullable=False),
        PrimaryKeyConstraint("number", name="pk_channels"),
        sqlite_autoincrement=True,
    )


def _groups() -> None:
    op.create_table(
        "groups",
        Column("name", Text, nullable=False),
        Column("ratio_ppm", BigInteger, nullable=False),
        Column("models", JSON, nullable=False),
        Column("allowance", JSON, nullable=False),
        Column("description", Text, nullable=False),
        Column("open", Boolean, nullable=False),
        PrimaryKeyConstraint("name", name="pk_groups"),
    )


def _model_allowances() -> None:
    op.create_table(
        "model_allowances",
        Column("model", Text, nullable=False),
        Column("allowance", JSON, nullable=False),
        PrimaryKeyConstraint("model", name="pk_model_allowances"),
    )


def _numbers() -> None:
    op.create_table(
        "numbers",
        Column("kind", Text, nullable=False),
        Column("id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("dropped", Boolean, nullable=False),
        PrimaryKeyConstraint("kind", "id", name="pk_numbers"),
        UniqueConstraint("kind", "number", name="uq_numbers_kind_number"),
    )


def _orgs() -> None:
    op.create_table(
        "orgs",
        Column("id", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("allowance", JSON, nullable=False),
        PrimaryKeyConstraint("id", name="pk_orgs"),
    )


def _projects() -> None:
    op.create_table(
        "projects",
        Column("id", Text, nullable=False),
        Column("org_id", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("archived", Boolean, nullable=False),
        Column("models", JSON, nullable=False),
        Column("allowance", JSON, nullable=False),
        PrimaryKeyConstraint("id", name="pk_projects"),
    )
    op.create_index("ix_projects_org_id_created_at_id", "projects", ["org_id", "created_at", "id"])


def _redemptions() -> None:
    op.create_table(
        "redemptions",
        Column("number", Integer, nullable=False),
        Column("id", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("micros", BigInteger, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("expires_at", Double),
        Column("disabled", Boolean, nullable=False),
        Column("used_by", Text, nullable=False),
        Column("used_at", Double),
        PrimaryKeyConstraint("number", name="pk_redemptions"),
        UniqueConstraint("digest", name="uq_redemptions_digest"),
        UniqueConstraint("id", name="uq_redemptions_id"),
        sqlite_autoincrement=True,
    )


def _retired_secrets() -> None:
    op.create_table(
        "retired_secrets",
        Column("digest", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("expires_at", Double, nullable=False),
        PrimaryKeyConstraint("digest", name="pk_retired_secrets"),
    )
    op.create_index("ix_retired_secrets_key_id", "retired_secrets", ["key_id"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        Column("digest", Text, nullable=False),
        Column("user_id", Text, nullable=False),
        Column("epoch", Integer, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("expires_at", Double, nullable=False),
        PrimaryKeyConstraint("digest", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])


def _users() -> None:
    op.create_table(
        "users",
        Column("id", Text, nullable=False),
        Column("number", Integer, Identity(start=2), nullable=False),
        Column("org_id", Text, nullable=False),
        Column("username", Text, nullable=False),
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
        PrimaryKeyConstraint("number", name="pk_users"),
        UniqueConstraint("id", name="uq_users_id"),
        UniqueConstraint("username", name="uq_users_username"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_users_access_digest", "users", ["access_digest"])
    op.create_index("ix_users_org_id_number", "users", ["org_id", "number"])
