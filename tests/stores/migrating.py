"""A program that migrates a database and is killed at a statement, over and over; a test starts it.

It forks for each try, so that a try costs no start of Python. Arguments: the URL of a database, where ``{}`` is the
number of the try, and the first and the step of the statements to die at. One line of output per try: how it ended.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from sqlalchemy import create_engine, event

from openhearth.stores.sql import migrate, schema


def main(url: str, first: int, step: int) -> None:
    """Die at statement ``first``, then ``step`` later, until a migration ends before that."""
    number = first
    while _die_at(url.format(number), number):
        print(f"killed at {number}", flush=True)
        number += step
    print(f"done before {number}", flush=True)


def _die_at(url: str, number: int) -> bool:
    """Whether a child that migrates the database at ``url`` came to statement ``number``, where it was killed."""
    if url.startswith("sqlite"):
        place = Path(url.removeprefix("sqlite:///"))
        shutil.copy(place.with_name("before.db"), place)
    child = os.fork()
    if child == 0:
        _migrate(url, number)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return True
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0, status
    return False


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
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
