"""Who administers whom: an organisation's administrators their members, operators all organisations, root everybody."""

import asyncio

import pytest

from tests.access.desk import Desk, code, session_in

NOT_PERMITTED = (403, "not_permitted")


class Tenants:
    """``org_a`` with the administrator ann and the member al, ``org_b`` with bea and bo; op operates."""

    def __init__(self, desk: Desk, tokens: dict[str, str], ids: dict[str, str]) -> None:
        self.desk = desk
        self.tokens = tokens
        self.ids = ids


@pytest.fixture
async def tenants(desk: Desk) -> Tenants:
    for org in ("org_a", "org_b"):
        await desk.made("/admin/v1/orgs", {"name": org, "id": org})
    people = {
        "ann": ("org_a", "admin"),
        "al": ("org_a", "member"),
        "bea": ("org_b", "admin"),
        "bo": ("org_b", "member"),
    }
    people["op"] = ("org_default", "admin")
    ids = {name: (await desk.user(name, org=org, role=role))["id"] for name, (org, role) in people.items()}
    tokens = {name: await desk.token(name) for name in people}
    for name, one in (("al", "ann"), ("bo", "bea")):
        made = await desk.made("/admin/v1/keys", {"name": f"key of {name}", "user": name}, key=tokens[one])
        ids[f"key {name}"] = made["id"]
        made = await desk.made("/admin/v1/projects", {"name": f"of {one}"}, key=tokens[one])
        ids[f"project {one}"] = made["id"]
    return Tenants(desk, tokens, ids)


async def test_what_lies_in_another_organisation_is_as_if_it_were_not(tenants: Tenants) -> None:
    ids, ann = tenants.ids, tenants.tokens["ann"]
    for kind, foreign, verbs in (
        ("keys", ids["key bo"], ("disable", "enable", "rotate")),
        ("users", ids["bo"], ("password",)),
        ("projects", ids["project bea"], ()),
    ):
        paths = [("GET", ""), ("PATCH", ""), ("DELETE", ""), *(("POST", f"/{verb}") for verb in verbs)]
        for method, end in paths:
            asked: dict[str, str] | None = {} if method != "GET" else None
            there = await tenants.desk.ask(method, f"/admin/v1/{kind}/{foreign}{end}", asked, key=ann)
            missing = await tenants.desk.ask(method, f"/admin/v1/{kind}/{foreign}x{end}", asked, key=ann)
            assert there.status == 404, (method, kind, end, there.body)
            assert there.body == missing.body.replace(f"{foreign}x".encode(), foreign.encode())
    for name in ("bo", "5"):
        assert (await tenants.desk.ask("GET", f"/admin/v1/users/{name}", key=ann)).status == 404
    assert code(await tenants.desk.ask("GET", "/admin/v1/orgs/org_b", key=ann)) == (404, "org_not_found")


async def test_lists_hold_what_one_may_see(tenants: Tenants) -> None:
    async def seen(path: str, name: str, field: str) -> set[str]:
        answer = await tenants.desk.ask("GET", path, key=tenants.tokens[name])
        assert answer.status == 200, answer.body
        return {row[field] for row in answer.json()["data"]}

    assert await seen("/admin/v1/users", "ann", "username") == {"ann", "al"}
    assert await seen("/admin/v1/users?search=b", "ann", "username") == set()
    assert await seen("/admin/v1/users?org=org_b", "ann", "username") == set()
    assert await seen("/admin/v1/users?org=org_b", "op", "username") == {"bea", "bo"}
    assert await seen("/admin/v1/keys", "bea", "name") == {"key of bo"}
    assert await seen(f"/admin/v1/keys?user={tenants.ids['bo']}", "ann", "name") == set()
    assert await seen("/admin/v1/projects", "ann", "name") == {"of ann"}
    assert await seen("/admin/v1/projects?org=org_b", "ann", "name") == set()
    assert await seen("/admin/v1/orgs", "ann", "id") == {"org_a"}
    assert await seen("/admin/v1/orgs", "op", "id") == {"org_default", "org_a", "org_b"}


async def test_nothing_is_made_in_another_organisation(tenants: Tenants) -> None:
    ids, ann = tenants.ids, tenants.tokens["ann"]
    asked: tuple[tuple[str, dict[str, object]], ...] = (
        ("/admin/v1/users", {"username": "spy", "org": "org_b"}),
        ("/admin/v1/projects", {"name": "spy", "org": "org_b"}),
        ("/admin/v1/keys", {"name": "spy", "user": ids["bo"]}),
        ("/admin/v1/keys", {"name": "spy", "user": "bo"}),
        ("/admin/v1/keys", {"name": "spy", "project": ids["project bea"]}),
    )
    for path, body in asked:
        assert (await tenants.desk.ask("POST", path, body, key=ann)).status == 404, (path, body)
    body = {"project": ids["project bea"]}
    assert (await tenants.desk.ask("PATCH", f"/admin/v1/keys/{ids['key al']}", body, key=ann)).status == 404


async def test_only_operators_open_what_others_own(tenants: Tenants) -> None:
    ann, op = tenants.tokens["ann"], tenants.tokens["op"]
    body = {"name": "spy", "owner": tenants.ids["key bo"]}
    assert code(await tenants.desk.ask("POST", "/admin/v1/keys", body, key=ann)) == NOT_PERMITTED
    path = f"/admin/v1/keys/{tenants.ids['key al']}"
    assert code(await tenants.desk.ask("PATCH", path, {"owner": "x"}, key=ann)) == NOT_PERMITTED
    assert (await tenants.desk.ask("POST", "/admin/v1/keys", body, key=op)).status == 201


async def test_only_root_makes_and_touches_administrators(tenants: Tenants) -> None:
    desk, ids, ann, op = tenants.desk, tenants.ids, tenants.tokens["ann"], tenants.tokens["op"]
    second = (await desk.user("ann2", org="org_a", role="admin"))["id"]
    for key in (ann, op):
        for role in ("admin", "root"):
            body = {"username": "new", "role": role}
            assert code(await desk.ask("POST", "/admin/v1/users", body, key=key)) == NOT_PERMITTED
            path = f"/admin/v1/users/{ids['al']}"
            assert code(await desk.ask("PATCH", path, {"role": role}, key=key)) == NOT_PERMITTED
        for method, end, asked in (
            ("PATCH", "", {"disabled": True}),
            ("DELETE", "", None),
            ("POST", "/password", {}),
        ):
            assert code(await desk.ask(method, f"/admin/v1/users/{second}{end}", asked, key=key)) == NOT_PERMITTED
        spy = {"name": "spy", "user": second, "is_admin": True}
        assert code(await desk.ask("POST", "/admin/v1/keys", spy, key=key)) == NOT_PERMITTED
    assert (await desk.ask("PATCH", f"/admin/v1/users/{ids['al']}", {"role": "admin"})).status == 200


async def test_nobody_but_root_touches_root(tenants: Tenants) -> None:
    desk, op = tenants.desk, tenants.tokens["op"]
    keys = (await desk.ask("GET", "/admin/v1/keys?user=user_root")).json()["data"]
    for method, path, body in (
        ("PATCH", "/admin/v1/users/user_root", {"email": "a@b.c"}),
        ("POST", "/admin/v1/users/root/password", {"password": "a new password"}),
        ("DELETE", "/admin/v1/users/1", None),
        ("POST", "/admin/v1/keys", {"name": "spy", "user": "root", "is_admin": True}),
        ("POST", f"/admin/v1/keys/{keys[0]['id']}/rotate", {}),
        ("PATCH", f"/admin/v1/keys/{keys[0]['id']}", {"disabled": True}),
    ):
        assert code(await desk.ask(method, path, body, key=op)) == NOT_PERMITTED, path
    for method, body in (("PATCH", {"disabled": True}), ("PATCH", {"role": "member"}), ("DELETE", None)):
        assert code(await desk.ask(method, "/admin/v1/users/user_root", body)) == NOT_PERMITTED


async def test_nobody_disables_demotes_or_raises_themselves(tenants: Tenants) -> None:
    ann = tenants.tokens["ann"]
    path = f"/admin/v1/users/{tenants.ids['ann']}"
    for method, body in (("PATCH", {"disabled": True}), ("PATCH", {"role": "root"}), ("DELETE", None)):
        assert code(await tenants.desk.ask(method, path, body, key=ann)) == NOT_PERMITTED
    assert (await tenants.desk.ask("PATCH", path, {"display_name": "Ann"}, key=ann)).status == 200


async def test_prices_are_the_operators_business(tenants: Tenants) -> None:
    desk, ann = tenants.desk, tenants.tokens["ann"]
    await desk.made("/admin/v1/groups", {"name": "free", "ratio_ppm": 0})
    await desk.made("/admin/v1/groups", {"name": "choice", "open": True})
    al = f"/admin/v1/users/{tenants.ids['al']}"
    for path, body in ((al, {"group": "free"}), (f"/admin/v1/keys/{tenants.ids['key al']}", {"group": "free"})):
        assert code(await desk.ask("PATCH", path, body, key=ann)) == NOT_PERMITTED
    assert (await desk.ask("PATCH", al, {"group": "choice"}, key=ann)).status == 200
    for method, path, asked in (
        ("POST", "/admin/v1/groups", {"name": "mine", "ratio_ppm": 0}),
        ("PATCH", "/admin/v1/groups/choice", {"ratio_ppm": 0}),
        ("DELETE", "/admin/v1/groups/choice", None),
        ("POST", f"{al}/top-up", {"micros": 5}),
        ("PATCH", "/admin/v1/orgs/org_a", {"month_micros": None}),
        ("PUT", "/admin/v1/models/m/allowance", {"rpm": 0}),
        ("GET", "/admin/v1/audit/check", None),
        ("POST", "/admin/v1/secrets/rotate", {}),
    ):
        assert code(await desk.ask(method, path, asked, key=ann)) == NOT_PERMITTED, path
    assert code(await desk.ask("POST", "/admin/v1/secrets/rotate", {}, key=tenants.tokens["op"])) == NOT_PERMITTED


async def test_members_and_plain_keys_administer_nothing(tenants: Tenants) -> None:
    desk = tenants.desk
    plain = (await desk.made("/admin/v1/keys", {"name": "plain", "user": "ann"}))["key"]
    members = (await desk.made("/admin/v1/keys", {"name": "own", "user": "al", "is_admin": True}))["key"]
    for key in (tenants.tokens["al"], plain, members):
        for path in ("/admin/v1/users", "/admin/v1/keys", "/admin/v1/audit"):
            assert code(await desk.ask("GET", path, key=key)) == (403, "not_an_admin")
    assert (await desk.ask("GET", "/v1/me", key=members)).json()["username"] == "al"
    assert (await desk.ask("GET", "/v1/me", key=plain)).status == 403


async def test_an_administrators_key_has_what_its_user_has(tenants: Tenants) -> None:
    made = await tenants.desk.made("/admin/v1/keys", {"name": "k", "user": "ann", "is_admin": True})
    who = await tenants.desk.who(made["key"])
    assert (who["role"], who["org_id"], who["user_id"]) == ("admin", "org_a", tenants.ids["ann"])
    assert (await tenants.desk.ask("GET", "/admin/v1/users", key=made["key"])).status == 200
    await tenants.desk.ask("PATCH", f"/admin/v1/users/{tenants.ids['ann']}", {"role": "member"})
    assert code(await tenants.desk.ask("GET", "/admin/v1/users", key=made["key"])) == (403, "not_an_admin")


async def test_a_disabled_organisation_and_an_archived_project_stop_at_once(tenants: Tenants) -> None:
    desk = tenants.desk
    body = {"name": "k", "user": "bo", "project": tenants.ids["project bea"]}
    made = await desk.made("/admin/v1/keys", body, key=tenants.tokens["bea"])
    assert (await desk.who(made["key"]))["owner"] == tenants.ids["project bea"]
    path = f"/admin/v1/projects/{tenants.ids['project bea']}"
    await desk.ask("DELETE", path, key=tenants.tokens["bea"])
    assert code(await desk.ask("GET", "/v1/who", key=made["key"])) == (401, "project_archived")
    await desk.ask("PATCH", path, {"archived": False}, key=tenants.tokens["bea"])
    assert (await desk.ask("GET", "/v1/who", key=made["key"])).status == 200
    await desk.ask("PATCH", "/admin/v1/orgs/org_b", {"disabled": True})
    for key in (made["key"], tenants.tokens["bo"]):
        assert code(await desk.ask("GET", "/v1/who", key=key)) == (401, "org_disabled")
    assert code(await desk.ask("PATCH", "/admin/v1/orgs/org_default", {"disabled": True})) == NOT_PERMITTED


async def test_a_deleted_user_leaves_nothing_that_works(tenants: Tenants) -> None:
    desk = tenants.desk
    key = (await desk.made("/admin/v1/keys", {"name": "k", "user": "al"}))["key"]
    assert (await desk.ask("GET", "/v1/who", key=key)).status == 200
    assert (await desk.ask("DELETE", "/admin/v1/users/al", key=tenants.tokens["ann"])).status == 200
    assert code(await desk.ask("GET", "/v1/who", key=key)) == (401, "key_disabled")
    assert code(await desk.ask("GET", "/v1/me", key=tenants.tokens["al"])) == (401, "invalid_api_key")
    assert (await desk.login("al")).status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/admin/v1/users", {"username": "root"}),
        ("/admin/v1/users", {"username": "ＲＯＯＴ"}),
        ("/admin/v1/groups", {"name": "default"}),
        ("/admin/v1/orgs", {"name": "x", "id": "org_default"}),
    ],
)
async def test_a_name_is_taken_once_however_it_is_written(desk: Desk, path: str, body: object) -> None:
    assert (await desk.ask("POST", path, body)).status == 409


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/admin/v1/users", {"username": "a b"}, "username"),
        ("/admin/v1/users", {"username": "a/b"}, "username"),
        ("/admin/v1/users", {"username": "a", "password": "short"}, "password"),
        ("/admin/v1/users", {"username": "a", "role": "key"}, "role"),
        ("/admin/v1/users", {"username": "a", "group": "none"}, "group"),
        ("/admin/v1/users", {"username": "a", "rpm": -1}, "rpm"),
        ("/admin/v1/users", {"username": "a", "epoch": 5}, "epoch"),
        ("/admin/v1/orgs", {"name": "a", "id": "acme"}, "id"),
        ("/admin/v1/projects", {"name": ""}, "name"),
        ("/admin/v1/projects", {"name": "a", "models": ["a*b"]}, "models"),
        ("/admin/v1/groups", {"name": "a/b"}, "name"),
        ("/admin/v1/groups", {"name": "a", "ratio_ppm": 10**10}, "ratio_ppm"),
        ("/admin/v1/keys", {"name": "a", "ips": ["example.com"]}, "ips"),
        ("/admin/v1/keys", {"name": "a", "digest": "x"}, "digest"),
        ("/admin/v1/keys", {"name": "a", "org_id": "org_a"}, "org_id"),
    ],
)
async def test_what_is_not_right_is_named(desk: Desk, path: str, body: object, param: str) -> None:
    answer = await desk.ask("POST", path, body)
    assert (answer.status, answer.json()["error"]["param"]) == (400, param), answer.body


async def test_the_default_group_stays_and_one_that_somebody_is_in(desk: Desk) -> None:
    assert code(await desk.ask("DELETE", "/admin/v1/groups/default")) == NOT_PERMITTED
    await desk.made("/admin/v1/groups", {"name": "vip", "ratio_ppm": 500_000, "models": ["gpt-*"]})
    await desk.user("ann", group="vip")
    key = (await desk.made("/admin/v1/keys", {"name": "k", "user": "ann"}))["key"]
    who = await desk.who(key)
    assert (who["group"], who["ratio_ppm"], who["models"]) == ("vip", 500_000, ["gpt-*"])
    await desk.ask("PATCH", "/admin/v1/groups/vip", {"ratio_ppm": 600_000})
    assert (await desk.who(key))["ratio_ppm"] == 600_000
    assert code(await desk.ask("DELETE", "/admin/v1/groups/vip")) == (409, "group_in_use")
    await desk.ask("PATCH", "/admin/v1/users/ann", {"group": "default"})
    assert (await desk.ask("DELETE", "/admin/v1/groups/vip")).status == 200
    who = await desk.who(key)
    assert (who["group"], who["ratio_ppm"], who["models"]) == ("default", 1_000_000, [])


async def test_administrators_read_what_was_done_in_their_organisation_and_nothing_else(tenants: Tenants) -> None:
    desk, ids, ann = tenants.desk, tenants.ids, tenants.tokens["ann"]
    await desk.made(f"/admin/v1/users/{ids['al']}/top-up", {"micros": 5, "effect": "invoice"})
    await desk.made("/admin/v1/groups", {"name": "secret price", "ratio_ppm": 1})
    of_all = (await desk.ask("GET", "/admin/v1/audit?limit=1000")).json()["data"]
    wanted = [entry for entry in of_all if entry["org_id"] == "org_a"]
    assert {entry["action"] for entry in wanted} >= {"org.create", "user.create", "user.top_up", "key.create"}
    found, before = [], ""
    while True:
        page = (await desk.ask("GET", f"/admin/v1/audit?limit=2{before}", key=ann)).json()
        found += page["data"]
        if not page["has_more"]:
            break
        before = f"&before={found[-1]['number']}"
    assert found == wanted
    for name in ("bo", "bea", "org_b", "secret price"):
        assert ids.get(name, name) not in str(found)
    assert code(await desk.ask("GET", "/admin/v1/audit/check", key=ann)) == NOT_PERMITTED
    assert (await desk.ask("GET", "/admin/v1/audit?limit=1000", key=tenants.tokens["op"])).json()["data"][-1] == of_all[
        -1
    ]


async def test_what_a_tenant_of_all_rights_did_to_the_platform_is_not_the_tenants_to_read(tenants: Tenants) -> None:
    desk = tenants.desk
    await desk.user("rod", org="org_a", role="root")
    await desk.made("/admin/v1/groups", {"name": "whole platforms", "ratio_ppm": 1}, key=await desk.token("rod"))
    mine = (await desk.ask("GET", "/admin/v1/audit?limit=1000", key=tenants.tokens["ann"])).json()["data"]
    assert mine
    assert "group.create" not in {entry["action"] for entry in mine}


async def test_what_others_pay_is_told_to_operators_only(tenants: Tenants) -> None:
    desk, ann = tenants.desk, tenants.tokens["ann"]
    await desk.made("/admin/v1/groups", {"name": "partner", "ratio_ppm": 1})
    await desk.made("/admin/v1/groups", {"name": "choice", "open": True})
    seen = {group["name"] for group in (await desk.ask("GET", "/admin/v1/groups", key=ann)).json()["data"]}
    assert seen == {"default", "choice"}
    there = await desk.ask("GET", "/admin/v1/groups/partner", key=ann)
    missing = await desk.ask("GET", "/admin/v1/groups/partnex", key=ann)
    assert (there.status, there.body) == (404, missing.body.replace(b"partnex", b"partner"))
    await desk.ask("PATCH", f"/admin/v1/users/{tenants.ids['ann']}", {"group": "partner"})
    assert (await desk.ask("GET", "/admin/v1/groups/partner", key=ann)).json()["ratio_ppm"] == 1
    assert (await desk.ask("GET", "/admin/v1/groups/partner", key=tenants.tokens["op"])).status == 200


async def test_nobody_leaves_by_themselves_a_group_an_operator_put_them_into(tenants: Tenants) -> None:
    desk, al, path = tenants.desk, tenants.tokens["al"], f"/admin/v1/users/{tenants.ids['al']}"
    await desk.made("/admin/v1/groups", {"name": "trial", "models": ["small*"]})
    await desk.made("/admin/v1/groups", {"name": "team", "open": True})
    for group in ("team", "default", "team"):  # from one they may choose there is a way back
        assert (await desk.ask("PATCH", "/v1/me", {"group": group}, key=al)).status == 200
    assert (await desk.ask("PATCH", path, {"group": "trial"})).status == 200
    assert code(await desk.ask("PATCH", "/v1/me", {"group": "default"}, key=al)) == NOT_PERMITTED
    assert (await desk.ask("PATCH", "/v1/me", {"group": "trial", "email": "a@b.c"}, key=al)).status == 200
    assert (await desk.who(al))["models"] == ["small*"]
    await desk.ask("PATCH", "/admin/v1/groups/default", {"open": True})
    assert (await desk.ask("PATCH", "/v1/me", {"group": "default"}, key=al)).status == 200


async def test_a_name_of_digits_stands_for_nobody_elses_number(tenants: Tenants) -> None:
    desk, number = tenants.desk, (await tenants.desk.ask("GET", "/admin/v1/users/al")).json()["number"]
    twin = await desk.made("/admin/v1/users", {"username": str(number)}, key=tenants.tokens["bea"])
    path = f"/admin/v1/users/{number}"
    assert code(await desk.ask("GET", path)) == (409, "ambiguous_user")
    assert code(await desk.ask("POST", f"{path}/top-up", {"micros": 5})) == (409, "ambiguous_user")
    assert code(await desk.ask("POST", "/admin/v1/keys", {"name": "k", "user": str(number)})) == (409, "ambiguous_user")
    assert (await desk.ask("GET", path, key=tenants.tokens["ann"])).json()["username"] == "al"
    assert (await desk.ask("GET", path, key=tenants.tokens["bea"])).json()["id"] == twin["id"]
    assert (await desk.ask("GET", f"/admin/v1/users/{twin['id']}")).status == 200


async def test_keys_are_listed_by_any_name_of_their_user(tenants: Tenants) -> None:
    async def names(user: str, by: str | None = None) -> list[str]:
        answer = await tenants.desk.ask("GET", f"/admin/v1/keys?user={user}", key=by)
        return [row["name"] for row in answer.json()["data"]]

    number = (await tenants.desk.ask("GET", "/admin/v1/users/al")).json()["number"]
    for user in (tenants.ids["al"], "al", str(number)):
        assert await names(user) == ["key of al"]
        assert await names(user, tenants.tokens["bea"]) == []
    await tenants.desk.ask("DELETE", "/admin/v1/users/al")
    assert await names(tenants.ids["al"]) == ["key of al"]


async def test_a_key_neither_stops_nor_demotes_itself(desk: Desk) -> None:
    me = (await desk.ask("GET", "/v1/me")).json()
    path = f"/admin/v1/keys/{me['key_id']}"
    for method, end, body in (
        ("POST", "/disable", None), ("DELETE", "", None),
        ("PATCH", "", {"disabled": True}), ("PATCH", "", {"is_admin": False}),
    ):  # fmt: skip
        assert code(await desk.ask(method, path + end, body)) == (409, "own_key"), (method, end)
    assert (await desk.ask("PATCH", path, {"name": "mine", "disabled": False})).status == 200
    other = await desk.made("/admin/v1/keys", {"name": "other", "is_admin": True})
    assert (await desk.ask("POST", f"{path}/disable", key=other["key"])).status == 200


async def test_changes_of_a_group_at_once_all_count(desk: Desk) -> None:
    made = await asyncio.gather(*(desk.ask("POST", "/admin/v1/groups", {"name": "vip"}) for _ in range(8)))
    assert sorted(answer.status for answer in made) == [201, *[409] * 7]
    changes: list[dict[str, object]] = [{"ratio_ppm": 5}, {"models": ["m"]}, {"rpm": 7}, {"tpm": 9}, {"open": True}]
    await asyncio.gather(*(desk.ask("PATCH", "/admin/v1/groups/vip", change) for change in changes))
    vip = (await desk.ask("GET", "/admin/v1/groups/vip")).json()
    assert (vip["ratio_ppm"], vip["models"], vip["rpm"], vip["tpm"], vip["open"]) == (5, ["m"], 7, 9, True)


async def test_passwords_changed_at_once_leave_one_session(desk: Desk) -> None:
    await desk.user("ann")
    before = await desk.cookie("ann")
    body = {"old_password": "password of ann", "new_password": "another of ann"}
    asked = (
        desk.ask("POST", "/v1/auth/password", body, cookie=before, headers={"x-requested-with": "x"}) for _ in range(4)
    )
    sessions = [session_in(answer) for answer in await asyncio.gather(*asked) if answer.status == 200]
    live = [(await desk.ask("GET", "/v1/me", cookie=one)).status for one in (before, *sessions)]
    assert len(sessions) > 1
    assert live.count(200) == 1
