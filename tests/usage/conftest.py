"""Questions about usage are put to both databases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Gives the address of an empty database, each time it is called."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name: str = request.getfixturevalue("made_postgres")
        return lambda: server.empty(name)
    made = iter(range(10_000))
    return lambda: f"sqlite:///{tmp_path / f'usage-{next(made)}.db'}"


@pytest.fixture
def url(fresh_url: Callable[[], str]) -> str:
    """An empty database for one test."""
    return fresh_url()
