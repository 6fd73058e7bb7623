"""Server-sent events: the same events however the bytes are cut, and back to bytes again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.errors import UpstreamGarbled
from openhearth.core.sse import DONE, DONE_TAIL_BYTES, Event, Splitter, encode, find_done

LINE = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)
EVENTS = st.builds(
    Event,
    data=st.none() | st.lists(LINE, min_size=1, max_size=4).map("\n".join),
    event=LINE,
    id=st.none() | LINE,
    retry_ms=st.none() | st.integers(0, 10**9),
    comments=st.lists(LINE, max_size=2).map(tuple),
).filter(lambda event: event != Event())
STREAM_PARTS = st.lists(
    st.sampled_from(
        [
            *(b"data: ", b"data", b":", b"id: 1", b"event: x", b"retry: 5", b"\r", b"\n", b"\r\n", b"\n\n"),
            *("你好".encode(), b"\xef\xbb\xbf", b"\xff", b"a", b" ", b"\0", b"\r\n\r\n", DONE),
        ]
    ),
    max_size=40,
).map(b"".join)


def events_of(*pieces: bytes) -> list[Event]:
    splitter = Splitter()
    return [event for piece in pieces for event in splitter.feed(piece)]


@given(STREAM_PARTS, st.lists(st.integers(0, 200), max_size=8))
def test_the_cuts_do_not_matter(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in itertools.pairwise(edges)]
    assert events_of(*pieces) == events_of(stream)


@given(STREAM_PARTS)
def test_byte_by_byte_is_the_same_too(stream: bytes) -> None:
    assert events_of(*(bytes((byte,)) for byte in stream)) == events_of(stream)


@given(st.lists(EVENTS, max_size=6), st.sampled_from(["\n", "\r", "\r\n"]))
def test_events_survive_the_wire(events: list[Event], line_end: str) -> None:
    stream = b"".join(encode(event) for event in events)
    assert events_of(stream.replace(b"\n", line_end.encode())) == events


@given(st.lists(EVENTS, min_size=1, max_size=3))
def test_a_cut_stream_is_not_clean(events: list[Event]) -> None:
    stream = b"".join(encode(event) for event in events)
    splitter = Splitter()
    splitter.feed(stream)
    assert splitter.is_clean
    splitter = Splitter()
    splitter.feed(stream[:-1])
    assert not splitter.is_clean


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\ndata: b\n\n", [Event("a\nb")]),
        (b"data:a\n\ndata:  b\n\n", [Event("a"), Event(" b")]),
        (b"data\n\n", [Event("")]),
        (b": ping\n\n", [Event(comments=("ping",))]),
        (b"event: done\n\n", [Event(event="done")]),
        (b"id: 1\nid: 2\0\ndata: x\n\n", [Event("x", id="1")]),
        (b"id\ndata: x\n\n", [Event("x", id="")]),
        (b"retry: 10\nretry: 1e3\ndata: x\n\n", [Event("x", retry_ms=10)]),
        ("retry: ٣\ndata: x\n\n".encode(), [Event("x")]),
        (b"unknown: x\n\n\n\n", []),
        (b"\xef\xbb\xbfdata: x\n\n", [Event("x")]),
        (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", [Event("x")]),
        (b"data: \xff\n\n", [Event("�")]),
        (b"data: cut", []),
        (b"\r\n\r\ndata: x\r\rdata: y\r\n\r\n", [Event("x"), Event("y")]),
        ("data: 你好\n\n".encode(), [Event("你好")]),
    ],
)
def test_reads_what_the_standard_says(stream: bytes, expected: list[Event]) -> None:
    assert events_of(stream) == expected


def test_a_line_has_a_limit() -> None:
    splitter = Splitter(most_bytes=100)
    for _ in range(10):
        splitter.feed(b"x" * 10)
    with pytest.raises(UpstreamGarbled) as error:
        splitter.feed(b"x")
    assert error.value.code == "upstream_line_too_long"


def test_the_lines_of_an_event_have_a_limit_together() -> None:
    splitter = Splitter(most_bytes=100)
    assert len(splitter.feed(b"data: 123\n\n" * 50)) == 50
    with pytest.raises(UpstreamGarbled):
        splitter.feed(b"data: 123\n" * 50)


def test_a_long_line_in_small_pieces_is_not_slow() -> None:
    splitter = Splitter()
    piece = b"x" * 1000
    for _ in range(10_000):
        splitter.feed(piece)
    assert splitter.feed(b"\n\n") == []


@pytest.mark.parametrize("event", [Event("x", event="a\nb"), Event("x", id="a\rb"), Event("x", id="\0")])
def test_refuses_to_encode_what_would_not_come_back(event: Event) -> None:
    with pytest.raises(ValueError):
        encode(event)


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (DONE, 0),
        (b"data: {}\n\ndata: [DONE]\n\n", 10),
        (b"data: {}\r\n\r\ndata:[DONE]\r\n", 12),
        (b"data: [DONE]", 0),
        (b'data: {"text": "data: [DONE]"}\n\n', -1),
        (b'data: {"text": "x\\ndata: [DONE]"}\n\n', -1),
        (b"data: [DONE]x\n\n", -1),
        (b"data: {}\n\n", -1),
        (b"", -1),
    ],
)
def test_finds_the_done_line(data: bytes, place: int) -> None:
    assert find_done(data) == place


@given(st.integers(0, len(DONE) - 2))
def test_finds_a_done_line_in_two_pieces_with_the_tail(cut: int) -> None:
    stream = b"data: {}\n\n" + DONE
    first, second = stream[: 10 + cut], stream[10 + cut :]
    assert find_done(first[-DONE_TAIL_BYTES:] + second) >= 0
