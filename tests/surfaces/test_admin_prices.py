"""/admin/v1/prices: who may, what it shows, what it refuses."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from openhearth.accounts.prices import Prices
from openhearth.config import Limits as Sizes
from openhearth.core.call import Principal
from openhearth.core.permissions import Role
from openhearth.core.provider import Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces.admin.prices import routes
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask

TARGET = Target("target_1", Provider("p", "P", "https://p.test/v1"), Origin("https", "p.test", 443), "/v1", "m")
RATES = {"input_micros_per_mtok": 2_500_000, "output_micros_per_mtok": 10_000_000}
ROUTES = [
    ("GET", "/admin/v1/prices"),
    ("POST", "/admin/v1/prices"),
    ("POST", "/admin/v1/prices/import"),
    ("GET", "/admin/v1/prices/history"),
    ("GET", "/admin/v1/prices/1"),
]


class Desk:
    def __init__(self, records: SqlRecords) -> None:
        self.prices = Prices(records)

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str = GOOD_KEY, admin: bool = True
    ) -> Answer:
        gate = Gate(Keys(Principal("key_1", "owner_1", "test", role=Role.ROOT if admin else Role.KEY)), Limits())
        app = asgi.app(routes(self.prices, gate, lambda: [TARGET], Sizes()))
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
        return await ask(
            app, method, path, headers=headers, body=msgspec.json.encode(body) if body is not None else b""
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    yield Desk(records)
    await records.close()


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_administrators_get_anything(desk: Desk, method: str, path: str) -> None:
    body = {"model": "m", "rates": RATES} if method == "POST" else None
    plain = await desk.ask(method, path, body, admin=False)
    assert (plain.status, plain.json()["error"]["code"]) == (403, "not_an_admin")
    nobody = await desk.ask(method, path, body, key="")
    assert (nobody.status, nobody.json()["error"]["code"]) == (401, "missing_api_key")
    assert desk.prices.in_force() == []


def test_no_route_is_left_out(desk: Desk) -> None:
    made = routes(desk.prices, Gate(Keys(), Limits()), lambda: [], Sizes())
    there = {(method, route.path) for route in made for method in route.methods or () if method != "HEAD"}  # type: ignore[attr-defined]
    assert there == {
        (method, path.replace("/1", "/{version}") if path.endswith("/1") else path) for method, path in ROUTES
    }


async def test_a_price_is_set_listed_and_found_by_its_version(desk: Desk) -> None:
    made = await desk.ask("POST", "/admin/v1/prices", {"model": "gpt-4o", "rates": RATES, "note": "ours"})
    assert made.status == 201
    row = made.json()
    assert (row["model"], row["rates"], row["changed_by"], row["source"]) == ("gpt-4o", RATES, "key_1", "operator")
    assert (await desk.ask("GET", "/admin/v1/prices")).json()["data"] == [row]
    assert (await desk.ask("GET", f"/admin/v1/prices/{row['version']}")).json() == row
    missing = await desk.ask("GET", "/admin/v1/prices/99999999999999999999")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "price_not_found")


async def test_a_list_can_be_narrowed(desk: Desk) -> None:
    for body in (
        {"model": "gpt-4o*", "rates": RATES},
        {"model": "gpt-4o", "rates": RATES, "provider": "openai"},
        {"model": "other", "rates": RATES, "target_id": "target_1"},
    ):
        assert (await desk.ask("POST", "/admin/v1/prices", body)).status == 201

    async def names(query: str) -> list[str]:
        return [row["model"] for row in (await desk.ask("GET", f"/admin/v1/prices?{query}")).json()["data"]]

    assert await names("model=GPT-4o") == ["gpt-4o", "gpt-4o*"]
    assert await names("model=gpt-4o-mini") == ["gpt-4o*"]
    assert await names("provider=openai") == ["gpt-4o"]
    assert await names("target=target_1") == ["other"]


async def test_history_shows_what_was_in_pages(desk: Desk) -> None:
    for micros in (1, 2, 3):
        await desk.ask("POST", "/admin/v1/prices", {"model": "m", "rates": {"request_micros": micros}})
    await desk.ask("POST", "/admin/v1/prices", {"model": "m", "withdrawn": True})
    first = (await desk.ask("GET", "/admin/v1/prices/history?model=m&limit=2")).json()["data"]
    assert [(row["withdrawn"], row["rates"]) for row in first] == [(True, None), (False, {"request_micros": 3})]
    rest = await desk.ask("GET", f"/admin/v1/prices/history?model=m&before={first[-1]['version']}")
    assert [row["rates"]["request_micros"] for row in rest.json()["data"]] == [2, 1]
    assert (await desk.ask("GET", "/admin/v1/prices")).json()["data"] == []
    for query in ("limit=0", "limit=1001", "limit=x", "before=-1"):
        assert (await desk.ask("GET", f"/admin/v1/prices/history?{query}")).status == 400


async def test_an_import_is_whole_or_nothing(desk: Desk) -> None:
    good, bad = {"model": "a", "rates": RATES}, {"model": "b", "rates": {"input": 1}}
    assert (await desk.ask("POST", "/admin/v1/prices/import", {"prices": [good, bad]})).status == 400
    assert desk.prices.in_force() == []
    done = await desk.ask(
        "POST", "/admin/v1/prices/import", {"prices": [good, {**good, "model": "b"}], "source": "list 3"}
    )
    assert done.status == 201
    assert [(row["model"], row["source"]) for row in done.json()["data"]] == [("a", "list 3"), ("b", "list 3")]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "m"},
        {"model": "m", "rates": {"input_micros_per_mtok": "1"}},
        {"model": "m", "rates": RATES, "extra": 1},
        {"model": "m", "rates": RATES, "service": "gold"},
        {"model": "m", "rates": RATES, "target_id": "target_9"},
        {"model": "m", "rates": RATES, "effective_from": 5},
        [],
    ],
)
async def test_a_wrong_body_is_refused(desk: Desk, body: object) -> None:
    assert (await desk.ask("POST", "/admin/v1/prices", body)).status == 400
    assert desk.prices.in_force() == []
