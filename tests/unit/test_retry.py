"""What an upstream's refusal is told as."""

import json

import pytest

from openhearth.core.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamTimeout,
)
from openhearth.core.provider import Secret
from openhearth.relay.retry import Next, after, classify
from openhearth.transport.post import retry_after_s

FULL = (
    b'{"error":{"message":"The encoder is busy: 4 requests run.","code":"engine_queue_full","type":"x","param":null}}'
)


def test_a_full_queue_of_our_own_engine_is_told_in_its_words() -> None:
    error = classify(429, [(b"retry-after", b"7")], FULL, "encoder", is_ours=True)
    assert isinstance(error, UpstreamBusy)
    assert (error.message, error.code) == ("The encoder is busy: 4 requests run.", "engine_queue_full")
    assert error.retry_after_s == 7


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, UpstreamBusy), (529, UpstreamBusy), (500, UpstreamDown), (503, UpstreamDown), (504, UpstreamTimeout)],
)
def test_what_another_server_says_of_its_trouble_is_told_with_its_name(status: int, kind: type[UpstreamError]) -> None:
    error = classify(status, [(b"retry-after", b"7")], FULL, "remote")
    assert type(error) is kind
    assert error.message == f"remote answered {status}: The encoder is busy: 4 requests run."
    assert error.code == "engine_queue_full"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":{"message":""}}'])
def test_a_server_that_says_nothing_is_told_by_its_status(body: bytes) -> None:
    busy, down = classify(429, [], body, "remote"), classify(500, [], body, "remote")
    assert (busy.message, busy.code, busy.retry_after_s) == ("remote answered 429: it is busy.", "upstream_busy", 1)
    assert (down.message, down.code) == ("remote answered 500.", "upstream_down")


def test_words_of_an_upstream_are_cut_short_and_hold_no_credential() -> None:
    secret = "swordfish-0123"
    said = f"Key {secret} and key sk-abcdefghijklmnop are over\n\ntheir limit. {'Long ' * 500}"
    body = json.dumps({"error": {"message": said}}).encode()
    error = classify(429, [], body, "remote", secret=Secret(secret))
    assert secret not in error.message
    assert "abcdefghijklmnop" not in error.message
    assert "\n" not in error.message
    assert len(error.message) < 550


def test_what_an_upstream_says_of_our_credential_is_not_told() -> None:
    error = classify(401, [], b'{"error":{"message":"Incorrect API key provided: swordfish"}}', "remote")
    assert isinstance(error, UpstreamRefusedUs)
    assert error.message == "remote answered 401: it refused our credential."


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":"model is too old"}', "model is too old"),
        (b'{"object":"error","message":"too long","type":"BadRequestError","code":400}', "too long"),
        (b'{"error":true,"message":"too long"}', "too long"),
        (b'{"detail":"no such role"}', "no such role"),
        (b'{"detail":[{"type":"missing","loc":["body","n"],"msg":"Field required","input":1},{"msg":"x"}]}',
         "body.n: Field required; x"),
        (b'{"error":{"message":"the first","detail":7},"detail":{"a":1}}', "the first"),
        (b'{"detail":{"a":1}}', "remote answered 400."),
    ],
)  # fmt: skip
def test_other_shapes_than_openais_are_read_too(body: bytes, said: str) -> None:
    assert classify(400, [], body, "remote").message == said


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_what_leads_elsewhere_is_the_upstreams_fault(status: int) -> None:
    error = classify(status, [(b"location", b"https://elsewhere.test/")], b"", "remote")
    assert isinstance(error, UpstreamGarbled)
    assert error.shown_status == 502
    assert str(status) in error.message
    assert after(error) is Next.NEXT_TARGET


@pytest.mark.parametrize(
    ("said", "wait_s"),
    [
        (b"7", 7), (b"1.5", 1.5), (b"-3", 0), (b"999999", 3600), (b"nan", 0), (b"soon", None), (b"", None),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", 10), (b"Sunday, 06-Nov-94 08:49:37 GMT", 10),
        (b"Sun Nov  6 08:49:37 1994", 10), (b"Sun, 06 Nov 1994 08:49:00 GMT", 0), (b"Mon, 99 Foo", None),
    ],
)  # fmt: skip
def test_a_wait_is_said_in_seconds_or_as_a_date(said: bytes, wait_s: float | None) -> None:
    assert retry_after_s([(b"retry-after", said)], now=lambda: 784_111_767.0) == wait_s
