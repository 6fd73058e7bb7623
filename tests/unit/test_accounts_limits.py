"""Quotas: no race, crash or repeat lets a key spend what it does not have (T7)."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from openhearth.accounts.ledger import Ledger
from openhearth.accounts.limits import Limits, refusal
from openhearth.core.allowance import Bound, Limit
from openhearth.core.call import Principal
from openhearth.core.errors import BudgetSpent, LimitError
from openhearth.stores.counter_ports import Refusal
from openhearth.stores.ports import Records
from openhearth.stores.shared.memory import MemoryCounters
from openhearth.stores.sql import SqlRecords
from tests.fakes.ledger import call_of

LIMIT = Limit("key:key_1", Bound.TOTAL, 1_000)
EVERYBODY = ("user:user_root", "org:org_default")
BOUNDED = Principal("key_1", "owner_1", "laptop", limits=(LIMIT,), scopes=("key:key_1", *EVERYBODY))
UNBOUNDED = Principal("key_2", "owner_2", "server", scopes=("key:key_2", *EVERYBODY))


class Accounts(msgspec.Struct):
    """Limits over a real store."""

    records: Records
    ledger: Ledger
    counters: MemoryCounters
    limits: Limits


@pytest.fixture
async def accounts(tmp_path: Path) -> AsyncIterator[Accounts]:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    ledger = Ledger(records, boot_id="boot_1", folder=tmp_path, flush_ms=1)
    counters = MemoryCounters()
    limits = Limits(counters, ledger)
    await ledger.start()
    await counters.load(await records.spent())
    yield Accounts(records, ledger, counters, limits)
    await ledger.close()
    await records.close()


async def test_a_quota_holds_to_the_last_nano(accounts: Accounts) -> None:
    accounts.limits.reserve(call_of(BOUNDED, 1), 999)
    accounts.limits.reserve(call_of(BOUNDED, 2), 1)
    with pytest.raises(BudgetSpent) as caught:
        accounts.limits.reserve(call_of(BOUNDED, 3), 1)
    assert caught.value.status == 402
    assert "$0.000001" in caught.value.message


async def test_a_free_call_passes_an_exhausted_quota(accounts: Accounts) -> None:
    accounts.limits.reserve(call_of(BOUNDED, 1), 1_000)
    assert accounts.limits.reserve(call_of(BOUNDED, 2), 0).nanos == 0


async def test_the_real_cost_replaces_the_hold(accounts: Accounts) -> None:
    call = call_of(BOUNDED, 1)
    reservation = accounts.limits.reserve(call, 800)
    call.charge_nanos = 300
    reservation.settle(call)
    assert (accounts.counters.spent("key:key_1"), accounts.counters.held("key:key_1")) == (300, 0)
    accounts.limits.reserve(call_of(BOUNDED, 2), 700)


async def test_settling_again_changes_nothing(accounts: Accounts) -> None:
    call = call_of(BOUNDED, 1)
    reservation = accounts.limits.reserve(call, 800)
    other = accounts.limits.reserve(call_of(BOUNDED, 2), 200)
    call.charge_nanos = 300
    for _ in range(3):
        reservation.settle(call)
    assert (accounts.counters.spent("key:key_1"), accounts.counters.held("key:key_1")) == (300, other.nanos)


async def test_a_call_dearer_than_its_hold_is_booked_in_full_and_is_the_last(accounts: Accounts) -> None:
    call = call_of(BOUNDED, 1)
    reservation = accounts.limits.reserve(call, 100)
    call.charge_nanos = 1_500
    reservation.settle(call)
    assert accounts.counters.spent("key:key_1") == 1_500
    with pytest.raises(BudgetSpent):
        accounts.limits.reserve(call_of(BOUNDED, 2), 1)


async def test_a_key_without_quota_is_recorded_but_not_guarded(accounts: Accounts) -> None:
    call = call_of(UNBOUNDED, 1)
    reservation = accounts.limits.reserve(call, 10**12)
    assert accounts.counters.held("key:key_2") == 0
    call.charge_nanos = 77
    reservation.settle(call)
    await accounts.ledger.close()
    assert (await accounts.records.spent())["key:key_2"] == 77
    assert accounts.counters.spent("key:key_2") == 77


async def test_two_hundred_calls_at_once_never_overspend(accounts: Accounts) -> None:
    """Prints its seed; costs are at most the hold, so spend can never pass the quota."""
    dice = random.Random(20_261)
    seen: list[int] = []

    async def one(number: int) -> bool:
        call = call_of(BOUNDED, number)
        await asyncio.sleep(dice.random() / 100)
        try:
            reservation = accounts.limits.reserve(call, 30)
        except BudgetSpent:
            return False
        seen.append(accounts.counters.spent("key:key_1") + accounts.counters.held("key:key_1"))
        await asyncio.sleep(dice.random() / 100)
        call.charge_nanos = dice.randint(0, 30)
        reservation.settle(call)
        return True

    granted = sum(await asyncio.gather(*(one(number) for number in range(200))))
    await accounts.ledger.close()
    spent = (await accounts.records.spent())["key:key_1"]
    assert max(seen) <= 1_000
    assert 0 < granted < 200
    assert spent == accounts.counters.spent("key:key_1") <= 1_000
    assert accounts.counters.held("key:key_1") == 0
    assert list(await accounts.records.open_reservations()) == []


@pytest.mark.parametrize(
    ("bound", "most", "wait_s", "nanos", "tokens", "told"),
    [
        (Bound.RPM, 3, 20.2, 0, 0, 21.0),  # told in whole seconds, and 20 would be too early
        (Bound.RPM, 0, None, 0, 0, None),
        (Bound.TPM, 40, 86.4, 0, 17, 87.0),
        (Bound.TPM, 40, None, 0, 41, None),  # a call that never fits is not told to come back
        (Bound.TPM, 40, 60.0, 0, 41, None),
        (Bound.CONCURRENCY, 2, None, 0, 0, 1.0),
        (Bound.CONCURRENCY, 0, None, 0, 0, None),
        (Bound.DAY, 1_000, 7.1, 1_000, 0, 8.0),
        (Bound.DAY, 1_000, 7.1, 1_001, 0, None),
        (Bound.TOTAL, 1_000, None, 10, 0, None),
    ],
)
def test_a_refusal_says_when_to_come_back_if_ever(
    bound: Bound, most: int, wait_s: float | None, nanos: int, tokens: int, told: float | None
) -> None:
    refused = Refusal(Limit("key:key_1", bound, most), 0, retry_after_s=wait_s)
    assert refusal(refused, nanos, tokens).wait_s == told


async def test_a_call_of_too_many_tokens_is_told_so(accounts: Accounts) -> None:
    caller = msgspec.structs.replace(BOUNDED, limits=(Limit("key:key_1", Bound.TPM, 40),))
    with pytest.raises(LimitError) as caught:
        accounts.limits.reserve(call_of(caller, 1), 0, 41)
    assert caught.value.retry_after_s is None
    assert "may use 40 tokens per minute; 0 are counted now, and this call may use 41." in caught.value.message
