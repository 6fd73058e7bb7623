"""A database of which the n-th use fails, before or after it was done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from openhearth.core.errors import StoreAway
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.database import Database

_R = TypeVar("_R")


class When(StrEnum):
    """Whether what failed was done all the same."""

    BEFORE = "before"
    AFTER = "after"


class FailingDatabase(Database):
    """Real, but for the uses that were ``arm``-ed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.uses = 0
        self.failed = 0
        self._from, self._until, self._when = 0, 0, When.BEFORE

    def arm(self, number: int, when: When, *, many: int = 1) -> None:
        """The ``number``-th use from now on (from 1) fails, and so do those after it, ``many`` in all."""
        self.uses = self.failed = 0
        self._from, self._until, self._when = number, number + many, when

    def disarm(self) -> None:
        self._from = self._until = 0

    @override
    async def _run(self, pool: ThreadPoolExecutor, work: Callable[[], _R]) -> _R:
        self.uses += 1
        if not self._from <= self.uses < self._until:
            return await super()._run(pool, work)
        self.failed += 1
        if self._when is When.AFTER:
            await super()._run(pool, work)
        raise StoreAway("The database cannot be used at the moment.", retry_after_s=2.0)


class FailingRecords(SqlRecords):
    """Records on such a database."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"sqlite:///{folder / 'openhearth.db'}")
        self.database: FailingDatabase = FailingDatabase(f"sqlite:///{folder / 'openhearth.db'}")
