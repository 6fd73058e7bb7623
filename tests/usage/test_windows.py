"""Counters of windows that ended long ago go; totals never do, and the books still add up."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from openhearth.accounts.usage import Keeper
from openhearth.config import UsageKeeping
from openhearth.core.allowance import window_of, windows_at
from openhearth.stores.ports import OpenReservation
from openhearth.stores.sql.bulk import insert_many
from openhearth.stores.sql.tables import RESERVATIONS, SPEND
from openhearth.stores.sql.usage_windows import is_window_before
from tests.usage.made import DAY_S, MIDNIGHT, Store, call, many, store

NOW = MIDNIGHT
DAYS = 60
LONG_AGO = NOW - DAYS * DAY_S
# Models may be named like windows, even of days that there are not, with one beside them named without.
ODD = ("m", "m@2024-08-06", "m@2024-19-45", "m@2024-W08")
ENTRIES = [
    *many(200, days=DAYS),
    *(call(1000 + n, LONG_AGO + 10, model=name) for n, name in enumerate(ODD)),
    call(2000, NOW - 10),
]


@pytest.fixture
async def made(url: str) -> AsyncIterator[Store]:
    async with store(url) as made:
        await made.records.write_batch(ENTRIES, [])
        yield made


async def _keep(made: Store, policy: UsageKeeping = UsageKeeping()) -> None:  # noqa: B008 (a frozen value)
    await Keeper(made.usage, policy, now=lambda: NOW, batch_rows=100, pause_s=0.0).keep()


async def _spend(made: Store) -> dict[str, int]:
    return await made.records.database.read(_read)


def _read(connection: Connection) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(select(SPEND))}


@pytest.mark.parametrize("policy", [UsageKeeping(), UsageKeeping(keep_days=50), UsageKeeping(keep_days=20)])
@pytest.mark.parametrize("rounds", [1, 2])
async def test_windows_that_ended_over_35_days_ago_go_and_nothing_else(
    made: Store, policy: UsageKeeping, rounds: int
) -> None:
    before = await _spend(made)
    for _ in range(rounds):
        await _keep(made, policy)
    kept = await _spend(made)
    totals = {f"model:{name}" for name in ODD}
    assert kept == {
        name: nanos for name, nanos in before.items() if name in totals or not is_window_before(name, NOW - 35 * DAY_S)
    }
    assert {"key:key_a", "user:user_a", "org:org_default", "model:small", *totals} <= kept.keys()
    assert f"key:key_a{windows_at(LONG_AGO + 10).day}" in before.keys() - kept.keys()
    assert sum(not window_of(name) for name in kept) == sum(not window_of(name) for name in before)
    assert await made.records.check_ledger() == []


async def test_a_window_that_an_open_call_counts_for_stays(made: Store) -> None:
    begun = NOW - 45 * DAY_S
    fields: dict[str, Any] = {
        one.name: {"created_at": begun, "call_id": "call_open"}.get(one.name, one.type())
        for one in msgspec.structs.fields(OpenReservation)
    }
    await made.records.database.write(insert_many, RESERVATIONS, [OpenReservation(**fields)])
    before = await _spend(made)
    await _keep(made)
    assert await _spend(made) == {
        name: nanos
        for name, nanos in before.items()
        if name in {f"model:{odd}" for odd in ODD} or not is_window_before(name, begun)
    }
    assert await made.records.check_ledger() == []


async def test_a_call_settled_for_a_window_that_is_gone_changes_no_total(made: Store) -> None:
    await _keep(made)
    kept = await _spend(made)
    await made.records.write_batch([call(3000, LONG_AGO + 20)], [])
    assert await made.records.check_ledger() == []
    for policy in (UsageKeeping(), UsageKeeping(keep_days=20)):
        await _keep(made, policy)
        assert (await _spend(made)).keys() == kept.keys()
        assert await made.records.check_ledger() == []
    assert (await _spend(made))["key:key_a"] == kept["key:key_a"] + call(3000, 0.0).charge_nanos


async def test_a_wrong_total_is_still_found(made: Store) -> None:
    await _keep(made)
    await made.records.database.write(_spoil)
    assert any("key:key_a" in said for said in await made.records.check_ledger())


def _spoil(connection: Connection) -> None:
    connection.execute(SPEND.update().where(SPEND.c.counter == "key:key_a").values(nanos=SPEND.c.nanos + 1))
