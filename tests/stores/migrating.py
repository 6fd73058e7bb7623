"""A program that migrates a database and is killed at a statement, over and over; a test starts it.

It forks for each try, so that a try costs no start of Python. Arguments: the URL of the database, its version, and how
many statements later the next try is killed. Writes how many tries were killed.
"""

import os
import signal
import sys

from sqlalchemy import create_engine, event

from openhearth.stores.sql import migrate, schema


def main(url: str, version: str, step: int) -> None:
    """Die at the first statement, then ``step`` later, until a migration ends before that."""
    number = 1
    while _died(url, number):
        assert _version(url) == version, number
        number += step
    sys.stdout.write(str(number // step))


def _died(url: str, number: int) -> bool:
    """Whether a child that migrates came to statement ``number``, where it was killed."""
    child = os.fork()
    if child == 0:
        _migrate(url, number)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGKILL
    assert os.WEXITSTATUS(status) == 0
    return False


def _version(url: str) -> str | None:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return schema.version_of(connection)
    finally:
        engine.dispose()


def _migrate(url: str, number: int) -> None:
    engine = create_engine(url)
    left = number

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        event.listen(engine, "after_cursor_execute", count)
        schema.bring_up_to_date(connection)
        count()
        connection.commit()
    engine.dispose()


if __name__ == "__main__":
    # Imported before any fork, and not by each child anew.
    assert migrate.FOLDER.is_dir()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
