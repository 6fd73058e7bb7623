"""Bodies and queries that are wrong: every one is refused in the envelope, by the field's name, and nothing breaks."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.asgi import ask
from tests.newapi.client import UNIT
from tests.newapi.serving import ROOT, Running, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")

WRONG: tuple[Any, ...] = (None, True, -1, 10**30, 1.5, "text", [], [1], {}, {"a": 1}, "x" * 70_000)
ROUTES: dict[str, tuple[str, dict[str, Any]]] = {
    "login": ("POST /api/user/login", {"username": "u", "password": "p"}),
    "topup": ("POST /api/user/topup", {"key": "k"}),
    "self": ("PUT /api/user/self", {"username": "root", "display_name": "", "password": "", "original_password": ""}),
    "user": ("POST /api/user/", {"username": "u", "password": "p", "role": 1, "group": "", "quota": 0, "status": 1}),
    "change": ("PUT /api/user/", {"id": 1, "username": "", "display_name": "r", "role": 100, "quota": 0, "status": 1}),
    "manage": ("POST /api/user/manage", {"id": 1, "action": "enable", "mode": "", "value": 0, "username": ""}),
    "token": ("POST /api/token/", {"name": "n", "remain_quota": 0, "unlimited_quota": False, "expired_time": -1,
                                   "model_limits_enabled": False, "model_limits": "", "allow_ips": "", "group": ""}),
    "batch": ("POST /api/token/batch", {"ids": [1]}),
    "channel": ("PUT /api/channel/", {"id": 1, "type": 1, "name": "n", "key": "", "base_url": "", "models": "m",
                                      "weight": 1, "priority": 1, "status": 1, "tag": "", "groups": ["default"]}),
    "tag": ("POST /api/channel/tag/enabled", {"tag": "t"}),
    "codes": ("POST /api/redemption/", {"name": "n", "quota": 1, "count": 1, "expired_time": 0}),
    "announcement": ("POST /api/announcement/", {"title": "t", "content": "", "tag": "", "pinned": False,
                                                 "start_time": 1, "end_time": 0}),
    "option": ("PUT /api/option/", {"key": "Notice", "value": "v"}),
}  # fmt: skip
RAW = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"[" * 5000,
    b'{"id":1}{"id":2}',
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """One for all tests here: what is refused changes nothing."""
    async with serving(tmp_path_factory.mktemp("wrong")) as built:
        yield built


async def _said(running: Running, route: str, body: bytes) -> tuple[int, dict[str, Any]]:
    method, _, path = route.partition(" ")
    headers = {**running.root.headers, "new-api-user": str(ROOT)}
    answer = await ask(running.app, method, path, headers=headers, body=body)
    return answer.status, answer.json()


@pytest.mark.parametrize("name", ROUTES)
async def test_a_field_of_another_type_is_named_or_taken_and_never_breaks(running: Running, name: str) -> None:
    route, good = ROUTES[name]
    for field in good:
        for wrong in WRONG:
            status, said = await _said(running, route, json.dumps({**good, field: wrong}).encode())
            assert status in (200, 401, 429), (field, wrong, status, said)
            assert isinstance(said["success"], bool)
            if not said["success"]:
                assert said["message"]
            if wrong in ([1], {"a": 1}) and (name, field) not in (("batch", "ids"), ("option", "value")):
                assert said["success"] is False, (field, wrong)
                assert said["param"] == field, (field, wrong, said)


@pytest.mark.parametrize("name", ROUTES)
async def test_what_is_no_json_object_is_refused(running: Running, name: str) -> None:
    for body in RAW:
        status, said = await _said(running, ROUTES[name][0], body)
        assert (status, said["success"]) == (200, False), (body[:40], status, said)


@pytest.mark.parametrize("path", ["/api/user/", "/api/token/", "/api/log/", "/api/channel/", "/api/redemption/"])
async def test_pages_that_are_none_are_refused(running: Running, path: str) -> None:
    for query in ("p=x", "p=-1", "page_size=-5", f"p={'9' * 30}", "p=1.5", "page_size=٣"):
        answer = await running.root.raw("GET", f"{path}?{query}")
        assert (answer.status, answer.json()["success"]) == (200, False), query
    first = (await running.root.raw("GET", f"{path}?p=0&page_size=100000")).json()["data"]
    assert (first["page"], first["page_size"]) == (1, 100)


@pytest.mark.parametrize(
    "path",
    ["/api/user/{}", "/api/token/{}", "/api/channel/{}", "/api/channel/test/{}", "/api/redemption/{}",
     "/api/announcement/{}", "/api/channel/fetch_models/{}"],
)  # fmt: skip
async def test_a_number_that_is_none_names_nothing(running: Running, path: str) -> None:
    for name in ("0", "-1", "x", "1.0", "٣", "9" * 18, "9" * 300, "1;2"):
        answer = await running.root.raw("GET", path.format(name))
        assert (answer.status, answer.json()["success"], answer.json()["code"]) == (200, False, "not_found"), name


async def test_logs_cannot_be_asked_for_by_group_and_times_must_be_numbers(running: Running) -> None:
    for query in ("group=vip", "start_timestamp=x", "end_timestamp=1.5", "type=all", "channel=x"):
        answer = await running.root.raw("GET", f"/api/log/?{query}")
        assert answer.json()["success"] is False, query
        assert answer.json()["param"] == query.partition("=")[0]
    assert (await running.root.raw("GET", "/api/log/?p=5000&page_size=100")).json()["success"] is False


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", 14),
        ("type", 999),
        ("models", ""),
        ("models", " , "),
        ("model_mapping", "no json"),
        ("model_mapping", '{"stranger":"x"}'),
        ("model_mapping", '{"m":1}'),
        ("group", "vip"),
        ("param_override", '{"temperature":0}'),
        ("setting", '{"proxy":"http://x"}'),
        ("auto_ban", 0),
        ("status", 7),
        ("base_url", "no url"),
        ("name", ""),
    ],
)
async def test_what_a_target_cannot_be_is_refused_and_nothing_is_attached(
    running: Running, field: str, value: object
) -> None:
    body = {"name": "up", "type": 1, "key": "k", "base_url": "https://up.test", "models": "m", field: value}
    answer = await running.root.raw("POST", "/api/channel/", {"mode": "single", "channel": body})
    assert (answer.status, answer.json()["success"]) == (200, False)
    assert answer.json()["param"] == field
    assert await running.root.items("/api/channel/") == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("QuotaPerUnit", "1000"),
        ("QuotaPerUnit", "many"),
        ("USDExchangeRate", "0"),
        ("USDExchangeRate", "-1"),
        ("USDExchangeRate", "1e5"),
        ("DisplayInCurrencyEnabled", "maybe"),
        ("general_setting.quota_display_type", "EUR"),
        ("SystemName", "x" * 101),
        ("SMTPServer", "mail.example.org"),
        ("GroupRatio", "no json"),
        ("GroupRatio", '{"vip": -1}'),
        ("GroupRatio", '{"vip": 0.12345678}'),
        ("UserUsableGroups", '{"nobody": "x"}'),
        ("ModelPrice", '{"m": "text"}'),
        ("ModelPrice", '{"m": 0.00000001}'),
        ("ModelRatio", '{"m": NaN}'),
        ("ModelRatio", '{"m": 1e400}'),
        ("CompletionRatio", '{"unknown": 2}'),
    ],
)
async def test_a_wrong_or_unknown_option_is_refused_and_not_kept(running: Running, key: str, value: str) -> None:
    before = await running.root.get("/api/option/")
    answer = await running.root.raw("PUT", "/api/option/", {"key": key, "value": value})
    assert (answer.status, answer.json()["success"]) == (200, False)
    assert answer.json()["param"] in ("key", "value")
    assert await running.root.get("/api/option/") == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("count", 0), ("count", 101), ("quota", 0), ("quota", -5), ("name", ""), ("expired_time", 1)],
)
async def test_a_wrong_batch_makes_none(running: Running, field: str, value: object) -> None:
    body = {"name": "gift", "quota": UNIT, "count": 2, "expired_time": int(time.time()) + 60, field: value}
    before = await running.root.items("/api/redemption/")
    answer = await running.root.raw("POST", "/api/redemption/", body)
    assert (answer.status, answer.json()["success"], answer.json()["param"]) == (200, False, field)
    assert await running.root.items("/api/redemption/") == before
