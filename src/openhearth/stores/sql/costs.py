"""Sums over the ledger by day, model and target."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Connection, Integer, case, cast, func, literal, select
from typing_extensions import override

from openhearth.core.call import Outcome
from openhearth.stores.cost_ports import CostRecords, CostRow, Part, Period
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.tables import LEDGER

_DAY_S = 86_400
_SUMMED = ("input_tokens", "output_tokens", "cached_tokens", "images", "cost_nanos", "charge_nanos")


class SqlCosts(CostRecords):
    """Sums over one database's ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @override
    async def costs(self, period: Period, by: Collection[Part], most: int) -> Sequence[CostRow]:
        return await self._database.read(_costs, period, by, most)


def _costs(connection: Connection, period: Period, by: Collection[Part], most: int) -> list[CostRow]:
    # The parts are made in an inner query: PostgreSQL does not see that an expression with parameters is grouped by.
    calls = (
        select(
            (_day(connection, period.offset_s) if "day" in by else literal(-1)).label("day"),
            (LEDGER.c.model if "model" in by else literal("")).label("model"),
            (LEDGER.c.target_id if "target" in by else literal("")).label("target"),
            case((LEDGER.c.outcome == Outcome.OK.value, 0), else_=1).label("failures"),
            *(LEDGER.c[name] for name in _SUMMED),
        )
        .where(LEDGER.c.created_at >= period.start, LEDGER.c.created_at < period.end)
        .subquery()
    )
    parts = (calls.c.day, calls.c.model, calls.c.target)
    sums = (func.sum(calls.c[name]) for name in ("failures", *_SUMMED))
    wanted = select(*parts, func.count(), *sums).group_by(*parts).order_by(*parts).limit(most)
    # A sum of large integers is a Decimal in PostgreSQL.
    return [CostRow(*row[:3], *map(int, row[3:])) for row in connection.execute(wanted)]


def _day(connection: Connection, offset_s: int) -> ColumnElement[int]:
    """Whole days since 1970. A cast cuts off in SQLite, which may lack ``floor``, and rounds in PostgreSQL."""
    days = (LEDGER.c.created_at + offset_s) / float(_DAY_S)
    return cast(days if connection.dialect.name == "sqlite" else func.floor(days), Integer)
