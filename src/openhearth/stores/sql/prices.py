"""Queries on the price table, which only grows."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, func, insert, select

from openhearth.stores.access_ports import Audit
from openhearth.stores.ports import PriceRecord
from openhearth.stores.sql import audit as chain
from openhearth.stores.sql.rows import record, records, values
from openhearth.stores.sql.tables import PRICES

_KEY = (PRICES.c.model, PRICES.c.provider, PRICES.c.target_id, PRICES.c.service, PRICES.c.hours)


def add_prices(connection: Connection, prices: Sequence[PriceRecord], audit: Audit | None = None) -> list[PriceRecord]:
    """One statement per row: their versions must rise in the order given."""
    added = []
    for price in prices:
        columns = values(price)
        del columns["version"]
        version = connection.execute(insert(PRICES).returning(PRICES.c.version), columns).scalar_one()
        added.append(msgspec.structs.replace(price, version=version))
    chain.append(connection, audit)
    return added


def prices_in_force(connection: Connection, now: float) -> list[PriceRecord]:
    passed = PRICES.c.effective_from <= now
    place = func.row_number().over(
        partition_by=_KEY, order_by=(PRICES.c.effective_from.desc(), PRICES.c.version.desc())
    )
    ranked = select(PRICES.c.version, place.label("place")).where(passed).subquery()
    latest = select(ranked.c.version).where(ranked.c.place == 1)
    wanted = select(PRICES).where(PRICES.c.version.in_(latest) | ~passed).order_by(PRICES.c.version)
    return records(PriceRecord, connection.execute(wanted))


def price_history(connection: Connection, model: str, limit: int, before: int | None = None) -> list[PriceRecord]:
    wanted = select(PRICES).order_by(PRICES.c.version.desc()).limit(limit)
    if model:
        wanted = wanted.where(PRICES.c.model == model)
    if before is not None:
        wanted = wanted.where(PRICES.c.version < before)
    return records(PriceRecord, connection.execute(wanted))


def price(connection: Connection, version: int) -> PriceRecord | None:
    return record(PriceRecord, connection.execute(select(PRICES).where(PRICES.c.version == version)).first())


def last_price_version(connection: Connection) -> int:
    return connection.execute(select(func.max(PRICES.c.version))).scalar() or 0
