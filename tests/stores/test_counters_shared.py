"""Counters that several processes share: they see each other, survive each other's death and the loss of the server."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence, Set
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.core.allowance import Bound, Limit
from openhearth.core.errors import StoreAway
from openhearth.stores.counter_ports import Counters, Given, Refusal, Take
from openhearth.stores.ports import NodeRecord
from openhearth.stores.shared.line import SharedCounters, Times
from openhearth.stores.shared.valkey import ValkeyRows
from openhearth.stores.shared.wire import Wire
from openhearth.stores.shared_ports import Truth
from openhearth.stores.sql import SqlRecords
from openhearth.stores.sql.counters import SqlCounterRows, SqlTruth
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey
from tests.stores.counting import NOON, SHARED, Counting, counting

KEY = "key:k"
QUICK = Times(wait_s=2.0, tend_s=0.02, probe_s=0.02)
LONG_S = 60.0


@pytest.fixture(params=SHARED)
async def count(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(request.param, tmp_path, request) as made:
        yield made


def total(most: int) -> Limit:
    return Limit(KEY, Bound.TOTAL, most)


async def lives(count: Counting, *boots: str) -> None:
    for boot in boots:
        await count.records.beat(NodeRecord(boot, "host", 1, NOON, NOON))


async def until(counters: Counters, *, is_away: bool = False) -> None:
    async with asyncio.timeout(LONG_S):
        while bool(counters.trouble) is not is_away:
            await asyncio.sleep(0.01)


async def test_processes_count_together(count: Counting) -> None:
    other = count.another()
    limit = Limit(KEY, Bound.DAY, 100)
    first, second = count.want(limit, nanos=60), count.want(limit, nanos=60, boot="boot_2")
    assert await count.counters.take(first) is None
    assert isinstance(await other.take(second), Refusal)
    await count.settle(first, charge=30)
    assert await other.take(second) is None
    assert await count.looks(KEY, Bound.DAY) == (30, 60)


async def test_what_another_process_charged_without_limits_is_seen(count: Counting) -> None:
    other = count.another()
    assert await count.looks(KEY, Bound.TOTAL) == (0, 0)
    take = count.want(nanos=50, boot="boot_2")
    await count.write(take, 50)
    await other.give([Given(take, 50, 0)])
    assert await count.looks(KEY, Bound.TOTAL) == (50, 0)


async def test_the_calls_of_a_dead_process_are_released_and_no_others(count: Counting) -> None:
    other = count.another()
    limits = (total(100), Limit("org:o", Bound.CONCURRENCY, 9))
    assert await other.take(count.want(*limits, nanos=40, boot="boot_2")) is None
    assert isinstance(await count.take(*limits, nanos=30), Take)
    await count.counters.release(["boot_2", "boot_3"])
    assert await count.looks(KEY, Bound.TOTAL) == (0, 30)
    assert await count.looks("org:o", Bound.CONCURRENCY) == (1, 0)
    await count.counters.release(["boot_2"])
    assert await count.looks(KEY, Bound.TOTAL) == (0, 30)


async def test_what_a_dead_process_was_charged_for_its_open_calls_counts(count: Counting) -> None:
    """The ledger settled them at their last checkpoint; then their holds go."""
    take = count.want(total(100), nanos=90, boot="boot_2")
    assert await count.another().take(take) is None
    await count.write(take, 55)
    await count.counters.release(["boot_2"])
    assert await count.looks(KEY, Bound.TOTAL) == (55, 0)


async def test_a_process_that_comes_back_from_the_dead_gives_nothing_back_twice(count: Counting) -> None:
    zombie = count.another()
    take = count.want(total(100), nanos=90, boot="boot_2")
    assert await zombie.take(take) is None
    await count.counters.release(["boot_2"])
    assert isinstance(await count.take(total(100), nanos=70), Take)
    await zombie.give([Given(take, 0, 0)])
    assert await count.looks(KEY, Bound.TOTAL) == (0, 70)


@pytest.mark.parametrize("kind", SHARED)
async def test_holds_of_a_process_the_ledger_forgot_are_found(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nobody told these counters of its death: whoever swept its calls died right after."""
    async with counting(kind, tmp_path, request, QUICK) as count:
        await lives(count, "boot_1", "boot_2")
        gone = count.another()
        assert await gone.take(count.want(total(100), nanos=40, boot="boot_2")) is None
        assert isinstance(await count.take(total(100), nanos=30), Take)
        await count.records.sweep([NodeRecord("boot_2", "host", 1, NOON, NOON)], NOON)
        await count.counters.load({})
        async with asyncio.timeout(LONG_S):
            while await count.looks(KEY, Bound.TOTAL) != (0, 30):
                await asyncio.sleep(0.02)


async def test_a_caller_who_stops_waiting_leaves_nothing_taken(count: Counting) -> None:
    takes = [asyncio.create_task(count.counters.take(count.want(total(1000), nanos=5))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in takes:
        task.cancel()
    await asyncio.gather(*takes, return_exceptions=True)
    async with asyncio.timeout(LONG_S):
        while await count.looks(KEY, Bound.TOTAL) != (0, 0):
            await count.counters.give([])


async def test_a_take_is_never_made_in_one_process_alone(count: Counting) -> None:
    with pytest.raises(TypeError):
        count.counters.take_now(count.want(total(1)))
    with pytest.raises(TypeError):
        count.counters.give_now(Given(count.want(total(1)), 0, 0))


class Away:
    """Counters over a server of its own that the test takes away."""

    def __init__(self, records: SqlRecords, wire: str = "", settle_s: float = 0.0) -> None:
        self.records = records
        self._wire = wire
        self._settle_s = settle_s

    def counters(self) -> SharedCounters:
        if not self._wire:
            return SharedCounters(SqlCounterRows(self.records.database), QUICK)
        rows = ValkeyRows(Wire(self._wire, timeout_s=0.5), SqlTruth(self.records.database), settle_s=self._settle_s)
        return SharedCounters(rows, QUICK)


async def test_a_lost_database_refuses_limited_calls_only_until_it_is_back(own_postgres: Postgres) -> None:
    records = SqlRecords(own_postgres.database())
    await records.open()
    count = Counting("postgresql", records, times=QUICK)
    await lives(count, "boot_1")
    await count.counters.load({})
    held = await count.take(total(100), nanos=40)
    await asyncio.to_thread(own_postgres.stop)
    with pytest.raises(StoreAway) as caught:
        await count.take(total(100), nanos=1)
    assert (caught.value.status, caught.value.code) == (503, "counters_unavailable")
    assert caught.value.retry_after_s is not None
    assert isinstance(await count.take(nanos=1), Take)
    assert isinstance(held, Take)
    await count.counters.give([Given(held, 0, 0)])
    assert "database" in count.counters.trouble
    await asyncio.to_thread(own_postgres.start)
    await until(count.counters)
    assert await count.looks(KEY, Bound.TOTAL) == (0, 0)
    await count.counters.close()
    await records.close()


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[SqlRecords]:
    made = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await made.open()
    yield made
    await made.close()


@pytest.mark.parametrize("has_old_data", [False, True])
async def test_a_restarted_valkey_has_the_counts_again(
    own_valkey: Valkey, records: SqlRecords, has_old_data: bool
) -> None:
    """It comes back with no data, or with some that are older than what was counted last and must not be believed."""
    count = Counting("valkey", records, own_valkey.url(), QUICK)
    await lives(count, "boot_1")
    await count.counters.load({})
    await count.settle(await count.take(total(100), nanos=20), charge=20)
    held = await count.take(total(100), nanos=30)
    early, late = [await count.take(total(100), nanos=20) for _ in range(2)]
    if has_old_data:
        own_valkey.command("SAVE")
    await count.settle(early, charge=5)
    await asyncio.to_thread(own_valkey.stop, signal.SIGKILL)
    with pytest.raises(StoreAway):
        await count.take(total(100), nanos=1)
    assert isinstance(await count.take(nanos=1), Take)
    await count.settle(late, charge=7)
    await asyncio.to_thread(own_valkey.start)
    await until(count.counters)
    assert await count.looks(KEY, Bound.TOTAL) == (32, 30)
    await count.settle(held)
    assert await count.looks(KEY, Bound.TOTAL) == (32, 0)
    await count.counters.close()


async def test_a_flushed_valkey_is_filled_again_by_every_process(own_valkey: Valkey, records: SqlRecords) -> None:
    """Until each had the time to say what its calls hold, no take is granted that could pass a limit."""
    url = own_valkey.url()
    away = Away(records, url, settle_s=0.5)
    one, two = away.counters(), away.counters()
    count = Counting("valkey", records, url)
    await lives(count, "boot_1", "boot_2")
    for counters in (one, two):
        await counters.load({})
    await asyncio.sleep(0.6)
    assert await one.take(count.want(total(100), nanos=60)) is None
    assert await two.take(count.want(total(100), nanos=40, boot="boot_2")) is None
    own_valkey.command("FLUSHALL")
    refusals: list[Refusal | None] = []
    async with asyncio.timeout(LONG_S):
        while not refusals:
            try:
                refusals.append(await one.take(count.want(total(100), nanos=1)))
            except StoreAway:
                await asyncio.sleep(0.02)
    assert refusals[0] is not None
    assert (refusals[0].used, refusals[0].held) == (0, 100)
    for opened in (one, two, count.counters):
        await opened.close()


async def test_a_valkey_that_forgot_its_scripts_gets_them_again(own_valkey: Valkey, records: SqlRecords) -> None:
    count = Counting("valkey", records, own_valkey.url(), QUICK)
    await lives(count, "boot_1")
    await count.counters.load({})
    await count.take(total(100), nanos=20)
    own_valkey.command("SCRIPT", "FLUSH")
    await until(count.counters)
    async with asyncio.timeout(LONG_S):
        while True:
            try:
                assert await count.looks(KEY, Bound.TOTAL) == (0, 20)
                break
            except StoreAway:
                await asyncio.sleep(0.01)
    await count.counters.close()


async def test_a_valkey_that_hangs_is_given_up_and_a_late_take_is_given_back(
    own_valkey: Valkey, records: SqlRecords
) -> None:
    count = Counting("valkey", records, own_valkey.url(), QUICK)
    await lives(count, "boot_1")
    away = Away(records, own_valkey.url().rpartition("/")[0] + "/0")
    counters = away.counters()
    await counters.load({})
    own_valkey.freeze()
    with pytest.raises(StoreAway):
        await counters.take(count.want(total(100), nanos=20))
    own_valkey.thaw()
    await until(counters)
    refused = await counters.take(count.want(total(0), nanos=1))
    assert refused is not None
    assert (refused.used, refused.held) == (0, 0)
    for one in (counters, count.counters):
        await one.close()


class Hanging(Truth):
    """A ledger that stops answering, without a word, once it is told to."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.hangs = False

    @override
    async def spent_of(self, counters: Sequence[str]) -> dict[str, int]:
        await self._wait()
        return await self._truth.spent_of(counters)

    @override
    async def boots(self) -> Set[str]:
        await self._wait()
        return await self._truth.boots()

    async def _wait(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()


async def test_valkey_goes_on_for_known_counters_when_the_ledger_hangs(valkey: Valkey, records: SqlRecords) -> None:
    truth = Hanging(SqlTruth(records.database))
    count = Counting("valkey", records, valkey.url(), QUICK)
    await lives(count, "boot_1")
    counters = SharedCounters(ValkeyRows(Wire(valkey.url()), truth, settle_s=0.0, truth_s=0.2), QUICK)
    await counters.load({})
    ended = count.want(total(100), nanos=20)
    assert await counters.take(ended) is None
    truth.hangs = True
    began = asyncio.get_running_loop().time()
    for _ in range(5):
        await counters.give([Given(ended, 20, 0)])
        assert await counters.take(count.want(total(100), nanos=1)) is None
    with pytest.raises(StoreAway):
        await counters.take(count.want(Limit("user:z", Bound.DAY, 5), nanos=1))
    assert asyncio.get_running_loop().time() - began < QUICK.wait_s
    assert counters.trouble == ""
    for one in (counters, count.counters):
        await one.close()


async def test_valkey_goes_on_for_known_counters_when_the_ledger_is_away(
    own_postgres: Postgres, valkey: Valkey
) -> None:
    records = SqlRecords(own_postgres.database())
    await records.open()
    count = Counting("valkey", records, valkey.url(), QUICK)
    await lives(count, "boot_1")
    await count.counters.load({})
    await count.settle(await count.take(total(100), nanos=20), charge=20)
    await asyncio.to_thread(own_postgres.stop)
    assert isinstance(await count.take(total(100), nanos=50), Take)
    assert isinstance(await count.take(total(100), nanos=50), Refusal)
    with pytest.raises(StoreAway):
        await count.take(Limit("project:p", Bound.TOTAL, 5), Limit("user:z", Bound.DAY, 5), nanos=1)
    assert count.counters.trouble == ""
    await asyncio.to_thread(own_postgres.start)
    assert isinstance(await count.take(Limit("user:z", Bound.DAY, 5), nanos=1), Take)
    await count.counters.close()
    await records.close()
