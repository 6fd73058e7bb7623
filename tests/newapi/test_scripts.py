"""What scripts of New API do beside its documented calls: bodies of no type, cookies, keys without ``sk-``, tags."""

from typing import Any

import pytest

from tests.newapi.client import UNIT, Client, Refused
from tests.newapi.serving import PASSWORD, Running, attach

PAGE = {"accept": "text/html,application/xhtml+xml", "upgrade-insecure-requests": "1"}
FOLLOWED: tuple[dict[str, str], ...] = (
    {**PAGE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    {**PAGE, "sec-fetch-site": "same-site", "sec-fetch-mode": "navigate"},
    PAGE,
)


async def _signed_in(running: Running) -> tuple[Client, int]:
    """Root's browser."""
    password = "a new password of root"
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    assert (await ours.raw("POST", "/admin/v1/users/root/password", {"password": password})).status == 200
    browser = Client(running.app)
    answer = await browser.raw("POST", "/api/user/login", {"username": "root", "password": password})
    browser.headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
    return browser, int(answer.json()["data"]["id"])


async def test_a_body_may_be_declared_as_anything(running: Running) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", ""):
        running.root.headers["content-type"] = kind
        assert (await running.root.post("/api/token/", {"name": "k", "unlimited_quota": True}))["id"]
    login = Client(running.app)
    login.headers["content-type"] = "application/x-www-form-urlencoded"
    assert not (await login.raw("POST", "/api/user/login", {"username": "root", "password": "wrong"})).json()["success"]


async def test_what_one_may_not_and_a_wrong_password_are_told_with_a_200(running: Running) -> None:
    wrong = await Client(running.app).raw("POST", "/api/user/login", {"username": "root", "password": "wrong one"})
    assert (wrong.status, wrong.json()["code"]) == (200, "wrong_password")
    closed = await Client(running.app).raw("POST", "/api/user/register", {"username": "eve", "password": PASSWORD})
    assert (closed.status, closed.json()["code"]) == (200, "registration_closed")
    user = await running.user("ada")
    refused = await user.raw("GET", "/api/channel/")
    assert (refused.status, refused.json()["success"]) == (200, False)
    assert (await Client(running.app, "at-oh-unknown").raw("GET", "/api/user/self")).status == 401


@pytest.mark.parametrize("headers", FOLLOWED)
@pytest.mark.parametrize("path", ["/api/user/token", "/api/channel/test", "/api/user/logout"])
async def test_a_link_on_another_site_changes_nothing(running: Running, path: str, headers: dict[str, str]) -> None:
    browser, _ = await _signed_in(running)
    browser.headers |= headers
    answer = await browser.raw("GET", path)
    assert (answer.status, answer.json()["code"]) == (200, "cross_site_request")
    assert (await browser.raw("GET", "/api/user/self")).json()["success"]


async def test_ones_own_page_and_scripts_with_a_cookie_get_a_token(running: Running) -> None:
    browser, number = await _signed_in(running)
    assert (await browser.get("/api/user/token")).startswith("at-oh-")
    browser.headers |= {**PAGE, "sec-fetch-site": "same-origin"}
    assert (await browser.get("/api/user/token")).startswith("at-oh-")
    browser.headers |= {"sec-fetch-site": "cross-site", "new-api-user": str(number)}
    assert (await browser.get("/api/user/token")).startswith("at-oh-")


@pytest.mark.parametrize("path", ["/v1/dashboard/billing/subscription", "/v1/dashboard/billing/usage", "/oneapi/token"])
async def test_billing_takes_a_key_without_its_beginning(running: Running, path: str) -> None:
    key = (await running.root.post("/api/token/", {"name": "k", "remain_quota": UNIT}))["key"]
    answer = await Client(running.app, f"Bearer {key}").raw("GET", path)
    assert answer.status == 200, answer.body
    unknown = await Client(running.app, "Bearer oh-unknown").raw("GET", path)
    assert (unknown.status, unknown.json()["error"]["code"]) == (401, "invalid_api_key")


async def _boss(running: Running) -> Client:
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    await ours.raw("POST", "/admin/v1/orgs", {"name": "Acme", "id": "org_acme"})
    made = await ours.raw(
        "POST", "/admin/v1/users", {"username": "boss", "org": "org_acme", "role": "admin", "password": PASSWORD}
    )
    return await running.signed_in("boss", made.json()["number"])


async def test_a_search_by_number_tells_nothing_of_other_organisations(running: Running) -> None:
    stranger = await running.user("ada")
    boss = await _boss(running)
    number = stranger.headers["new-api-user"]
    assert await boss.items(f"/api/user/search?keyword={number}") == []
    await boss.post("/api/user/", {"username": f"n{number}", "password": PASSWORD})
    assert [row["username"] for row in await boss.items(f"/api/user/search?keyword={number}")] == [f"n{number}"]


async def test_what_is_refused_is_not_half_done(running: Running) -> None:
    boss = await _boss(running)
    with pytest.raises(Refused, match="Only operators pay"):
        await boss.post("/api/user/", {"username": "half", "password": PASSWORD, "quota": UNIT})
    assert await boss.items("/api/user/search?keyword=half") == []
    made = await boss.post("/api/user/", {"username": "whole", "password": PASSWORD})
    for change in ({"quota": UNIT}, {"password": "short"}):
        with pytest.raises(Refused):
            await boss.put("/api/user/", {"id": made["id"], "display_name": "changed", **change})
    assert (await boss.get(f"/api/user/{made['id']}"))["display_name"] == "whole"
    user = await running.user("ada")
    with pytest.raises(Refused, match="A password has"):
        await user.put("/api/user/self", {"display_name": "changed", "password": "x", "original_password": PASSWORD})
    assert (await user.get("/api/user/self"))["display_name"] == "ada"


async def test_channels_are_changed_by_their_tag(running: Running) -> None:
    numbers = [await attach(running, models) for models in ("m1", "m2,m3")]
    for number in numbers:
        await running.root.put("/api/channel/", {"id": number, "tag": "eu"})
    assert await running.root.get("/api/channel/tag/models?tag=eu") == "m2,m3"
    await running.root.put("/api/channel/tag", {"tag": "eu", "new_tag": "us", "priority": 3, "weight": 7})
    shown: list[dict[str, Any]] = [await running.root.get(f"/api/channel/{number}") for number in numbers]
    assert {(one["tag"], one["priority"], one["weight"]) for one in shown} == {("us", 3, 7)}
    with pytest.raises(Refused, match="No channel has the tag"):
        await running.root.put("/api/channel/tag", {"tag": "eu", "weight": 1})
    with pytest.raises(Refused, match="cannot be set here"):
        await running.root.put("/api/channel/tag", {"tag": "us", "models": "m9"})
    assert (await running.root.post("/api/channel/fix"))["fails"] == 0
    assert await running.root.get("/api/channel/update_balance") is None
    with pytest.raises(Refused, match="not asked for here"):
        await running.root.get(f"/api/channel/update_balance/{numbers[0]}")
