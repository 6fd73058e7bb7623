"""Every store suite over every database: SQLite in a folder, and a PostgreSQL server that the tests start."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openhearth.stores.ports import Records
from openhearth.stores.sql import SqlRecords
from tests.servers.postgres import Postgres

DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(params=DATABASES)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database a test runs on."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database without tables."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


@pytest.fixture
def url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A database of its own for one test; with tables where making them takes long."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty(request.getfixturevalue("made_postgres"))


@pytest.fixture
async def records(url: str) -> AsyncIterator[Records]:
    made = SqlRecords(url)
    await made.open()
    yield made
    await made.close()
