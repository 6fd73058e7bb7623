"""What all counters must do, whoever else counts: every limit to the last unit, all of a call's limits or none."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from openhearth.core.allowance import MONEY, Bound, Limit
from openhearth.stores.counter_ports import Given, Refusal, Take
from tests.stores.counting import KINDS, NOON, SCOPES, Counting, counting

KEY = "key:k"
WINDOWS = sorted(MONEY)


@pytest.fixture(params=KINDS)
async def count(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Counting]:
    async with counting(request.param, tmp_path, request) as made:
        yield made


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def total(most: int, scope: str = KEY) -> Limit:
    return Limit(scope, Bound.TOTAL, most)


async def test_money_fits_up_to_the_last_nano(count: Counting) -> None:
    """Each cap on somebody of its own."""
    for place, bound in product(range(len(SCOPES)), WINDOWS):
        count.scopes = tuple(f"{scope}-{place}-{bound}" for scope in SCOPES)
        limit = Limit(count.scopes[place], bound, 100)
        await count.settle(await count.take(limit, nanos=40), charge=40)
        assert isinstance(await count.take(limit, nanos=60), Take)
        refused = await count.take(limit, nanos=1)
        assert isinstance(refused, Refusal)
        assert (refused.limit, refused.used, refused.held) == (limit, 40, 60)
        assert isinstance(await count.take(limit, nanos=0), Take)


async def test_settling_gives_back_the_hold_and_counts_the_charge_for_every_scope(count: Counting) -> None:
    limits = [total(1000, scope) for scope in SCOPES]
    take = await count.take(*limits, nanos=600)
    assert await count.looks(KEY, Bound.TOTAL) == (0, 600)
    await count.settle(take, charge=25)
    for scope in SCOPES:
        for bound in WINDOWS:
            assert await count.looks(scope, bound) == (25, 0)


async def test_a_charge_of_a_call_without_limits_counts_as_well(count: Counting) -> None:
    await count.settle(await count.take(nanos=600), charge=25)
    assert await count.looks("org:o", Bound.DAY) == (25, 0)


async def test_a_call_dearer_than_its_hold_is_counted_in_full_and_is_the_last(count: Counting) -> None:
    take = await count.take(total(100), nanos=10)
    await count.settle(take, charge=150)
    assert await count.looks(KEY, Bound.TOTAL) == (150, 0)
    assert isinstance(await count.take(total(100), nanos=1), Refusal)


async def test_a_refused_call_takes_nothing_of_its_other_limits(count: Counting) -> None:
    """The last limit refuses; all before it are as they were."""
    limits = [total(1000), *(Limit(KEY, bound, 5) for bound in (Bound.RPM, Bound.TPM, Bound.CONCURRENCY))]
    for _ in range(3):
        refused = await count.take(*limits, total(9, "org:o"), nanos=10, tokens=1)
        assert isinstance(refused, Refusal)
        assert refused.limit == total(9, "org:o")
    assert await count.looks(KEY, Bound.TOTAL) == (0, 0)
    for bound in (Bound.RPM, Bound.TPM, Bound.CONCURRENCY):
        assert await count.looks(KEY, bound) == (0, 0)


async def test_the_first_limit_that_refuses_is_named(count: Counting) -> None:
    refused = await count.take(total(100), total(3, "project:p"), total(2, "user:u"), nanos=5)
    assert isinstance(refused, Refusal)
    assert refused.limit == total(3, "project:p")


async def test_giving_twice_counts_once(count: Counting) -> None:
    other = await count.take(total(100), nanos=30)
    take = await count.take(total(100), Limit(KEY, Bound.CONCURRENCY, 2), nanos=60)
    assert isinstance(other, Take)
    assert isinstance(take, Take)
    await count.write(take, 10)
    for _ in range(3):
        await count.counters.give([Given(take, 10, 0)])
    await count.counters.give([Given(take, 10, 0), Given(take, 10, 0)])
    assert await count.looks(KEY, Bound.TOTAL) == (10, 30)
    assert await count.looks(KEY, Bound.CONCURRENCY) == (0, 0)


async def test_a_take_that_never_was_gives_nothing_back(count: Counting) -> None:
    await count.take(total(100), nanos=30)
    await count.counters.give([Given(count.want(total(100), nanos=20), 0, 0)])
    assert await count.looks(KEY, Bound.TOTAL) == (0, 30)


async def test_calls_at_once_are_counted_while_they_are_open(count: Counting) -> None:
    limit = Limit("user:u", Bound.CONCURRENCY, 2)
    one, _ = [await count.take(limit) for _ in range(2)]
    refused = await count.take(limit)
    assert isinstance(refused, Refusal)
    assert (refused.used, refused.retry_after_s) == (2, None)
    await count.settle(one)
    assert isinstance(await count.take(limit), Take)


async def test_a_negative_take_is_refused(count: Counting) -> None:
    for take in (count.want(total(100), nanos=-1), count.want(total(100), tokens=-1)):
        with pytest.raises(ValueError, match="negative"):
            await count.counters.take(take)


async def test_amounts_beyond_what_a_double_holds_are_exact(count: Counting) -> None:
    most = 10**15
    take = await count.take(total(most), nanos=most)
    await count.settle(take, charge=2**53 + 1)
    assert await count.looks(KEY, Bound.TOTAL) == (2**53 + 1, 0)
    assert isinstance(await count.take(total(most), nanos=1), Refusal)


@pytest.mark.parametrize(
    ("bound", "before", "after"),
    [
        (Bound.DAY, "2026-11-23T23:59:59.9", "2026-11-24T00:00:00"),
        (Bound.DAY, "2026-03-29T23:59:59.9", "2026-03-30T00:00:00"),  # a day when Europe's clocks change
        (Bound.WEEK, "2026-11-29T23:59:59.9", "2026-11-30T00:00:00"),
        (Bound.WEEK, "2027-01-03T23:59:59.9", "2027-01-04T00:00:00"),  # the 53rd week ends in the new year
        (Bound.MONTH, "2026-11-30T23:59:59.9", "2026-12-01T00:00:00"),
        (Bound.MONTH, "2028-02-29T23:59:59.9", "2028-03-01T00:00:00"),
    ],
)
async def test_a_budget_is_new_when_its_window_turns_and_not_before(
    count: Counting, bound: Bound, before: str, after: str
) -> None:
    """T29: once per window, in UTC, and retry_after says when."""
    limit = Limit(KEY, bound, 100)
    await count.settle(await count.take(limit, nanos=90, now=at(before) - 3600), charge=90)
    refused = await count.take(limit, nanos=11, now=at(before))
    assert isinstance(refused, Refusal)
    assert refused.retry_after_s == pytest.approx(at(after) - at(before))
    late = await count.take(limit, nanos=10, now=at(before))
    assert isinstance(await count.take(limit, nanos=90, now=at(after)), Take)
    await count.settle(late, charge=10)  # a call that ends after midnight counts for the day it began in
    assert await count.looks(KEY, bound, now=at(after)) == (0, 90)
    assert await count.looks(KEY, bound, now=at(before)) == (100, 90)


@pytest.mark.parametrize(("bound", "longer"), [(Bound.DAY, Bound.WEEK), (Bound.WEEK, Bound.MONTH)])
async def test_a_shorter_window_turns_alone(count: Counting, bound: Bound, longer: Bound) -> None:
    await count.settle(await count.take(total(100), nanos=90), charge=90)
    later = NOON + (86_400 if bound is Bound.DAY else 6.6 * 86_400)
    assert await count.looks(KEY, bound, now=later) == (0, 0)
    assert await count.looks(KEY, longer, now=later) == (90, 0)


async def test_a_clock_set_back_over_midnight_opens_no_budget_twice(count: Counting) -> None:
    """T29: an hour forward and back again; each day's budget is spent once."""
    limit = Limit(KEY, Bound.DAY, 100)
    for now in ("2026-11-23T23:30:00", "2026-11-24T00:30:00", "2026-11-23T23:40:00", "2026-11-24T00:40:00"):
        take = await count.take(limit, nanos=60, now=at(now))
        if isinstance(take, Take):
            await count.settle(take, charge=60)
    assert await count.looks(KEY, Bound.DAY, now=at("2026-11-23T23:50:00")) == (60, 0)
    assert await count.looks(KEY, Bound.DAY, now=at("2026-11-24T00:50:00")) == (60, 0)
    assert await count.looks(KEY, Bound.TOTAL) == (120, 0)


async def test_a_model_with_an_at_sign_in_its_name_keeps_its_total(count: Counting) -> None:
    scope = "model:@cf/meta/llama-3"
    take = Take("call_x", "boot_1", (scope,), (total(100, scope),), 50, 0, NOON)
    assert await count.counters.take(take) is None
    other = Take("call_y", "boot_1", (scope,), (total(100, scope),), 50, 0, NOON + 86_400)
    assert await count.counters.take(other) is None
    assert await count.looks(scope, Bound.TOTAL, now=NOON + 86_400) == (0, 100)


async def test_requests_of_the_last_minute_weigh_with_what_is_left_of_it(count: Counting) -> None:
    limit = Limit(KEY, Bound.RPM, 10)
    for _ in range(10):
        assert isinstance(await count.take(limit, now=NOON + 30), Take)
    refused = await count.take(limit, now=NOON + 59)
    assert isinstance(refused, Refusal)
    assert refused.used == 10
    assert refused.retry_after_s == pytest.approx(1 + 6)
    assert isinstance(await count.take(limit, now=NOON + 60 + 5.9), Refusal)
    assert isinstance(await count.take(limit, now=NOON + 66.001), Take)
    assert await count.looks(KEY, Bound.RPM, now=NOON + 66.001) == (10, 0)
    assert await count.looks(KEY, Bound.RPM, now=NOON + 90) == (6, 0)
    assert await count.looks(KEY, Bound.RPM, now=NOON + 180) == (0, 0)


async def test_tokens_count_what_was_asked_at_once_and_the_rest_at_the_end(count: Counting) -> None:
    limit = Limit("project:p", Bound.TPM, 100)
    take = await count.take(limit, tokens=60)
    assert await count.looks("project:p", Bound.TPM) == (60, 0)
    assert isinstance(await count.take(limit, tokens=41), Refusal)
    await count.settle(take, tokens=90, now=NOON + 5)
    assert await count.looks("project:p", Bound.TPM, now=NOON + 5) == (90, 0)
    await count.settle(await count.take(limit, tokens=10, now=NOON + 6), tokens=4, now=NOON + 7)
    assert await count.looks("project:p", Bound.TPM, now=NOON + 7) == (100, 0)


async def test_a_long_call_that_ends_wipes_no_newer_counts(count: Counting) -> None:
    limit = Limit(KEY, Bound.TPM, 1000)
    old = await count.take(limit, tokens=1)
    await count.take(limit, tokens=50, now=NOON + 600)
    await count.settle(old, tokens=21, now=0.0)
    assert await count.looks(KEY, Bound.TPM, now=NOON + 600) == (70, 0)


async def test_clocks_that_differ_a_little_count_in_one_minute(count: Counting) -> None:
    limit = Limit(KEY, Bound.RPM, 100)
    for now in (NOON + 60.5, NOON + 59.5, NOON + 60.7, NOON + 59.9):
        assert isinstance(await count.take(limit, now=now), Take)
    assert await count.looks(KEY, Bound.RPM, now=NOON + 61) == (4, 0)


async def test_a_clock_set_back_forgets_no_requests(count: Counting) -> None:
    limit = Limit(KEY, Bound.RPM, 100)
    for now in (NOON, NOON + 3600, NOON + 1, NOON + 2):
        assert isinstance(await count.take(limit, now=now), Take)
    assert await count.looks(KEY, Bound.RPM, now=NOON + 3) == (3, 0)


async def test_retry_after_of_a_pace_is_the_truth(count: Counting) -> None:
    for bound in (Bound.RPM, Bound.TPM):
        limit = Limit("org:o", bound, 40)
        for step in range(40):
            await count.take(limit, tokens=1, now=NOON + 120 + step)
        now = NOON + 165.25
        refused = await count.take(limit, tokens=1, now=now)
        assert isinstance(refused, Refusal)
        wait_s = refused.retry_after_s
        assert wait_s is not None
        assert isinstance(await count.take(limit, tokens=1, now=now + wait_s - 0.5), Refusal)
        assert isinstance(await count.take(limit, tokens=1, now=now + wait_s + 0.001), Take)


async def test_standing_says_what_is_left_of_limits_per_minute(count: Counting) -> None:
    limits = (Limit(KEY, Bound.RPM, 10), Limit(KEY, Bound.TPM, 100), total(5))
    await count.take(*limits, tokens=30)
    rpm, tpm = count.counters.standing(limits, NOON)
    assert (rpm.limit, rpm.left, tpm.limit, tpm.left) == (limits[0], 9, limits[1], 70)
    assert rpm.reset_s == pytest.approx(120)
    assert [one.left for one in count.counters.standing([Limit("key:other", Bound.RPM, 7)], NOON)] == [7]


async def test_two_hundred_calls_at_once_get_in_exactly_as_far_as_there_is_room(count: Counting) -> None:
    limits = [Limit(KEY, Bound.DAY, 5_000), Limit("org:o", Bound.CONCURRENCY, 70), Limit("user:u", Bound.RPM, 60)]
    takes = [count.want(*limits, nanos=100) for _ in range(200)]
    refused = await asyncio.gather(*(count.counters.take(take) for take in takes))
    assert sum(one is None for one in refused) == 50
    assert await count.looks(KEY, Bound.DAY) == (0, 5_000)
    assert await count.looks("org:o", Bound.CONCURRENCY) == (50, 0)
    assert await count.looks("user:u", Bound.RPM) == (50, 0)
    inside = [Given(take, 0, 0) for take, one in zip(takes, refused, strict=True) if one is None]
    await count.counters.give(inside)
    assert await count.looks(KEY, Bound.DAY) == (0, 0)
    assert await count.looks("org:o", Bound.CONCURRENCY) == (0, 0)
