"""Who may administer: keys with the right, and nobody else, on every route of the operator."""

import json
import urllib.error
import urllib.request

import pytest

from tests.e2e.conftest import Running

ROUTES = [
    ("GET", "/admin/v1/keys"),
    ("POST", "/admin/v1/keys"),
    ("PATCH", "/admin/v1/keys/key_x"),
    ("POST", "/admin/v1/keys/key_x/disable"),
    ("GET", "/admin/v1/targets"),
    ("POST", "/admin/v1/targets"),
    ("DELETE", "/admin/v1/targets/local-edit"),
    ("POST", "/admin/v1/targets/local-edit/test"),
    ("GET", "/admin/v1/engines"),
]


def _refused(server: Running, method: str, path: str, key: str) -> tuple[int, str]:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {key}"} if key else {})}
    request = urllib.request.Request(server.url + path, b"{}" if method == "POST" else None, headers, method=method)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=30)
    with caught.value as answer:
        return answer.code, str(json.loads(answer.read())["error"]["code"])


@pytest.fixture(scope="module")
def plain_key(server: Running) -> str:
    return str(server.post("/admin/v1/keys", {"name": "plain"})["key"])


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_plain_key_may_not_administer(server: Running, plain_key: str, method: str, path: str) -> None:
    assert _refused(server, method, path, plain_key) == (403, "not_an_admin")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_key_nothing_is_administered(server: Running, method: str, path: str) -> None:
    assert _refused(server, method, path, "") == (401, "missing_api_key")


def test_a_plain_key_works_until_it_is_disabled(server: Running) -> None:
    made = server.post("/admin/v1/keys", {"name": "short-lived"})
    key = str(made["key"])
    request = urllib.request.Request(server.url + "/v1/models", headers={"x-api-key": key})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    server.post(f"/admin/v1/keys/{made['id']}/disable", {})
    assert _refused(server, "GET", "/v1/models", key) == (401, "key_disabled")


def test_no_listing_shows_a_key_again(server: Running, plain_key: str) -> None:
    for path in ("/admin/v1/keys", "/admin/v1/targets"):
        shown = server.get(path)[2].decode()
        assert plain_key not in shown
        assert server.key not in shown
        assert "digest" not in shown
