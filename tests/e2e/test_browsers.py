"""Pages of other origins: preflights for every route there is, and answers a browser lets the page read."""

import json
import re
import urllib.error
import urllib.request

import pytest

from openhearth.surfaces.openapi import document
from tests.e2e.conftest import Running

PATHS = sorted(document()["paths"])
PAGE = {"origin": "https://page.example"}
PREFLIGHT = {
    **PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type, x-stainless-lang",
}
FORM = (
    b'--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nvision\r\n'
    b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--edge--\r\n'
)
Answered = tuple[int, dict[str, str], bytes]


def _ask(server: Running, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answered:
    request = urllib.request.Request(server.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_the_list_of_routes_is_whole() -> None:
    assert {"/v1/chat/completions", "/v1/images/edits", "/v1/files", "/v1/models", "/admin/v1/keys"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_every_route_answers_a_preflight(server: Running, path: str) -> None:
    status, headers, body = _ask(server, "OPTIONS", re.sub(r"\{[^}]+\}", "x", path), PREFLIGHT)
    assert (status, body) == (204, b"")
    assert headers["access-control-allow-origin"] == "*"
    assert {"POST", "DELETE"} <= set(headers["access-control-allow-methods"].split(", "))
    # A star does not stand for Authorization (Fetch standard, CORS-preflight fetch), so it must be named.
    assert {"*", "authorization"} <= set(headers["access-control-allow-headers"].split(", "))


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "status"),
    [
        ("GET", "/v1/models", None, "", 200),
        ("POST", "/v1/files", FORM, "multipart/form-data; boundary=edge", 200),
        ("GET", "/v1/files", None, "", 200),
        ("POST", "/v1/images/edits", {"prompt": "black and white", "image": "/samples/portrait.jpg"}, "", 400),
        ("POST", "/v1/images/edits", {"prompt": "x"}, "", 400),
        ("POST", "/v1/images/generations", {"model": "no-such-model", "prompt": "x"}, "", 404),
        ("POST", "/v1/chat/completions", {"model": "no-such-model", "messages": []}, "", 404),
        ("GET", "/v1/files/file_none/content", None, "", 404),
        ("GET", "/nothing", None, "", 404),
    ],
)
def test_a_page_may_read_answers_and_errors(
    server: Running, *, method: str, path: str, body: object, kind: str, status: int
) -> None:
    headers = {**PAGE, "authorization": f"Bearer {server.key}", "content-type": kind or "application/json"}
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    answered = _ask(server, method, path, headers, data)
    assert answered[0] == status, answered[2]
    assert answered[1]["access-control-allow-origin"] == "*"
    assert answered[1]["access-control-expose-headers"] == "*"
    assert answered[1]["x-request-id"]


def test_a_page_edits_a_picture_and_shows_it(server: Running) -> None:
    headers = {**PAGE, "authorization": f"Bearer {server.key}", "content-type": "application/json"}
    order = {"model": "local-edit", "prompt": "black and white", "image": f"{server.url}/samples/portrait.jpg"}
    status, answered, body = _ask(server, "POST", "/v1/images/edits", headers, json.dumps(order).encode())
    assert (status, answered["access-control-allow-origin"]) == (200, "*"), body
    link = json.loads(body)["data"][0]["url"]
    status, answered, picture = _ask(server, "GET", link.removeprefix(server.url), PAGE)
    assert (status, answered["access-control-allow-origin"], answered["content-type"]) == (200, "*", "image/png")
    assert picture.startswith(b"\x89PNG")
