"""Questions to the books as a whole."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select
from typing_extensions import override

from openhearth.stores.book_ports import Balance, Books, Proof
from openhearth.stores.sql import proof
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.rows import records
from openhearth.stores.sql.tables import BALANCES, LEDGER, POSTINGS, RESERVATIONS


class SqlBooks(Books):
    """The books in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def prove(self) -> Proof:
        return await self._database.survey(_proof)

    @override
    async def balances(self, beginning: str, offset: int, limit: int) -> tuple[Sequence[Balance], int]:
        return await self._database.read(_balances, beginning, offset, limit)


def _proof(connection: Connection) -> Proof:
    faults = tuple(proof.check(connection))
    calls, charged, cost = connection.execute(
        select(func.count(), func.sum(LEDGER.c.charge_nanos), func.sum(LEDGER.c.cost_nanos)).select_from(LEDGER)
    ).one()
    postings, total = connection.execute(select(func.count(), func.sum(POSTINGS.c.nanos)).select_from(POSTINGS)).one()
    return Proof(
        faults,
        calls,
        postings,
        accounts=connection.execute(select(func.count()).select_from(BALANCES)).scalar_one(),
        open_calls=connection.execute(select(func.count()).select_from(RESERVATIONS)).scalar_one(),
        sum_nanos=int(total or 0),
        charged_nanos=int(charged or 0),
        cost_nanos=int(cost or 0),
    )


def _balances(connection: Connection, beginning: str, offset: int, limit: int) -> tuple[list[Balance], int]:
    fits = BALANCES.c.account.startswith(beginning, autoescape=True)
    total = connection.execute(select(func.count()).select_from(BALANCES).where(fits)).scalar_one()
    asked = select(BALANCES).where(fits).order_by(BALANCES.c.account).offset(offset).limit(limit)
    return records(Balance, connection.execute(asked)), total
