"""Sums by hour, day and name are what adding up the calls gives, from hours and from days that were folded."""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from openhearth.accounts.usage import OTHER, Usage
from openhearth.core.errors import RequestError
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.usage_ports import SUMMED, CallFilter, Dimension, Grain, Scope, UsageSum
from tests.usage.made import DAY_S, MIDNIGHT, Store, call, many, store

START = MIDNIGHT - 3 * DAY_S
_UNIT = {"hour": 3600, "day": DAY_S}
_FIELDS: dict[Dimension, str] = {
    "key": "key_id",
    "user": "user_id",
    "project": "project_id",
    "org": "org_id",
    "model": "model",
    "target": "target_id",
}
SCOPES: dict[str, tuple[Scope, Callable[[LedgerEntry], bool]]] = {
    "all": (Scope(), lambda one: True),
    "user": (Scope(users=("user_y",)), lambda one: one.user_id == "user_y"),
    "organisation": (Scope(orgs=("org_2",)), lambda one: one.org_id == "org_2"),
    "models": (Scope(models=("large*",)), lambda one: one.model.startswith("large")),
    "key and target": (
        Scope(keys=("key_a", "key_b"), targets=("target_2",)),
        lambda one: one.key_id in ("key_a", "key_b") and one.target_id == "target_2",
    ),
    "no project": (Scope(projects=("",)), lambda one: not one.project_id),
    "nobody": (Scope(users=("user_z",)), lambda one: False),
}
PERIODS = ((START, MIDNIGHT), (START + 5 * 3600, MIDNIGHT - 7 * 3600), (START + 100, START + 200), (0.0, START))
BY: tuple[tuple[Dimension, ...], ...] = ((), ("model",), ("org",), ("key", "target"), ("project",))


def added(
    entries: Sequence[LedgerEntry], start: float, end: float, by: Sequence[Dimension], per: Grain
) -> list[UsageSum]:
    """What ``sums`` must give: whole hours are counted."""
    low, high = start // 3600 * 3600, -(-end // 3600) * 3600
    sums: dict[tuple[object, ...], list[int]] = {}
    for one in entries:
        if low <= one.created_at < high:
            bucket = 0 if per == "all" else int(one.created_at) // _UNIT[per] * _UNIT[per]
            row = sums.setdefault((bucket, *(getattr(one, _FIELDS[name]) for name in by)), [0] * len(SUMMED))
            numbers = [1, one.outcome != "ok", *(getattr(one, name) for name in SUMMED[2:])]
            row[:] = [int(a) + int(b) for a, b in zip(row, numbers, strict=True)]
    return [UsageSum(key[0], key[1:], *sums[key]) for key in sorted(sums)]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def entries() -> list[LedgerEntry]:
    return many(300)


@pytest.fixture
async def made(url: str, entries: list[LedgerEntry]) -> AsyncIterator[Store]:
    async with store(url) as made:
        await made.records.write_batch(entries, [])
        yield made


@pytest.mark.parametrize("folded", [0, 2])
async def test_sums_are_those_of_the_calls(made: Store, entries: list[LedgerEntry], folded: int) -> None:
    if folded:
        assert await made.usage.fold_days(MIDNIGHT - (3 - folded) * DAY_S + 1, 0) == folded
    for name, (scope, fits) in SCOPES.items():
        some = [one for one in entries if fits(one)]
        for start, end in PERIODS:
            for by in BY:
                for per in ("hour", "day", "all"):
                    found = await made.usage.sums(scope, start, end, by=by, per=per, most=10_000)
                    assert found == added(some, start, end, by, per), (name, start, end, by, per)


async def test_a_day_that_has_grown_is_added_up_anew(made: Store, entries: list[LedgerEntry]) -> None:
    now = MIDNIGHT + 100
    assert await made.usage.fold_days(now, 0) == 3
    assert await made.usage.fold_days(now, 0) == 0
    late = [call(9001, START + 10), call(9002, MIDNIGHT + 10)]
    await made.records.write_batch(late, [])
    assert await made.usage.fold_days(now, 2) == 0
    assert await made.usage.fold_days(now, 3) == 1
    found = await made.usage.sums(Scope(), START, MIDNIGHT + DAY_S, by=("model",), per="day", most=1000)
    assert found == added([*entries, *late], START, MIDNIGHT + DAY_S, ("model",), "day")


async def test_more_sums_than_asked_for_are_told_by_one_more(made: Store) -> None:
    assert len(await made.usage.sums(Scope(), START, MIDNIGHT, by=("model",), per="hour", most=5)) == 6


@pytest.mark.parametrize("by", [("model",), ("model", "key")])
async def test_a_series_shows_the_greatest_and_sums_up_the_rest(
    made: Store, entries: list[LedgerEntry], by: tuple[Dimension, ...]
) -> None:
    usage = Usage(made.usage)
    found = await usage.series(Scope(), START, MIDNIGHT, "day", by, top=1)
    greatest = (await usage.totals(Scope(), START, MIDNIGHT, by))[0].names
    assert {one.names for one in found} == {greatest, (OTHER,) * len(by)}
    exact = added(entries, START, MIDNIGHT, by, "day")
    assert [one for one in found if one.names == greatest] == [one for one in exact if one.names == greatest]
    for name in SUMMED:
        for start in {one.start for one in exact}:
            whole = sum(getattr(one, name) for one in exact if one.start == start)
            assert sum(getattr(one, name) for one in found if one.start == start) == whole


async def test_totals_are_greatest_first_in_what_is_asked(made: Store) -> None:
    usage = Usage(made.usage)
    by_charge = await usage.totals(Scope(), START, MIDNIGHT, ("key",))
    assert [one.charge_nanos for one in by_charge] == sorted((one.charge_nanos for one in by_charge), reverse=True)
    by_failures = await usage.totals(Scope(), START, MIDNIGHT, ("key",), order="failures")
    assert [one.failures for one in by_failures] == sorted((one.failures for one in by_charge), reverse=True)
    total = await usage.total(Scope(), START, MIDNIGHT)
    assert total.charge_nanos == sum(one.charge_nanos for one in by_charge)
    assert (await usage.total(Scope(users=("user_z",)), START, MIDNIGHT)) == UsageSum(0)


async def test_pages_by_number_end_somewhere(made: Store) -> None:
    with pytest.raises(RequestError):
        await Usage(made.usage).calls(CallFilter(START, MIDNIGHT), 10, skip=10_001)


async def test_who_is_signed_in_and_calls_without_a_key_counts_for_oneself(url: str) -> None:
    both = [
        call(1, START + 5, key_id="", user_id="user_a", org_id="org_a"),
        call(2, START + 6, key_id="", user_id="user_b", org_id="org_b"),
    ]
    async with store(url) as made:
        await made.records.write_batch(both, [])
        for _ in range(2):
            for per in ("hour", "day", "all"):
                for one in both:
                    for scope in (Scope(users=(one.user_id,)), Scope(orgs=(one.org_id,))):
                        found = await made.usage.sums(scope, START, MIDNIGHT, by=("user", "org"), per=per, most=9)
                        assert found == added([one], START, MIDNIGHT, ("user", "org"), per)
            await made.usage.fold_days(MIDNIGHT + 1, 0)
        page = await made.usage.calls(CallFilter(START, MIDNIGHT, Scope(users=("user_b",))), 9, within_s=60.0)
        assert [one.effect for one in page.calls] == [both[1].effect]
