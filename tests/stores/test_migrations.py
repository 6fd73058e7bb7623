"""T24: a database of every older release comes up to date with its rows, whenever the process is killed on the way."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from openhearth.stores.sql import SqlRecords, migrate, proof, schema

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = [script.revision for script in ScriptDirectory.from_config(migrate.settings()).walk_revisions()][::-1]
OLDER = [version for version in VERSIONS if version != schema.HEAD]
OLD_KEY = (
    "INSERT INTO keys (id, digest, hint, name, owner, is_admin, disabled, created_at, models, quota_micros) "
    "VALUES ('key_1', 'd', 'h', '名', 'o', true, false, 1.5, '[\"gpt-*\"]', 250)"
)
OLD_CALL = (
    "INSERT INTO ledger (effect, key_id, owner, operation, model, target_id, outcome, created_at, duration_ms, "
    "first_byte_ms, input_tokens, output_tokens, cached_tokens, images, usage_source, reserved_micros, cost_micros, "
    "error_code) VALUES (:effect, 'key_1', 'o', 'chat', 'm', 't', 'ok', 1790000000.5, 5, 1, 10, 20, 0, 0, 'upstream', "
    "90, 7, '')"
)
OLD_OPEN = (
    "INSERT INTO reservations (call_id, key_id, owner, operation, model, reserved_micros, created_at, boot_id) "
    "VALUES ('call_open', 'key_1', 'o', 'chat', 'm', 90, 1790000000.5, 'boot_0')"
)
OLD_FILE = (
    "INSERT INTO files (id, owner, blob, filename, purpose, mime, size_bytes, created_at) "
    "VALUES ('file_1', 'o', 'b', '数据.txt', 'batch', 'text/plain', 5, 1.5)"
)


def make_old(connection: Connection, version: str) -> None:
    """A database as release ``version`` left it, in use. Rows as that release wrote them; later ones add columns."""
    command.upgrade(migrate.settings(connection), "0001")
    for words in (OLD_KEY, OLD_OPEN, OLD_FILE):
        connection.exec_driver_sql(words)
    for number in range(20):
        connection.execute(text(OLD_CALL), {"effect": f"call_{number}"})
    connection.exec_driver_sql("INSERT INTO spend (key_id, spent_micros) VALUES ('key_1', 140)")
    command.upgrade(migrate.settings(connection), version)


def check_new(connection: Connection) -> None:
    """Everything is there, nothing twice, and the money adds up."""
    assert schema.version_of(connection) == schema.HEAD
    assert not [name for name in inspect(connection).get_table_names() if name.endswith("_before")]
    assert proof.check(connection) == []
    for table, count in (("keys", 1), ("ledger", 20), ("reservations", 1), ("files", 1)):
        assert connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one() == count
    assert connection.execute(text("SELECT nanos FROM spend WHERE counter = 'key:key_1'")).scalar_one() == 140_000
    assert connection.execute(text("SELECT name FROM keys")).scalar_one() == "名"


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    made = create_engine(empty_url)
    if made.dialect.name == "sqlite":
        with made.connect() as connection:  # as every release leaves its file
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    yield made
    made.dispose()


@pytest.mark.parametrize("version", OLDER)
async def test_every_older_release_comes_up_to_date_with_its_rows(engine: Engine, empty_url: str, version: str) -> None:
    with engine.begin() as connection:
        make_old(connection, version)
        assert schema.version_of(connection) == version
    for _ in range(2):
        records = SqlRecords(empty_url)
        await records.open()
        assert await records.check_ledger() == []
        await records.close()
        with engine.connect() as connection:
            check_new(connection)


async def test_processes_that_start_at_once_migrate_once(engine: Engine, empty_url: str) -> None:
    with engine.begin() as connection:
        make_old(connection, OLDER[0])
    started = [SqlRecords(empty_url) for _ in range(4)]
    await asyncio.gather(*(records.open() for records in started))
    for records in started:
        await records.close()
    with engine.connect() as connection:
        check_new(connection)


async def test_processes_that_start_at_once_make_an_empty_database_once(empty_url: str) -> None:
    started = [SqlRecords(empty_url) for _ in range(4)]
    await asyncio.gather(*(records.open() for records in started))
    for records in started:
        await records.close()


@pytest.mark.parametrize("version", OLDER[:1])
def test_a_kill_at_any_statement_of_a_migration_loses_nothing(engine: Engine, empty_url: str, version: str) -> None:
    """Each try finds the database as it was; what is left alive at last comes up to date, on top of all that died."""
    with engine.begin() as connection:
        make_old(connection, version)
    engine.dispose()
    words = [sys.executable, "-m", "tests.stores.migrating", empty_url, version, "5"]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 5
    with engine.connect() as connection:
        check_new(connection)
