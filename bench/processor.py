"""The processor's time that questions take: of this process, and of a PostgreSQL server on this machine.

On a machine that does nothing else the clock says the same; on a busy one only this says much.
"""

import os
import time
from pathlib import Path

from sqlalchemy import create_engine

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Processor:
    """``seconds`` so far. The server's processes that live are counted to the nanosecond, those that ended (parallel
    workers) to the hundredth of a second. A server on another machine is not counted."""

    def __init__(self, url: str) -> None:
        self._server = _server(url)

    def seconds(self) -> float:
        return time.process_time() + (_family_s(self._server) if self._server else 0.0)


def _server(url: str) -> int:
    """The process that all of the server's are children of; 0 for none."""
    engine = create_engine(url)
    try:
        if engine.dialect.name != "postgresql":
            return 0
        with engine.connect() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            fields = _stat(backend)
            return int(fields[1]) if fields else 0
    finally:
        engine.dispose()


def _family_s(parent: int) -> float:
    fields = _stat(parent)
    ended_s = (int(fields[13]) + int(fields[14])) * _TICK_S if fields else 0.0
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return ended_s + sum(_alive_s(int(child)) for child in children)


def _alive_s(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it ended meanwhile


def _stat(pid: int) -> list[str]:
    """What ``/proc`` says after the name: state, parent, … (fields 3 and on of proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except FileNotFoundError:
        return []
