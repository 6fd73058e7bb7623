"""Wrong passwords: who is kept from trying, by how many processes, and who is not."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typing_extensions import override

from openhearth.accounts.keys import Keys
from openhearth.accounts.passwords import Cost, Passwords
from openhearth.accounts.sessions import Sessions
from openhearth.accounts.tries import SharedTries, Tries
from openhearth.accounts.users import Users
from openhearth.config import Access
from openhearth.core.errors import LimitError, StoreAway
from openhearth.stores.counter_ports import Refusal, Take
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from tests.stores.counting import SHARED, Counting, counting


@pytest.fixture(params=SHARED)
async def count(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(request.param, tmp_path, request) as made:
        yield made


async def test_processes_count_tries_together(count: Counting) -> None:
    first = SharedTries(count.counters, "boot_1", 2, 60.0)
    second = SharedTries(count.another(), "boot_2", 2, 60.0)
    await first.begin("ann", "10.0.0.1")
    await second.begin("ann", "10.0.0.2")
    for process in (first, second):
        with pytest.raises(LimitError) as caught:
            await process.begin("ann", "10.0.0.3")
        assert (caught.value.code, caught.value.retry_after_s) == ("too_many_tries", 60.0)
    await second.begin("bob", "10.0.0.3")
    await first.succeeded("ann")
    await second.begin("ann", "10.0.0.3")


async def test_an_address_is_counted_by_all_processes(count: Counting) -> None:
    processes = [SharedTries(count.counters, "boot_1", 1, 60.0), SharedTries(count.another(), "boot_2", 1, 60.0)]
    for number in range(5):
        await processes[number % 2].begin(f"name{number}", "10.0.0.1")
    with pytest.raises(LimitError):
        await processes[0].begin("another", "10.0.0.1")


async def test_a_try_is_over_after_its_time(count: Counting) -> None:
    tries = SharedTries(count.counters, "boot_1", 1, 0.2)
    await tries.begin("ann", "10.0.0.1")
    with pytest.raises(LimitError):
        await tries.begin("ann", "10.0.0.1")
    async with asyncio.timeout(30.0):
        while True:
            await asyncio.sleep(0.05)
            try:
                await tries.begin("ann", "10.0.0.1")
                break
            except LimitError:
                continue


async def test_without_the_counters_nobody_is_kept_out() -> None:
    class Away(MemoryCounters):
        @override
        async def take(self, take: Take) -> Refusal | None:
            raise StoreAway("away")

    await SharedTries(Away(), "boot_1", 0, 60.0).begin("ann", "10.0.0.1")


def test_an_ipv6_network_is_one_address() -> None:
    tries = Tries(1, 60.0)
    for number in range(5):
        tries.begin(f"name{number}", f"2001:db8:0:1::{number:x}")
    with pytest.raises(LimitError):
        tries.begin("another", "2001:db8:0:1:ffff::1")
    tries.begin("another", "2001:db8:0:2::1")
    for number in range(5):
        tries.begin(f"four{number}", "10.0.0.1" if number % 2 else "::ffff:10.0.0.1")
    with pytest.raises(LimitError):
        tries.begin("five", "10.0.0.1")


async def test_one_address_that_registers_too_often_closes_it_for_nobody_else(tmp_path: Path) -> None:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    keys, passwords = Keys(records, b"pepper"), Passwords(Cost(passes=1, memory_kib=8, lanes=1))
    users = Users(records, keys, passwords)
    await users.found()
    sessions = Sessions(records, keys, users, passwords, Access(registration=True, tries=1))
    await sessions.register("one", "a long password", "10.0.0.1")
    with pytest.raises(LimitError):
        await sessions.register("two", "a long password", "10.0.0.1")
    await sessions.register("three", "a long password", "10.0.0.2")
    passwords.close()
    await records.close()
