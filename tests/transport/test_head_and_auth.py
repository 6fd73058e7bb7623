"""Request heads: nothing in a header may end it early, and a credential goes where the provider wants it."""

import pytest

from openhearth.config import ConfigError
from openhearth.core.errors import RequestError
from openhearth.core.provider import Origin, Provider, Secret, Target
from openhearth.transport.auth import auth_header, auth_headers
from openhearth.transport.head import head, host_header


def test_builds_the_lines_a_request_starts_with() -> None:
    assert head("POST", "/v1/chat?a=b", "api.example", [("Content-Type", "application/json"), ("x-a", " 1 ")]) == (
        b"POST /v1/chat?a=b HTTP/1.1\r\nhost: api.example\r\ncontent-type: application/json\r\nx-a: 1\r\n"
        b"accept-encoding: identity\r\n"
    )


def test_keeps_a_given_accept_encoding() -> None:
    assert head("GET", "/", "h", [("Accept-Encoding", "gzip")]).count(b"accept-encoding") == 1


@pytest.mark.parametrize(
    ("method", "path", "host", "headers"),
    [
        ("GET /", "/", "h", []),
        ("", "/", "h", []),
        ("GET", "no-slash", "h", []),
        ("GET", "/a b", "h", []),
        ("GET", "/a\r\nx: y", "h", []),
        ("GET", "/é", "h", []),
        ("GET", "/", "h\r\nx: y", []),
        ("GET", "/", "h", [("x y", "1")]),
        ("GET", "/", "h", [("x:", "1")]),
        ("GET", "/", "h", [("", "1")]),
        ("GET", "/", "h", [("x", "a\r\nb: c")]),
        ("GET", "/", "h", [("x", "a\nb")]),
        ("GET", "/", "h", [("x", "a\0b")]),
        ("GET", "/", "h", [("x", "中")]),
        ("GET", "/", "h", [("Content-Length", "5")]),
        ("GET", "/", "h", [("Transfer-Encoding", "chunked")]),
        ("GET", "/", "h", [("Host", "other")]),
        ("GET", "/", "h", [("Connection", "close")]),
    ],
)
def test_refuses_what_could_smuggle(method: str, path: str, host: str, headers: list[tuple[str, str]]) -> None:
    with pytest.raises(RequestError) as refused:
        head(method, path, host, headers)
    assert refused.value.code == "invalid_header"


def test_does_not_show_the_value_it_refuses() -> None:
    with pytest.raises(RequestError) as refused:
        head("GET", "/", "h", [("authorization", "Bearer sk-secret\n")])
    assert "sk-secret" not in refused.value.message
    assert "authorization" in refused.value.message


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (Origin("https", "api.example", 443), "api.example"),
        (Origin("http", "api.example", 80), "api.example"),
        (Origin("http", "api.example", 443), "api.example:443"),
        (Origin("http", "::1", 8080), "[::1]:8080"),
        (Origin("https", "::1", 443), "[::1]"),
        (Origin("unix", "/run/x.sock", 0), "localhost"),
    ],
)
def test_the_host_header_names_a_port_that_is_not_the_usual_one(origin: Origin, expected: str) -> None:
    assert host_header(origin) == expected


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("bearer", ("authorization", "Bearer sk-1")),
        ("x-api-key", ("x-api-key", "sk-1")),
        ("api-key", ("api-key", "sk-1")),
        ("none", None),
    ],
)
def test_each_form_of_auth_is_one_header(auth: str, expected: tuple[str, str] | None) -> None:
    assert auth_header(auth, Secret(" sk-1\n")) == expected


def test_a_target_without_secret_sends_none() -> None:
    provider = Provider("p", "P", "http://h/v1")
    target = Target("t", provider, Origin("http", "h", 80), "/v1", "m")
    assert auth_headers(target) == []
    assert auth_header("bearer", None) is None


@pytest.mark.parametrize("value", ["", "  ", "sk-中", "sk\r\nx: y", "sk\0"])
def test_a_secret_that_no_header_can_carry_is_refused_unseen(value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        auth_header("bearer", Secret(value))
    assert "sk" not in str(refused.value)


def test_an_unknown_form_is_named() -> None:
    with pytest.raises(ConfigError, match="basic"):
        auth_header("basic", Secret("x"))
