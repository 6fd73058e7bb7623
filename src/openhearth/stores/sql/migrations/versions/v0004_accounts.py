"""Money in nanos and in double entry, keys that belong to somebody, and processes that say they live.

What was settled before belongs to the first user, in micros times a thousand; its postings, sums and hours are made
here, so that the ledger adds up from its first row on.
"""

from datetime import UTC, datetime

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

revision = "0004"
down_revision = "0003"

_HOUR_SUMS = (
    "COUNT(*), SUM(CASE WHEN outcome = 'ok' THEN 0 ELSE 1 END), SUM(input_tokens), SUM(output_tokens), "
    "SUM(cached_tokens), SUM(images), SUM(duration_ms), SUM(cost_nanos), SUM(charge_nanos)"
)


def upgrade() -> None:
    """Tables whose rows change are made anew and filled from the old."""
    _new_tables()
    _keys()
    op.add_column("targets", Column("limits", JSON, nullable=False, server_default="{}"))
    _ledger()
    _reservations()
    op.drop_table("spend")
    op.create_table(
        "spend",
        Column("counter", Text, nullable=False),
        Column("nanos", BigInteger, nullable=False),
        PrimaryKeyConstraint("counter", name="pk_spend"),
    )
    _fill(op.get_bind())


def _remake(name: str, items: list[SchemaItem], constraints: tuple[str, ...], copied: dict[str, str]) -> None:
    """The table ``name`` made of ``items``, its rows copied: an expression over the old row for each column."""
    before = f"{name}_before"
    op.rename_table(name, before)
    if op.get_bind().dialect.name == "postgresql":
        for constraint in constraints:
            op.execute(f"ALTER INDEX {constraint} RENAME TO {constraint}_before")
    op.create_table(name, *items)
    op.execute(f"INSERT INTO {name} ({', '.join(copied)}) SELECT {', '.join(copied.values())} FROM {before}")
    op.drop_table(before)


def _keys() -> None:
    same = (
        "id",
        "digest",
        "hint",
        "name",
        "owner",
        "is_admin",
        "disabled",
        "created_at",
        "expires_at",
        "models",
        "moderate",
    )
    quota = "CASE WHEN quota_micros IS NULL THEN '{}' ELSE '{\"quota_micros\":' || quota_micros || '}' END"
    if op.get_bind().dialect.name == "postgresql":
        quota = f"({quota})::json"
    _remake(
        "keys",
        [
            Column("id", Text, nullable=False),
            Column("digest", Text, nullable=False),
            Column("hint", Text, nullable=False),
            Column("name", Text, nullable=False),
            Column("owner", Text, nullable=False),
            Column("is_admin", Boolean, nullable=False),
            Column("disabled", Boolean, nullable=False),
            Column("created_at", Double, nullable=False),
            Column("expires_at", Double),
            Column("models", JSON, nullable=False),
            Column("moderate", Text, nullable=False, server_default="off"),
            Column("user_id", Text, nullable=False, server_default="user_root"),
            Column("org_id", Text, nullable=False, server_default="org_default"),
            Column("project_id", Text, nullable=False, server_default=""),
            Column("group_name", Text, nullable=False, server_default=""),
            Column("operations", JSON, nullable=False, server_default="[]"),
            Column("ips", JSON, nullable=False, server_default="[]"),
            Column("allowance", JSON, nullable=False, server_default="{}"),
            Column("cache_s", Integer, nullable=False, server_default="0"),
            Column("sealed", Text, nullable=False, server_default=""),
            Column("used_at", Double),
            PrimaryKeyConstraint("id", name="pk_keys"),
            UniqueConstraint("digest", name="uq_keys_digest"),
        ],
        ("pk_keys", "uq_keys_digest"),
        {**{name: name for name in same}, "allowance": quota},
    )
    op.create_index("ix_keys_user_id", "keys", ["user_id"])


def _ledger() -> None:
    same = (
        "effect", "key_id", "owner", "operation", "model", "target_id", "outcome", "created_at", "duration_ms",
        "first_byte_ms", "input_tokens", "output_tokens", "cached_tokens", "images", "usage_source", "price_version",
        "error_code",
    )  # fmt: skip
    _remake(
        "ledger",
        [
            Column("effect", Text, nullable=False),
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
            PrimaryKeyConstraint("effect", name="pk_ledger"),
        ],
        ("pk_ledger",),
        {
            **{name: name for name in same},
            **_OWNED,
            "stream": "FALSE",
            "attempts": "CASE WHEN target_id = '' THEN 0 ELSE 1 END",
            "reserved_nanos": "reserved_micros * 1000",
            "cost_nanos": "cost_micros * 1000",
            "charge_nanos": "cost_micros * 1000",
            "ratio_ppm": "1000000",
            "more": "''",
        },
    )


def _reservations() -> None:
    same = ("call_id", "key_id", "owner", "operation", "model", "created_at", "boot_id")
    _remake(
        "reservations",
        [
            Column("call_id", Text, nullable=False),
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
            PrimaryKeyConstraint("call_id", name="pk_reservations"),
        ],
        ("pk_reservations",),
        {
            **{name: name for name in same},
            **_OWNED,
            "reserved_nanos": "reserved_micros * 1000",
            "target_id": "''",
            "input_tokens": "0",
            "output_tokens": "0",
            "cached_tokens": "0",
            "cost_nanos": "0",
            "charge_nanos": "0",
            "ratio_ppm": "1000000",
            "price_version": "0",
        },
    )


_OWNED = {"user_id": "'user_root'", "project_id": "''", "org_id": "'org_default'", "group_name": "'default'"}


def _new_tables() -> None:
    op.create_table(
        "postings",
        Column("effect", Text, nullable=False),
        Column("account", Text, nullable=False),
        Column("nanos", BigInteger, nullable=False),
        Column("created_at", Double, nullable=False),
        PrimaryKeyConstraint("effect", "account", name="pk_postings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "balances",
        Column("account", Text, nullable=False),
        Column("nanos", BigInteger, nullable=False),
        PrimaryKeyConstraint("account", name="pk_balances"),
    )
    op.create_table(
        "usage_hours",
        Column("hour", Integer, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("model", Text, nullable=False),
        Column("target_id", Text, nullable=False),
        Column("operation", Text, nullable=False),
        Column("user_id", Text, nullable=False),
        Column("project_id", Text, nullable=False),
        Column("org_id", Text, nullable=False),
        *(
            Column(name, BigInteger, nullable=False)
            for name in (
                "calls", "failures", "input_tokens", "output_tokens", "cached_tokens", "images", "duration_ms",
                "cost_nanos", "charge_nanos",
            )
        ),
        PrimaryKeyConstraint("hour", "key_id", "model", "target_id", "operation", name="pk_usage_hours"),
        sqlite_with_rowid=False,
    )  # fmt: skip
    op.create_index("ix_usage_hours_org_id_hour", "usage_hours", ["org_id", "hour"])
    op.create_index("ix_usage_hours_user_id_hour", "usage_hours", ["user_id", "hour"])
    op.create_table(
        "nodes",
        Column("boot_id", Text, nullable=False),
        Column("host", Text, nullable=False),
        Column("pid", Integer, nullable=False),
        Column("started_at", Double, nullable=False),
        Column("seen_at", Double, nullable=False),
        PrimaryKeyConstraint("boot_id", name="pk_nodes"),
    )


def _fill(connection: Connection) -> None:
    charged = "FROM ledger WHERE charge_nanos <> 0"
    for account, nanos in (("'user:' || user_id", "-charge_nanos"), ("'target:' || target_id", "cost_nanos")):
        connection.execute(
            text(
                "INSERT INTO postings (effect, account, nanos, created_at) "
                f"SELECT effect, {account}, {nanos}, created_at {charged}"
            )
        )
    connection.execute(
        text("INSERT INTO balances (account, nanos) SELECT account, SUM(nanos) FROM postings GROUP BY account")
    )
    hour = "CAST(FLOOR(created_at / 3600) AS INTEGER)"
    if connection.dialect.name == "sqlite":
        hour = "CAST(created_at / 3600 AS INTEGER)"
    connection.execute(
        text(
            "INSERT INTO usage_hours (hour, key_id, model, target_id, operation, user_id, project_id, org_id, calls, "
            "failures, input_tokens, output_tokens, cached_tokens, images, duration_ms, cost_nanos, charge_nanos) "
            f"SELECT {hour}, key_id, model, target_id, operation, user_id, project_id, org_id, {_HOUR_SUMS} "
            f"FROM ledger GROUP BY {hour}, key_id, model, target_id, operation, user_id, project_id, org_id"
        )
    )
    _fill_spend(connection)


def _fill_spend(connection: Connection) -> None:
    sums: dict[str, int] = {}
    for key_id, model, created_at, nanos in connection.execute(
        text("SELECT key_id, model, created_at, charge_nanos FROM ledger WHERE charge_nanos <> 0")
    ):
        when = datetime.fromtimestamp(created_at, UTC)
        year, week, _ = when.isocalendar()
        for scope in (f"key:{key_id}", "user:user_root", "org:org_default", f"model:{model}"):
            for end in ("", f"@{when:%Y-%m-%d}", f"@{year:04d}-W{week:02d}", f"@{when:%Y-%m}"):
                sums[scope + end] = sums.get(scope + end, 0) + nanos
    rows = [{"counter": counter, "nanos": nanos} for counter, nanos in sums.items()]
    if rows:
        connection.execute(text("INSERT INTO spend (counter, nanos) VALUES (:counter, :nanos)"), rows)
