"""Who may do what, kept answers, receipts, shared counters, and sums of usage."""

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Identity,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Tables and indexes only; what always is there is made by the program when it starts."""
    _announcements()
    _audit()
    _audit_head()
    _call_digests()
    _channel_targets()
    _channels()
    _folded_calls()
    _folded_days()
    _groups()
    _holds()
    _model_allowances()
    _numbers()
    _orgs()
    _paces()
    _projects()
    _redemptions()
    _repeats()
    _retired_secrets()
    _sessions()
    _takes()
    _usage_day_sums()
    _usage_days()
    _users()
    op.create_index("ix_ledger_created_at", "ledger", ["created_at"])
    op.create_index(
        "ix_ledger_error",
        "ledger",
        ["error_code", "created_at"],
        sqlite_where=text("error_code <> ''"),
        postgresql_where=text("error_code <> ''"),
    )
    op.create_index(
        "ix_ledger_failed",
        "ledger",
        ["created_at"],
        sqlite_where=text("outcome <> 'ok'"),
        postgresql_where=text("outcome <> 'ok'"),
    )
    op.create_index("ix_ledger_key_id_created_at", "ledger", ["key_id", "created_at"])
    op.create_index("ix_usage_hours_key_id_hour", "usage_hours", ["key_id", "hour"])
    op.create_index("ix_usage_hours_model_hour", "usage_hours", ["model", "hour"])
    op.create_index(
        "ix_usage_hours_project_id_hour",
        "usage_hours",
        ["project_id", "hour"],
        sqlite_where=text("project_id <> ''"),
        postgresql_where=text("project_id <> ''"),
    )
    op.create_index("ix_usage_hours_target_id_hour", "usage_hours", ["target_id", "hour"])


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


def _call_digests() -> None:
    op.create_table(
        "call_digests",
        Column("call_id", Text, nullable=False),
        Column("request_sha256", Text, nullable=False),
        Column("request_bytes", BigInteger, nullable=False),
        Column("answer_sha256", Text, nullable=False),
        Column("answer_bytes", BigInteger, nullable=False),
        Column("answer_complete", Boolean, nullable=False),
        Column("status", Integer, nullable=False),
        Column("model_returned", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        PrimaryKeyConstraint("call_id", name="pk_call_digests"),
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


def _folded_calls() -> None:
    op.create_table(
        "folded_calls",
        Column("kind", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("amount", BigInteger, nullable=False),
        PrimaryKeyConstraint("kind", "name", name="pk_folded_calls"),
    )


def _folded_days() -> None:
    op.create_table(
        "folded_days",
        Column("day", Integer, nullable=False),
        Column("calls", BigInteger, nullable=False),
        Column("alone", Boolean, nullable=False),
        PrimaryKeyConstraint("day", name="pk_folded_days"),
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


def _holds() -> None:
    op.create_table(
        "holds",
        Column("scope", Text, nullable=False),
        Column("nanos", BigInteger, nullable=False),
        Column("calls", BigInteger, nullable=False),
        PrimaryKeyConstraint("scope", name="pk_holds"),
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


def _paces() -> None:
    op.create_table(
        "paces",
        Column("scope", Text, nullable=False),
        Column("bound", Text, nullable=False),
        Column("minute", BigInteger, nullable=False),
        Column("this_count", BigInteger, nullable=False),
        Column("last_count", BigInteger, nullable=False),
        PrimaryKeyConstraint("scope", "bound", name="pk_paces"),
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
        UniqueConstraint("id", name="uq_redemptions_id"),
        UniqueConstraint("digest", name="uq_redemptions_digest"),
        sqlite_autoincrement=True,
    )


def _repeats() -> None:
    op.create_table(
        "repeats",
        Column("id", Text, nullable=False),
        Column("claim", Text, nullable=False),
        Column("boot_id", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("fingerprint", Text, nullable=False),
        Column("head", LargeBinary, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("blob", Text, nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("expires_at", Double, nullable=False),
        PrimaryKeyConstraint("id", name="pk_repeats"),
    )
    op.create_index("ix_repeats_expires_at", "repeats", ["expires_at"])


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


def _takes() -> None:
    op.create_table(
        "takes",
        Column("call_id", Text, nullable=False),
        Column("boot_id", Text, nullable=False),
        Column("held", Text, nullable=False),
        PrimaryKeyConstraint("call_id", name="pk_takes"),
    )
    op.create_index("ix_takes_boot_id", "takes", ["boot_id"])


def _usage_day_sums() -> None:
    op.create_table(
        "usage_day_sums",
        Column("dimension", Text, nullable=False),
        Column("day", Integer, nullable=False),
        Column("org_id", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("calls", BigInteger, nullable=False),
        Column("failures", BigInteger, nullable=False),
        Column("input_tokens", BigInteger, nullable=False),
        Column("output_tokens", BigInteger, nullable=False),
        Column("cached_tokens", BigInteger, nullable=False),
        Column("images", BigInteger, nullable=False),
        Column("duration_ms", BigInteger, nullable=False),
        Column("cost_nanos", BigInteger, nullable=False),
        Column("charge_nanos", BigInteger, nullable=False),
        PrimaryKeyConstraint("dimension", "day", "org_id", "name", name="pk_usage_day_sums"),
        sqlite_with_rowid=False,
    )


def _usage_days() -> None:
    op.create_table(
        "usage_days",
        Column("day", Integer, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("target_id", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("user_id", Text, nullable=False),
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
        PrimaryKeyConstraint("day", "key_id", "model", "target_id", "operation", name="pk_usage_days"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_usage_days_key_id_day", "usage_days", ["key_id", "day"])
    op.create_index("ix_usage_days_org_id_day", "usage_days", ["org_id", "day"])
    op.create_index("ix_usage_days_user_id_day", "usage_days", ["user_id", "day"])


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
