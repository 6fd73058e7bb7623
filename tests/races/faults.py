"""A database whose n-th step fails: a statement that is never run, a commit that is lost, or one whose answer is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.database import Database

_R = TypeVar("_R")


KINDS = ("statement", "commit", "answer")


class Fault:
    """Counts steps by kind; the one of ``kind`` at ``fail_at`` (from 1) fails, once. 0: none does."""

    def __init__(self) -> None:
        self._kind, self._fail_at = "", 0
        self.steps = dict.fromkeys(KINDS, 0)

    def begin(self, kind: str = "", fail_at: int = 0) -> None:
        self._kind, self._fail_at = kind, fail_at
        self.steps = dict.fromkeys(KINDS, 0)

    def step(self, kind: str) -> None:
        self.steps[kind] += 1
        if (kind, self.steps[kind]) == (self._kind, self._fail_at):
            raise OperationalError("the n-th step", None, psycopg.OperationalError("lost by the test"))


class FaultyDatabase(Database):
    """Every statement and every commit is a step, and so is what comes after a commit."""

    def __init__(self, url: str, fault: Fault) -> None:
        super().__init__(url)
        self._fault = fault
        event.listen(self._engines.any, "before_cursor_execute", lambda *_: fault.step("statement"))
        event.listen(self._engines.any, "commit", lambda _: fault.step("commit"))

    @override
    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], _R]) -> _R:
        def run() -> _R:
            found = work()
            self._fault.step("answer")
            return found

        return await super()._run(pool, run)


class FaultyRecords(SqlRecords):
    """Records over a ``FaultyDatabase``."""

    def __init__(self, url: str, fault: Fault) -> None:
        super().__init__(url)
        self.database = FaultyDatabase(url, fault)


def count_rows(connection: Connection, table: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one())
