"""Servers that tests share: started when the first test asks, stopped when the last one is done."""

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from openhearth.stores.sql import schema
from tests.servers import postgres as postgres_server
from tests.servers import valkey as valkey_server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL that stays up; a test that stops or freezes one starts its own (``own_postgres``)."""
    yield from _postgres()


@pytest.fixture(scope="session")
def made_postgres(postgres: Postgres) -> str:
    """The name of a database on ``postgres`` with all tables, for ``Postgres.empty`` before each use."""
    name = "made"
    postgres.create(name)
    engine = create_engine(postgres.url(name))
    with engine.begin() as connection:
        schema.bring_up_to_date(connection)
    engine.dispose()
    postgres.keep(name)
    return name


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    yield from _postgres()


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """Valkey that stays up; a test that stops, flushes or freezes one starts its own (``own_valkey``)."""
    yield from _valkey()


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    yield from _valkey()


def _postgres() -> Iterator[Postgres]:
    programs = postgres_server.found()
    if programs is None:
        pytest.skip(f"PostgreSQL is not installed: apt-get install {postgres_server.PACKAGE}")
    server = Postgres(programs)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _valkey() -> Iterator[Valkey]:
    program = valkey_server.found()
    if program is None:
        pytest.skip(f"No Valkey is installed: apt-get install {valkey_server.PACKAGE}")
    server = Valkey(program)
    try:
        server.start()
        yield server
    finally:
        server.remove()
