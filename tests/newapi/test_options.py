"""Options that mean something, exactly; all others refused. And what everybody is told."""

import json
from typing import Any

import pytest

from tests.newapi.client import Client, Refused
from tests.newapi.serving import Running, attach, chat


async def _put(running: Running, key: str, value: object) -> None:
    said = json.dumps(value) if isinstance(value, dict) else value
    await running.root.put("/api/option/", {"key": key, "value": said})


async def _read(running: Running, key: str) -> Any:
    return {one["key"]: one["value"] for one in await running.root.get("/api/option/")}[key]


async def test_words_reach_everybody(running: Running) -> None:
    anybody = Client(running.app)
    for key, path in (("Notice", "notice"), ("About", "about"), ("HomePageContent", "home_page_content")):
        assert await anybody.get(f"/api/{path}") == ""
        await _put(running, key, f"# {key} 公告")
        assert await anybody.get(f"/api/{path}") == f"# {key} 公告"
    await _put(running, "SystemName", "Mine")
    await _put(running, "USDExchangeRate", 7.3)
    await _put(running, "general_setting.quota_display_type", "CNY")
    await _put(running, "DisplayInCurrencyEnabled", False)
    await _put(running, "QuotaPerUnit", "500000")
    status = await anybody.get("/api/status")
    assert (status["system_name"], status["quota_per_unit"], status["usd_exchange_rate"]) == ("Mine", 500_000, 7.3)
    assert (status["quota_display_type"], status["display_in_currency"]) == ("CNY", False)
    assert (await anybody.get("/api/setup"))["status"] is True
    assert await anybody.get("/api/uptime/status") == []


async def test_groups_are_ratios_and_users_may_choose_open_ones(running: Running) -> None:
    await attach(running)
    await _put(running, "GroupRatio", {"default": 1, "vip": 0.5, "svip": 0.25})
    await _put(running, "UserUsableGroups", {"default": "Usual", "vip": "Half price"})
    assert json.loads(await _read(running, "GroupRatio")) == {"default": 1, "svip": 0.25, "vip": 0.5}
    assert json.loads(await _read(running, "UserUsableGroups")) == {"default": "Usual", "vip": "Half price"}
    assert await running.root.get("/api/group/") == ["default", "svip", "vip"]
    user = await running.user("ada", dollars=1)
    groups = await user.get("/api/user/self/groups")
    assert groups == {"default": {"ratio": 1, "desc": "Usual"}, "vip": {"ratio": 0.5, "desc": "Half price"}}
    assert await Client(running.app).get("/api/user/groups") == groups
    token = await user.post("/api/token/", {"name": "k", "group": "vip", "unlimited_quota": True})
    assert token["group"] == "vip"
    assert await chat(running, token["full_key"]) == 200
    (log,) = await user.items("/api/log/self?type=2")
    assert (log["quota"], log["group"]) == (2_500, "vip")
    with pytest.raises(Refused, match="not open"):
        await user.post("/api/token/", {"name": "k", "group": "svip", "unlimited_quota": True})
    await _put(running, "GroupRatio", {"default": 1, "vip": 0.5})
    assert await running.root.get("/api/group/") == ["default", "vip"]


async def test_prices_are_ratios_of_our_own_table(running: Running) -> None:
    await attach(running, "gpt-4o,o3,flat")
    await _put(running, "ModelPrice", {"flat": 0.02})
    await _put(running, "ModelRatio", {"gpt-4o": 1.25, "o3": 1.5})
    await _put(running, "CompletionRatio", {"gpt-4o": 4})
    await _put(running, "CacheRatio", {"gpt-4o": 0.5})
    assert json.loads(await _read(running, "ModelRatio")) == {"gpt-4o": 1.25, "o3": 1.5}
    assert json.loads(await _read(running, "CompletionRatio")) == {"gpt-4o": 4, "o3": 1}
    ratios = await Client(running.app).get("/api/ratio_config")
    assert ratios == {
        "model_ratio": {"gpt-4o": 1.25, "o3": 1.5},
        "completion_ratio": {"gpt-4o": 4, "o3": 1},
        "cache_ratio": {"gpt-4o": 0.5},
        "model_price": {"flat": 0.02},
    }
    rows = {row["model_name"]: row for row in await Client(running.app).get("/api/pricing")}
    assert (rows["gpt-4o"]["quota_type"], rows["gpt-4o"]["model_ratio"], rows["gpt-4o"]["completion_ratio"]) == (
        0,
        1.25,
        4,
    )
    assert rows["gpt-4o"]["rates"]["input_micros_per_mtok"] == 2_500_000
    assert (rows["flat"]["quota_type"], rows["flat"]["model_price"], rows["flat"]["model_ratio"]) == (1, 0.02, 0)
    assert rows["flat"]["enable_groups"] == ["default"]
    await _put(running, "ModelRatio", {"gpt-4o": 2.5})
    assert json.loads(await _read(running, "CompletionRatio")) == {"gpt-4o": 4}
    assert json.loads(await _read(running, "CacheRatio")) == {"gpt-4o": 0.5}
    before = await running.root.get("/api/option/")
    for one in before:
        await running.root.put("/api/option/", one) if one["key"] != "RegisterEnabled" else None
    assert await running.root.get("/api/option/") == before


async def test_a_ratio_without_end_can_be_sent_back(running: Running) -> None:
    await _put(running, "ModelRatio", {"m": 1.5})
    await _put(running, "CompletionRatio", {"m": 10 / 3})
    kept = await _read(running, "CompletionRatio")
    assert json.loads(kept)["m"] == pytest.approx(10 / 3)
    await _put(running, "CompletionRatio", kept)
    await _put(running, "CompletionRatio", json.loads(kept))
    assert await _read(running, "CompletionRatio") == kept


async def test_options_are_in_the_audit_log(running: Running) -> None:
    await _put(running, "Notice", "hello")
    await _put(running, "ModelPrice", {"m": 1})
    await _put(running, "GroupRatio", {"default": 1, "vip": 2})
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    entries = (await ours.raw("GET", "/admin/v1/audit")).json()["data"]
    assert {"option.set", "price.option", "group.create"} <= {entry["action"] for entry in entries}


async def test_announcements_are_told_from_to_and_pinned_first(running: Running) -> None:
    anybody = Client(running.app)
    news = await running.root.post(
        "/api/announcement/", {"title": "News", "content": "**soon**", "tag": "通知", "description": "d"}
    )
    pinned = await running.root.post("/api/announcement/", {"title": "Pinned", "pinned": True, "start_time": 1_000})
    over = {"title": "Over", "start_time": 1_000, "end_time": 2_000}
    past = await running.root.post("/api/announcement/", over)
    later = await running.root.post("/api/announcement/", {"title": "Later", "start_time": 10**10})
    assert [one["title"] for one in await anybody.items("/api/announcement/")] == ["Pinned", "News"]
    assert len(await anybody.items("/api/announcement/?all=true")) == 2
    assert len(await running.root.items("/api/announcement/?all=true")) == 4
    status = await anybody.get("/api/status")
    assert [(one["id"], one["extra"]) for one in status["announcements"]] == [(pinned["id"], ""), (news["id"], "通知")]
    assert (await anybody.get(f"/api/announcement/{news['id']}"))["content"] == "**soon**"
    for number in (past["id"], later["id"], 99):
        with pytest.raises(Refused, match="no announcement"):
            await anybody.get(f"/api/announcement/{number}")
    changed = await running.root.put("/api/announcement/", {"id": past["id"], "end_time": -1, "title": "Back"})
    assert (changed["title"], changed["end_time"], changed["start_time"]) == ("Back", 0, 1_000)
    assert {one["title"] for one in await anybody.items("/api/announcement/")} == {"Pinned", "News", "Back"}
    await running.root.delete(f"/api/announcement/{news['id']}")
    with pytest.raises(Refused, match="no announcement"):
        await running.root.get(f"/api/announcement/{news['id']}")
    user = await running.user("ada")
    with pytest.raises(Refused, match="administer"):
        await user.post("/api/announcement/", {"title": "Mine"})
