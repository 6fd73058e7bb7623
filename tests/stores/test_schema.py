"""A fresh database and a migrated one are the same database, and a newer one is refused."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from openhearth.config import ConfigError
from openhearth.stores.ports import (
    FileRecord,
    KeyRecord,
    LedgerEntry,
    OpenReservation,
    PictureRecord,
    PriceRecord,
    TargetRecord,
)
from openhearth.stores.sql import SqlRecords, keys, migrate, proof, schema
from openhearth.stores.sql.tables import METADATA


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_url)
    yield engine
    engine.dispose()


@pytest.fixture
def other(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """A second empty database."""
    url = f"sqlite:///{tmp_path / 'other.db'}" if kind == "sqlite" else request.getfixturevalue("postgres").database()
    engine = create_engine(url)
    yield engine
    engine.dispose()


def _index(index: Any) -> tuple[str, str]:
    """Its name, and all there is to it: conditions are objects of their own each time."""
    options = {name: str(value) for name, value in index["dialect_options"].items()}
    return str(index["name"]), str({**index, "dialect_options": options})


def shape_of(connection: Connection) -> dict[str, object]:
    look = inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in look.get_columns(name)],
            look.get_pk_constraint(name),
            sorted(look.get_unique_constraints(name), key=str),
            sorted(_index(index) for index in look.get_indexes(name)),
            look.get_foreign_keys(name),
        )
        for name in sorted(look.get_table_names())
    }


def test_every_migration_leads_to_the_schema_of_the_metadata(engine: Engine, other: Engine) -> None:
    with engine.begin() as made, other.begin() as migrated:
        schema.bring_up_to_date(made)
        command.upgrade(migrate.settings(migrated), "head")
        assert shape_of(made) == shape_of(migrated)
        assert set(METADATA.tables) <= set(shape_of(migrated))
        assert schema.version_of(migrated) == schema.HEAD


def test_head_is_the_last_migration() -> None:
    assert ScriptDirectory.from_config(migrate.settings()).get_heads() == [schema.HEAD]


def test_a_database_that_is_behind_is_migrated(engine: Engine) -> None:
    with engine.begin() as connection:
        schema.bring_up_to_date(connection)
        complete = shape_of(connection)
    with engine.begin() as connection:
        for name in METADATA.tables:
            connection.execute(text(f'DROP TABLE "{name}"'))
        connection.execute(text("DELETE FROM alembic_version"))
    with engine.begin() as connection:
        migrate.upgrade(connection, None)
        assert shape_of(connection) == complete
        assert schema.version_of(connection) == schema.HEAD


def test_keys_from_before_moderation_are_not_moderated(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(migrate.settings(connection), "0001")
        names = "id, digest, hint, name, owner, is_admin, disabled, created_at, models"
        connection.execute(
            text(f"INSERT INTO keys ({names}) VALUES ('key_1', 'd', 'h', 'n', 'o', false, false, 1.0, '[]')")
        )
    with engine.begin() as connection:
        schema.bring_up_to_date(connection)
        assert connection.execute(text("SELECT moderate FROM keys")).scalar_one() == "off"


def test_money_settled_in_micros_adds_up_in_nanos(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(migrate.settings(connection), "0003")
        names = "id, digest, hint, name, owner, is_admin, disabled, created_at, models, quota_micros"
        connection.execute(
            text(f"INSERT INTO keys ({names}) VALUES ('key_1', 'd', 'h', 'n', 'o', false, false, 1.0, '[]', 250)")
        )
        for number in range(3):
            connection.execute(
                text(
                    "INSERT INTO ledger (effect, key_id, owner, operation, model, target_id, outcome, created_at, "
                    "duration_ms, first_byte_ms, input_tokens, output_tokens, cached_tokens, images, usage_source, "
                    "reserved_micros, cost_micros, error_code) VALUES (:effect, 'key_1', 'o', 'chat', 'm', 't', 'ok', "
                    "1790000000.5, 5, 1, 10, 20, 0, 0, 'upstream', 90, :cost, '')"
                ),
                {"effect": f"call_{number}", "cost": number * 10},
            )
        connection.execute(text("INSERT INTO spend (key_id, spent_micros) VALUES ('key_1', 30)"))
    with engine.begin() as connection:
        schema.bring_up_to_date(connection)
        assert proof.check(connection) == []
        assert connection.execute(text("SELECT nanos FROM spend WHERE counter = 'key:key_1'")).scalar_one() == 30_000
        key = keys.list_keys(connection)[0]
        assert (key.allowance.quota_micros, key.user_id) == (250, "user_root")


async def test_a_database_of_a_newer_release_is_refused(empty_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        schema.bring_up_to_date(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    records = SqlRecords(empty_url)
    with pytest.raises(ConfigError, match="9999"):
        await records.open()
    await records.close()


async def test_tables_of_another_program_are_refused(empty_url: str, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE files (id TEXT)"))
    records = SqlRecords(empty_url)
    with pytest.raises(ConfigError, match="files"):
        await records.open()
    await records.close()


def test_the_schema_is_valid_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in METADATA.sorted_tables]
    assert len(made) == len(METADATA.tables)
    assert all("DOUBLE PRECISION" in one for one in made if "created_at" in one)


def test_an_up_to_date_start_does_not_import_alembic(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from openhearth.stores.sql import SqlRecords\n"
        "async def run():\n"
        f"    records = SqlRecords('sqlite:///{tmp_path / 'start.db'}')\n"
        "    await records.open()\n"
        "    await records.close()\n"
        "asyncio.run(run())\n"
        "sys.exit(any(name.split('.')[0] in ('alembic', 'mako', 'greenlet') for name in sys.modules))\n"
    )
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        ("keys", KeyRecord),
        ("targets", TargetRecord),
        ("ledger", LedgerEntry),
        ("prices", PriceRecord),
        ("reservations", OpenReservation),
        ("files", FileRecord),
        ("pictures", PictureRecord),
    ],
)
def test_a_table_has_the_fields_of_its_record_in_their_order(table: str, kind: type[msgspec.Struct]) -> None:
    assert tuple(METADATA.tables[table].columns.keys()) == kind.__struct_fields__
