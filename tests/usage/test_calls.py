"""Search among calls finds exactly those that fit, in order, page by page, whatever way it takes."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql import usage_calls
from openhearth.stores.sql.usage_calls import Steps
from openhearth.stores.usage_ports import CallFilter, Place, Scope
from tests.usage.made import DAY_S, MIDNIGHT, PATIENCE_S, Store, call, many, newest_first, store

START = MIDNIGHT - 3 * DAY_S
Fits = Callable[[LedgerEntry], bool]

# What is asked, and the same in Python.
CASES: dict[str, tuple[CallFilter, Fits]] = {
    "all": (CallFilter(START, MIDNIGHT), lambda one: True),
    "some hours": (
        CallFilter(START + 5000.5, START + 90_000),
        lambda one: START + 5000.5 <= one.created_at < START + 90_000,
    ),
    "key": (CallFilter(START, MIDNIGHT, Scope(keys=("key_b",))), lambda one: one.key_id == "key_b"),
    "keys": (
        CallFilter(START, MIDNIGHT, Scope(keys=("key_b", "key_d"))),
        lambda one: one.key_id in ("key_b", "key_d"),
    ),
    "user": (CallFilter(START, MIDNIGHT, Scope(users=("user_y",))), lambda one: one.user_id == "user_y"),
    "project": (CallFilter(START, MIDNIGHT, Scope(projects=("proj_1",))), lambda one: one.project_id == "proj_1"),
    "no project": (CallFilter(START, MIDNIGHT, Scope(projects=("",))), lambda one: not one.project_id),
    "organisation": (CallFilter(START, MIDNIGHT, Scope(orgs=("org_2",))), lambda one: one.org_id == "org_2"),
    "model": (CallFilter(START, MIDNIGHT, Scope(models=("large",))), lambda one: one.model == "large"),
    "model by beginning": (
        CallFilter(START, MIDNIGHT, Scope(models=("large*", "rare"))),
        lambda one: one.model.startswith("large") or one.model == "rare",
    ),
    "no such model": (CallFilter(START, MIDNIGHT, Scope(models=("large%*",))), lambda one: False),
    "target": (CallFilter(START, MIDNIGHT, Scope(targets=("target_2",))), lambda one: one.target_id == "target_2"),
    "operation": (CallFilter(START, MIDNIGHT, Scope(operations=("embed",))), lambda one: one.operation == "embed"),
    "key and model": (
        CallFilter(START, MIDNIGHT, Scope(keys=("key_a",), models=("rare",))),
        lambda one: one.key_id == "key_a" and one.model == "rare",
    ),
    "failed": (CallFilter(START, MIDNIGHT, failed=True), lambda one: one.outcome != "ok"),
    "not failed": (CallFilter(START, MIDNIGHT, failed=False), lambda one: one.outcome == "ok"),
    "outcome": (CallFilter(START, MIDNIGHT, outcomes=("timeout",)), lambda one: one.outcome == "timeout"),
    "outcomes": (
        CallFilter(START, MIDNIGHT, outcomes=("timeout", "ok")),
        lambda one: one.outcome in ("timeout", "ok"),
    ),
    "error": (CallFilter(START, MIDNIGHT, error_code="upstream_down"), lambda one: one.error_code == "upstream_down"),
    "failed of an organisation": (
        CallFilter(START, MIDNIGHT, Scope(orgs=("org_2",)), failed=True),
        lambda one: one.org_id == "org_2" and one.outcome != "ok",
    ),
    "stream": (CallFilter(START, MIDNIGHT, stream=True), lambda one: one.stream),
    "amount": (
        CallFilter(START, MIDNIGHT, least_nanos=2_100, most_nanos=2_250),
        lambda one: 2_100 <= one.charge_nanos <= 2_250,
    ),
    "id": (CallFilter(START, MIDNIGHT, effect="call_000123"), lambda one: one.effect == "call_000123"),
    "id of another's": (
        CallFilter(START, MIDNIGHT, Scope(orgs=("org_none",)), effect="call_000123"),
        lambda one: False,
    ),
}


# The usual steps, and so small ones that 300 calls take as many as millions do otherwise.
STEPS = {"usual": Steps(), "small": Steps(first_slice=3, slice=7, hour_rows=3, keys=2)}


@pytest.fixture(scope="module")
def entries() -> list[LedgerEntry]:
    return many(300)


@pytest.fixture(params=STEPS)
async def made(request: pytest.FixtureRequest, url: str, entries: list[LedgerEntry]) -> AsyncIterator[Store]:
    async with store(url, STEPS[request.param]) as made:
        await made.records.write_batch(entries, [])
        yield made


async def _all(made: Store, wanted: CallFilter, limit: int, within_s: float = PATIENCE_S) -> list[LedgerEntry]:
    found: list[LedgerEntry] = []
    place: Place | None = None
    for _ in range(10_000):
        page = await made.usage.calls(wanted, limit, place, within_s=within_s)
        assert len(page.calls) <= limit
        found.extend(page.calls)
        place = page.next
        if place is None:
            return found
    raise AssertionError("the pages do not end")


async def test_finds_what_fits_newest_first_and_counts_it(made: Store, entries: list[LedgerEntry]) -> None:
    for name, (wanted, fits) in CASES.items():
        expected = [one for one in newest_first(entries) if fits(one)]
        assert await _all(made, wanted, 1000) == expected, name
        counted = await made.usage.count_calls(wanted, 10_000, within_s=PATIENCE_S)
        assert (counted.count, counted.exact) == (len(expected), True), name


async def test_pages_join_without_gap_or_double(made: Store, entries: list[LedgerEntry]) -> None:
    for name, (wanted, fits) in CASES.items():
        expected = [one for one in newest_first(entries) if fits(one)]
        assert await _all(made, wanted, 37) == expected, name


async def test_a_search_without_time_still_gets_on_and_misses_nothing(made: Store, entries: list[LedgerEntry]) -> None:
    for name in ("all", "user", "key and model", "failed", "amount"):
        wanted, fits = CASES[name]
        assert await _all(made, wanted, 50, within_s=0.0) == [one for one in newest_first(entries) if fits(one)], name


async def test_pages_by_number_skip(made: Store, entries: list[LedgerEntry]) -> None:
    wanted, fits = CASES["user"]
    expected = [one for one in newest_first(entries) if fits(one)]
    page = await made.usage.calls(wanted, 20, skip=40, within_s=PATIENCE_S)
    assert page.calls == expected[40:60]
    rest = await made.usage.calls(wanted, 1000, page.next, within_s=PATIENCE_S)
    assert rest.calls == expected[60:]


async def test_a_count_stops_where_it_was_told_to(made: Store) -> None:
    counted = await made.usage.count_calls(CASES["all"][0], 100, within_s=PATIENCE_S)
    assert (counted.count, counted.exact) == (100, False)


async def test_calls_of_one_moment_are_more_than_a_step(url: str) -> None:
    together = [call(number, MIDNIGHT - 5.25) for number in range(40)]
    async with store(url, STEPS["small"]) as made:
        await made.records.write_batch([*together, call(99, MIDNIGHT - 9.0)], [])
        found = await _all(made, CallFilter(0.0, MIDNIGHT), 6)
    assert [one.effect for one in found] == [f"call_{number:06d}" for number in (*range(39, -1, -1), 99)]


async def test_every_search_takes_an_index(tmp_path: Path) -> None:
    """No search reads the ledger from one end to the other; an hour's or slice's time always bounds it."""
    async with store(f"sqlite:///{tmp_path / 'usage.db'}") as made:
        await made.records.write_batch(many(200), [])
        plans = await made.records.database.read(_plans, [wanted for wanted, _ in CASES.values()])
    assert len(plans) > len(CASES)
    assert [plan for plan in plans if plan.startswith("SCAN ledger") and "INDEX" not in plan] == []
    for index in ("created_at", "key_id_created_at", "failed", "error"):
        assert any(
            f"USING INDEX ix_ledger_{index}" in plan or f"COVERING INDEX ix_ledger_{index}" in plan for plan in plans
        )


def _plans(connection: Connection, searches: list[CallFilter]) -> list[str]:
    plans: list[str] = []
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        if "FROM ledger" in statement and not statement.startswith("EXPLAIN"):
            asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    for wanted in searches:
        usage_calls.calls(connection, wanted, usage_calls.Search(50, None, 0, lambda: False))
    for statement, parameters in asked:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        plans.extend(str(row[3]) for row in rows)
    return plans
