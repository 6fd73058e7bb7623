"""/v1/organization/{costs,usage}: the caller's organisation in OpenAI's buckets."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from openhearth.accounts.usage import Usage
from openhearth.core.call import Principal
from openhearth.core.permissions import Role
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.ports import LedgerEntry
from openhearth.stores.sql.usage import SqlUsage
from openhearth.stores.usage_ports import Dimension, Grain, Scope, UsageSum
from openhearth.surfaces.usage.organization import routes
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.usage.made import DAY_S, MIDNIGHT, Store, many, store

START = int(MIDNIGHT) - 3 * DAY_S
ADMIN = Principal("", "user_y", "their admin", role=Role.ADMIN, user_id="user_y", org_id="org_2")
COSTS = "/v1/organization/costs"
COMPLETIONS = "/v1/organization/usage/completions"


class TellingApart(SqlUsage):
    """A store whose rollups tell operations apart, as it answers for one that was asked; what was asked is noted."""

    asked: Scope = Scope()

    @property
    @override
    def dimensions(self) -> tuple[Dimension, ...]:
        return (*(one for one in super().dimensions if one != "operation"), "operation")

    @override
    async def sums(
        self, scope: Scope, start: float, end: float, *, by: Sequence[Dimension], per: Grain, most: int
    ) -> Sequence[UsageSum]:
        self.asked = scope
        plain = msgspec.structs.replace(scope, operations=())
        return await super().sums(plain, start, end, by=by, per=per, most=most)


class Desk:
    def __init__(self, made: Store) -> None:
        self.records = TellingApart(made.records.database)

    async def ask(self, path: str, who: Principal = ADMIN) -> Answer:
        app = asgi.app(routes(Usage(self.records), Gate(Keys(who), Limits()), now=lambda: MIDNIGHT - 1))
        return await ask(app, "GET", path, headers={"authorization": f"Bearer {GOOD_KEY}"})

    async def json(self, path: str) -> Any:
        answer = await self.ask(path)
        assert answer.status == 200, answer.body
        return answer.json()


@pytest.fixture(scope="module")
def entries() -> list[LedgerEntry]:
    return many(200)


@pytest.fixture
async def desk(tmp_path: Path, entries: list[LedgerEntry]) -> AsyncIterator[Desk]:
    async with store(f"sqlite:///{tmp_path / 'usage.db'}") as made:
        await made.records.write_batch(entries, [])
        yield Desk(made)


async def test_costs_are_what_the_organisation_is_charged(desk: Desk, entries: list[LedgerEntry]) -> None:
    page = await desk.json(f"{COSTS}?start_time={START}&group_by[]=line_item")
    assert [one["start_time"] for one in page["data"]] == [START, START + DAY_S, START + 2 * DAY_S]
    assert (page["object"], page["has_more"], page["next_page"]) == ("page", False, None)
    results = [one for bucket in page["data"] for one in bucket["results"]]
    ours = [one for one in entries if one.org_id == "org_2"]
    value = sum(one["amount"]["value"] for one in results)
    assert value == pytest.approx(sum(one.charge_nanos for one in ours) / 10**9)
    assert {one["line_item"] for one in results} == {one.model for one in ours}
    assert {one["project_id"] for one in results} == {None}
    assert results[0]["object"] == "organization.costs.result"


async def test_pages_go_on_and_empty_buckets_are_shown(desk: Desk) -> None:
    path = f"{COSTS}?start_time={START - 2 * DAY_S}&end_time={int(MIDNIGHT)}&limit=3"
    first = await desk.json(path)
    assert [len(one["results"]) for one in first["data"]] == [0, 0, 1]
    assert first["has_more"]
    second = await desk.json(f"{path}&page={first['next_page']}")
    assert [one["start_time"] for one in second["data"]] == [START + DAY_S, START + 2 * DAY_S]
    assert not second["has_more"]


async def test_completions_are_those_of_chat(desk: Desk, entries: list[LedgerEntry]) -> None:
    path = f"{COMPLETIONS}?start_time={START}&bucket_width=1h&limit=168&group_by=model&group_by=api_key_id"
    page = await desk.json(path)
    assert desk.records.asked.operations == ("chat", "complete")
    assert desk.records.asked.orgs == ("org_2",)
    assert len(page["data"]) == 72
    results = [one for bucket in page["data"] for one in bucket["results"]]
    ours = [one for one in entries if one.org_id == "org_2"]
    for name, field in (("input_tokens", "input_tokens"), ("input_cached_tokens", "cached_tokens")):
        assert sum(one[name] for one in results) == sum(getattr(one, field) for one in ours)
    assert sum(one["num_model_requests"] for one in results) == len(ours)
    assert {one["api_key_id"] for one in results} == {"key_d"}
    assert {one["user_id"] for one in results} == {None}
    few = await desk.json(f"{COMPLETIONS}?start_time={START}&models=large&models[]=rare")
    assert desk.records.asked.models == ("large", "rare")
    assert len(few["data"]) == 3


async def test_only_administrators_ask(desk: Desk) -> None:
    for path in (COSTS, COMPLETIONS):
        answer = await desk.ask(f"{path}?start_time=0", Principal("key_1", "key_1", "plain"))
        assert answer.status == 403


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("", "start_time"),
        ("start_time=now", "start_time"),
        ("start_time=5&end_time=5", "start_time"),
        ("start_time=5&bucket_width=1m", "bucket_width"),
        ("start_time=5&group_by=colour", "group_by"),
        ("start_time=5&limit=999", "limit"),
        ("start_time=5&page=next", "page"),
        ("start_time=5&batch=true", "batch"),
    ],
)
async def test_what_is_not_counted_is_refused(desk: Desk, query: str, param: str) -> None:
    answer = await desk.ask(f"{COMPLETIONS}?{query}")
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
