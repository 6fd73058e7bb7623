"""Which stores a configuration names, and what is said about one that names none."""

from pathlib import Path

import pytest

from openhearth.app.stores import open_counters, open_records, trouble
from openhearth.config import Config, ConfigError, Store
from openhearth.stores.shared.line import SharedCounters
from openhearth.stores.shared.memory import MemoryCounters


def config(folder: Path, url: str = "", shared: str = "memory") -> Config:
    return Config(store=Store(folder=str(folder), url=url, shared=shared))


async def test_without_a_word_it_is_sqlite_in_the_folder_and_memory(tmp_path: Path) -> None:
    records = open_records(config(tmp_path))
    counters = open_counters(config(tmp_path), records.database)
    await records.open()
    assert (tmp_path / "openhearth.db").exists()
    assert isinstance(counters, MemoryCounters)
    assert trouble(records.database, counters) == ""
    await records.close()


@pytest.mark.parametrize(
    "shared", ["database", "valkey://127.0.0.1:1/0", "valkeys://u:p@h:6379/1", "redis://h", "rediss://h:1/0"]
)
async def test_shared_counters_are_the_database_or_a_server(tmp_path: Path, shared: str) -> None:
    records = open_records(config(tmp_path))
    counters = open_counters(config(tmp_path, shared=shared), records.database)
    assert isinstance(counters, SharedCounters)
    assert not counters.is_local
    await counters.close()
    await records.close()


@pytest.mark.parametrize("shared", ["", "nowhere", "http://h", "valkey:/h", "valkey://h:port/0"])
async def test_a_wrong_place_for_counters_is_named(tmp_path: Path, shared: str) -> None:
    records = open_records(config(tmp_path))
    with pytest.raises(ConfigError, match=r"store\.shared"):
        open_counters(config(tmp_path, shared=shared), records.database)
    await records.close()


@pytest.mark.parametrize("url", ["mysql://h/n", "nonsense", "http://h", "postgresql+asyncpg+x"])
def test_a_wrong_database_is_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url"):
        open_records(config(tmp_path, url=url))


async def test_a_database_that_is_not_there_stops_the_start_without_its_password(tmp_path: Path) -> None:
    records = open_records(config(tmp_path, url="postgresql://somebody:hunter2@127.0.0.1:1/none"))
    with pytest.raises(ConfigError, match="The database cannot be used") as caught:
        await records.open()
    assert "hunter2" not in str(caught.value)
    await records.close()
