"""Keys say what of their traffic is moderated."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Off for every key there is."""
    op.add_column("keys", Column("moderate", Text, nullable=False, server_default="off"))
