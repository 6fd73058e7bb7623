"""Digests of calls are kept once; costs are added up by whatever is asked for, and nothing is lost between the sums."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection

from openhearth.stores.cost_ports import Part, Period
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.receipt_ports import DigestRecord
from openhearth.stores.sql.bulk import insert_many
from openhearth.stores.sql.costs import SqlCosts
from openhearth.stores.sql.database import Database
from openhearth.stores.sql.receipt_tables import CALL_DIGESTS
from openhearth.stores.sql.receipts import SqlDigests
from openhearth.stores.sql.tables import LEDGER
from tests.fakes.settled import CALL

DAY_S = 86_400.0
MIDNIGHT = 20_000 * DAY_S
PERIOD = Period(MIDNIGHT, MIDNIGHT + 3 * DAY_S)
DIGESTS = DigestRecord("call_1", "ab" * 32, 12, "cd" * 32, 34, True, 200, "模型", 5.5)
change = msgspec.structs.replace


def _make(connection: Connection) -> None:
    LEDGER.create(connection)
    CALL_DIGESTS.create(connection)


def _write(connection: Connection, calls: list[LedgerEntry]) -> None:
    insert_many(connection, LEDGER, calls)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'records.db'}")
    await made.write(_make)
    yield made
    await made.close()


async def test_digests_are_kept_and_the_first_ones_stay(database: Database) -> None:
    digests = SqlDigests(database)
    assert await digests.digests("call_1") is None
    await digests.add_digests(DIGESTS)
    await digests.add_digests(change(DIGESTS, answer_sha256="ef" * 32))
    assert await digests.digests("call_1") == DIGESTS


@pytest.fixture
async def costs(database: Database) -> SqlCosts:
    def call(number: int, at: float, **more: object) -> LedgerEntry:
        return change(
            CALL,
            **{
                "effect": f"c{number}",
                "created_at": MIDNIGHT + at,
                "cost_nanos": 10**number,
                "input_tokens": 1,
                **more,
            },
        )

    await database.write(
        _write,
        [
            call(0, -0.001),
            call(1, 0.0, charge_nanos=7),
            call(2, DAY_S - 0.001, model="other"),
            call(3, DAY_S, outcome="failed"),
            call(4, DAY_S * 2.5, target_id="target_2", cached_tokens=2),
            call(5, DAY_S * 3),
        ],
    )
    return SqlCosts(database)


async def _sums(costs: SqlCosts, period: Period, *by: Part) -> list[tuple[object, ...]]:
    rows = await costs.costs(period, by, 100)
    return [(row.day, row.model, row.target_id, row.calls, row.cost_nanos) for row in rows]


async def test_costs_by_day_end_at_midnight(costs: SqlCosts) -> None:
    assert await _sums(costs, PERIOD, "day") == [
        (20_000, "", "", 2, 110),
        (20_001, "", "", 1, 1_000),
        (20_002, "", "", 1, 10_000),
    ]


async def test_costs_by_model_and_target(costs: SqlCosts) -> None:
    assert await _sums(costs, PERIOD, "model") == [(-1, "gpt-4o", "", 3, 11_010), (-1, "other", "", 1, 100)]
    assert await _sums(costs, PERIOD, "day", "model", "target") == [
        (20_000, "gpt-4o", "target_1", 1, 10),
        (20_000, "other", "target_1", 1, 100),
        (20_001, "gpt-4o", "target_1", 1, 1_000),
        (20_002, "gpt-4o", "target_2", 1, 10_000),
    ]


async def test_all_in_one_sum_and_nothing_at_all(costs: SqlCosts) -> None:
    (row,) = await costs.costs(PERIOD, (), 100)
    assert (row.calls, row.failures, row.input_tokens, row.cached_tokens) == (4, 1, 4, 2)
    assert (row.cost_nanos, row.charge_nanos) == (11_110, 7)
    assert await costs.costs(Period(0.0, 1.0), (), 100) == []
    assert await _sums(costs, Period(0.0, 1.0), "day") == []


async def test_days_can_be_cut_in_another_time_zone(costs: SqlCosts) -> None:
    east_s = 8 * 3600
    period = Period(MIDNIGHT - east_s, MIDNIGHT + DAY_S - east_s, east_s)
    assert await _sums(costs, period, "day") == [(20_000, "", "", 2, 11)]


async def test_no_more_rows_than_asked_for(costs: SqlCosts) -> None:
    by_day: tuple[Part, ...] = ("day",)
    assert len(await costs.costs(PERIOD, by_day, 2)) == 2
