"""The table of answers kept for repeated requests; its columns are the fields of ``stores.repeats_ports``' record."""

from sqlalchemy import BigInteger, Column, Double, Index, LargeBinary, Table, Text

from openhearth.stores.sql.tables import METADATA

REPEATS = Table(
    "repeats",
    METADATA,
    Column("id", Text, primary_key=True),
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
    Index(None, "expires_at"),
)
