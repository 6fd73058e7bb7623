"""/v1/usage and /admin/v1/{usage,logs}: who sees what, page by page, as JSON and as files."""

import csv
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from openhearth.accounts.usage import Usage
from openhearth.core.call import Principal
from openhearth.core.permissions import Role
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.ports import LedgerEntry
from openhearth.surfaces.usage.routes import routes
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.usage.made import DAY_S, MIDNIGHT, PATIENCE_S, Store, call, many, newest_first, store
from tests.usage.parquet_reader import read

START = MIDNIGHT - 3 * DAY_S
TIME = f"from={START:.0f}&to={MIDNIGHT:.0f}"
ADMIN_PATHS = ("/admin/v1/usage", "/admin/v1/usage/series", "/admin/v1/logs", "/admin/v1/logs/count")
OWN_PATHS = ("/v1/usage", "/v1/usage/series", "/v1/usage/calls")

KEY = Principal("key_b", "key_b", "plain key", user_id="user_x")
MEMBER = Principal("", "user_x", "member", role=Role.MEMBER, user_id="user_x")
TENANT = Principal("", "user_y", "their admin", role=Role.ADMIN, user_id="user_y", org_id="org_2")
OPERATOR = Principal("", "user_z", "our admin", role=Role.ADMIN, user_id="user_z")


class Desk:
    def __init__(self, made: Store) -> None:
        self._usage = Usage(made.usage, within_s=PATIENCE_S)

    async def ask(self, path: str, who: Principal = OPERATOR, *, key: str = GOOD_KEY) -> Answer:
        app = asgi.app(routes(self._usage, Gate(Keys(who), Limits())))
        return await ask(app, "GET", path, headers={"authorization": f"Bearer {key}"} if key else {})

    async def json(self, path: str, who: Principal = OPERATOR) -> Any:
        answer = await self.ask(path, who)
        assert answer.status == 200, answer.body
        return answer.json()

    async def calls(self, path: str, who: Principal = OPERATOR) -> list[str]:
        """The ids of all pages."""
        found: list[str] = []
        page = await self.json(path, who)
        while True:
            found += [one["id"] for one in page["data"]]
            assert page["has_more"] == (page["next"] is not None)
            if not page["has_more"]:
                return found
            page = await self.json(f"{path}&cursor={page['next']}", who)


@pytest.fixture(scope="module")
def entries() -> list[LedgerEntry]:
    return many(200)


@pytest.fixture
async def desk(tmp_path: Path, entries: list[LedgerEntry]) -> AsyncIterator[Desk]:
    async with store(f"sqlite:///{tmp_path / 'usage.db'}") as made:
        await made.records.write_batch(entries, [])
        yield Desk(made)


@pytest.mark.parametrize("path", ADMIN_PATHS)
async def test_only_administrators_see_others(desk: Desk, path: str) -> None:
    for who in (KEY, MEMBER):
        answer = await desk.ask(path, who)
        assert (answer.status, answer.json()["error"]["code"]) == (403, "not_an_admin")
    assert (await desk.ask(path, key="")).status == 401


@pytest.mark.parametrize("path", OWN_PATHS)
async def test_everybody_sees_their_own(desk: Desk, path: str) -> None:
    assert (await desk.ask(path, key="")).status == 401
    assert (await desk.ask(f"{path}?{TIME}", KEY)).status == 200


async def test_who_sees_which_calls(desk: Desk, entries: list[LedgerEntry]) -> None:
    seen: tuple[tuple[str, Principal, Callable[[LedgerEntry], bool]], ...] = (
        ("/v1/usage/calls?limit=30", KEY, lambda one: one.key_id == "key_b"),
        ("/v1/usage/calls?limit=30", MEMBER, lambda one: one.user_id == "user_x"),
        ("/v1/usage/calls?limit=30&user=user_y&key=key_c", MEMBER, lambda one: False),
        ("/v1/usage/calls?limit=30&key=key_a", KEY, lambda one: False),
        ("/v1/usage/calls?limit=30&key=key_a", MEMBER, lambda one: one.key_id == "key_a"),
        ("/admin/v1/logs?limit=30", TENANT, lambda one: one.org_id == "org_2"),
        ("/admin/v1/logs?limit=30&org=org_default", TENANT, lambda one: False),
        ("/admin/v1/logs?limit=30&org=org_2&org=org_default", TENANT, lambda one: one.org_id == "org_2"),
        ("/admin/v1/logs?limit=30", OPERATOR, lambda one: True),
        (
            "/admin/v1/logs?limit=30&org=org_2&failed=true",
            OPERATOR,
            lambda one: one.org_id == "org_2" and one.outcome != "ok",
        ),
    )
    for path, who, fits in seen:
        expected = [one.effect for one in newest_first(entries) if fits(one)]
        assert await desk.calls(path, who) == expected, path


async def test_the_purchase_side_is_the_operators(desk: Desk) -> None:
    for path in ("/admin/v1/logs?limit=1", f"/admin/v1/usage?by=model&{TIME}", f"/admin/v1/usage/series?{TIME}"):
        (row, *_) = (await desk.json(path, OPERATOR))["data"]
        assert "cost_nanos" in row
        (row, *_) = (await desk.json(path, TENANT))["data"]
        assert not {"cost_nanos", "target_id", "reserved_nanos"} & row.keys()
    for path in ("/admin/v1/usage?by=target", "/admin/v1/logs?target=target_1", "/admin/v1/usage?order=cost_nanos"):
        assert (await desk.ask(path, OPERATOR)).status == 200
        assert (await desk.ask(path, TENANT)).status == 400


async def test_totals_and_series_add_up(desk: Desk, entries: list[LedgerEntry]) -> None:
    totals = await desk.json(f"/admin/v1/usage?by=model,key&{TIME}")
    assert totals["total"]["calls"] == sum(one["calls"] for one in totals["data"]) == 200
    assert totals["total"]["charge_nanos"] == sum(one.charge_nanos for one in entries)
    charges = [one["charge_nanos"] for one in totals["data"]]
    assert charges == sorted(charges, reverse=True)
    assert (totals["from"], totals["to"]) == (START, MIDNIGHT)
    short = await desk.json(f"/admin/v1/usage?by=model&limit=1&{TIME}")
    assert (len(short["data"]), short["has_more"]) == (1, True)
    series = await desk.json(f"/admin/v1/usage/series?by=model&top=1&per=hour&{TIME}")
    assert sum(one["calls"] for one in series["data"]) == 200
    assert {one["model"] for one in series["data"]} == {"small", "(other)"}
    own = await desk.json(f"/v1/usage?{TIME}", KEY)
    assert own["total"]["calls"] == sum(one.key_id == "key_b" for one in entries)
    assert (await desk.json("/admin/v1/usage?from=2020-01-01&to=2020-01-02"))["total"]["calls"] == 0


async def test_counting(desk: Desk) -> None:
    assert await desk.json("/admin/v1/logs/count") == {"object": "count", "count": 200, "exact": True}
    assert (await desk.json("/admin/v1/logs/count?model=rar*"))["count"] < 200


async def test_files_hold_all_calls(desk: Desk, entries: list[LedgerEntry]) -> None:
    ids = [one.effect for one in newest_first(entries)]
    answer = await desk.ask("/admin/v1/logs?format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="calls.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["id"] for row in rows] == ids
    answer = await desk.ask("/admin/v1/logs?format=parquet&org=org_2", TENANT)
    columns, calls = read(answer.body)
    assert [row["id"] for row in calls] == [one.effect for one in newest_first(entries) if one.org_id == "org_2"]
    assert b"cost_nanos" not in [column[4] for column in columns]
    sums = await desk.ask(f"/v1/usage?format=csv&by=model&{TIME}", MEMBER)
    assert sums.body.startswith(b"model,calls,failures,")
    _, series = read((await desk.ask(f"/admin/v1/usage/series?format=parquet&{TIME}")).body)
    assert sum(row["calls"] for row in series) == 200


async def test_the_name_of_a_model_is_no_formula_in_a_file(tmp_path: Path) -> None:
    async with store(f"sqlite:///{tmp_path / 'usage.db'}") as made:
        await made.records.write_batch([call(1, MIDNIGHT, model="=HYPERLINK(1)")], [])
        answer = await Desk(made).ask("/admin/v1/logs?format=csv")
    assert b",'=HYPERLINK(1)," in answer.body


@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/admin/v1/logs?colour=red", "colour"),
        ("/admin/v1/logs?from=yesterday", "from"),
        ("/admin/v1/logs?from=-5", "from"),
        ("/admin/v1/logs?from=9999999999999", "from"),
        ("/admin/v1/logs?stream=yes", "stream"),
        ("/admin/v1/logs?outcome=good", "outcome"),
        ("/admin/v1/logs?min_micros=-1", "min_micros"),
        ("/admin/v1/logs?limit=0", "limit"),
        ("/admin/v1/logs?limit=1001", "limit"),
        ("/admin/v1/logs?cursor=abc", "cursor"),
        ("/admin/v1/logs?format=xls", "format"),
        ("/admin/v1/logs?id=a&id=b", "id"),
        (f"/admin/v1/logs?model={'m' * 257}", "model"),
        ("/admin/v1/logs/count?limit=5", "limit"),
        ("/admin/v1/usage?from=2026-01-02&to=2026-01-01", "from"),
        ("/admin/v1/usage?by=colour", "by"),
        ("/admin/v1/usage?by=model,key,user,org", "by"),
        ("/admin/v1/usage?order=beauty", "order"),
        ("/admin/v1/usage/series?per=week", "per"),
        ("/admin/v1/usage/series?per=hour&from=2026-01-01&to=2026-03-01", "per"),
        ("/admin/v1/usage/series?top=101", "top"),
        ("/admin/v1/usage?from=2026-01-01&from=2025-01-01", "from"),
        ("/admin/v1/usage?from=20261301", "from"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(desk: Desk, path: str, param: str) -> None:
    answer = await desk.ask(path)
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


async def test_times_are_seconds_or_iso(desk: Desk) -> None:
    whole = await desk.json(f"/admin/v1/logs/count?from={START:.0f}")
    for text in ("2025-11-19", "20251119", "2025-11-19T08:00+08:00", "2025-11-19T00:00:00Z"):
        assert await desk.json(f"/admin/v1/logs/count?from={text}") == whole
