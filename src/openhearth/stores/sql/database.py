"""One database behind two small thread pools: a single writer, so that writes never wait for each other's locks,
and a few readers beside it. SQLAlchemy stays synchronous; the event loop only awaits the threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_READERS = 2
_BUSY_MS = 5_000
_CHECKPOINT_PAGES = 4_000
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Database:
    """An engine and its threads."""

    def __init__(self, url: str) -> None:
        self._reading = _engine(url)
        self._writing = self._reading.execution_options(openhearth_writes=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="records-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="records-read")

    async def write(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run ``work(connection, …)`` as one durable transaction, after all writes handed in before."""

        def run() -> _R:
            with self._writing.begin() as connection:
                return work(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._writer, run)

    async def read(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run ``work(connection, …)`` on one snapshot. It sees every write that was awaited before."""

        def run() -> _R:
            with self._reading.connect() as connection:
                return work(connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def close(self) -> None:
        """Finish what was handed in, then disconnect."""
        await asyncio.get_running_loop().run_in_executor(None, self._shut)

    def _shut(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._reading.dispose()


def _engine(url: str) -> Engine:
    place = make_url(url)
    if place.get_backend_name() != "sqlite":
        return create_engine(place, pool_size=_READERS + 1, max_overflow=0, pool_pre_ping=True)
    engine = create_engine(place, pool_size=_READERS + 1, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Durable money (FULL) beside readers that never block (WAL).

    The driver's own idea of transactions is switched off, because it would begin them too late and too weakly
    (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html, "Enabling non-legacy SQLite transactional modes").
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start of a write: upgrading a read later fails instead of waiting."""
    writes = connection.get_execution_options().get("openhearth_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
