"""The ledger: every call once, whatever fails in between, and a trace of each that a crash cut off."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from openhearth.accounts.ledger import Sizes
from openhearth.core.call import Outcome, Usage
from openhearth.core.errors import StorageFull
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql import SqlRecords
from tests.fakes.ledger import Boot, Flaky, cost_of


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Flaky]:
    inner = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await inner.open()
    yield Flaky(inner)
    await inner.close()


async def test_settled_calls_are_written_by_close(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, flush_ms=60_000).start()
    for number in range(3):
        boot.open(number)
        boot.settle(number)
    assert store.batches == []
    await boot.ledger.close()
    assert [await cost_of(store, number) for number in range(3)] == [70, 70, 70]
    assert (await store.spent())["key:key_anna"] == 210


async def test_a_call_within_one_flush_costs_no_reservation(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, flush_ms=20).start()
    boot.open(1)
    boot.settle(1)
    await store.tried.wait()
    assert store.batches == [(1, 0)]
    assert store.closed == []
    await boot.ledger.close()


async def test_a_long_call_is_written_while_it_is_open_and_once(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    boot.open(1)
    await store.tried.wait()
    assert [left.call_id for left in await store.open_reservations()] == ["call_1"]
    store.tried.clear()
    boot.open(2)
    await store.tried.wait()
    assert store.batches == [(0, 1), (0, 1)]
    boot.settle(1)
    boot.settle(2)
    await boot.ledger.close()
    assert store.closed == ["call_1", "call_2"]
    assert list(await store.open_reservations()) == []


async def test_a_call_that_settles_during_a_failing_write_needs_no_reservation(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    store.script = ["before"]
    store.go_on.clear()
    boot.open(1)
    boot.open(2)
    await store.entered.wait()
    boot.settle(1)
    store.go_on.set()
    await boot.ledger.close()
    assert store.batches == [(1, 1)]
    assert [left.call_id for left in await store.open_reservations()] == ["call_2"]


async def test_a_close_waits_for_the_store_but_not_for_ever(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, sizes=Sizes(close_s=0.05)).start()
    store.go_on.clear()
    boot.open(1)
    boot.settle(1)
    await store.entered.wait()
    await boot.ledger.close()
    assert boot.spool.exists()
    store.go_on.set()
    again = await Boot(store, tmp_path, "boot_2").start()
    assert await cost_of(store, 1) == 70
    await again.ledger.close()


async def test_a_full_batch_does_not_wait_for_the_clock(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, sizes=Sizes(batch_rows=10), flush_ms=60_000).start()
    for number in range(10):
        boot.open(number)
        boot.settle(number)
    await store.tried.wait()
    assert store.batches == [(10, 0)]
    await boot.ledger.close()


async def test_what_comes_in_during_a_write_waits_for_the_next_interval(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, sizes=Sizes(batch_rows=2), flush_ms=60_000).start()
    store.go_on.clear()
    for number in range(2):
        boot.open(number)
        boot.settle(number)
    await store.entered.wait()
    boot.open(2)
    boot.settle(2)
    store.go_on.set()
    await store.tried.wait()
    assert await cost_of(store, 0) == 70
    assert boot.ledger.waiting == 1
    await boot.ledger.close()
    assert store.batches == [(2, 0), (1, 0)]


async def test_more_than_a_batch_is_written_without_waiting_in_between(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, sizes=Sizes(batch_rows=2), flush_ms=60_000).start()
    for number in range(5):
        boot.open(number)
        boot.settle(number)
    async with asyncio.timeout(30):
        while boot.ledger.waiting > 1:
            store.tried.clear()
            await store.tried.wait()
    await boot.ledger.close()
    assert store.batches == [(2, 0), (2, 0), (1, 0)]


async def test_a_kill_between_flushes_leaves_no_open_reservation(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    for number in range(5):
        boot.open(number)
    await store.tried.wait()
    assert len(await store.open_reservations()) == 5
    boot.settle(0)
    boot.open(9)
    await boot.kill()
    again = await Boot(store, tmp_path, "boot_2").start()
    assert list(await store.open_reservations()) == []
    for number in range(5):
        entry = await store.entry(f"call_{number}")
        assert entry is not None
        assert (entry.outcome, entry.charge_nanos) == (Outcome.INTERRUPTED, 0)
    assert (again.counters.spent("key:key_anna"), again.counters.held("key:key_anna")) == (0, 0)
    await again.ledger.close()


async def test_calls_open_at_a_clean_stop_are_swept_at_the_next_start(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, flush_ms=60_000).start()
    boot.open(1)
    await boot.ledger.close()
    assert [left.call_id for left in await store.open_reservations()] == ["call_1"]
    again = await Boot(store, tmp_path, "boot_2").start()
    entry = await store.entry("call_1")
    assert entry is not None
    assert entry.outcome == Outcome.INTERRUPTED
    await again.ledger.close()


async def test_spend_survives_a_restart(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    boot.open(1)
    boot.settle(1, nanos=42)
    await boot.ledger.close()
    again = await Boot(store, tmp_path, "boot_2").start()
    assert again.counters.spent("key:key_anna") == 42
    await again.ledger.close()


async def test_while_the_store_is_away_entries_go_to_the_spool_and_come_back(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path, sizes=Sizes(batch_rows=4, memory_rows=5, retry_s=0.001)).start()
    store.is_away = True
    for number in range(12):
        boot.open(number)
        boot.settle(number)
    async with asyncio.timeout(30):
        while boot.ledger.waiting:
            store.tried.clear()
            await store.tried.wait()
    assert boot.spool.exists()
    assert await cost_of(store, 0) is None
    store.is_away = False
    async with asyncio.timeout(30):
        while boot.spool.exists():
            store.tried.clear()
            boot.open(100 + len(boot.calls))
            await store.tried.wait()
    assert [await cost_of(store, number) for number in range(12)] == [70] * 12
    await boot.ledger.close()
    assert (await store.spent())["key:key_anna"] == 12 * 70


async def test_what_the_store_never_takes_is_spooled_at_close_and_settled_at_start(
    store: Flaky, tmp_path: Path
) -> None:
    boot = await Boot(store, tmp_path).start()
    boot.open(1)
    await store.tried.wait()
    store.is_away = True
    boot.settle(1)
    await boot.ledger.close()
    store.is_away = False
    assert await cost_of(store, 1) is None
    again = await Boot(store, tmp_path, "boot_2").start()
    assert await cost_of(store, 1) == 70
    assert list(await store.open_reservations()) == []
    assert not boot.spool.exists()
    await again.ledger.close()


async def test_a_start_that_cannot_read_the_spool_in_keeps_it(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    store.is_away = True
    boot.open(1)
    boot.settle(1)
    await boot.ledger.close()
    again = Boot(store, tmp_path, "boot_2")
    with pytest.raises(OSError, match="away"):
        await again.start()
    assert boot.spool.exists()
    await again.ledger.close()


async def test_a_torn_line_of_the_spool_spoils_no_other(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    store.is_away = True
    boot.open(1)
    boot.settle(1)
    await boot.ledger.close()
    boot.spool.write_bytes(boot.spool.read_bytes() + b'{"effect":"call_torn","key_')
    second = Boot(store, tmp_path, "boot_2")
    second.open(2)
    second.settle(2)
    await second.ledger.close()
    store.is_away = False
    third = await Boot(store, tmp_path, "boot_3").start()
    assert [await cost_of(store, number) for number in (1, 2)] == [70, 70]
    await third.ledger.close()


async def test_no_call_is_admitted_that_can_no_longer_be_recorded(store: Flaky, tmp_path: Path) -> None:
    sizes = Sizes(memory_rows=2, refuse_rows=5, retry_s=0.001)
    boot = await Boot(store, tmp_path / "no such folder", sizes=sizes).start()
    store.is_away = True
    for number in range(5):
        boot.open(number)
        boot.settle(number)
    with pytest.raises(StorageFull) as caught:
        boot.open(9)
    assert caught.value.code == "ledger_full"
    assert boot.counters.held("key:key_anna") == 0
    store.is_away = False
    await boot.ledger.close()
    assert [await cost_of(store, number) for number in range(5)] == [70] * 5


async def test_whatever_an_upstream_reports_can_be_written(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    boot.open(1)
    call, reservation = boot.calls[1]
    call.usage = Usage(input_tokens=10**40, output_tokens=-5, cached_tokens=2**63, images=-(10**30), source="upstream")
    call.cost_nanos = call.charge_nanos = 10**60
    call.model = "m\x00\ud800" + "x" * 1000
    call.error_code = "\x1b[31m"
    reservation.settle(call)
    await boot.ledger.close()
    entry = await store.entry("call_1")
    assert entry is not None
    assert (entry.input_tokens, entry.output_tokens, entry.images) == (10**15, 0, 0)
    assert entry.model == "m??" + "x" * 253
    assert entry.error_code == "?[31m"


async def test_an_entry_says_what_the_call_said(store: Flaky, tmp_path: Path) -> None:
    boot = await Boot(store, tmp_path).start()
    boot.open(1)
    call, reservation = boot.calls[1]
    call.usage = Usage(1, 2, 3, 4, pages=5, source="upstream")
    call.target_id, call.outcome, call.error_code = "target_1", Outcome.TIMEOUT, "upstream_timeout"
    call.first_byte_s, call.duration_s, call.cost_nanos, call.charge_nanos = 0.25, 1.5, 9, 11
    reservation.settle(call)
    await boot.ledger.close()
    assert await store.entry("call_1") == LedgerEntry(
        effect="call_1",
        key_id="key_anna",
        user_id="user_root",
        project_id="",
        org_id="org_default",
        owner="anna",
        group_name="default",
        operation="chat",
        model="m",
        target_id="target_1",
        outcome="timeout",
        stream=False,
        attempts=0,
        created_at=101.0,
        duration_ms=1500,
        first_byte_ms=250,
        input_tokens=1,
        output_tokens=2,
        cached_tokens=3,
        images=4,
        usage_source="upstream",
        reserved_nanos=100,
        cost_nanos=9,
        charge_nanos=11,
        error_code="upstream_timeout",
        more='{"pages":5}',
    )
