"""The first schema: keys, targets, money, files, pictures, settings."""

from alembic import op
from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Integer, PrimaryKeyConstraint, Text, UniqueConstraint

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    _keys()
    _targets()
    _ledger()
    _spend()
    _reservations()
    _files()
    _pictures()
    _settings()


def _keys() -> None:
    op.create_table(
        "keys",
        Column("id", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("hint", Text, nullable=False),
        Column("name", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("is_admin", Boolean, nullable=False),
        Column("disabled", Boolean, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("expires_at", Double),
        Column("quota_micros", BigInteger),
        Column("models", JSON, nullable=False),
        PrimaryKeyConstraint("id", name="pk_keys"),
        UniqueConstraint("digest", name="uq_keys_digest"),
    )


def _targets() -> None:
    op.create_table(
        "targets",
        Column("id", Text, nullable=False),
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
        PrimaryKeyConstraint("id", name="pk_targets"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        Column("effect", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("target_id", Text, nullable=False),
        Column("outcome", Text, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("duration_ms", BigInteger, nullable=False),
        Column("first_byte_ms", BigInteger, nullable=False),
        Column("input_tokens", BigInteger, nullable=False),
        Column("output_tokens", BigInteger, nullable=False),
        Column("cached_tokens", BigInteger, nullable=False),
        Column("images", BigInteger, nullable=False),
        Column("usage_source", Text, nullable=False),
        Column("reserved_micros", BigInteger, nullable=False),
        Column("cost_micros", BigInteger, nullable=False),
        Column("error_code", Text, nullable=False),
        PrimaryKeyConstraint("effect", name="pk_ledger"),
    )


def _spend() -> None:
    op.create_table(
        "spend",
        Column("key_id", Text, nullable=False),
        Column("spent_micros", BigInteger, nullable=False),
        PrimaryKeyConstraint("key_id", name="pk_spend"),
    )


def _reservations() -> None:
    op.create_table(
        "reservations",
        Column("call_id", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("reserved_micros", BigInteger, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("boot_id", Text, nullable=False),
        PrimaryKeyConstraint("call_id", name="pk_reservations"),
    )


def _files() -> None:
    op.create_table(
        "files",
        Column("id", Text, nullable=False),
        Column("owner", Text, nullable=False),
        Column("blob", Text, nullable=False),
        Column("filename", Text, nullable=False),
        Column("purpose", Text, nullable=False),
        Column("mime", Text, nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("created_at", Double, nullable=False),
        Column("expires_at", Double),
        PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_owner_created_at_id", "files", ["owner", "created_at", "id"])
    op.create_index("ix_files_blob", "files", ["blob"])
    op.create_index("ix_files_expires_at", "files", ["expires_at"])


def _pictures() -> None:
    op.create_table(
        "pictures",
        Column("id", Text, nullable=False),
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
        PrimaryKeyConstraint("id", name="pk_pictures"),
    )
    op.create_index("ix_pictures_blob", "pictures", ["blob"])
    op.create_index("ix_pictures_expires_at", "pictures", ["expires_at"])


def _settings() -> None:
    op.create_table(
        "settings",
        Column("name", Text, nullable=False),
        Column("value", Text, nullable=False),
        PrimaryKeyConstraint("name", name="pk_settings"),
    )
