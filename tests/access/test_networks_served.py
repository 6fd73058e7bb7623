"""A key with networks of its own, through both doors of a running server, with and without a proxy of ours in front."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.conftest import Running, running

PROXY = "127.0.0.1/32"


def _status(server: Running, method: str, path: str, key: str, forwarded: str) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "x-forwarded-for": forwarded}
    body = {"model": "up", "messages": [{"role": "user", "content": "hi"}]} if method == "POST" else None
    request = urllib.request.Request(
        server.url + path, None if body is None else json.dumps(body).encode(), headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, str(json.loads(error.read())["error"]["code"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("trusted", "ips", "forwarded", "is_let_in"),
    [
        ("", "127.0.0.0/8", "203.0.113.9", True),
        ("", "203.0.113.0/24", "203.0.113.9", False),
        (PROXY, "203.0.113.0/24", "1.1.1.1, 203.0.113.9", True),
        (PROXY, "203.0.113.0/24", "203.0.113.9, 1.1.1.1", False),
    ],
)
def test_a_key_is_used_from_its_networks_only(
    tmp_path: Path, trusted: str, ips: str, forwarded: str, is_let_in: bool
) -> None:
    settings = {"OPENHEARTH__SERVER__TRUSTED_PROXIES": trusted} if trusted else {}
    with running(tmp_path / "data", OPENHEARTH__ENGINES__ENABLED="false", **settings) as server:
        key = str(server.post("/admin/v1/keys", {"name": "k", "ips": [ips]})["key"])
        server.post("/admin/v1/targets", {"base_url": "http://127.0.0.1:9/v1", "model": "up"})
        for _ in range(2):
            listed = _status(server, "GET", "/v1/models", key, forwarded)
            chat = _status(server, "POST", "/v1/chat/completions", key, forwarded)
            if is_let_in:
                assert (listed[0], chat[0]) == (200, 502)
            else:
                assert listed == chat == (403, "address_not_allowed")
