"""The table of prices, and in the ledger which of its rows made a cost."""

from alembic import op
from sqlalchemy import JSON, Column, Double, Integer, PrimaryKeyConstraint, Text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Calls settled before have no version."""
    op.create_table(
        "prices",
        Column("version", Integer, nullable=False),
        Column("model", Text, nullable=False),
        Column("provider", Text, nullable=False),
        Column("target_id", Text, nullable=False),
        Column("service", Text, nullable=False),
        Column("hours", Text, nullable=False),
        Column("effective_from", Double, nullable=False),
        Column("rates", JSON),
        Column("source", Text, nullable=False),
        Column("changed_by", Text, nullable=False),
        Column("changed_at", Double, nullable=False),
        Column("note", Text, nullable=False),
        PrimaryKeyConstraint("version", name="pk_prices"),
    )
    op.create_index("ix_prices_model_version", "prices", ["model", "version"])
    op.add_column("ledger", Column("price_version", Integer, nullable=False, server_default="0"))
