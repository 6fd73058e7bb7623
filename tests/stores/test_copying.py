"""A database copied into another one: every table with odd rows, in every direction, and what is refused."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    Table,
    create_engine,
    insert,
    select,
)

from openhearth.config import ConfigError
from openhearth.stores.sql import schema
from openhearth.stores.sql.access_tables import USERS
from openhearth.stores.sql.all_tables import METADATA
from openhearth.stores.sql.copying import copy, serving
from openhearth.stores.sql.database import Engines
from openhearth.stores.sql.newapi_tables import ANNOUNCEMENTS
from openhearth.stores.sql.schema import SchemaError
from openhearth.stores.sql.tables import LEDGER, SETTINGS
from tests.servers.postgres import Postgres

ROWS = 25
TEXTS = (
    "",
    "plain",
    "衣服换成红色,并且带上墨镜🕶",
    "it's; DROP TABLE",
    "line\nline\ttab",
    "back\\slash \\N",
    "\u2028",
    "0" * 300,
)
Made = Callable[[str], str]


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Made:
    """Addresses of empty databases of a kind."""
    numbers = iter(range(100))

    def make(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
        server: Postgres = request.getfixturevalue("postgres")
        return server.database()

    return make


def value(column: Column[Any], number: int, rng: random.Random) -> object:
    """Any that the column takes; keys differ from row to row."""
    kind = column.type
    if column.nullable and rng.random() < 0.3:
        return None
    if isinstance(kind, Boolean):
        return rng.random() < 0.5
    if isinstance(kind, JSON):
        return rng.choice([{"b": [1, None, {"z": "ü"}], "a": -0.1}, [], {}, ["x"], {"n": 2**60}])
    if isinstance(kind, Double):
        return rng.choice([0.0, 1e-9, 1732312345.123457, -5.5, 0.1 + 0.2])
    if isinstance(kind, LargeBinary):
        return rng.randbytes(rng.choice([0, 1, 300]))
    if isinstance(kind, Integer):
        largest = 2**31 - 1 if type(kind) is Integer else 2**63 - 1
        return number * 7 + 1 if column.primary_key else rng.choice([0, -1, largest, number])
    return f"{number}-{rng.choice(TEXTS)}" if column.primary_key or column.unique else rng.choice(TEXTS) + str(number)


def filled(url: str) -> str:
    """A database with rows in every table."""
    engines, rng = Engines(url), random.Random(4)
    with engines.writing.begin() as connection:
        schema.bring_up_to_date(connection)
        for table in METADATA.sorted_tables:
            rows = [{column.name: value(column, n, rng) for column in table.columns} for n in range(1, ROWS + 1)]
            connection.execute(insert(table), rows)
    engines.any.dispose()
    return url


def contents(url: str) -> dict[str, list[Any]]:
    engines = Engines(url)
    with engines.reading.connect() as connection:
        found = {table.name: sorted(map(repr, connection.execute(select(table)))) for table in METADATA.sorted_tables}
    engines.any.dispose()
    return found


def changed(url: str, work: Callable[[Connection], Any]) -> Any:
    engines = Engines(url)
    with engines.writing.begin() as connection:
        found = work(connection)
    engines.any.dispose()
    return found


def quiet(_table: str, _rows: int) -> None:
    return None


@pytest.mark.parametrize(
    ("source", "target"), [("sqlite", "postgresql"), ("postgresql", "sqlite"), ("sqlite", "sqlite")]
)
def test_every_table_arrives_as_it_was(source: str, target: str, made: Made) -> None:
    come, gone = filled(made(source)), made(target)
    before = contents(come)
    told: list[tuple[str, int]] = []
    copied = copy(come, gone, lambda table, rows: told.append((table, rows)))
    assert copied == {table.name: ROWS for table in METADATA.sorted_tables}
    assert told == [(table.name, ROWS) for table in METADATA.sorted_tables]
    assert contents(gone) == before == contents(come)


@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
@pytest.mark.parametrize("table", [USERS, ANNOUNCEMENTS], ids=lambda table: table.name)
def test_numbers_go_on_after_those_that_were_given_and_taken_back(
    source: str, target: str, table: Table, made: Made
) -> None:
    come, gone = made(source), made(target)
    rng = random.Random(5)

    def added(connection: Connection, name: int) -> int:
        row = {column.name: value(column, name, rng) for column in table.columns if column.name != "number"}
        number = connection.execute(insert(table), row).inserted_primary_key
        assert number is not None
        return int(number[0])

    def start(connection: Connection) -> int:
        schema.bring_up_to_date(connection)
        last = [added(connection, name) for name in range(3)][-1]
        connection.execute(table.delete())
        return last

    last = changed(come, start)
    copy(come, gone, quiet)
    assert changed(gone, lambda connection: added(connection, 9)) == last + 1


def test_only_an_empty_database_is_copied_into(made: Made) -> None:
    come, gone = filled(made("sqlite")), made("sqlite")

    def start(connection: Connection) -> None:
        schema.bring_up_to_date(connection)
        connection.execute(insert(SETTINGS), {"name": "kept", "value": "here"})

    changed(gone, start)
    with pytest.raises(SchemaError, match=r"not empty \(settings\)"):
        copy(come, gone, quiet)
    assert contents(gone)["settings"] == ["('kept', 'here')"]
    with pytest.raises(SchemaError, match="not empty"):
        copy(come, come, quiet)


def test_a_database_without_tables_and_one_of_another_release_are_not_copied(made: Made) -> None:
    empty, old = made("sqlite"), filled(made("sqlite"))
    with pytest.raises(SchemaError, match="nothing to copy"):
        copy(empty, made("sqlite"), quiet)
    changed(old, lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0006'"))
    with pytest.raises(SchemaError, match="schema version '0006'"):
        copy(old, made("sqlite"), quiet)


def test_what_the_other_database_cannot_take_leaves_it_empty(made: Made) -> None:
    come, gone = filled(made("sqlite")), made("postgresql")
    changed(come, lambda connection: connection.execute(insert(SETTINGS), {"name": "nul", "value": "a\0b"}))
    with pytest.raises(SchemaError, match="does not take"):
        copy(come, gone, quiet)
    engine = create_engine(gone)
    with engine.connect() as connection:
        assert schema.version_of(connection) is None, "nothing was written"
    engine.dispose()


def test_a_copy_that_differs_is_refused(made: Made) -> None:
    """A trigger plays the database that keeps something else than it was given."""
    come, gone = filled(made("sqlite")), made("sqlite")

    def start(connection: Connection) -> None:
        schema.bring_up_to_date(connection)
        connection.exec_driver_sql(
            "CREATE TRIGGER lossy AFTER INSERT ON ledger BEGIN "
            "UPDATE ledger SET charge_nanos = charge_nanos + 1 WHERE effect = new.effect; END"
        )

    changed(gone, start)
    with pytest.raises(SchemaError, match="Table 'ledger' is not the same"):
        copy(come, gone, quiet)
    assert contents(gone)[LEDGER.name] == []


def test_a_database_that_is_not_there_is_named_without_its_password(made: Made) -> None:
    away = "postgresql://somebody:hunter2@127.0.0.1:1/none"
    for ask in (lambda: copy(filled(made("sqlite")), away, quiet), lambda: serving(away)):
        with pytest.raises(ConfigError, match="cannot be used") as caught:
            ask()
        assert "hunter2" not in str(caught.value)
