"""The stream observer passes whole events, finds usage and end, and hides only what we asked for ourselves."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.call import Usage
from openhearth.core.errors import UpstreamGarbled
from openhearth.relay.observe import StreamObserver, estimate, read_answer

CHUNK = b'data: {"choices":[{"delta":{"content":"\xe4\xbd\xa0 \\"usage\\": 1"},"finish_reason":null}],"usage":null}\n\n'
LAST = b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":null}\n\n'
COUNT = (
    b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,'
    b'"prompt_tokens_details":{"cached_tokens":2}}}\n\n'
)
DONE = b"data: [DONE]\n\n"
STREAM = CHUNK * 3 + LAST + COUNT + DONE


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(st.lists(st.integers(min_value=0), max_size=12))
def test_any_split_gives_the_same_stream_and_usage(places: list[int]) -> None:
    usage = Usage()
    observer = StreamObserver(usage, hide_usage=False)
    out = b"".join(observer.feed(piece) for piece in _cut(STREAM, places)) + observer.rest()
    assert out == STREAM
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.source) == (7, 3, 2, "upstream")
    assert observer.finished
    assert observer.done


@given(st.lists(st.integers(min_value=0), max_size=12), st.booleans())
def test_usage_we_asked_for_is_not_shown(places: list[int], crlf: bool) -> None:
    stream = STREAM.replace(b"\n", b"\r\n") if crlf else STREAM
    usage = Usage()
    observer = StreamObserver(usage, hide_usage=True)
    out = b"".join(observer.feed(piece) for piece in _cut(stream, places)) + observer.rest()
    shown = [json.loads(line[6:]) for line in out.splitlines() if line.startswith(b"data: {")]
    assert len(shown) == 4
    assert all("usage" not in chunk for chunk in shown)
    assert shown[0]["choices"][0]["delta"]["content"] == '你 "usage": 1'
    assert out.rstrip().endswith(b"[DONE]")
    assert usage.output_tokens == 3


def test_usage_beside_choices_stays() -> None:
    usage = Usage()
    observer = StreamObserver(usage, hide_usage=True)
    event = (
        b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    )
    assert observer.feed(event) == event
    assert usage.output_tokens == 2


def test_an_error_event_marks_the_stream_failed() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(CHUNK + b'data: {"error":{"message":"boom"}}\n\n')
    assert observer.failed


def test_a_null_error_is_no_error() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(b'data: {"error":null,"choices":[]}\n\n')
    assert not observer.failed


def test_a_stream_without_end_mark_but_with_finish_reason_is_finished() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(CHUNK + LAST)
    assert observer.finished
    assert not observer.done


def test_a_cut_stream_is_not_finished() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(CHUNK + CHUNK[:20])
    observer.rest()
    assert not observer.finished


def test_an_event_without_end_is_refused_before_it_fills_memory() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    for _ in range(16):
        observer.feed(b"x" * 1024 * 1024)
    with pytest.raises(UpstreamGarbled):
        observer.feed(b"x")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}', "ok"),
        (b'{"error":{"message":"no"}}', "error"),
        (b'{"error":null,"choices":[]}', "ok"),
        (b"<html>", "garbled"),
        (b"", "garbled"),
        (b"\xff\xfe", "garbled"),
    ],
)
def test_whole_answers_are_told_apart(body: bytes, kind: str) -> None:
    assert read_answer(body, Usage()) == kind


def test_negative_usage_counts_as_nothing() -> None:
    usage = Usage()
    read_answer(b'{"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":null}}', usage)
    assert (usage.input_tokens, usage.output_tokens) == (0, 0)


def test_an_estimate_never_replaces_what_was_reported() -> None:
    usage = Usage(input_tokens=1, output_tokens=2, source="upstream")
    estimate(usage, body_bytes=400, events=9)
    assert usage.output_tokens == 2
    guess = Usage()
    estimate(guess, body_bytes=400, events=9)
    assert (guess.input_tokens, guess.output_tokens, guess.source) == (100, 9, "estimate")
