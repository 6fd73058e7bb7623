"""Two users and two organisations: what is another's is answered as what is not there."""

from typing import Any

from tests.fakes.asgi import Answer
from tests.newapi.client import Client
from tests.newapi.serving import PASSWORD, Running, attach, chat

GONE = 987_654


def _same(foreign: Answer, missing: Answer, number: int) -> bool:
    """Whether an answer tells no more than one of what is not there."""
    body = foreign.body.replace(str(number).encode(), str(GONE).encode())
    return foreign.status == missing.status and body == missing.body and not foreign.json()["success"]


ASKED: tuple[tuple[str, str, Any], ...] = (
    ("GET", "/api/token/{id}", None),
    ("DELETE", "/api/token/{id}", None),
    ("POST", "/api/token/{id}/key", None),
    ("PUT", "/api/token/", {"id": "{id}", "name": "mine now", "unlimited_quota": True}),
    ("PUT", "/api/token/?status_only=true", {"id": "{id}", "status": 2}),
    ("POST", "/api/token/batch/keys", {"ids": ["{id}"]}),
)


async def test_anothers_token_is_not_there(running: Running) -> None:
    owner, other = await running.user("ada"), await running.user("bob")
    token = await owner.post("/api/token/", {"name": "k", "unlimited_quota": True})
    for method, path, body in ASKED:
        for who in (other, running.root):
            foreign = await who.raw(method, path.replace("{id}", str(token["id"])), _filled(body, token["id"]))
            missing = await who.raw(method, path.replace("{id}", str(GONE)), _filled(body, GONE))
            assert _same(foreign, missing, token["id"]), (foreign.body, missing.body)
    assert (await owner.get(f"/api/token/{token['id']}"))["status"] == 1


async def test_anothers_tokens_are_not_deleted_with_ones_own(running: Running) -> None:
    owner, other = await running.user("ada"), await running.user("bob")
    token = await owner.post("/api/token/", {"name": "k", "unlimited_quota": True})
    assert await other.post("/api/token/batch", {"ids": [token["id"]]}) == 0
    assert len(await owner.items("/api/token/")) == 1
    assert await other.items(f"/api/token/search?token={token['key']}") == []


async def test_an_organisations_administrator_sees_it_and_nothing_else(running: Running) -> None:
    await attach(running)
    stranger = await running.user("ada")
    key = (await stranger.post("/api/token/", {"name": "k", "unlimited_quota": True}))["full_key"]
    assert await chat(running, key) == 200
    boss = await _boss_of_another(running)
    number = int(stranger.headers["new-api-user"])
    for method, path, body in (
        ("GET", "/api/user/{id}", None),
        ("DELETE", "/api/user/{id}", None),
        ("PUT", "/api/user/", {"id": "{id}", "display_name": "mine"}),
        ("POST", "/api/user/manage", {"id": "{id}", "action": "disable"}),
    ):
        foreign = await boss.raw(method, path.replace("{id}", str(number)), _filled(body, number))
        missing = await boss.raw(method, path.replace("{id}", str(GONE)), _filled(body, GONE))
        assert _same(foreign, missing, number), (foreign.body, missing.body)
    assert {row["username"] for row in await boss.items("/api/user/")} == {"boss"}
    assert await boss.items("/api/user/search?keyword=ada") == []
    assert await boss.items(f"/api/user/search?keyword={number}&group=x") == []
    assert await boss.items("/api/log/") == []
    assert await boss.items("/api/log/?username=ada") == []
    assert await boss.items("/api/log/?token_name=k") == []
    assert await boss.get("/api/data/?username=ada") == []
    assert (await boss.get("/api/log/stat?username=ada"))["quota"] == 0
    for path in ("/api/channel/", "/api/redemption/", "/api/option/"):
        assert (await boss.raw("GET", path)).json()["code"] == "not_permitted"
    own = await boss.post("/api/user/", {"username": "staff", "password": PASSWORD})
    for change in ({"quota": 10**6}, {"quota": 10**6, "display_name": "x"}):
        refused = await boss.raw("PUT", "/api/user/", {"id": own["id"], **change})
        assert (refused.status, refused.json()["code"]) == (200, "not_permitted")
    topped = await boss.raw(
        "POST", "/api/user/manage", {"id": own["id"], "action": "add_quota", "mode": "add", "value": 5}
    )
    assert topped.json()["code"] == "not_permitted"
    assert (await boss.get(f"/api/user/{own['id']}"))["quota"] == 0


async def test_ones_own_log_is_ones_own(running: Running) -> None:
    await attach(running)
    owner, other = await running.user("ada"), await running.user("bob")
    key = (await owner.post("/api/token/", {"name": "k", "unlimited_quota": True}))["full_key"]
    assert await chat(running, key) == 200
    assert len(await owner.items("/api/log/self?type=2")) == 1
    for path in ("/api/log/self", "/api/log/self?username=ada", "/api/log/self?token_name=k"):
        assert await other.items(path) == []
    assert await other.get("/api/data/self") == []
    assert await other.get("/api/log/self/search") == []


async def _boss_of_another(running: Running) -> Client:
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    made = await ours.raw("POST", "/admin/v1/orgs", {"name": "Other", "id": "org_other"})
    assert made.status < 300, made.body
    body = {"username": "boss", "password": PASSWORD, "role": "admin", "org": "org_other"}
    user = await ours.raw("POST", "/admin/v1/users", body)
    assert user.status < 300, user.body
    return await running.signed_in("boss", user.json()["number"])


def _filled(body: Any, number: int) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, number) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, number) for value in body]
    return number if body == "{id}" else body
