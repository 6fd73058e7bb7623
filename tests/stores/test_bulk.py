"""Writing many rows: the quick way of one driver and the plain way of all others do the same."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, func, select

from openhearth.stores.ports import LedgerEntry, OpenReservation
from openhearth.stores.sql import sums
from openhearth.stores.sql.bulk import delete_many, insert_alike, insert_many
from openhearth.stores.sql.tables import BALANCES, LEDGER, METADATA, POSTINGS, RESERVATIONS
from tests.fakes.settled import call_with


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


def _settled(count: int, kinds: int) -> list[LedgerEntry]:
    """Calls of so many kinds, of some of them free, of some with a margin."""
    return [
        call_with(
            effect=f"call_{n:05}", user_id=f"user_{n % kinds}", stream=n % 3 == 0, created_at=1_795_000_000.5 + n,
            output_tokens=n, cost_nanos=7 * (n % 5), charge_nanos=(7 + n % 2) * (n % 5),
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("kinds", [1, 2, 50])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 391])
def test_rows_that_are_mostly_alike_are_all_written(engine: Engine, count: int, kinds: int) -> None:
    rows = _settled(count, kinds)
    own = ("effect", "created_at", "output_tokens", "cost_nanos", "charge_nanos")
    with engine.begin() as connection:
        insert_alike(connection, LEDGER, rows, own)
        found = connection.execute(select(LEDGER).order_by(LEDGER.c.effect))
        assert [LedgerEntry(*row) for row in found] == rows


@pytest.mark.parametrize("kinds", [1, 2, 50])
def test_sides_made_by_the_database_are_those_made_here(engine: Engine, kinds: int) -> None:
    earlier, rows = _settled(400, kinds)[:100], _settled(400, kinds)[100:]
    with engine.begin() as connection:
        insert_many(connection, LEDGER, earlier)
        last = sums.last_row(connection)
        insert_many(connection, LEDGER, rows)
        sums.add(connection, rows, last)
        wanted = sorted(
            (one for row in rows for one in sums.postings_of(row)), key=lambda one: (one.effect, one.account)
        )
        found = connection.execute(select(POSTINGS).order_by(POSTINGS.c.effect, POSTINGS.c.account)).all()
        assert [tuple(row) for row in found] == [(one.effect, one.account, one.nanos, one.created_at) for one in wanted]
        balances = dict(connection.execute(select(BALANCES.c.account, BALANCES.c.nanos)).all())
    summed: dict[str, int] = {}
    for one in wanted:
        summed[one.account] = summed.get(one.account, 0) + one.nanos
    assert balances == {account: nanos for account, nanos in summed.items() if nanos}
