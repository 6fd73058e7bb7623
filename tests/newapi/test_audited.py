"""Every write of New API's forms is told in the audit log, as what it is here; what is refused is not."""

from typing import Any

from tests.newapi.client import UNIT, Client
from tests.newapi.serving import PASSWORD, Running
from tests.permissions import newapi_rows

# In this order: later ones rely on what earlier ones made. ``{…}`` is the number of the last one of its kind.
WRITES: tuple[tuple[str, str, Any, set[str]], ...] = (
    ("POST", "/api/user", {"username": "made", "password": PASSWORD}, {"user.create"}),
    ("PUT", "/api/user", {"id": "{user}", "display_name": "Made", "quota": UNIT}, {"user.change", "user.top_up"}),
    ("POST", "/api/user/manage", {"id": "{user}", "action": "disable"}, {"user.change"}),
    ("DELETE", "/api/user/{id}", "{user}", {"user.delete"}),
    ("PUT", "/api/user/self", {"display_name": "Root"}, {"user.change"}),
    ("POST", "/api/token", {"name": "made", "unlimited_quota": True}, {"key.create"}),
    ("PUT", "/api/token", {"id": "{token}", "name": "again"}, {"key.change"}),
    ("DELETE", "/api/token/{id}", "{token}", {"key.disable", "key.hide"}),
    ("POST", "/api/token", {"name": "more", "unlimited_quota": True}, {"key.create"}),
    ("POST", "/api/token/batch", {"ids": ["{token}"]}, {"key.disable", "key.hide"}),
    ("POST", "/api/channel", {"name": "made", "type": 1, "key": "k", "base_url": "http://127.0.0.1:9", "models": "m",
                              "tag": "t"}, {"target.create", "channel.create"}),
    ("PUT", "/api/channel", {"id": "{channel}", "name": "again", "weight": 5}, {"target.change", "channel.change"}),
    ("POST", "/api/channel/tag/disabled", {"tag": "t"}, {"target.change"}),
    ("POST", "/api/channel/tag/enabled", {"tag": "t"}, {"target.change"}),
    ("PUT", "/api/channel/tag", {"tag": "t", "weight": 7, "new_tag": "u"}, {"target.change", "channel.change"}),
    ("POST", "/api/channel/copy/{id}", "{channel}", {"target.create", "channel.create"}),
    ("POST", "/api/channel/batch", {"ids": ["{channel}"]}, {"target.delete"}),
    ("POST", "/api/channel", {"name": "off", "type": 1, "key": "k", "base_url": "http://127.0.0.1:9", "models": "m",
                              "status": 2}, {"target.create", "channel.create", "target.change"}),
    ("DELETE", "/api/channel/disabled", None, {"target.delete"}),
    ("POST", "/api/channel", {"name": "x", "type": 1, "key": "k", "base_url": "http://127.0.0.1:9", "models": "m"},
     {"target.create", "channel.create"}),
    ("DELETE", "/api/channel/{id}", "{channel}", {"target.delete"}),
    ("POST", "/api/redemption", {"name": "made", "quota": UNIT, "count": 2}, {"redemption.create"}),
    ("PUT", "/api/redemption", {"id": "{redemption}", "name": "again"}, {"redemption.change"}),
    ("DELETE", "/api/redemption/{id}", "{redemption}", {"redemption.delete"}),
    ("PUT", "/api/redemption", {"id": "{redemption}", "status": 2}, {"redemption.change"}),
    ("DELETE", "/api/redemption/invalid", None, {"redemption.clean"}),
    ("POST", "/api/announcement", {"title": "made"}, {"announcement.create"}),
    ("PUT", "/api/announcement", {"id": "{announcement}", "pinned": True}, {"announcement.change"}),
    ("DELETE", "/api/announcement/{id}", "{announcement}", {"announcement.delete"}),
    ("PUT", "/api/option", {"key": "Notice", "value": "hello"}, {"option.set"}),
)  # fmt: skip
ELSEWHERE = {
    "POST /api/user/topup": "test_redemptions",
    "POST /api/channel/fix": "finds nothing to repair",
    "POST /api/token/{id}/key": "shows, and changes nothing",
    "POST /api/token/batch/keys": "shows, and changes nothing",
}


async def _log(running: Running) -> list[dict[str, Any]]:
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    found: list[dict[str, Any]] = (await ours.raw("GET", "/admin/v1/audit?limit=100")).json()["data"]
    return found


async def _newest(running: Running, path: str) -> int:
    """The number of the last thing of a kind; its list has the newest first."""
    page = await running.root.get(f"{path}?all=true&page_size=1")
    return int(page["items"][0]["id"]) if page["items"] else 0


async def test_every_write_is_told(running: Running) -> None:
    for method, path, body, actions in WRITES:
        kind = path.split("/")[2]
        filled, place = body, path
        if isinstance(body, str) or "'{" in str(body):
            number = await _newest(running, f"/api/{kind}")
            place = path.replace("{id}", str(number))
            filled = None if isinstance(body, str) else _filled(body, number)
        before = len(await _log(running))
        answer = await running.root.raw(method, place, filled)
        assert answer.json()["success"], (method, place, answer.body)
        entries = await _log(running)
        told = {entry["action"] for entry in entries[: len(entries) - before]}
        assert told == actions, (method, place, told)
    ours = Client(running.app, f"Bearer {running.platform.first_key}")
    assert (await ours.raw("GET", "/admin/v1/audit/check")).status == 200
    assert PASSWORD not in str(await _log(running))


async def test_a_refused_write_is_not_told(running: Running) -> None:
    before = await _log(running)
    for method, path, body in (
        ("POST", "/api/user", {"username": "root", "password": PASSWORD}),
        ("PUT", "/api/user", {"id": 987, "display_name": "x"}),
        ("DELETE", "/api/user/1", None),
        ("PUT", "/api/token", {"id": 987, "name": "x"}),
        ("POST", "/api/token", {"name": "x", "group": "none"}),
        ("POST", "/api/channel", {"name": "x", "type": 1, "base_url": "no url", "models": "m"}),
        ("DELETE", "/api/channel/987", None),
        ("POST", "/api/redemption", {"name": "x", "quota": 0}),
        ("DELETE", "/api/redemption/invalid", None),
        ("POST", "/api/user/topup", {"key": "0" * 32}),
        ("POST", "/api/announcement", {"title": ""}),
        ("PUT", "/api/option", {"key": "SMTPServer", "value": "x"}),
    ):
        answer = (await running.root.raw(method, path, body)).json()
        assert not answer["success"] or answer["data"] == 0, (method, path)
    assert await _log(running) == before


def test_no_write_is_left_out() -> None:
    rows = (*newapi_rows.ACCOUNT, *newapi_rows.ADMIN, *newapi_rows.OPERATE, *newapi_rows.ROOT)
    writing = {route for route in rows if not route.startswith("GET ")}
    assert writing == {f"{method} {path}" for method, path, _, _ in WRITES} | set(ELSEWHERE)


def _filled(body: Any, number: int) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, number) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, number) for value in body]
    return number if isinstance(body, str) and body.startswith("{") else body
