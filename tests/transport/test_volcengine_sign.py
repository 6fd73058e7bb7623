"""Volcengine's signature, against values made with its own SDK (volcengine 1.0 for Python, ``SignerV4.sign_only``)."""

import hashlib

import pytest

from openhearth.core.errors import UpstreamRefusedUs
from openhearth.core.provider import Origin, Provider, Secret, Target
from openhearth.transport.volcengine_sign import Scope, authorization, signed
from openhearth.transport.wire import Deadlines

BODY = b'{"rerank_model":"m","datas":[]}'  # codespell:ignore datas
PATH = "/api/knowledge/service/rerank"
SCOPE = Scope("air", "cn-north-1")
WHEN = 1767323045.0  # 2026-01-02 03:04:05 UTC
HEADERS = {
    "content-type": "application/json",
    "host": "example.com",
    "x-content-sha256": hashlib.sha256(BODY).hexdigest(),
    "x-date": "20260102T030405Z",
}
START = (
    "HMAC-SHA256 Credential=AKTEST/20260102/cn-north-1/air/request, "
    "SignedHeaders=content-type;host;x-content-sha256;x-date, Signature="
)


def target(key: str) -> Target:
    origin = Origin("https", "example.com", 443)
    return Target("viking", Provider("viking", "Viking", "https://example.com"), origin, "", "m", secret=Secret(key))


def test_a_signature_is_that_of_the_vendors_sdk() -> None:
    made = authorization("AKTEST", "SKTEST==", SCOPE, path=PATH, headers=HEADERS)
    assert made == START + "0adb10ad21ee7c0509dbe03d13f1e27da8145bb6dec92a4b25e67b4ab0a93a06"


def test_a_query_is_signed_too() -> None:
    query = {"b": "2 3", "a": "é~"}
    made = authorization("AKTEST", "SKTEST==", SCOPE, path=PATH, headers=HEADERS, query=query)
    assert made == START + "f66b98012e32c1cc36dd320a7a2c893407bc7caeb732900892953ea98d82461c"


def test_a_request_carries_what_was_signed() -> None:
    made = signed(target("AKTEST:SKTEST=="), PATH, BODY, SCOPE, Deadlines(), now=WHEN)
    lines = made.head.decode().split("\r\n")
    assert lines[0] == f"POST {PATH} HTTP/1.1"
    assert {f"{name}: {value}" for name, value in HEADERS.items()} <= set(lines)
    assert START + "0adb10ad21ee7c0509dbe03d13f1e27da8145bb6dec92a4b25e67b4ab0a93a06" in made.head.decode()
    assert b"SKTEST" not in made.head


@pytest.mark.parametrize("key", ["", "only", ":secret", "access:"])
def test_a_key_that_is_no_pair_is_refused(key: str) -> None:
    with pytest.raises(UpstreamRefusedUs):
        signed(target(key), PATH, BODY, SCOPE, Deadlines())
