"""Channels: several targets under one number, made, changed, tested and deleted as New API's scripts do it."""

from typing import Any

import pytest

from openhearth.core.errors import RequestError
from openhearth.providers import builtin
from openhearth.surfaces.newapi.channel_types import place_of, type_of
from tests.fakes.asgi import ask
from tests.fakes.upstream import Reply
from tests.newapi.client import UNIT, Client, Refused
from tests.newapi.serving import Running, attach, chat

PROVIDERS = builtin()


def _channel(running: Running, **more: Any) -> dict[str, Any]:
    body = {
        "name": "up",
        "type": 1,
        "key": "sk-up",
        "base_url": running.up.url,
        "models": "gpt-4o,o3",
        "group": "default",
    }
    return {"mode": "single", "channel": {**body, **more}}


async def _targets(running: Running) -> list[dict[str, Any]]:
    headers = {"authorization": f"Bearer {running.platform.first_key}"}
    found: list[dict[str, Any]] = (await ask(running.app, "GET", "/admin/v1/targets", headers=headers)).json()["data"]
    return found


async def test_a_channel_is_a_target_for_each_model(running: Running) -> None:
    mapping = '{"o3":"o3-upstream"}'
    made = await running.root.post(
        "/api/channel/", _channel(running, model_mapping=mapping, priority=5, weight=3, tag="t")
    )
    shown = await running.root.get(f"/api/channel/{made['id']}")
    assert shown == made
    assert (shown["models"], shown["model_mapping"], shown["key"], shown["status"]) == ("gpt-4o,o3", mapping, "", 1)
    assert (shown["priority"], shown["weight"], shown["tag"], shown["type"], shown["group"]) == (
        5,
        3,
        "t",
        1,
        "default",
    )
    there = {one["model"]: one for one in await _targets(running)}
    assert {(name, one["upstream_model"], one["priority"], one["weight"]) for name, one in there.items()} == {
        ("gpt-4o", "", -5, 3),
        ("o3", "o3-upstream", -5, 3),
    }
    assert {one["base_url"] for one in there.values()} == {running.up.base_url}
    assert await chat(running, running.platform.first_key, "o3") == 200
    sent = running.up.seen[-1]
    assert (sent.json()["model"], sent.headers["authorization"]) == ("o3-upstream", "Bearer sk-up")
    assert set(await running.root.get("/api/channel/models_enabled")) == {"gpt-4o", "o3"}
    assert {one["id"] for one in await running.root.get("/api/channel/models")} == {"gpt-4o", "o3"}
    assert await running.root.get("/api/models") == {"1": ["gpt-4o", "o3"]}


async def test_a_change_keeps_the_number_and_what_is_not_said(running: Running) -> None:
    made = await running.root.post("/api/channel/", _channel(running))
    kept = {one["model"]: one["id"] for one in await _targets(running)}
    body = {"id": made["id"], "name": "renamed", "models": "o3,gpt-5", "remark": "new", "test_model": "o3"}
    changed = await running.root.put("/api/channel/", body)
    assert (changed["id"], changed["name"], changed["models"]) == (made["id"], "renamed", "o3,gpt-5")
    assert (changed["remark"], changed["test_model"]) == ("new", "o3")
    now = {one["model"]: one["id"] for one in await _targets(running)}
    assert (set(now), now["o3"]) == ({"o3", "gpt-5"}, kept["o3"])
    assert await chat(running, running.platform.first_key, "gpt-5") == 200
    assert running.up.seen[-1].headers["authorization"] == "Bearer sk-up"
    assert await running.root.put("/api/channel/", changed) == changed
    await running.root.put("/api/channel/", {"id": made["id"], "key": "sk-other", "weight": 7, "priority": -2})
    assert await chat(running, running.platform.first_key, "o3") == 200
    assert running.up.seen[-1].headers["authorization"] == "Bearer sk-other"
    assert {one["id"] for one in await _targets(running)} == set(now.values())
    renamed = await running.root.put("/api/channel/", {"id": made["id"], "model_mapping": '{"o3":"o3-mini"}'})
    assert renamed["model_mapping"] == '{"o3":"o3-mini"}'
    assert await chat(running, running.platform.first_key, "o3") == 200
    assert running.up.seen[-1].json()["model"] == "o3-mini"
    assert running.up.seen[-1].headers["authorization"] == "Bearer sk-other"


async def test_every_change_is_in_the_audit_log_without_the_key(running: Running) -> None:
    made = await running.root.post("/api/channel/", _channel(running, key="sk-secret-of-the-upstream"))
    await running.root.put(
        "/api/channel/", {"id": made["id"], "name": "renamed", "tag": "eu", "key": "sk-another-secret"}
    )
    await running.root.put("/api/channel/", {"id": made["id"], "status": 2})
    await running.root.delete(f"/api/channel/{made['id']}")
    token = await running.root.post("/api/token/", {"name": "k", "unlimited_quota": True})
    await running.root.delete(f"/api/token/{token['id']}")
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    answer = await ours.raw("GET", "/admin/v1/audit")
    entries = answer.json()["data"]
    assert {"channel.create", "channel.change", "target.create", "target.change", "target.delete", "key.hide"} <= {
        entry["action"] for entry in entries
    }
    assert {entry["actor"] for entry in entries if entry["action"].startswith("channel")} == {entries[0]["actor"]}
    assert b"secret" not in answer.body


async def test_a_disabled_channel_takes_no_calls_and_stays_disabled_when_changed(running: Running) -> None:
    made = await running.root.post("/api/channel/", _channel(running, tag="eu"))
    assert (await running.root.put("/api/channel/", {"id": made["id"], "status": 2}))["status"] == 2
    assert await chat(running, running.platform.first_key, "o3") == 404
    more = await running.root.put("/api/channel/", {"id": made["id"], "models": "gpt-4o,o3,new"})
    assert (more["status"], more["models"]) == (2, "gpt-4o,o3,new")
    assert await chat(running, running.platform.first_key, "new") == 404
    probed = (await running.root.raw("GET", f"/api/channel/test/{made['id']}")).json()
    assert (probed["success"], probed["time"]) == (False, 0)
    await running.root.post("/api/channel/tag/enabled", {"tag": "eu"})
    assert await chat(running, running.platform.first_key, "new") == 200
    await running.root.post("/api/channel/tag/disabled", {"tag": "eu"})
    assert [one["id"] for one in await running.root.items("/api/channel/?status=disabled")] == [made["id"]]
    with pytest.raises(Refused, match="No channel has the tag"):
        await running.root.post("/api/channel/tag/enabled", {"tag": "asia"})
    assert await running.root.delete("/api/channel/disabled") == 1
    assert await _targets(running) == []


async def test_channels_are_listed_searched_copied_and_deleted(running: Running) -> None:
    numbers = [
        (await running.root.post("/api/channel/", _channel(running, name=f"c{at}", models=f"m{at}")))["id"]
        for at in range(4)
    ]
    assert [one["id"] for one in await running.root.items("/api/channel/")] == numbers[::-1]
    assert [one["name"] for one in await running.root.items("/api/channel/search?keyword=C2&group=&model=")] == ["c2"]
    assert [one["name"] for one in await running.root.items("/api/channel/search?keyword=&model=M3")] == ["c3"]
    assert "c0" in [one["name"] for one in await running.root.items(f"/api/channel/search?keyword={numbers[0]}")]
    page = await running.root.get("/api/channel/?p=1&page_size=100&type=1")
    assert page["type_counts"] == {"1": 4, "all": 4}
    copy = await running.root.post(f"/api/channel/copy/{numbers[0]}?suffix=_again")
    shown = await running.root.get(f"/api/channel/{copy['id']}")
    assert (shown["name"], shown["models"]) == ("c0_again", "m0")
    await running.root.delete(f"/api/channel/{numbers[0]}")
    assert await chat(running, running.platform.first_key, "m0") == 200
    assert running.up.seen[-1].headers["authorization"] == "Bearer sk-up"
    assert await running.root.post("/api/channel/batch", {"ids": [numbers[1], numbers[2], numbers[0]]}) == 2
    later = (await running.root.post("/api/channel/", _channel(running)))["id"]
    assert later > copy["id"]
    for path in (f"/api/channel/{numbers[0]}", "/api/channel/no-number"):
        with pytest.raises(Refused, match="There is no channel"):
            await running.root.get(path)


async def test_an_older_client_sends_the_channel_bare_and_a_key_a_line(running: Running) -> None:
    bare = _channel(running, key="sk-1\nsk-2\n")["channel"]
    made = await running.root.post("/api/channel/", bare)
    assert len({one["id"] for one in made}) == 2
    with pytest.raises(Refused, match="several lines"):
        await running.root.post("/api/channel/", _channel(running, key="sk-1\nsk-2"))


async def test_a_channel_for_each_key_or_none_at_all(running: Running) -> None:
    with pytest.raises(Refused, match="key"):
        await running.root.post("/api/channel/", _channel(running, key="sk-1\nsk-ü")["channel"])
    assert await running.root.items("/api/channel/") == []
    assert await _targets(running) == []


@pytest.mark.parametrize(
    ("field", "said"), [("weight", "1"), ("priority", 1.5), ("models", "a\tb"), ("models", ""), ("key", "ü")]
)
async def test_a_wrong_field_is_named_whichever_way_the_channel_is_sent(
    running: Running, field: str, said: object
) -> None:
    wrapped = _channel(running, **{field: said})
    for body in (wrapped, wrapped["channel"]):
        answer = (await running.root.raw("POST", "/api/channel/", body)).json()
        assert (answer["success"], answer["param"]) == (False, field)


async def test_the_price_list_says_what_each_model_is_asked_for(running: Running) -> None:
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    for model, operations in {"talks": ["chat"], "maps": ["embed"], "sorts": ["rerank"], "says": ["speech"]}.items():
        target = {"base_url": running.up.base_url, "model": model, "operations": operations}
        assert (await ours.raw("POST", "/admin/v1/targets", target)).status == 201
    rows = {row["model_name"]: row["supported_endpoint_types"] for row in await running.root.get("/api/pricing")}
    assert rows == {"talks": ["openai"], "maps": ["embeddings"], "sorts": ["jina-rerank"], "says": ["openai"]}


async def test_a_channel_is_tested_and_lists_its_providers_models(running: Running) -> None:
    number = await attach(running)
    probed = (await running.root.raw("GET", f"/api/channel/test/{number}?model=gpt-4o")).json()
    assert (probed["success"], probed["message"]) == (True, "")
    assert (await running.root.get(f"/api/channel/{number}"))["test_time"] > 0
    names = await running.root.get(f"/api/channel/fetch_models/{number}")
    assert names
    assert all(isinstance(name, str) for name in names)
    assert await running.root.get("/api/channel/test") == {str(number): "ok"}
    running.up.add("/v1/models", Reply(b"{}", 500))
    probed = (await running.root.raw("GET", f"/api/channel/test/{number}")).json()
    assert not probed["success"]
    assert "500" in probed["message"]


async def test_what_is_attached_otherwise_is_a_channel_too(running: Running) -> None:
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    made = await ours.raw(
        "POST", "/admin/v1/targets", {"base_url": running.up.base_url, "model": "own", "key": "sk-own"}
    )
    assert made.status == 201
    (shown,) = await running.root.items("/api/channel/")
    assert (shown["models"], shown["base_url"], shown["read_only"]) == ("own", running.up.base_url, False)
    again = await running.root.put("/api/channel/", {"id": shown["id"], "models": "own,more"})
    assert (again["id"], again["models"]) == (shown["id"], "own,more")
    assert await chat(running, running.platform.first_key, "more") == 200
    assert running.up.seen[-1].headers["authorization"] == "Bearer sk-own"


async def test_used_quota_is_what_callers_paid_there(running: Running) -> None:
    number = await attach(running)
    assert [await chat(running, running.platform.first_key) for _ in range(2)] == [200, 200]
    await running.root.get("/api/user/self")
    assert (await running.root.get(f"/api/channel/{number}"))["used_quota"] == UNIT // 50


def test_every_type_has_a_provider_of_ours_and_goes_back_to_a_type_of_it() -> None:
    for kind in (1, 4, 16, 17, 20, 23, 24, 25, 26, 27, 34, 35, 38, 40, 42, 43, 45, 46, 47, 48):
        name, base_url = place_of(kind, "", PROVIDERS)
        assert PROVIDERS[name].base_url == base_url
        assert place_of(type_of(name), "", PROVIDERS)[0] == name
    assert type_of("groq") == 1


@pytest.mark.parametrize(
    ("kind", "given", "name", "address"),
    [
        (1, "https://my.host", "", "https://my.host/v1"),
        (1, "https://my.host/v1/", "", "https://my.host/v1"),
        (1, "https://api.groq.com/openai", "groq", "https://api.groq.com/openai/v1"),
        (1, "https://api.openai.com", "openai", "https://api.openai.com/v1"),
        (8, "https://my.host/prefix", "", "https://my.host/prefix/v1"),
        (26, "https://open.bigmodel.cn", "zhipu", "https://open.bigmodel.cn/api/paas/v4"),
        (26, "https://open.bigmodel.cn/api/coding/paas/v4", "zhipu", "https://open.bigmodel.cn/api/coding/paas/v4"),
        (43, "https://proxy.of.mine", "deepseek", "https://proxy.of.mine/v1"),
        (45, "https://ark.cn-beijing.volces.com", "volcengine", "https://ark.cn-beijing.volces.com/api/v3"),
        (40, "https://api.siliconflow.com", "siliconflow-intl", "https://api.siliconflow.com/v1"),
    ],
)
def test_addresses_without_a_version_get_ours(kind: int, given: str, name: str, address: str) -> None:
    assert place_of(kind, given, PROVIDERS) == (name, address)


def test_a_custom_channel_needs_an_address() -> None:
    with pytest.raises(RequestError, match="base_url"):
        place_of(8, "", PROVIDERS)
