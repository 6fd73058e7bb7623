"""Writing many rows: the quick way of one driver and the plain way of all others do the same."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, func, select

from openhearth.stores.ports import OpenReservation
from openhearth.stores.sql.bulk import delete_many, insert_many
from openhearth.stores.sql.tables import METADATA, RESERVATIONS


@pytest.fixture(params=["qmark", "named"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    engine = create_engine("sqlite://", paramstyle=request.param)
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("count", [0, 1, 3, 127, 128, 129, 391])
def test_all_rows_are_written_and_the_named_ones_deleted(engine: Engine, count: int) -> None:
    rows = [
        OpenReservation(
            f"call_{n}", "key", "user", "", "org", "owner", "default", "chat", "a 'quoted\" model", n, 0.5, "boot"
        )
        for n in range(count)
    ]
    with engine.begin() as connection:
        insert_many(connection, RESERVATIONS, rows)
        found = connection.execute(select(RESERVATIONS).order_by(RESERVATIONS.c.reserved_nanos))
        assert [OpenReservation(*row) for row in found] == rows
        delete_many(connection, RESERVATIONS, RESERVATIONS.c.call_id, [row.call_id for row in rows[1:]] + ["call_none"])
        left = connection.execute(select(func.count()).select_from(RESERVATIONS)).scalar()
    assert left == min(count, 1)
