"""Letting go of old calls and hours changes no balance, no spend and no sum, in whatever order it happens."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, update
from typing_extensions import override

from openhearth.accounts.usage import Keeper
from openhearth.config import UsageKeeping
from openhearth.stores.ports import LedgerEntry, Posting
from openhearth.stores.sql.usage import SqlUsage
from openhearth.stores.sql.usage_folding import OPENING
from openhearth.stores.sql.usage_tables import FOLDED_CALLS
from openhearth.stores.usage_ports import CallFilter, Scope, UsageSum
from tests.usage.made import DAY_S, MIDNIGHT, PATIENCE_S, Store, call, many, newest_first, store

DAYS = 40
NOW = MIDNIGHT
START = MIDNIGHT - DAYS * DAY_S


async def check(made: Store) -> None:
    """Postings sum to zero, balances are their sums, spend and hours follow from calls that are there and were."""
    assert await made.records.check_ledger() == []


async def _sums(made: Store) -> Sequence[UsageSum]:
    await made.usage.fold_days(NOW, 0)
    return await made.usage.sums(Scope(), START, NOW, by=("key", "model"), per="day", most=100_000)


async def test_a_sum_that_went_wrong_is_found_also_after_folding(url: str) -> None:
    async with store(url) as made:
        await made.records.write_batch(many(30, days=DAYS), [])
        await made.usage.fold_calls(NOW, 20)
        await check(made)
        await made.records.database.write(_spoil)
        assert len(await made.records.check_ledger()) > 1


async def test_the_policy_keeps_what_it_says_and_every_sum(url: str) -> None:
    entries = many(300, days=DAYS)
    async with store(url) as made:
        await made.records.write_batch(entries, [])
        top_up = [Posting("topup_1", "user:user_x", 5, START), Posting("topup_1", "funding", -5, START)]
        assert await made.records.post(top_up)
        before = await _sums(made)
        balances = {name: await made.records.balance(name) for name in ("user:user_x", "target:target_1", "margin")}
        policy = UsageKeeping(keep_days=10, keep_hours_days=5)
        await Keeper(made.usage, policy, now=lambda: NOW, batch_rows=16, pause_s=0.0).keep()
        await check(made)
        assert await _sums(made) == before
        for name, nanos in balances.items():
            assert await made.records.balance(name) == nanos
        left = await made.usage.calls(CallFilter(0.0, NOW), 1000, within_s=PATIENCE_S)
        assert {one.effect for one in left.calls} == {
            one.effect for one in entries if one.created_at >= NOW - 10 * DAY_S
        }
        hours = await made.usage.sums(Scope(), START, NOW, by=(), per="hour", most=100_000)
        assert min(one.start for one in hours) >= NOW - 5 * DAY_S
        opening = await made.records.postings(OPENING)
        assert len({one.account for one in opening}) == len(opening) > 3
        assert len(await made.records.postings("topup_1")) == 2
        assert sum(one.nanos for one in opening) == 0


async def test_nothing_goes_unless_the_policy_says_so(url: str) -> None:
    async with store(url) as made:
        await made.records.write_batch(many(50, days=DAYS), [])
        await Keeper(made.usage, UsageKeeping(), now=lambda: NOW + 4000 * DAY_S, pause_s=0.0).keep()
        assert len((await made.usage.calls(CallFilter(0.0, NOW), 1000, within_s=PATIENCE_S)).calls) == 50
        hours = await made.usage.sums(Scope(), START, NOW, by=(), per="hour", most=100_000)
        assert sum(one.calls for one in hours) == 50
        await check(made)


async def test_a_call_that_is_settled_after_its_day_was_let_go_counts(url: str) -> None:
    keeper_days = UsageKeeping(keep_days=1, keep_hours_days=1)
    async with store(url) as made:
        keeper = Keeper(made.usage, keeper_days, now=lambda: NOW, pause_s=0.0)
        await made.records.write_batch([call(1, START + 5), call(2, START + 6, key_id="key_b")], [])
        await keeper.keep()
        await made.records.write_batch([call(3, START + 7)], [])
        await check(made)
        await keeper.keep()
        await check(made)
        (whole,) = await made.usage.sums(Scope(), START, NOW, by=(), per="day", most=10)
        assert (whole.calls, whole.charge_nanos) == (3, 6_006)
        by_key = await made.usage.sums(Scope(), START, NOW, by=("key",), per="all", most=10)
        assert [(one.names, one.calls) for one in by_key] == [(("key_a",), 2), (("key_b",), 1)]


async def test_processes_that_fold_at_once_add_nothing_twice(url: str) -> None:
    async with store(url) as made, store(url) as other:
        await made.records.write_batch(many(300, days=DAYS), [])
        before = await made.usage.sums(Scope(), START, NOW, by=("key", "model"), per="day", most=100_000)
        await asyncio.gather(*(one.usage.fold_days(NOW, 0) for one in (made, other)))
        assert await made.usage.sums(Scope(), START, NOW, by=("key", "model"), per="day", most=100_000) == before
        gone = await asyncio.gather(*(one.usage.fold_calls(NOW, 40) for one in (made, other, made, other)))
        assert gone == [40] * 4
        await check(made)
        await asyncio.gather(*(one.usage.fold_hours(NOW) for one in (made, other, made, other)))
        assert await made.usage.sums(Scope(), START, NOW, by=("key", "model"), per="day", most=100_000) == before
        await check(made)


async def test_hours_may_go_before_the_calls_they_lead_to(url: str) -> None:
    """The log still finds what is asked, and sums find models by how their names begin."""
    entries = many(200, days=DAYS)
    async with store(url) as made:
        await made.records.write_batch(entries, [])
        await Keeper(made.usage, UsageKeeping(keep_hours_days=5), now=lambda: NOW, pause_s=0.0).keep()
        asked = {
            "user": (Scope(users=("user_y",)), None),
            "model": (Scope(models=("lar*",)), None),
            "failed": (Scope(targets=("target_2",)), True),
        }
        for name, (scope, failed) in asked.items():
            found = await made.usage.calls(CallFilter(0.0, NOW, scope, failed=failed), 1000, within_s=PATIENCE_S)
            wanted = [one for one in newest_first(entries) if _fits(name, one)]
            assert list(found.calls) == wanted, name
            counted = await made.usage.count_calls(
                CallFilter(0.0, NOW, scope, failed=failed), 1000, within_s=PATIENCE_S
            )
            assert (counted.count, counted.exact) == (len(wanted), True)
        (whole,) = await made.usage.sums(Scope(models=("lar*",)), START, NOW - 6 * DAY_S, by=(), per="all", most=9)
        assert whole.calls == sum(one.model.startswith("lar") and one.created_at < NOW - 6 * DAY_S for one in entries)


def _fits(name: str, one: LedgerEntry) -> bool:
    return {
        "user": one.user_id == "user_y",
        "model": one.model.startswith("lar"),
        "failed": one.target_id == "target_2" and one.outcome != "ok",
    }[name]


_STEP = st.one_of(
    st.tuples(st.just("write"), st.lists(st.tuples(st.integers(0, DAYS * 24), st.integers(0, 5)), max_size=6)),
    st.tuples(st.just("calls"), st.tuples(st.integers(0, DAYS + 2), st.integers(1, 5))),
    st.tuples(st.just("windows"), st.integers(0, DAYS + 40)),
    st.tuples(st.just("days"), st.integers(0, 3)),
    st.tuples(st.just("hours"), st.integers(0, DAYS)),
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(_STEP, max_size=14))
def test_any_order_of_writing_and_letting_go_leaves_every_sum_true(
    fresh_url: Callable[[], str], steps: list[tuple[str, Any]]
) -> None:
    asyncio.run(_run(fresh_url(), steps))


async def _run(url: str, steps: list[tuple[str, Any]]) -> None:
    written: list[LedgerEntry] = []
    async with store(url) as made:
        for name, asked in steps:
            await _step(made, name, asked, written)
            await check(made)
        await made.usage.fold_days(NOW + DAY_S, 0)
        while await made.usage.fold_hours(NOW - 3 * DAY_S):
            pass
        found = await made.usage.sums(Scope(), START, NOW + DAY_S, by=(), per="all", most=10)
        total = found[0] if found else UsageSum(0)
        assert total.calls == len(written)
        assert total.charge_nanos == sum(one.charge_nanos for one in written)
        await check(made)


async def _step(made: Store, name: str, asked: Any, written: list[LedgerEntry]) -> None:
    if name == "write":
        new = [
            call(len(written) + place, START + hour * 3600, key_id=f"key_{kind}", outcome="ok" if kind else "failed")
            for place, (hour, kind) in enumerate(asked)
        ]
        written += new
        await made.records.write_batch(new, [])
    elif name == "calls":
        day, limit = asked
        await made.usage.fold_calls(START + day * DAY_S, limit)
    elif name == "windows":
        await made.usage.close_windows(START + asked * DAY_S)
    elif name == "days":
        await made.usage.fold_days(NOW, asked)
    else:
        await made.usage.fold_hours(START + asked * DAY_S)


class _Failing(SqlUsage):
    """Fails the first time that days are to be folded."""

    rounds: list[int]

    @override
    async def fold_days(self, now: float, days: int) -> int:
        self.rounds.append(days)
        if len(self.rounds) == 1:
            raise RuntimeError("the disk is full")
        return await super().fold_days(now, days)


async def test_a_round_that_fails_is_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with store(f"sqlite:///{tmp_path / 'usage.db'}") as made:
        await made.records.write_batch(many(20, days=DAYS), [])
        records = _Failing(made.records.database)
        records.rounds = []
        keeper = Keeper(records, UsageKeeping(), now=lambda: NOW, pause_s=0.0)
        keeping = asyncio.create_task(keeper.keep_on(0.001))
        async with asyncio.timeout(PATIENCE_S):
            while len(records.rounds) < 3:
                await asyncio.sleep(0.001)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    # All days at the start; the last three from then on, until the next day.
    assert records.rounds[:3] == [0, 3, 3]
    assert "the disk is full" in caplog.text


def _spoil(connection: Connection) -> None:
    connection.execute(update(FOLDED_CALLS).values(amount=FOLDED_CALLS.c.amount + 1))
