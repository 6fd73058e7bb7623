"""The stream observer passes whole events, finds usage and end, and hides only what we asked for ourselves."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.call import Usage
from openhearth.core.errors import UpstreamGarbled
from openhearth.relay.estimates import estimate, estimate_part, estimate_whole
from openhearth.relay.observe import StreamObserver, read_answer

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


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"error":null,"choices":[]}\n\n',
        b'data: {"choices":[{"delta":{"content":"error"}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"{\\"error\\": 1}"}}],"error":""}\n\n',
        b'data: {"choices":[],"x":{"error":{"message":"not ours"}}}\n\n',
        b'data: "error" {"error": 1\n\n',
    ],
)
def test_what_only_looks_like_an_error_is_none(event: bytes) -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(event)
    observer.feed(CHUNK + event)
    assert not observer.failed


def test_an_error_among_other_fields_marks_the_stream_failed() -> None:
    """As OpenRouter tells of an error in a stream: https://openrouter.ai/docs/api-reference/errors"""
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(CHUNK)
    observer.feed(b'data: {"id":"x","error":{"code":502},"choices":[{"delta":{},"finish_reason":"error"}]}\n\n')
    assert observer.failed


def test_comments_and_the_end_mark_are_no_events() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(b": PROCESSING\n\n")
    assert observer.events == 0
    observer.feed(b": PROCESSING\n\n" + CHUNK + b": PROCESSING\n\n")
    observer.feed(CHUNK)
    observer.feed(DONE)
    assert observer.events == 2
    assert observer.done


def test_an_end_mark_inside_a_text_ends_nothing() -> None:
    observer = StreamObserver(Usage(), hide_usage=False)
    observer.feed(b'data: {"choices":[{"delta":{"content":"data: [DONE]"}}]}\n\n')
    assert not observer.finished


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


@pytest.mark.parametrize("usage", [b'"none"', b"[]", b'{"prompt_tokens":"many"}', b"7"])
def test_an_answer_with_a_usage_that_is_none_is_an_answer(usage: bytes) -> None:
    noted = Usage()
    assert read_answer(b'{"choices":[],"usage":%b}' % usage, noted) == "ok"
    assert noted.source == "none"


def test_nothing_but_zeros_is_no_report() -> None:
    usage = Usage()
    read_answer(b'{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}', usage)
    assert usage.source == "none"


def test_a_whole_answer_is_estimated_by_what_is_said_in_it() -> None:
    usage = Usage()
    message = {"role": "assistant", "content": "x" * 16, "tool_calls": [{"id": "y" * 50, "function": {"name": "abcd"}}]}
    estimate_whole(usage, body_bytes=41, answer=json.dumps({"choices": [{"message": message}]}).encode())
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (10, 5, "estimate")
    for nothing in (b"<html>", b'{"data":[]}', b'{"choices":[{}]}'):
        usage = Usage()
        estimate_whole(usage, body_bytes=41, answer=nothing)
        assert (usage.input_tokens, usage.output_tokens) == (10, 0)


def test_a_report_of_a_beginning_is_completed_when_the_rest_never_comes() -> None:
    usage = Usage(input_tokens=7, source="upstream")
    estimate_part(usage, body_bytes=400, events=9)
    assert (usage.input_tokens, usage.output_tokens, usage.source) == (7, 9, "estimate")
    usage = Usage()
    estimate_part(usage, body_bytes=400, events=0)
    assert usage == Usage()


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


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"choices":[],\ndata: "usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n',
        b'data: {"choices":[],\r\ndata: "usage":{"prompt_tokens":7,"completion_tokens":3}}\r\n\r\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\nevent: message\n\n',
    ],
)
def test_an_event_of_several_lines_is_read_like_one(event: bytes) -> None:
    usage = Usage()
    assert StreamObserver(usage, hide_usage=True).feed(CHUNK.replace(b',"usage":null', b"") + event)[-1:] == b"\n"
    assert (usage.input_tokens, usage.output_tokens) == (7, 3)
    assert StreamObserver(Usage(), hide_usage=True).feed(event) == b""
    failing = StreamObserver(Usage(), hide_usage=False)
    failing.feed(b'event: error\ndata: {"error":\ndata: {"message":"boom"}}\nid: 3\n\n')
    assert failing.failed
