"""The envelope keeps every byte it does not change, and refuses what cannot be trusted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.envelope import Envelope, depth
from openhearth.core.errors import RequestError

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(st.text(), _JSON, max_size=8))
def test_every_field_survives_the_round_trip(fields: dict[str, object]) -> None:
    body = json.dumps(fields).encode()
    assert json.loads(Envelope.decode(body, max_depth=10_000).encode()) == fields


@given(st.dictionaries(st.text(min_size=1), _JSON, max_size=8), st.text())
def test_setting_the_model_changes_nothing_else(fields: dict[str, object], model: str) -> None:
    envelope = Envelope.decode(json.dumps(fields).encode(), max_depth=10_000)
    envelope.set("model", model)
    assert json.loads(envelope.encode()) == {**fields, "model": model}


@given(_JSON)
def test_depth_agrees_with_a_walk(value: object) -> None:
    def walk(node: object) -> int:
        inner = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else None
        return 0 if inner is None else 1 + max((walk(child) for child in inner), default=0)

    assert depth(json.dumps(value).encode()) == walk(value)


def test_numbers_keep_their_spelling() -> None:
    body = b'{"seed":12345678901234567890123,"temperature":1.0,"x":1e5}'
    assert Envelope.decode(body).encode() == body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"a":"\xff"}', "invalid_json"),
        (b'{"model":"a","model":"b"}', "duplicate_field"),
        (b'{"model":"a","x":{"model":1},"model":"b"}', "duplicate_field"),
        (b'{"a":' + b"[" * 70 + b"]" * 70 + b"}", "json_too_deep"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "json_too_deep"),
    ],
)
def test_refuses_bodies_it_cannot_trust(body: bytes, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        Envelope.decode(body)
    assert caught.value.code == code


def test_model_may_appear_deeper_or_in_text() -> None:
    body = b'{"model":"a","tools":[{"model":"b"}],"text":"\\"model\\" \\"model\\""}'
    assert Envelope.decode(body).get("model", str) == "a"


def test_wide_bodies_are_not_deep() -> None:
    body = json.dumps({"messages": [{"content": "{[{["}] * 500}).encode()
    assert len(Envelope.decode(body).fields) == 1


def test_a_wrong_type_names_the_field() -> None:
    with pytest.raises(RequestError) as caught:
        Envelope.decode(b'{"stream":"yes"}').get("stream", bool)
    assert caught.value.param == "stream"


def test_a_missing_required_field_names_itself() -> None:
    with pytest.raises(RequestError) as caught:
        Envelope.decode(b'{"model":null}').require("model", str)
    assert caught.value.code == "missing_field"


@pytest.mark.parametrize(
    ("body", "escape", "at"),
    [
        (rb'{"model":"\ud800"}', r"\ud800", 10),
        (rb'{"model":"m","messages":[{"content":"\\\uD83D!"}]}', r"\uD83D", 39),
        (rb'{"model":"\ude00\ud83d"}', r"\ude00", 10),
    ],
)
def test_half_of_a_character_is_named(body: bytes, escape: str, at: int) -> None:
    with pytest.raises(RequestError) as caught:
        Envelope.decode(body)
    assert f"{escape} (byte {at}) is half of a character" in caught.value.message
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("body", [rb'{"model":"\ud83d\ude00"}', rb'{"model":"\\ud800"}'])
def test_a_whole_character_and_a_backslash_are_no_half(body: bytes) -> None:
    Envelope.decode(body)


def test_the_depth_of_long_bodies_is_bounded_as_that_of_short_ones() -> None:
    long = b"x" * 4000
    for opened, closed in ((b"[", b"]"), (b'{"a":', b"}")):
        Envelope.decode(b'{"model":"m","p":"%b","d":%b1%b}' % (long, opened * 63, closed * 63))
        with pytest.raises(RequestError) as caught:
            Envelope.decode(b'{"model":"m","p":"%b","d":%b1%b}' % (long, opened * 64, closed * 64))
        assert caught.value.code == "json_too_deep"
