"""One database behind small thread pools: a single writer, so that writes never wait for each other's locks, and a few
readers beside it. SQLAlchemy stays synchronous; the event loop only awaits the threads.

Whatever keeps a database from working (gone, locked, full, read-only) is one error, ``StoreAway``, and ``trouble``
until it works again. A text that PostgreSQL cannot keep is its sender's mistake. Anything else that a driver raises is
a bug of ours and passes through.
"""

import asyncio
import sqlite3
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from openhearth.config import ConfigError
from openhearth.core.errors import RequestError, StoreAway

_READERS = 2
_BUSY_MS = 5_000
_AGAIN_S = 0.01
_IDLE_MS = 15_000
_CHECKPOINT_PAGES = 4_000
_READ_S = 15.0
_RETRY_AFTER_S = 2.0
_MOST_TRIES = 4
# https://www.sqlite.org/rescode.html: busy, locked, out of memory, read-only, I/O, corrupt, full, cannot open,
# protocol, not a database.
_SQLITE_AWAY = frozenset({5, 6, 7, 8, 10, 11, 13, 14, 15, 26})
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection lost, out of resources, shutting down or
# starting, the system's I/O, a standby. Empty: the connection broke before the server said anything.
_POSTGRES_AWAY = ("08", "53", "57", "58", "25006", "55P03", "28", "3D")
_POSTGRES_AGAIN = ("40001", "40P01")
_KEEPALIVE = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "application_name": "openhearth",
}
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Engines:
    """One database's connections, as SQLAlchemy has them: ``any``, those for ``reading`` one snapshot, and those for
    ``writing``. Raises ConfigError for a URL that names no database we can use."""

    def __init__(self, url: str) -> None:
        place = _place(url)
        self.is_sqlite = is_sqlite(place)
        self.any = self.reading = _engine(place)
        self.writing = self.any.execution_options(openhearth_writes=True)
        if not self.is_sqlite:
            # Two statements of one reader see the same; two of a writer each see what was committed before them.
            self.reading = self.any.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self.writing = self.any.execution_options(isolation_level="READ COMMITTED")


class Database:
    """Engines and their threads. Raises ConfigError for a URL that names no database we can use."""

    def __init__(self, url: str) -> None:
        self._engines = Engines(url)
        self._writer = self._aside = ThreadPoolExecutor(1, thread_name_prefix="records-write")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="records-read")
        if not self._engines.is_sqlite:
            self._aside = ThreadPoolExecutor(1, thread_name_prefix="records-aside")
        self._troubles: dict[ThreadPoolExecutor, str] = {}

    @property
    def trouble(self) -> str:
        """Why the database does not work at the moment, in words; empty when it does."""
        return next(iter(self._troubles.values()), "")

    async def write(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run ``work(connection, …)`` as one durable transaction, after all writes handed in before.

        Raises StoreAway; whether the transaction was done is then not known. ``work`` may run more than once.
        """
        return await self._run(self._writer, self._transaction(work, *args, **kwargs))

    async def write_aside(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """``write`` that waits for no other write of this process, where the database allows two at once."""
        return await self._run(self._aside, self._transaction(work, *args, **kwargs))

    async def read(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Run ``work(connection, …)`` on one snapshot. It sees every write that was awaited before.

        Raises StoreAway, also when there is no answer in time.
        """
        try:
            async with asyncio.timeout(_READ_S):
                return await self.survey(work, *args, **kwargs)
        except TimeoutError as error:
            self._troubles[self._readers] = "the database does not answer"
            raise _away("The database does not answer.") from error

    async def survey(self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """``read`` for as long as it takes."""

        def run() -> _R:
            with self._engines.reading.connect() as connection:
                return work(connection, *args, **kwargs)

        return await self._run(self._readers, run)

    async def close(self) -> None:
        """Finish what was handed in, then disconnect."""
        await asyncio.get_running_loop().run_in_executor(None, self._shut)

    def _transaction(
        self, work: Callable[Concatenate[Connection, _P], _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> Callable[[], _R]:
        def run() -> _R:
            for left in range(_MOST_TRIES, 0, -1):
                try:
                    with self._engines.writing.begin() as connection:
                        return work(connection, *args, **kwargs)
                except DBAPIError as error:
                    if left == 1 or _state(error) not in _POSTGRES_AGAIN:
                        raise
            raise AssertionError("the last try returns or raises")

        return run

    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], _R]) -> _R:
        try:
            found = await asyncio.get_running_loop().run_in_executor(pool, work)
        except SQLAlchemyError as error:
            if _has_nul(error):
                raise RequestError("No text may hold the character U+0000.", code="invalid_value") from error
            if not is_away(error):
                raise
            self._troubles[pool] = "the database cannot be used"
            raise _away("The database cannot be used at the moment.") from error
        self._troubles.pop(pool, None)
        return found

    def _shut(self) -> None:
        for pool in (self._writer, self._aside, self._readers):
            pool.shutdown()
        self._engines.any.dispose()


def is_away(error: SQLAlchemyError) -> bool:
    """Whether it is the database's trouble, and not a bug in what we asked of it."""
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_AWAY
    state = _state(error)
    return error.connection_invalidated or state.startswith(_POSTGRES_AWAY) or (not state and _is_operational(cause))


def cause_of(error: StoreAway) -> str:
    """What the driver said, in one line: host, port and user perhaps, never a password."""
    cause = error.__cause__
    said = str(cause.orig if isinstance(cause, DBAPIError) else cause or error)
    return " ".join(said.split())[:300]


def is_sqlite(place: URL) -> bool:
    return place.get_backend_name() == "sqlite"


def _is_operational(cause: BaseException | None) -> bool:
    """The driver's word for trouble that is not the program's (PEP 249)."""
    return any(kind.__name__ in ("OperationalError", "InterfaceError") for kind in type(cause).__mro__)


def _has_nul(error: SQLAlchemyError) -> bool:
    """PostgreSQL's texts cannot hold it, and psycopg says so before it asks the server."""
    return isinstance(error, DataError) and "NUL" in str(error.orig)


def _state(error: DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or "")


def _away(message: str) -> StoreAway:
    return StoreAway(f"{message} Try again soon.", retry_after_s=_RETRY_AFTER_S)


def _place(url: str) -> URL:
    try:
        place = make_url(url)
    except ArgumentError:
        place = None
    if place is None or place.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(
            "store.url is empty (SQLite) or an address like postgresql+psycopg://user:password@host/name."
        )
    return place if is_sqlite(place) else place.set(drivername="postgresql+psycopg")


def _engine(place: URL) -> Engine:
    if not is_sqlite(place):
        place = place.update_query_dict({**_KEEPALIVE, **place.query})
        try:
            engine = create_engine(place, pool_size=_READERS + 2, max_overflow=0, pool_pre_ping=True)
        except ImportError as error:
            raise ConfigError(
                "store.url needs PostgreSQL's driver. Install it: "
                f'"{sys.executable}" -m pip install "psycopg[binary]>=3.3"'
            ) from error
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    sqlite3.register_adapter(bool, int)  # what it stores anyway; the driver's search for a way costs 0.7 µs a value
    engine = create_engine(place, pool_size=_READERS + 1, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_postgres(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """A process that is frozen in the middle of a transaction must not keep its locks for ever."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
    cursor.close()
    connection.commit()


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Durable money (FULL) beside readers that never block (WAL).

    The driver's own idea of transactions is switched off, because it would begin them too late and too weakly
    (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html, "Enabling non-legacy SQLite transactional modes").
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    _use_wal(cursor)
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    cursor.close()


def _use_wal(cursor: DBAPICursor) -> None:
    """SQLite does not wait by itself where several processes open a file that is not in this mode yet."""
    end_s = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end_s:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start of a write: upgrading a read later fails instead of waiting."""
    writes = connection.get_execution_options().get("openhearth_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
