"""/v1/calls, /v1/generation and /admin/v1/costs: who sees which call, and what they are told."""

import json
from collections.abc import Collection, Sequence
from decimal import Decimal

import msgspec
import pytest

from openhearth.accounts.call_book import CallBook
from openhearth.accounts.receipts import ReceiptKey, verified
from openhearth.app.routes.calls import CallParts, call_routes
from openhearth.core.call import Principal, Usage
from openhearth.core.permissions import DEFAULT_ORG, Permission, Role
from openhearth.core.provider import Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.stores.cost_ports import CostRow, Part, Period
from openhearth.stores.receipt_ports import DigestRecord
from openhearth.surfaces.calls import costs, routes
from openhearth.surfaces.http import Route
from openhearth.surfaces.openapi import calls as described
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.settled import CALL, ROW, Book, settled

KEY = ReceiptKey(b"k" * 32)
TARGET = Target(
    "target_1", Provider("openai", "OpenAI", "https://p.test/v1"), Origin("https", "p.test", 443), "/v1", "m"
)
ENTRY = settled(
    Usage(input_tokens=100, cached_tokens=40, output_tokens=7, reasoning_tokens=3, source="upstream"), ROW, stream=True
)
OWNER = Principal("key_1", "owner_1", "own", user_id="user_1", org_id="org_1")
PATHS = ["/v1/calls/call_1", "/v1/calls/call_1/explain", "/v1/calls/call_1/receipt", "/v1/generation?id=call_1"]
change = msgspec.structs.replace


class Digests:
    def __init__(self) -> None:
        self.kept: dict[str, DigestRecord] = {}

    async def add_digests(self, digests: DigestRecord) -> None:
        self.kept.setdefault(digests.call_id, digests)

    async def digests(self, call_id: str) -> DigestRecord | None:
        return self.kept.get(call_id)


class Costs:
    def __init__(self) -> None:
        self.asked: list[tuple[Period, tuple[Part, ...]]] = []
        self.rows: list[CostRow] = []

    async def costs(self, period: Period, by: Collection[Part], most: int) -> Sequence[CostRow]:
        self.asked.append((period, tuple(by)))
        return self.rows[:most]


class Desk:
    def __init__(self) -> None:
        self.book = Book([ENTRY])
        self.digests = Digests()
        self.digests.kept["call_1"] = DigestRecord("call_1", "ab" * 32, 1, "cd" * 32, 2, True, 200, "gpt-4o-x", 3.0)
        self.costs = Costs()

    def routes(self, principal: Principal) -> list[Route]:
        gate = Gate(Keys(principal), Limits())
        book = CallBook(self.book, self.book, self.book.flushed)
        made = [
            *routes.routes(book, gate, {TARGET.id: TARGET}.get, self.digests, KEY),
            *costs.routes(self.costs, gate, {TARGET.id: TARGET}.get),
        ]
        return [route for route in made if isinstance(route, Route)]

    async def ask(self, path: str, principal: Principal = OWNER, *, key: str = GOOD_KEY) -> Answer:
        app = asgi.app(list(self.routes(principal)))
        return await ask(app, "GET", path, headers={"authorization": f"Bearer {key}"} if key else {})


@pytest.fixture
def desk() -> Desk:
    return Desk()


SEEING = [
    OWNER,
    change(OWNER, key_id="key_9", user_id="user_9"),
    Principal("", "user_1", "signed in", role=Role.MEMBER, user_id="user_1", org_id="org_1"),
    Principal("key_2", "owner_2", "admin", role=Role.ADMIN, user_id="user_2", org_id="org_1"),
    Principal("key_3", "owner_3", "operator", role=Role.ADMIN, user_id="user_3", org_id=DEFAULT_ORG),
    Principal("key_4", "owner_4", "root", role=Role.ROOT),
]
BLIND = [
    change(OWNER, owner="owner_2"),
    change(OWNER, org_id="org_2"),
    Principal("", "user_2", "signed in", role=Role.MEMBER, user_id="user_2", org_id="org_1"),
    Principal("key_2", "owner_1", "foreign admin", role=Role.ADMIN, user_id="user_1", org_id="org_2"),
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("principal", SEEING, ids=lambda who: who.name)
async def test_a_call_is_seen_by_those_it_belongs_to(desk: Desk, path: str, principal: Principal) -> None:
    assert (await desk.ask(path, principal)).status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("principal", BLIND, ids=lambda who: f"{who.name} {who.owner} {who.org_id}")
async def test_a_foreign_call_is_the_same_as_none(desk: Desk, path: str, principal: Principal) -> None:
    foreign = await desk.ask(path, principal)
    missing = await desk.ask(path.replace("call_1", "call_0"))
    assert (foreign.status, foreign.json()["error"]["code"]) == (404, "call_not_found")
    assert foreign.body.replace(b"call_1", b"call_0") == missing.body
    assert desk.book.flushes == 2


@pytest.mark.parametrize("path", [*PATHS, "/admin/v1/costs?from=2026-11-01&to=2026-11-02"])
async def test_without_a_key_nothing_is_told(desk: Desk, path: str) -> None:
    answer = await desk.ask(path, key="")
    assert (answer.status, answer.json()["error"]["code"]) == (401, "missing_api_key")


async def test_a_call_that_is_not_written_yet_is_waited_for(desk: Desk) -> None:
    desk.book.late["call_2"] = change(ENTRY, effect="call_2")
    assert (await desk.ask("/v1/calls/call_2")).json()["id"] == "call_2"
    assert (await desk.ask("/v1/calls/call_1")).status == 200
    assert desk.book.flushes == 1


async def test_an_id_without_bounds_is_not_looked_for(desk: Desk) -> None:
    answer = await desk.ask(f"/v1/calls/{'x' * 5000}")
    assert answer.status == 404
    assert len(answer.body) < 400
    assert desk.book.flushes == 0


async def test_a_call_and_its_explanation(desk: Desk) -> None:
    call = (await desk.ask("/v1/calls/call_1")).json()
    assert call["usage"] == {"input_tokens": 100, "output_tokens": 7, "cached_tokens": 40, "reasoning_tokens": 3}
    assert (call["provider"], call["charge"]) == ("openai", {"nanos": 200_000, "usd": "0.0002"})
    told = (await desk.ask("/v1/calls/call_1/explain")).json()
    assert told["call"] == call
    assert (told["price"]["version"], told["price"]["changed_by"], told["sum"]["agrees"]) == (7, "key_admin", True)
    assert told["words"][-2:] == ["Charged: 0.0002 USD.", "Held before the call: 0.01 USD; given back: 0.0098 USD."]


async def test_openrouters_form(desk: Desk) -> None:
    answer = await desk.ask("/v1/generation?id=call_1")
    data = json.loads(answer.body, parse_float=Decimal)["data"]
    assert (data["id"], data["model"], data["provider_name"]) == ("call_1", "gpt-4o", "OpenAI")
    assert (data["total_cost"], data["usage"]) == (Decimal("0.0002"), Decimal("0.0002"))
    assert (data["tokens_prompt"], data["native_tokens_cached"], data["native_tokens_reasoning"]) == (100, 40, 3)
    assert (data["latency"], data["generation_time"], data["streamed"], data["cancelled"]) == (250, 900, True, False)
    assert data["created_at"] == "2026-11-18T11:06:40.250000+00:00"
    missing = await desk.ask("/v1/generation")
    assert (missing.status, missing.json()["error"]["param"]) == (400, "id")


async def test_a_call_of_a_target_that_is_gone_and_of_a_later_release(desk: Desk) -> None:
    desk.book.calls["call_3"] = change(CALL, effect="call_3", target_id="target_9", operation="think", outcome="dreamt")
    for path in ("/v1/calls/call_3", "/v1/calls/call_3/explain", "/v1/generation?id=call_3"):
        assert (await desk.ask(path)).status == 200
    assert (await desk.ask("/v1/generation?id=call_3")).json()["data"]["provider_name"] is None


async def test_a_receipt_in_both_forms_and_the_key_for_anybody(desk: Desk) -> None:
    key = (await desk.ask("/v1/receipts/key", key="")).json()
    readable = await desk.ask("/v1/calls/call_1/receipt")
    compact = await desk.ask("/v1/calls/call_1/receipt?format=jws")
    assert compact.headers["content-type"].startswith("application/jose")
    assert verified(readable.body).payload == verified(compact.body).payload
    assert verified(readable.body).key_id == key["key_id"]
    assert verified(readable.body).payload["model_returned"] == "gpt-4o-x"
    assert (await desk.ask("/v1/calls/call_1/receipt?format=pdf")).json()["error"]["param"] == "format"


async def test_a_receipt_nobody_asked_for(desk: Desk) -> None:
    desk.digests.kept.clear()
    answer = await desk.ask("/v1/calls/call_1/receipt")
    assert (answer.status, answer.json()["error"]["code"]) == (404, "receipt_not_found")


async def test_costs_are_for_operators(desk: Desk) -> None:
    path = "/admin/v1/costs?from=2026-11-01&to=2026-11-30"
    refused = await desk.ask(path, Principal("key_2", "o", "admin", role=Role.ADMIN, user_id="u", org_id="org_1"))
    assert (refused.status, refused.json()["error"]["code"]) == (403, "not_permitted")
    assert (await desk.ask(path)).json()["error"]["code"] == "not_an_admin"
    assert desk.costs.asked == []


async def test_costs_are_shown_as_they_were_grouped(desk: Desk) -> None:
    desk.costs.rows = [CostRow(20_758, "gpt-4o", "target_1", 3, 1, 100, 10, 4, 0, 1_500, 1_800)]
    root = SEEING[-1]
    answer = await desk.ask(
        "/admin/v1/costs?from=2026-11-01&to=2026-11-02&group_by=target,day&utc_offset_minutes=480", root
    )
    (row,) = answer.json()["data"]
    assert row == {
        "day": "2026-11-01",
        "target_id": "target_1",
        "provider": "openai",
        "upstream_model": "",
        "calls": 3,
        "failures": 1,
        "input_tokens": 100,
        "output_tokens": 10,
        "cached_tokens": 4,
        "images": 0,
        "cost_nanos": 1_500,
        "cost_usd": "0.0000015",
        "charge_nanos": 1_800,
        "charge_usd": "0.0000018",
    }
    midnight = 20_758 * 86_400.0 - 480 * 60
    assert desk.costs.asked == [(Period(midnight, midnight + 2 * 86_400, 480 * 60), ("day", "target"))]
    desk.costs.rows = [change(desk.costs.rows[0], target_id="target_9")]
    gone = (await desk.ask("/admin/v1/costs?from=2026-11-01&to=2026-11-01&group_by=target", root)).json()["data"][0]
    assert (gone["target_id"], gone["provider"], "day" in gone) == ("target_9", None, False)


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("", "from"),
        ("from=2026-11-01", "to"),
        ("from=20261101&to=2026-11-02", "from"),
        ("from=2026-11-31&to=2026-12-02", "from"),
        ("from=2026-11-02&to=2026-11-01", "to"),
        ("from=2025-11-01&to=2026-11-30", "to"),
        ("from=2026-11-01&to=2026-11-02&group_by=colour", "group_by"),
        ("from=2026-11-01&to=2026-11-02&provider=openai", "provider"),
        ("from=2026-11-01&to=2026-11-02&utc_offset_minutes=900", "utc_offset_minutes"),
        ("from=2026-11-01&to=2026-11-02&utc_offset_minutes=east", "utc_offset_minutes"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field(desk: Desk, query: str, param: str) -> None:
    answer = await desk.ask(f"/admin/v1/costs?{query}", SEEING[-1])
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
    assert desk.costs.asked == []


def test_every_route_says_what_it_asks(desk: Desk) -> None:
    asked = {route.path: route.permission for route in desk.routes(OWNER)}
    assert asked.pop("/admin/v1/costs") is Permission.OPERATE
    assert asked.pop("/v1/receipts/key") is Permission.PUBLIC
    assert set(asked.values()) == {Permission.CALL}


def test_every_route_is_described_and_nothing_else(desk: Desk) -> None:
    assert set(described.paths()) == {route.path for route in desk.routes(OWNER)}


def test_the_composition_makes_the_same_routes(desk: Desk) -> None:
    gate = Gate(Keys(), Limits())
    parts = CallParts(
        gate=gate,
        records=desk.book,  # type: ignore[arg-type]
        prices=desk.book,  # type: ignore[arg-type]
        flushed=desk.book.flushed,
        target={TARGET.id: TARGET}.get,
        digests=desk.digests,
        costs=desk.costs,
        key=KEY,
    )
    made = [route.path for route in call_routes(parts) if isinstance(route, Route)]
    assert made == [route.path for route in desk.routes(OWNER)]
