"""A PostgreSQL server of Debian's package, on a port of its own, with a database for each test."""

import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.servers.processes import Program, folder_for, free_port, runner

PACKAGE = "postgresql"
_Connection = psycopg.Connection[tuple[Any, ...]]
_USER = "postgres"
_INIT = ("-U", _USER, "-A", "trust", "--locale=C", "--encoding=UTF8", "--no-sync")
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off")


def found() -> Path | None:
    """Where the server's programs lie, the newest release's."""
    places = [Path(place).parent for place in [shutil.which("postgres") or ""] if place]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name))
    return next((place for place in reversed(places) if (place / "initdb").exists()), None)


class Postgres:
    """One server. A crash of its own loses nothing; one of the machine would."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = folder_for(_USER)
        self._port = free_port()
        self._names = count(1)
        self._program = Program(self._command(), self._folder, self._answers)

    def start(self) -> None:
        """Make the server's data if there is none, and run it."""
        if not (self._folder / "data").exists():
            subprocess.run(
                [*runner(_USER), self._programs / "initdb", *_INIT, "-D", self._folder / "data"],
                cwd=self._folder,
                check=True,
                capture_output=True,
            )
        self._program.start()

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """SIGQUIT ends it as a crash would, SIGINT in good order."""
        self._program.stop(how)

    def freeze(self) -> None:
        """The server's first process and those of its connections stop answering."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def database(self, template: str = "template0") -> str:
        """The URL of a new database."""
        name = f"test_{next(self._names)}"
        self.create(name, template)
        return self.url(name)

    def create(self, name: str, template: str = "template0") -> None:
        with self._connect("postgres") as connection:
            words = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            connection.execute(words)

    def keep(self, name: str) -> None:
        """Remember the rows of a database as those that ``empty`` leaves."""
        with self._connect(name) as connection:
            connection.execute("CREATE SCHEMA kept")
            for table in _tables(connection):
                if connection.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table)).fetchone():
                    words = sql.SQL("CREATE TABLE kept.{0} AS SELECT * FROM {0}").format(table)
                    connection.execute(words)

    def empty(self, name: str) -> str:
        """Make a database as it was when it was kept, much quicker than a new one; its URL."""
        with self._connect(name) as connection:
            words = [sql.SQL("DELETE FROM {}").format(table) for table in _tables(connection)]
            back = sql.SQL("INSERT INTO {0} SELECT * FROM kept.{0}")
            words += [back.format(table) for table in _tables(connection, "kept")]
            connection.execute(sql.SQL(";").join(words))
        return self.url(name)

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/{name}"

    def _connect(self, name: str) -> _Connection:
        return psycopg.connect(host="127.0.0.1", port=self._port, user=_USER, dbname=name, autocommit=True)

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        first = self._program.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii").split()
        for pid in (first, *map(int, children)):
            os.kill(pid, number)

    def _command(self) -> list[str]:
        server = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self._port)]
        where = ["-h", "127.0.0.1", "-k", str(self._folder), "-c", "max_connections=200", "-c", "shared_buffers=64MB"]
        return [*runner(_USER), *server, *where, *_QUICK]


def _tables(connection: _Connection, schema: str = "public") -> list[sql.Identifier]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
    return [sql.Identifier(name) for (name,) in found]
