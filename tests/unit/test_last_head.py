"""A head that came before is recognised only where a parser would read the same from it."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.last_head import LastHead

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\nauthorization: Bearer k\r\n\r\n"


def message(body: bytes, head: bytes = HEAD) -> bytes:
    return head % len(body) + body


class Read:
    """What httptools makes of a request."""

    def __init__(self, data: bytes) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.ended = 0
        self.bad = False
        try:
            httptools.HttpRequestParser(self).feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.bad = True

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.ended += 1

    @property
    def but_length(self) -> list[tuple[bytes, bytes]]:
        return [header for header in self.headers if header[0].lower() != b"content-length"]


def test_the_same_head_with_another_length_is_recognised() -> None:
    last = LastHead()
    last.keep(message(b"a" * 100))
    assert last.body_in(message(b"b" * 999)) == b"b" * 999
    assert last.body_in(message(b"c" * 100)) == b"c" * 100


@pytest.mark.parametrize(
    "other",
    [
        message(b"b" * 1000),  # more digits
        message(b"b" * 99),
        message(b"b" * 200)[:-1],  # not all of it
        message(b"b" * 200) + b"P",  # and the start of another
        message(b"b" * 200) * 2,
        message(b"b" * 200).replace(b"Bearer k", b"Bearer l"),
        message(b"b" * 200).replace(b"Host", b"host"),
        message(b"b" * 200).replace(b"Length: 200", b"Length: 0200"),
        b"",
    ],
)
def test_anything_else_is_not(other: bytes) -> None:
    last = LastHead()
    last.keep(message(b"a" * 100))
    assert last.body_in(other) is None


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace(b"Host: t", b"transfer-encoding: chunked"),
        HEAD.replace(b"Host: t", b"content-length: 100"),
        HEAD.replace(b"Content-Length: %d", b"Content-Length:%d"),
        HEAD.replace(b"Content-Length: %d", b"Content-Length: 0%d"),
        HEAD.replace(b"Content-Length: %d", b"X-Content-Length: %d"),
        b"\r\n\r\n" + HEAD,
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD,
    ],
)
def test_a_head_that_is_not_plain_is_not_kept(head: bytes) -> None:
    last = LastHead()
    whole = message(b"a" * 100, head)
    last.keep(whole)
    assert last.body_in(whole) is None


def test_what_was_forgotten_or_never_kept_is_not_recognised() -> None:
    last = LastHead()
    whole = message(b"a" * 100)
    assert last.body_in(whole) is None
    last.keep(whole)
    last.forget()
    assert last.body_in(whole) is None


def test_heads_that_never_come_again_are_given_up() -> None:
    last = LastHead()
    for number in range(4):
        assert last.is_wanted
        last.keep(message(b"a", HEAD.replace(b"Bearer k", b"Bearer %d" % number)))
    assert not last.is_wanted


def test_a_head_that_comes_again_keeps_the_next_ones_wanted() -> None:
    last = LastHead()
    for number in range(20):
        whole = message(b"a", HEAD.replace(b"Bearer k", b"Bearer %d" % number))
        last.keep(whole)
        assert last.body_in(whole) == b"a"
    assert last.is_wanted


LINES = st.sampled_from(
    [
        b"host: t", b"Host: t", b"content-length: %d", b"Content-Length: %d", b"content-length:  %d", b"x: y", b"x:",
        b"X-Long: " + b"z" * 50, b"transfer-encoding: chunked", b"connection: close", b"connection: keep-alive",
        b"content-length-x: 5", b"te: trailers", b"expect: 100-continue",
    ]
)  # fmt: skip
SIZES = st.one_of(st.integers(0, 12), st.integers(90, 110))


def _whole(lines: list[bytes], size: int, body: bytes) -> bytes:
    head = b"".join(line.replace(b"%d", b"%d" % size) + b"\r\n" for line in lines)
    return b"POST /p HTTP/1.1\r\n" + head + b"\r\n" + body


@given(st.lists(LINES, max_size=6), SIZES, st.lists(LINES, max_size=6) | st.none(), SIZES, SIZES)
def test_what_is_recognised_is_what_the_parser_reads(
    lines: list[bytes], size: int, others: list[bytes] | None, told: int, sent: int
) -> None:
    first = _whole(lines, size, b"b" * size)
    before = Read(first)
    if before.bad or before.ended != 1:
        return
    last = LastHead()
    last.keep(first)
    second = _whole(lines if others is None else others, told, b"c" * sent)
    body = last.body_in(second)
    if body is not None:
        after = Read(second)
        assert (after.bad, after.ended, after.url, after.body) == (False, 1, before.url, body)
        assert after.but_length == before.but_length
