"""A script written for New API: accounts, tokens, calls, logs and money, as its documentation says to ask for them."""

import time
from pathlib import Path

import pytest

from tests.newapi.client import UNIT, Client, Refused
from tests.newapi.serving import PASSWORD, Running, attach, chat, serving

CENT = UNIT // 100


async def test_a_token_is_made_used_and_accounted_for(running: Running) -> None:
    channel = await attach(running, "gpt-4o,other")
    user = await running.user("ada", dollars=1)
    made = await user.post("/api/token/", {"name": "script", "remain_quota": 50 * CENT, "expired_time": -1,
                                           "unlimited_quota": False, "model_limits_enabled": True,
                                           "model_limits": "gpt-4o", "allow_ips": "", "group": ""})  # fmt: skip
    key = f"sk-{made['key']}"
    assert [await chat(running, key) for _ in range(3)] == [200, 200, 200]
    assert await chat(running, key, "other") == 403
    token = await user.get(f"/api/token/{made['id']}")
    assert (token["remain_quota"], token["used_quota"], token["status"]) == (47 * CENT, 3 * CENT, 1)
    assert token["key"] != made["key"]
    me = await user.get("/api/user/self")
    assert (me["quota"], me["used_quota"], me["request_count"]) == (97 * CENT, 3 * CENT, 3)
    logs = await user.items("/api/log/self")
    spent = [log for log in logs if log["type"] == 2]
    assert [(log["model_name"], log["quota"], log["token_name"]) for log in spent] == [("gpt-4o", CENT, "script")] * 3
    assert {log["channel"] for log in spent} == {0}
    seen = [log for log in await running.root.items(f"/api/log/?username=ada&channel={channel}") if log["type"] == 2]
    assert [(log["channel"], log["username"], log["channel_name"]) for log in seen] == [(channel, "ada", "up")] * 3
    assert len({log["id"] for log in spent}) == 3
    assert (await user.get("/api/log/self/stat"))["quota"] == 3 * CENT
    (hour,) = [row for row in await user.get("/api/data/self") if row["quota"]]
    assert (hour["model_name"], hour["count"], hour["quota"]) == ("gpt-4o", 3, 3 * CENT)


async def test_logs_are_found_by_a_part_of_the_models_name_and_by_the_call(running: Running) -> None:
    await attach(running, "gpt-4o,gpt-4o-mini,o3")
    user = await running.user("ada")
    key = (await user.post("/api/token/", {"name": "k", "unlimited_quota": True}))["full_key"]
    assert [await chat(running, key, model) for model in ("gpt-4o", "gpt-4o-mini", "o3")] == [200] * 3
    for said, models in {
        "gpt-4o": {"gpt-4o"},
        "gpt%25": {"gpt-4o", "gpt-4o-mini"},
        "%25mini": {"gpt-4o-mini"},
        "%25t-4%25": {"gpt-4o", "gpt-4o-mini"},
        "g%25o%25i": {"gpt-4o-mini"},
        "%25o%25o%25o%25": set(),
        "%25": {"gpt-4o", "gpt-4o-mini", "o3"},
        "%25nothing%25": set(),
    }.items():
        found = await user.items(f"/api/log/self?type=2&model_name={said}")
        assert {log["model_name"] for log in found} == models, said
        assert (await user.get(f"/api/log/self/stat?model_name={said}"))["quota"] == len(models) * CENT, said
    (one,) = await user.items("/api/log/self?model_name=o3")
    assert await user.items(f"/api/log/self?request_id={one['request_id']}") == [one]
    assert await user.items("/api/log/self?request_id=call_unknown") == []


async def test_a_wrong_field_of_a_token_is_named_as_it_was_sent(running: Running) -> None:
    user = await running.user("ada")
    made = await user.post("/api/token/", {"name": "k", "unlimited_quota": True})
    for field, said in {"allow_ips": "nonsense", "model_limits": "m" * 300}.items():
        for method, body in (("POST", {"name": "n"}), ("PUT", {"id": made["id"]})):
            answer = (await user.raw(method, "/api/token/", {**body, field: said})).json()
            assert (answer["success"], answer["param"]) == (False, field)
            assert f"'{field}'" in answer["message"]


async def test_a_key_asks_for_its_own_standing(running: Running) -> None:
    await attach(running)
    user = await running.user("ada")
    made = await user.post("/api/token/", {"name": "k", "remain_quota": UNIT, "expired_time": -1})
    key = made["full_key"]
    assert await chat(running, key) == 200
    for sent in (f"Bearer {key}", key, made["key"], f"Bearer {made['key']}"):
        asked = Client(running.app, sent)
        for path in ("/api/usage/token", "/api/usage/token/"):
            said = (await asked.raw("GET", path)).json()
            assert said["code"] is True
            assert said["data"] == {
                "object": "token_usage", "name": "k", "total_granted": UNIT, "total_used": CENT,
                "total_available": UNIT - CENT, "unlimited_quota": False, "model_limits": {},
                "model_limits_enabled": False, "expires_at": 0,
            }  # fmt: skip
    bearer = Client(running.app, f"Bearer {key}")
    for prefix in ("/v1", ""):
        said = (await bearer.raw("GET", f"{prefix}/dashboard/billing/subscription")).json()
        assert (said["object"], said["hard_limit_usd"]) == ("billing_subscription", 1)
        used = await bearer.raw("GET", f"{prefix}/dashboard/billing/usage?start_date=2026-01-01&end_date=2026-12-31")
        assert used.json() == {"object": "list", "total_usage": 1}
    assert (await bearer.raw("GET", "/v1/credits")).json() == {"data": {"total_credits": 1, "total_usage": 0.01}}
    assert (await bearer.raw("GET", "/oneapi/token")).json() == {"balance": 0.99}
    grants = (await bearer.raw("GET", "/v1/dashboard/billing/credit_grants")).json()
    assert (grants["total_granted"], grants["total_used"], grants["total_available"]) == (1, 0.01, 0.99)
    logs = await Client(running.app).raw("GET", f"/api/log/token?key={key}")
    assert [row["quota"] for row in logs.json()["data"]] == [CENT]
    refused = await Client(running.app, "Bearer sk-nobody").raw("GET", "/api/usage/token")
    assert (refused.status, refused.json()["success"]) == (401, False)


async def test_a_key_without_a_quota_tells_its_users(running: Running) -> None:
    user = await running.user("ada", dollars=5)
    made = await user.post("/api/token/", {"name": "k", "unlimited_quota": True})
    bearer = Client(running.app, f"Bearer {made['full_key']}")
    assert (await bearer.raw("GET", "/v1/dashboard/billing/subscription")).json()["hard_limit_usd"] == 5
    assert (await bearer.raw("GET", "/api/usage/token")).json()["data"]["unlimited_quota"] is True
    first = Client(running.app, running.platform.first_key)
    assert (await first.raw("GET", "/v1/dashboard/billing/subscription")).json()["hard_limit_usd"] == 100_000_000


async def test_tokens_are_listed_changed_and_deleted(running: Running) -> None:
    user = await running.user("ada")
    made = [await user.post("/api/token/", {"name": f"t{at}", "unlimited_quota": True}) for at in range(7)]
    assert [one["name"] for one in await user.items("/api/token/")] == [f"t{at}" for at in range(6, -1, -1)]
    assert [one["id"] for one in await user.items("/api/token/search?keyword=T3")] == [made[3]["id"]]
    assert [one["id"] for one in await user.items(f"/api/token/search?token={made[4]['key']}")] == [made[4]["id"]]
    assert await user.items(f"/api/token/search?token=sk-{'x' * 40}") == []
    later = int(time.time()) + 3600
    body = {"id": made[0]["id"], "name": "renamed", "remain_quota": 10, "unlimited_quota": False, "group": ""}
    body |= {"expired_time": later, "allow_ips": "10.0.0.0/8\n", "model_limits_enabled": False, "model_limits": ""}
    changed = await user.put("/api/token/", body)
    assert (changed["name"], changed["remain_quota"], changed["expired_time"]) == ("renamed", 10, later)
    assert changed["allow_ips"] == "10.0.0.0/8"
    again = await user.put("/api/token/", changed)
    assert again == changed
    off = await user.put("/api/token/?status_only=true", {"id": made[1]["id"], "status": 2})
    assert (off["status"], off["name"], off["unlimited_quota"]) == (2, "t1", True)
    assert await chat(running, made[1]["full_key"]) == 401
    assert (await user.put("/api/token/?status_only=true", {"id": made[1]["id"], "status": 1}))["status"] == 1
    assert await user.delete(f"/api/token/{made[1]['id']}") is None
    assert await chat(running, made[1]["full_key"]) == 401
    with pytest.raises(Refused, match=f"no token {made[1]['id']}"):
        await user.get(f"/api/token/{made[1]['id']}")
    assert await user.post("/api/token/batch", {"ids": [made[2]["id"], made[3]["id"], made[1]["id"], 10**6]}) == 2
    assert len(await user.items("/api/token/")) == 4
    with pytest.raises(Refused, match="only its digest is kept"):
        await user.post(f"/api/token/{made[4]['id']}/key")


async def test_a_used_up_or_expired_token_says_so_and_is_enabled_by_more(running: Running) -> None:
    await attach(running)
    user = await running.user("ada")
    made = await user.post("/api/token/", {"name": "k", "remain_quota": CENT, "expired_time": -1})
    assert await chat(running, made["full_key"]) == 200
    assert await chat(running, made["full_key"]) == 402
    assert (await user.get(f"/api/token/{made['id']}"))["status"] == 4
    with pytest.raises(Refused, match="used up"):
        await user.put("/api/token/?status_only=1", {"id": made["id"], "status": 1})
    more = await user.put("/api/token/", {"id": made["id"], "name": "k", "remain_quota": CENT, "status": 4})
    assert (more["status"], more["remain_quota"], more["used_quota"]) == (1, CENT, CENT)
    assert await chat(running, made["full_key"]) == 200
    past = await user.put(
        "/api/token/", {"id": made["id"], "expired_time": int(time.time()) - 10, "remain_quota": UNIT}
    )
    assert past["status"] == 3
    with pytest.raises(Refused, match="expired"):
        await user.put("/api/token/?status_only=1", {"id": made["id"], "status": 1})


async def test_a_key_neither_widens_nor_stops_itself(running: Running) -> None:
    first = (await running.root.items("/api/token/"))[0]["id"]
    for method, path, body in (
        ("PUT", "/api/token/", {"id": first, "remain_quota": 0, "unlimited_quota": False}),
        ("PUT", "/api/token/?status_only=1", {"id": first, "status": 2}),
        ("DELETE", f"/api/token/{first}", None),
        ("POST", "/api/token/batch", {"ids": [first]}),
    ):
        assert (await running.root.raw(method, path, body)).json()["code"] == "own_key"
    assert (await running.root.get(f"/api/token/{first}"))["unlimited_quota"] is True


async def test_the_first_user_is_not_locked_out_by_a_quota(running: Running) -> None:
    for method, path, body in (
        ("PUT", "/api/user/", {"id": 1, "quota": 0}),
        ("POST", "/api/user/manage", {"id": 1, "action": "add_quota", "mode": "override", "value": 5}),
        ("POST", "/api/user/manage", {"id": 1, "action": "add_quota", "mode": "add", "value": 5}),
    ):
        answer = await running.root.raw(method, path, body)
        assert (answer.status, answer.json()["success"]) == (200, False)
    me = await running.root.get("/api/user/self")
    assert await running.root.put("/api/user/", me) == me


async def test_users_are_administered(running: Running) -> None:
    root = running.root
    made = await root.post("/api/user/", {"username": "Ada", "password": PASSWORD, "display_name": "Ada L.", "role": 1})
    number = made["id"]
    assert (made["username"], made["quota"], made["status"], made["role"]) == ("ada", 0, 1, 1)
    for name in ("bob", "cy", "dee"):
        await root.post("/api/user/", {"username": name, "password": PASSWORD})
    assert [one["username"] for one in await root.items("/api/user/")] == ["dee", "cy", "bob", "ada", "root"]
    assert [one["id"] for one in await root.items("/api/user/search?keyword=ADA&group=")] == [number]
    assert [one["id"] for one in await root.items(f"/api/user/search?keyword={number}")] == [number]
    assert len(await root.items("/api/user/search?keyword=&group=default")) == 5
    user = await root.get(f"/api/user/{number}")
    changed = await root.put("/api/user/", {**user, "display_name": "Lady", "quota": 3 * UNIT})
    assert (changed["display_name"], changed["quota"]) == ("Lady", 3 * UNIT)
    assert await root.put("/api/user/", changed) == changed
    told = await root.post("/api/user/manage", {"id": number, "action": "promote"})
    assert told == {"role": 10, "status": 1}
    assert (await root.post("/api/user/manage", {"id": number, "action": "demote"}))["role"] == 1
    assert (await root.post("/api/user/manage", {"username": "ada", "action": "disable"}))["status"] == 2
    with pytest.raises(Refused, match="wrong"):
        await Client(running.app).post("/api/user/login", {"username": "ada", "password": PASSWORD})
    await root.post("/api/user/manage", {"id": number, "action": "enable"})
    for mode, value, left in (("add", UNIT, 4), ("subtract", 2 * UNIT, 2), ("override", 9 * UNIT, 9)):
        await root.post("/api/user/manage", {"id": number, "action": "add_quota", "mode": mode, "value": value})
        assert (await root.get(f"/api/user/{number}"))["quota"] == left * UNIT
    with pytest.raises(Refused, match="'action' is one of"):
        await root.post("/api/user/manage", {"id": number, "action": "bless"})
    with pytest.raises(Refused, match="first user"):
        await root.post("/api/user/manage", {"id": 1, "action": "disable"})
    await root.delete(f"/api/user/{number}")
    with pytest.raises(Refused, match=f"no user {number}"):
        await root.get(f"/api/user/{number}")


async def test_one_changes_oneself(running: Running) -> None:
    user = await running.user("ada")
    await user.put("/api/user/self", {"username": "ada", "display_name": "Lady"})
    assert (await user.get("/api/user/self"))["display_name"] == "Lady"
    with pytest.raises(Refused, match="old password"):
        await user.put("/api/user/self", {"password": "another password", "original_password": "wrong"})
    await user.put("/api/user/self", {"password": "another password", "original_password": PASSWORD})
    signed = await Client(running.app).post("/api/user/login", {"username": "ada", "password": "another password"})
    assert (signed["username"], signed["role"], signed["group"]) == ("ada", 1, "default")


async def test_the_header_must_name_the_caller(running: Running) -> None:
    user = await running.user("ada")
    assert (await user.raw("GET", "/api/user/self")).status == 200
    user.headers["new-api-user"] = "1"
    answer = await user.raw("GET", "/api/user/self")
    assert (answer.status, answer.json()["code"]) == (401, "wrong_user")
    del user.headers["new-api-user"]
    assert (await user.raw("GET", "/api/user/self")).status == 200
    assert (await Client(running.app).raw("GET", "/api/user/self")).status == 401


async def test_a_write_by_cookie_needs_the_header(running: Running) -> None:
    await running.user("ada")
    browser = Client(running.app)
    answer = await browser.raw("POST", "/api/user/login", {"username": "ada", "password": PASSWORD})
    browser.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
    refused = await browser.raw("POST", "/api/token/", {"name": "k", "unlimited_quota": True})
    assert (refused.status, refused.json()["code"]) == (200, "cross_site_request")
    browser.headers["new-api-user"] = str(answer.json()["data"]["id"])
    assert (await browser.post("/api/token/", {"name": "k", "unlimited_quota": True}))["id"]
    assert (await browser.raw("GET", "/api/user/logout")).json()["success"]
    assert (await browser.raw("GET", "/api/user/self")).status == 401


async def test_roles_open_what_they_open_there(running: Running) -> None:
    user = await running.user("ada")
    for path in ("/api/user/", "/api/channel/", "/api/log/", "/api/redemption/", "/api/option/", "/api/data/"):
        answer = await user.raw("GET", path)
        assert (answer.status, answer.json()["success"]) == (200, False)
    admin = await running.user("boss", role=10)
    assert (await admin.raw("GET", "/api/user/")).status == 200
    assert (await admin.raw("GET", "/api/option/")).json()["code"] == "not_permitted"


async def test_registration_follows_the_settings_and_the_option(tmp_path: Path, running: Running) -> None:
    with pytest.raises(Refused, match="Nobody can register"):
        await Client(running.app).post("/api/user/register", {"username": "eve", "password": PASSWORD})
    with pytest.raises(Refused, match="keep closed"):
        await running.root.put("/api/option/", {"key": "RegisterEnabled", "value": "true"})
    folder = tmp_path / "open"
    folder.mkdir(mode=0o700)
    async with serving(folder, registration=True) as other:
        made = await Client(other.app).post("/api/user/register", {"username": "eve", "password": PASSWORD})
        assert made["username"] == "eve"
        await other.root.put("/api/option/", {"key": "RegisterEnabled", "value": False})
        with pytest.raises(Refused, match="Nobody can register"):
            await Client(other.app).post("/api/user/register", {"username": "eva", "password": PASSWORD})


async def test_an_option_opens_registration_where_the_settings_leave_it_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "option"
    folder.mkdir(mode=0o700)
    async with serving(folder, registration="option") as left:
        anybody = Client(left.app)
        assert (await anybody.get("/api/status"))["register_enabled"] is False
        with pytest.raises(Refused, match="Nobody can register"):
            await anybody.post("/api/user/register", {"username": "eve", "password": PASSWORD})
        await left.root.put("/api/option/", {"key": "RegisterEnabled", "value": True})
        assert (await anybody.get("/api/status"))["register_enabled"] is True
        assert (await anybody.post("/api/user/register", {"username": "eve", "password": PASSWORD}))["id"]
        body = {"username": "eva", "password": PASSWORD}
        assert (await anybody.raw("POST", "/v1/auth/register", body)).status == 201
        await left.root.put("/api/option/", {"key": "RegisterEnabled", "value": "false"})
        assert (await anybody.raw("POST", "/v1/auth/register", body)).status == 403


async def test_there_are_no_tasks_and_no_deleting_of_logs(running: Running) -> None:
    for path in ("/api/task/", "/api/mj/", "/api/task/self", "/api/mj/self"):
        assert await running.root.items(path) == []
    with pytest.raises(Refused, match="not deleted"):
        await running.root.delete("/api/log/?target_timestamp=1")
    assert await running.root.items("/api/log/?type=1") == []
