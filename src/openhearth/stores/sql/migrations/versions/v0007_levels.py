"""More levels of sums of usage: by the hour and one name, by spans of days. Filled in the background, not here."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Text, text

revision = "0007"
down_revision = "0006"

_SUMMED = (
    "calls", "failures", "input_tokens", "output_tokens", "cached_tokens", "images", "duration_ms", "cost_nanos",
    "charge_nanos",
)  # fmt: skip
_NAMES = ("key_id", "model", "target_id", "operation", "user_id", "project_id", "org_id")


def upgrade() -> None:
    """``hour_calls`` 0 says that the hours of a day are not added up yet."""
    for name, when, others in (
        ("usage_hours", "hour", ("key_id", "model", "target_id")),
        ("usage_days", "day", ("key_id",)),
    ):
        _with_user(name, when, (*others, "org_id", "user_id"))
    _assign_again()
    op.add_column("folded_days", Column("hour_calls", BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "folded_spans",
        Column("days", Integer, nullable=False),
        Column("span", Integer, nullable=False),
        Column("calls", BigInteger, nullable=False),
        PrimaryKeyConstraint("days", "span", name="pk_folded_spans"),
    )
    op.create_table(
        "usage_hour_sums",
        Column("dimension", Text, nullable=False),
        Column("hour", Integer, nullable=False),
        Column("org_id", Text, nullable=False),
        Column("name", Text, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in _SUMMED),
        PrimaryKeyConstraint("dimension", "hour", "org_id", "name", name="pk_usage_hour_sums"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usage_spans",
        Column("days", Integer, nullable=False),
        Column("span", Integer, nullable=False),
        *(Column(name, Text, nullable=False) for name in _NAMES),
        *(Column(name, BigInteger, nullable=False) for name in _SUMMED),
        PrimaryKeyConstraint(
            "days", "span", "key_id", "model", "target_id", "operation", "user_id", name="pk_usage_spans"
        ),
        sqlite_with_rowid=False,
    )
    for name in ("key_id", "org_id", "user_id"):
        op.create_index(f"ix_usage_spans_{name}_days_span", "usage_spans", [name, "days", "span"])


def _with_user(name: str, when: str, indexed: tuple[str, ...]) -> None:
    """The user becomes part of the primary key: all who are signed in call without a key."""
    key = f"{when}, key_id, model, target_id, operation, user_id"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE {name} DROP CONSTRAINT pk_{name}, ADD CONSTRAINT pk_{name} PRIMARY KEY ({key})")
        return
    op.rename_table(name, f"{name}_before")
    op.create_table(
        name,
        Column(when, Integer, nullable=False),
        *(Column(column, Text, nullable=False) for column in _NAMES),
        *(Column(column, BigInteger, nullable=False) for column in _SUMMED),
        PrimaryKeyConstraint(*key.split(", "), name=f"pk_{name}"),
        sqlite_with_rowid=False,
    )
    columns = ", ".join((when, *_NAMES, *_SUMMED))
    op.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name}_before")
    op.drop_table(f"{name}_before")
    for column in indexed:
        op.create_index(f"ix_{name}_{column}_{when}", name, [column, when])
    if name == "usage_hours":
        op.create_index(
            "ix_usage_hours_project_id_hour", name, ["project_id", "hour"], sqlite_where=text("project_id <> ''")
        )


def _assign_again() -> None:
    """Calls without a key to who made them, while all calls are there; the days follow in the background."""
    bind = op.get_bind()
    removed = bind.execute(text("SELECT COUNT(*) FROM folded_calls")).scalar_one()
    there = bind.execute(text("SELECT COUNT(*) FROM usage_hours WHERE key_id = ''")).scalar_one()
    if removed or not there:
        return
    hour = "CAST(FLOOR(created_at / 3600) AS INTEGER)"
    if bind.dialect.name == "sqlite":
        hour = "CAST(created_at / 3600 AS INTEGER)"
    sums = ", ".join(f"SUM({name})" for name in _SUMMED[2:])
    op.execute("DELETE FROM usage_hours WHERE key_id = ''")
    op.execute(
        f"INSERT INTO usage_hours (hour, {', '.join(_NAMES)}, {', '.join(_SUMMED)}) "
        f"SELECT {hour}, key_id, model, target_id, operation, user_id, MAX(project_id), MAX(org_id), COUNT(*), "
        f"SUM(CASE WHEN outcome = 'ok' THEN 0 ELSE 1 END), {sums} FROM ledger WHERE key_id = '' "
        f"GROUP BY {hour}, key_id, model, target_id, operation, user_id"
    )
    op.execute("DELETE FROM folded_days WHERE NOT alone")
