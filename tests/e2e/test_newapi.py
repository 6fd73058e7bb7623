"""New API's forms and their commands on a running server: over sockets, as scripts and operators use them."""

import json
import subprocess
import sys
import urllib.request
from typing import Any

from tests.e2e.conftest import Running

UNIT = 500_000
PASSWORD = "a password of twelve"


def _run(server: Running, *words: str) -> Any:
    command = [sys.executable, "-m", "openhearth", *words, "--json", "--data", str(server.data)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)


def _call(server: Running, method: str, path: str, body: object = None, **headers: str) -> tuple[Any, dict[str, str]]:
    request = urllib.request.Request(
        server.url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = json.loads(answer.read())
        assert said["success"], said
        return said.get("data"), {name.lower(): value for name, value in answer.headers.items()}


def test_a_code_from_the_command_line_is_redeemed_by_a_users_script(server: Running) -> None:
    root = f"Bearer {server.key}"
    (code,) = _run(server, "redeem", "create", "2.50", "--name", "e2e", "--expires", "1h")["codes"]
    made, _ = _call(
        server,
        "POST",
        "/api/user/",
        {"username": "e2e-ada", "password": PASSWORD},
        authorization=root,
        new_api_user="1",
    )
    number = str(made["id"])
    _, headers = _call(server, "POST", "/api/user/login", {"username": "e2e-ada", "password": PASSWORD})
    cookie = headers["set-cookie"].partition(";")[0]
    token, _ = _call(server, "GET", "/api/user/token", cookie=cookie, new_api_user=number)
    signed = {"authorization": token, "new_api_user": number}
    paid, _ = _call(server, "POST", "/api/user/topup", {"key": code}, **signed)
    assert paid == 2.5 * UNIT
    me, _ = _call(server, "GET", "/api/user/self", **signed)
    assert me["quota"] == 2.5 * UNIT
    key, _ = _call(server, "POST", "/api/token/", {"name": "e2e", "remain_quota": UNIT, "expired_time": -1}, **signed)
    request = urllib.request.Request(
        f"{server.url}/dashboard/billing/subscription", headers={"authorization": f"Bearer sk-{key['key']}"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(answer.read())["hard_limit_usd"] == 1
    (row,) = [one for one in _run(server, "redeem", "list", "--search", "e2e") if one["code"] == code]
    assert (row["state"], row["amount_usd"], row["used_by"]) == ("used", "2.50", me["id"])


def test_a_disabled_code_and_an_announcement_are_told(server: Running) -> None:
    codes = _run(server, "redeem", "create", "1", "--count", "2", "--name", "off")["codes"]
    rows = [one for one in _run(server, "redeem", "list", "--search", "off") if one["code"] in codes]
    assert {one["state"] for one in rows} == {"unused"}
    assert _run(server, "redeem", "disable", str(rows[0]["id"]))["state"] == "disabled"
    made = _run(server, "announce", "add", "Maintenance", "--text", "**soon**", "--tag", "维护", "--pinned")
    told, _ = _call(server, "GET", "/api/announcement/")
    assert [(one["title"], one["content"]) for one in told["items"] if one["id"] == made["id"]] == [
        ("Maintenance", "**soon**")
    ]
    assert made["id"] in {one["id"] for one in _run(server, "announce", "list")}
    assert _run(server, "announce", "remove", str(made["id"]))["deleted"]
    told, _ = _call(server, "GET", "/api/announcement/")
    assert made["id"] not in {one["id"] for one in told["items"]}
