"""Kept answers, receipts, shared counters, and sums of usage."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Tables and indexes only; what always is there is made by the program when it starts."""
    _call_digests()
    _folded_calls()
    _folded_days()
    _holds()
    _paces()
    _repeats()
    _takes()
    _usage_day_sums()
    _usage_days()
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


def _holds() -> None:
    op.create_table(
        "holds",
        Column("scope", Text, nullable=False),
        Column("nanos", BigInteger, nullable=False),
        Column("calls", BigInteger, nullable=False),
        PrimaryKeyConstraint("scope", name="pk_holds"),
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
