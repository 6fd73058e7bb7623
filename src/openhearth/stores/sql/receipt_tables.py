"""The table behind receipts."""

from sqlalchemy import BigInteger, Boolean, Column, Double, Integer, Table, Text

from openhearth.stores.sql.tables import METADATA

CALL_DIGESTS = Table(
    "call_digests",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("request_sha256", Text, nullable=False),
    Column("request_bytes", BigInteger, nullable=False),
    Column("answer_sha256", Text, nullable=False),
    Column("answer_bytes", BigInteger, nullable=False),
    Column("answer_complete", Boolean, nullable=False),
    Column("status", Integer, nullable=False),
    Column("model_returned", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)
