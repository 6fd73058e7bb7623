"""/admin/v1/targets, /admin/v1/routing and /v1/targets/health: who may, what they show and change, what they refuse."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from openhearth.accounts.secrets import open_secrets
from openhearth.config import Config, Routing
from openhearth.config import Limits as Sizes
from openhearth.config import Upstream as Way
from openhearth.core.call import Principal
from openhearth.core.errors import UpstreamDown
from openhearth.core.operations import Operation
from openhearth.core.permissions import Role
from openhearth.doors import asgi
from openhearth.relay.gate import Gate
from openhearth.relay.passthrough import Shaper
from openhearth.relay.services import Relay
from openhearth.routing.catalog import Catalog
from openhearth.routing.entrance import Wish
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.routing.rules import Rules
from openhearth.routing.targets import Targets
from openhearth.stores.sql import SqlRecords
from openhearth.surfaces import target_health
from openhearth.surfaces.admin.targets import routes
from openhearth.transport.h1_client import H1Client
from tests.fakes.access import GOOD_KEY, Keys, Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.gateway import Finished, NoEngines

ROUTES = [
    ("GET", "/admin/v1/targets"),
    ("POST", "/admin/v1/targets"),
    ("PATCH", "/admin/v1/targets/x"),
    ("DELETE", "/admin/v1/targets/x"),
    ("POST", "/admin/v1/targets/x/test"),
    ("GET", "/admin/v1/routing"),
    ("PUT", "/admin/v1/routing/m"),
    ("DELETE", "/admin/v1/routing/m"),
    ("GET", "/v1/targets/health"),
]
NEW = {"base_url": "https://a.test/v1", "model": "m", "key": "secret-of-a", "concurrency": 2, "first_token_s": 1.5}


class Desk:
    """The routes over a real store."""

    def __init__(self, records: SqlRecords, folder: Path) -> None:
        self.records = records
        client = H1Client()
        catalog, self.health = Catalog(), Health(10.0)
        self.rules = Rules(Routing(fallbacks={"set": ("spare",)}), records)
        self.router = Router(catalog, self.health, rules=self.rules)
        self.targets = Targets(
            records, catalog, self.health, open_secrets(folder).vault(), client, {}, Way(), {},
            engines=NoEngines(), on_removed=self.router.changed,
        )  # fmt: skip
        config = Config()
        self.gate = Gate(Keys(), Limits())
        self.relay = Relay(config, self.gate, self.router, client, NoEngines(), Shaper(config), Finished())

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str = GOOD_KEY, role: Role = Role.ROOT
    ) -> Answer:
        gate = Gate(Keys(Principal("key_1", "owner_1", "test", role=role)), Limits())
        self.relay.gate = gate
        app = asgi.app([
            *routes(self.targets, self.router, gate, Sizes()), *target_health.routes(self.relay, self.router),
        ])  # fmt: skip
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
        sent = msgspec.json.encode(body) if body is not None else b""
        return await ask(app, method, path, headers=headers, body=sent)

    async def attach(self, **changes: object) -> str:
        made = await self.ask("POST", "/admin/v1/targets", {**NEW, **changes})
        assert made.status == 201, made.body
        return str(made.json()["id"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    records = SqlRecords(f"sqlite:///{tmp_path / 'records.db'}")
    await records.open()
    yield Desk(records, tmp_path)
    await records.close()


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_only_operators_get_anything(desk: Desk, method: str, path: str) -> None:
    body: dict[str, object] | None = {} if method in ("POST", "PUT", "PATCH") else None
    assert code(await desk.ask(method, path, body, role=Role.KEY)) == (403, "not_an_admin")
    assert code(await desk.ask(method, path, body, role=Role.MEMBER))[0] == 403
    assert code(await desk.ask(method, path, body, key="")) == (401, "missing_api_key")


async def test_a_target_is_attached_changed_disabled_and_removed(desk: Desk) -> None:
    target_id = await desk.attach()
    (row,) = (await desk.ask("GET", "/admin/v1/targets")).json()["data"]
    assert (row["id"], row["key"], row["concurrency"], row["first_token_s"], row["enabled"]) == (
        target_id, "set", 2, 1.5, True,
    )  # fmt: skip
    path = f"/admin/v1/targets/{target_id}"
    changed = (await desk.ask("PATCH", path, {"weight": 5, "concurrency": 0, "rpm": 60, "enabled": False})).json()
    assert (changed["weight"], changed["concurrency"], changed["rpm"], changed["enabled"]) == (5, 0, 60, False)
    assert desk.router.catalog.find("m") == []
    (row,) = (await desk.ask("GET", "/admin/v1/targets")).json()["data"]
    assert (row["id"], row["enabled"], row["key"]) == (target_id, False, "set")
    assert (await desk.ask("PATCH", path, {"enabled": True})).json()["enabled"]
    assert (await desk.ask("DELETE", path)).json() == {"id": target_id, "deleted": True}
    assert code(await desk.ask("PATCH", path, {"weight": 1})) == (404, "target_not_found")
    audits = [(entry.action, entry.object) for entry in await desk.records.audit_entries()]
    assert sorted(audits) == sorted(
        [("target.create", target_id), *[("target.change", target_id)] * 2, ("target.delete", target_id)]
    )
    assert b"secret-of-a" not in msgspec.json.encode(await desk.records.audit_entries())


@pytest.mark.parametrize(
    "change",
    [{"weight": -1}, {"concurrency": -1}, {"rpm": 1.5}, {"first_token_s": "soon"}, {"enabled": 1}, {"id": "x"}],
)
async def test_odd_changes_are_refused(desk: Desk, change: Mapping[str, object]) -> None:
    target_id = await desk.attach()
    answer = await desk.ask("PATCH", f"/admin/v1/targets/{target_id}", change)
    assert answer.status == 400
    assert answer.json()["error"]["param"] == next(iter(change))


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model_name": "gpt"}, "model_name"),
        ({"model": ""}, "model"),
        ({"model": "a\nb"}, "model"),
        ({"model": "m" * 257}, "model"),
        ({"upstream_model": "a\0"}, "upstream_model"),
        ({"provider": "p" * 257}, "provider"),
        ({"key": "first\r\nx-evil: 1"}, "key"),
        ({"key": "ключ"}, "key"),
        ({"base_url": "https://a.test/a b"}, "base_url"),
        ({"base_url": "https://a.test/ünï"}, "base_url"),
    ],
)
async def test_what_no_call_could_use_is_refused_when_it_is_attached(
    desk: Desk, body: Mapping[str, object], param: str
) -> None:
    answer = await desk.ask("POST", "/admin/v1/targets", {**NEW, **body})
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
    assert (await desk.ask("GET", "/admin/v1/targets")).json()["data"] == []


async def test_a_key_that_no_header_carries_is_refused_in_a_change_too(desk: Desk) -> None:
    path = f"/admin/v1/targets/{await desk.attach()}"
    for key in ("a\nb", "env:NOT_SET"):
        answer = await desk.ask("PATCH", path, {"key": key})
        assert (answer.status, answer.json()["error"]["param"]) == (400, "key")
    assert (await desk.ask("PATCH", path, {"key": "another\n"})).status == 200


async def test_what_comes_with_the_server_is_neither_changed_nor_removed(desk: Desk) -> None:
    target_id = await desk.attach()
    built_in = desk.router.catalog.target(target_id)
    assert built_in is not None
    desk.router.catalog.add(msgspec.structs.replace(built_in, id="engine", model="e"))
    for method, body in (("PATCH", {"weight": 2}), ("DELETE", None)):
        answer = await desk.ask(method, "/admin/v1/targets/engine", body)
        assert code(answer) == (409, "target_not_changeable")
    assert desk.router.catalog.target("engine") is not None


async def test_rules_are_put_shown_and_removed(desk: Desk) -> None:
    put = await desk.ask("PUT", "/admin/v1/routing/org/m", {"strategy": "latency", "fallbacks": ["spare"]})
    assert put.json() == {"model": "org/m", "strategy": "latency", "fallbacks": ["spare"], "source": "data"}
    rows = (await desk.ask("GET", "/admin/v1/routing")).json()["data"]
    assert [(row["model"], row["source"]) for row in rows] == [("org/m", "data"), ("set", "settings")]
    assert desk.rules.fallbacks("org/m") == ("spare",)
    assert (await desk.ask("DELETE", "/admin/v1/routing/org/m")).json() == {"model": "org/m", "deleted": True}
    assert code(await desk.ask("DELETE", "/admin/v1/routing/org/m")) == (404, "rule_not_found")
    assert code(await desk.ask("DELETE", "/admin/v1/routing/set")) == (404, "rule_not_found")
    assert (await desk.ask("PUT", "/admin/v1/routing/m", {"strategy": "luck"})).status == 400
    assert (await desk.ask("PUT", "/admin/v1/routing/m", {"fallbacks": ["m"]})).status == 400
    audits = [(entry.action, entry.object) for entry in await desk.records.audit_entries()]
    assert sorted(audits) == [("routing.change", "org/m"), ("routing.delete", "org/m")]


async def test_health_shows_what_goes_on_and_no_secret(desk: Desk) -> None:
    target_id = await desk.attach()
    other_id = await desk.attach(model="n", concurrency=0)
    for took_s in range(1, 101):
        desk.health.heard(target_id, took_s / 100)
    desk.health.good(target_id)
    for _ in range(5):
        desk.health.bad(other_id, UpstreamDown("x", code="fell"))
    place = desk.router.enter(desk.router.plan(Principal("k", "o", "n"), Operation.CHAT, "m"), 0, Wish("o"))
    assert place is not None
    answer = await desk.ask("GET", "/v1/targets/health")
    assert b"secret" not in answer.body
    rows = {row["id"]: row for row in answer.json()["data"]}
    one, other = rows[target_id], rows[other_id]
    assert one["first_byte_ms"] == {"p50": 500, "p95": 950, "samples": 100}
    assert (one["state"], one["open"], one["waiting"], one["successes"], one["until"]) == ("closed", 1, 0, 1, None)
    assert one["limits"]["concurrency"] == 2
    assert (other["state"], other["failures"], other["failed"], other["last_error"]) == ("open", 5, 5, "fell")
    assert other["until"] > 1_000_000_000
    place.leave()
    (row,) = [row for row in (await desk.ask("GET", "/v1/targets/health")).json()["data"] if row["id"] == target_id]
    assert row["open"] == 0
