"""Signing in: the right password and nothing else, told apart by nothing, kept by a cookie other sites cannot use."""

from pathlib import Path

from openhearth.config import Access, Server
from tests.access.desk import OWN_PAGE, Desk, code, open_desk, session_in


async def test_a_session_is_a_closed_cookie_and_nothing_else(desk: Desk) -> None:
    await desk.user("ann")
    answer = await desk.login("ANN ", "password of ann")
    parts = [part.strip().lower() for part in answer.headers["set-cookie"].split(";")]
    assert {"httponly", "samesite=lax", "path=/", "max-age=604800"} <= set(parts)
    assert "secure" not in parts
    token = session_in(answer)
    assert token.startswith("ss-oh-")
    assert token.encode() not in answer.body
    assert answer.json()["user"]["username"] == "ann"
    me = (await desk.ask("GET", "/v1/me", cookie=token)).json()
    assert (me["username"], me["role"], me["permissions"]) == ("ann", "member", ["account", "call", "public"])
    assert not {"password", "access_digest", "epoch"} & set(me)


async def test_the_cookie_is_for_https_where_the_platform_is(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "data", server=Server(public_url="https://ai.example.com")) as desk:
        await desk.user("ann")
        assert "secure" in (await desk.login("ann")).headers["set-cookie"].lower()


async def test_a_wrong_name_and_a_wrong_password_are_told_the_same(desk: Desk) -> None:
    await desk.user("ann")
    await desk.user("bob")
    await desk.ask("PATCH", "/admin/v1/users/bob", {"disabled": True})
    told = [await desk.login(*pair) for pair in (("ann", "wrong password"), ("nobody", "x"), ("a b/c", "x"), ("bob",))]
    assert {code(answer) for answer in told} == {(401, "wrong_password")}
    assert len({answer.body for answer in told}) == 1
    assert all("set-cookie" not in answer.headers for answer in told)


async def test_tries_are_limited_for_names_that_exist_and_others_alike(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "data", access=Access(tries=3)) as desk:
        await desk.user("ann")
        for name in ("ann", "nobody"):
            for _ in range(3):
                assert code(await desk.login(name, "wrong password")) == (401, "wrong_password")
            answer = await desk.login(name, "password of ann")
            assert code(answer) == (429, "too_many_tries")
            assert 1 <= float(answer.headers["retry-after"]) <= 900


async def test_an_address_may_not_try_many_names(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "data", access=Access(tries=1)) as desk:
        for number in range(5):
            assert code(await desk.login(f"name{number}", "wrong")) == (401, "wrong_password")
        assert code(await desk.login("name9", "wrong")) == (429, "too_many_tries")


async def test_a_right_password_takes_back_the_wrong_ones(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "data", access=Access(tries=2)) as desk:
        await desk.user("ann")
        for _ in range(4):
            assert (await desk.login("ann", "wrong")).status == 401
            assert (await desk.login("ann")).status == 200


async def test_signing_in_again_ends_the_session_that_was_there(desk: Desk) -> None:
    await desk.user("ann")
    first = await desk.cookie("ann")
    body = {"username": "ann", "password": "password of ann"}
    second = session_in(await desk.ask("POST", "/v1/auth/login", body, cookie=first))
    assert second != first
    assert code(await desk.ask("GET", "/v1/me", cookie=first)) == (401, "session_ended")
    assert (await desk.ask("GET", "/v1/me", cookie=second)).status == 200


async def test_signing_out_ends_the_session_at_once(desk: Desk) -> None:
    await desk.user("ann")
    cookie = await desk.cookie("ann")
    assert (await desk.ask("GET", "/v1/me", cookie=cookie)).status == 200
    gone = await desk.ask("POST", "/v1/auth/logout", cookie=cookie, headers=OWN_PAGE)
    assert "max-age=0" in gone.headers["set-cookie"].lower()
    assert code(await desk.ask("GET", "/v1/me", cookie=cookie)) == (401, "session_ended")


async def test_a_new_password_ends_every_other_session(desk: Desk) -> None:
    await desk.user("ann")
    old, other = await desk.cookie("ann"), await desk.cookie("ann")
    body = {"old_password": "password of ann", "new_password": "another password"}
    wrong = {"old_password": "no such password", "new_password": "another password"}
    assert code(await desk.ask("POST", "/v1/auth/password", wrong, cookie=old, headers=OWN_PAGE)) == (
        401,
        "wrong_password",
    )
    short = {**body, "new_password": "short"}
    refused = await desk.ask("POST", "/v1/auth/password", short, cookie=old, headers=OWN_PAGE)
    assert code(refused) == (400, "invalid_password")
    assert (await desk.ask("GET", "/v1/me", cookie=other)).status == 200
    new = session_in(await desk.ask("POST", "/v1/auth/password", body, cookie=old, headers=OWN_PAGE))
    for cookie in (old, other):
        assert code(await desk.ask("GET", "/v1/me", cookie=cookie)) == (401, "session_ended")
    assert (await desk.ask("GET", "/v1/me", cookie=new)).status == 200
    assert (await desk.login("ann")).status == 401
    assert (await desk.login("ann", "another password")).status == 200


async def test_other_sites_cannot_write_with_the_cookie(desk: Desk) -> None:
    await desk.user("ann")
    cookie = await desk.cookie("ann")
    body = {"display_name": "Ann"}
    for headers in ({}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"sec-fetch-site": "none"}):
        answer = await desk.ask("PATCH", "/v1/me", body, cookie=cookie, headers=headers)
        assert code(answer) == (403, "cross_site_request"), headers
    for headers in (OWN_PAGE, {"sec-fetch-site": "same-origin"}):
        assert (await desk.ask("PATCH", "/v1/me", body, cookie=cookie, headers=headers)).status == 200
    assert (await desk.ask("GET", "/v1/me", cookie=cookie, headers={"sec-fetch-site": "cross-site"})).status == 200


async def test_another_site_cannot_sign_somebody_in(desk: Desk) -> None:
    await desk.user("ann")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        assert code(await desk.login("ann", **headers)) == (403, "cross_site_request")


async def test_an_access_token_counts_like_its_user_until_another_is_made(desk: Desk) -> None:
    made = await desk.user("ann")
    first = await desk.token("ann")
    assert first.startswith("at-oh-")
    assert (await desk.ask("GET", "/v1/me", key=first)).json()["id"] == made["id"]
    assert (await desk.ask("PATCH", "/v1/me", {"email": "a@b.c"}, key=first)).status == 200
    assert (await desk.ask("GET", "/v1/who", key=first)).status == 200
    second = (await desk.ask("POST", "/v1/auth/token", key=first)).json()["token"]
    assert code(await desk.ask("GET", "/v1/me", key=first)) == (401, "invalid_api_key")
    assert (await desk.ask("DELETE", "/v1/auth/token", key=second)).status == 200
    assert code(await desk.ask("GET", "/v1/me", key=second)) == (401, "invalid_api_key")


async def test_whoever_is_disabled_is_out_at_once_in_every_way(desk: Desk) -> None:
    made = await desk.user("ann")
    cookie, token = await desk.cookie("ann"), await desk.token("ann")
    key = (await desk.made("/admin/v1/keys", {"name": "k", "user": "ann"}))["key"]
    for one in (token, key):
        assert (await desk.ask("GET", "/v1/who", key=one)).status == 200
    await desk.ask("PATCH", f"/admin/v1/users/{made['id']}", {"disabled": True})
    for one in (token, key):
        assert code(await desk.ask("GET", "/v1/who", key=one)) == (401, "user_disabled")
    assert code(await desk.ask("GET", "/v1/me", cookie=cookie)) == (401, "user_disabled")
    await desk.ask("PATCH", f"/admin/v1/users/{made['id']}", {"disabled": False})
    assert (await desk.ask("GET", "/v1/who", key=key)).status == 200


async def test_a_session_ends_by_itself(tmp_path: Path) -> None:
    async with open_desk(tmp_path / "data", access=Access(session_s=0.0)) as desk:
        await desk.user("ann")
        assert code(await desk.ask("GET", "/v1/me", cookie=await desk.cookie("ann"))) == (401, "session_ended")


async def test_a_member_changes_only_what_is_theirs(desk: Desk) -> None:
    await desk.user("ann")
    token = await desk.token("ann")
    for body in ({"role": "root"}, {"quota_micros": 1}, {"disabled": False}, {"username": "root2"}):
        assert (await desk.ask("PATCH", "/v1/me", body, key=token)).status == 400
    await desk.made("/admin/v1/groups", {"name": "cheap", "ratio_ppm": 1})
    await desk.made("/admin/v1/groups", {"name": "free choice", "open": True})
    assert code(await desk.ask("PATCH", "/v1/me", {"group": "cheap"}, key=token)) == (403, "not_permitted")
    assert (await desk.ask("PATCH", "/v1/me", {"group": "free choice"}, key=token)).json()["group"] == "free choice"


async def test_nobody_registers_unless_the_operator_lets_them(desk: Desk, tmp_path: Path) -> None:
    body = {"username": "new", "password": "a long password"}
    assert code(await desk.ask("POST", "/v1/auth/register", body, key="")) == (403, "registration_closed")
    open_door = Access(registration=True, starting_micros=500_000, tries=2)
    async with open_desk(tmp_path / "open", access=open_door) as other:
        answer = await other.ask("POST", "/v1/auth/register", body, key="")
        assert answer.status == 201
        user = answer.json()["user"]
        assert (user["role"], user["org_id"], user["quota_micros"]) == ("member", "org_default", 500_000)
        assert (await other.ask("GET", "/v1/me", cookie=session_in(answer))).status == 200
        assert code(await other.ask("POST", "/v1/auth/register", body, key="")) == (409, "username_taken")
        assert code(await other.ask("POST", "/v1/auth/register", body, key="")) == (429, "too_many_tries")


async def test_root_is_made_once_with_a_password_that_is_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with open_desk(folder) as desk:
        password = desk.password
        assert len(password) >= 32
        me = (await desk.ask("GET", "/v1/me", cookie=await desk.cookie("root", password))).json()
        assert (me["id"], me["number"], me["role"]) == ("user_root", 1, "root")
        assert {"root", "operate", "admin"} <= set(me["permissions"])
    assert all(password.encode() not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    async with open_desk(folder) as again:
        assert again.password == ""
        assert (await again.login("root", password)).status == 200


async def test_cookies_of_other_programs_on_this_host_hide_no_session(desk: Desk) -> None:
    await desk.user("ann")
    session = await desk.cookie("ann")
    for others in ('prefs={"a": 1}', "a[b]=1", "x=1, 2", "n=\u00e9", "=", ";;"):
        headers = {"cookie": f"{others}; oh_session={session}"}
        assert (await desk.ask("GET", "/v1/me", key="", headers=headers)).status == 200, others


async def test_nobody_signs_in_to_an_organisation_that_is_disabled(desk: Desk) -> None:
    await desk.made("/admin/v1/orgs", {"name": "Acme", "id": "org_acme"})
    await desk.user("ann", org="org_acme")
    await desk.ask("PATCH", "/admin/v1/orgs/org_acme", {"disabled": True})
    answer = await desk.login("ann")
    assert code(answer) == (401, "org_disabled")
    assert "set-cookie" not in answer.headers
    assert code(await desk.login("ann", "a wrong one")) == (401, "wrong_password")
    await desk.ask("PATCH", "/admin/v1/orgs/org_acme", {"disabled": False})
    assert (await desk.login("ann")).status == 200
