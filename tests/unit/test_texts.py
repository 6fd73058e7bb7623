"""Texts in JSON values of any form, and what of them has been seen already."""

import msgspec
import pytest

from openhearth.core.errors import RequestError
from openhearth.core.texts import letters, texts_among, texts_in, texts_of, unrepeated


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a", ["a"]),
        (["a", "b"], ["a b"]),
        ({"x": "a", "y": {"z": ["b", 1, None, True]}}, ["a", "b"]),
        ({"words": [{"text": "I", "type": "word"}, {"text": "will", "type": "word"}]}, ["I will"]),
        ({"type": "a", "deep": [{"type": ["b"], "c": "d"}]}, ["d"]),
        ({}, []),
        (b"bytes", []),
    ],
)
def test_every_text_is_found_and_lists_are_read_on(value: object, texts: list[str]) -> None:
    assert texts_of(value, {"type"}) == texts


def test_a_deep_value_is_no_trouble() -> None:
    value: object = "end"
    for _ in range(5000):
        value = [value]
    assert texts_of(value) == ["end"]


def test_fields_are_written_as_they_were_read() -> None:
    raw = {"a": b'{"x":"one","x":"two"}', "b": b"1.50", "c": b'"three"', "skipped": b'"four"'}
    fields = {name: msgspec.Raw(data) for name, data in raw.items()}
    assert texts_in(fields, {"skipped"}) == ["two", "three"]
    assert bytes(fields["a"]) == b'{"x":"two"}'
    assert bytes(fields["b"]) == b"1.50"
    with pytest.raises(RequestError) as caught:
        texts_in({"wide": msgspec.Raw(b"[1e400]")})
    assert (caught.value.param, caught.value.code) == ("wide", "invalid_value")


def test_names_of_form_fields_may_have_brackets() -> None:
    assert texts_among([("a", "1"), ("b[]", "2"), ("b[0]", "3"), ("c[x]", "4")], {"b"}) == ["1", "4"]


def test_what_stands_in_a_longer_text_is_not_repeated() -> None:
    whole = "The first line.\nAnd another line, which goes on."
    assert unrepeated(["# The **first** line.", whole, "And another\n", "Something new here\nthe First line"]) == [
        whole,
        "Something new here\nthe First line",
    ]
    assert unrepeated(["class and more", "ass"]) == ["class and more", "ass"]
    assert unrepeated(["", "  ", "🖕"]) == ["🖕"]
    assert unrepeated(["我 会 打 断 你 的 腿", "我会打断你的腿"]) == ["我会打断你的腿"]
    assert letters("a-b, 你好!") == "ab你好"
