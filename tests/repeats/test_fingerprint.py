"""What is the same request and what is another, however it was written and however it came."""

import asyncio
import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from openhearth.surfaces.repeats.fingerprint import Fingerprint, canonical

_JSON = "application/json"
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)
_BODIES = st.dictionaries(_TEXTS, _VALUES, min_size=1, max_size=5)
_PARTS = st.lists(st.binary(max_size=200), min_size=1, max_size=4)


def _of(body: bytes, kind: str = _JSON, *cuts: int, path: str = "/v1/x", query: bytes = b"", most: int = 10**6) -> str:
    """The fingerprint of ``body`` in pieces that end at ``cuts``."""
    fingerprint = Fingerprint("POST", path, query, kind, most_json_bytes=most)
    places = sorted({0, *(cut % (len(body) + 1) for cut in cuts), len(body)})
    for start, end in pairwise(places):
        fingerprint.feed(body[start:end])
    return asyncio.run(fingerprint.hex())


def _turned(value: Any) -> Any:
    """The same value with the fields of all its objects in the opposite order."""
    if isinstance(value, dict):
        return {name: _turned(inner) for name, inner in reversed(value.items())}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


def _form(parts: list[bytes], boundary: bytes) -> tuple[bytes, str]:
    head = b'content-disposition: form-data; name="p"\r\n\r\n'
    body = b"".join(b"--%b\r\n%b%b\r\n" % (boundary, head, part) for part in parts) + b"--%b--\r\n" % boundary
    return body, f"multipart/form-data; boundary={boundary.decode()}"


@settings(deadline=None, max_examples=60)
@given(_BODIES, st.lists(st.integers(0, 500), max_size=4))
def test_order_blanks_and_pieces_do_not_matter(value: dict[str, Any], cuts: list[int]) -> None:
    written = json.dumps(value).encode()
    other = json.dumps(_turned(value), indent=2, ensure_ascii=False).encode()
    assert _of(written, _JSON, *cuts) == _of(other)


@settings(deadline=None, max_examples=60)
@given(_BODIES, _BODIES)
def test_another_value_is_another_request(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (_of(json.dumps(one).encode()) == _of(json.dumps(other).encode())) is same


@settings(deadline=None, max_examples=60)
@given(_PARTS, st.lists(st.integers(0, 2000), max_size=6))
def test_a_form_is_the_same_with_another_boundary_and_in_other_pieces(parts: list[bytes], cuts: list[int]) -> None:
    body, kind = _form(parts, b"first-boundary-7d1f")
    again, other_kind = _form(parts, b"second9e")
    assert _of(body, kind, *cuts) == _of(again, other_kind)


@settings(deadline=None, max_examples=60)
@given(_PARTS, _PARTS)
def test_a_form_with_other_parts_is_another(parts: list[bytes], others: list[bytes]) -> None:
    assert (_of(*_form(parts, b"boundary1")) == _of(*_form(others, b"boundary2"))) is (parts == others)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_other_bodies_are_compared_as_they_are(body: bytes, cuts: list[int]) -> None:
    assert _of(body, "audio/wav", *cuts) == _of(body, "audio/wav")
    assert _of(body, "audio/wav") != _of(body + b"\0", "audio/wav")


def test_path_query_and_kind_count() -> None:
    seen = {
        _of(b"{}"),
        _of(b"{}", path="/v1/y"),
        _of(b"{}", query=b"a=1"),
        _of(b"{}", "text/plain"),
        _of(b"{} "[:2], path="/v1/x{", query=b"}"),
    }
    assert len(seen) == 5


def test_a_body_above_the_bound_is_compared_by_its_bytes() -> None:
    assert _of(b'{"a":1,"b":2}', most=4) == _of(b'{"a":1,"b":2}', most=4)
    assert _of(b'{"a":1,"b":2}', most=4) != _of(b'{"b":2,"a":1}', most=4)


async def test_a_large_body_is_hashed_as_a_small_one_is() -> None:
    found = []
    for body in (b'{"a":"%b","b":1}', b'{"b":1, "a":"%b"}'):
        fingerprint = Fingerprint("POST", "/v1/x", b"", _JSON, most_json_bytes=10**7)
        fingerprint.feed(body % (b"x" * 1_000_000))
        found.append(await fingerprint.hex())
    assert found[0] == found[1]


def test_where_readers_may_differ_there_is_no_canonical_form() -> None:
    for text in (b'{"a":1,"a":2}', b'{"a":1e999}', b'{"a":NaN}', b'{"a"', b'"\\ud800"', b"[" * 200_000, b"\xff"):
        assert canonical(text) is None, text[:20]
    assert _of(b'{"a":1,"a":2}') != _of(b'{"a":2}')
    assert canonical(b'{"a":1}') != canonical(b'{"a":1.0}')
    assert canonical(b'{"n":12345678901234567890123}') != canonical(b'{"n":12345678901234567890124}')
    assert canonical(b'{"s":"\\u0041"}') == canonical(b'{ "s" : "A" }')
