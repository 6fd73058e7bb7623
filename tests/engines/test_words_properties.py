"""Whatever is typed: a plan or a refusal, always the same, and soon."""

import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import NotUnderstood, Plan
from openhearth.engines.edit_image.words import parse
from openhearth.engines.edit_image.words.lexicon import lexicon
from openhearth.engines.edit_image.words.script import normalised
from openhearth.engines.edit_image.words.tokens import words

_WORDS = sorted(lexicon().words)
_VALUES = [
    "800x600",
    "16:9",
    "50%",
    "90度",
    "2x",
    "#ff0000",
    "rgb(1,2,3)",
    "+20%",
    "第二个人",
    "第2张图",
    "“Hi”",
    "1. ",
    "四倍",
]
_TALK = st.lists(st.sampled_from([*_WORDS, *_VALUES, " ", ",", "，", "。", "\n"]), max_size=25)


def _outcome(instruction: str) -> Plan | str:
    try:
        return parse(instruction, pictures=2)
    except RequestError as refusal:
        return refusal.message


def _check(instruction: str) -> None:
    outcome = _outcome(instruction)
    assert outcome == _outcome(instruction)
    if isinstance(outcome, Plan):
        assert outcome.steps
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(outcome), type=Plan) == outcome


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(instruction: str) -> None:
    _check(instruction)


@given(_TALK, st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_words_are_read_or_refused(said: list[str], spaced: bool) -> None:
    _check((" " if spaced else "").join(said))


@given(_TALK)
@settings(max_examples=150, deadline=None)
def test_words_cover_the_text_without_gaps(said: list[str]) -> None:
    script = normalised(" ".join(said))
    place = 0
    for word in words(script):
        assert word.start >= place or word.start == place - len(word.text)
        assert script.text[place : word.start].strip() == ""
        place = word.end
    assert script.text[place:].strip() == ""


@given(st.sampled_from(["", "please ", "帮我"]), st.sampled_from(["flurble", "㐀㐁", "xyzzy", "蹿"]), st.booleans())
def test_an_unknown_word_always_refuses(polite: str, unknown: str, first: bool) -> None:
    wish = "make the shirt red"
    instruction = f"{polite}{unknown}, {wish}" if first else f"{polite}{wish}, {unknown}"
    with pytest.raises(NotUnderstood) as caught:
        parse(instruction)
    assert caught.value.words == (unknown,)


_PIECES = """
a|红|and |“|"|'a |1|1x|十|第|rgb(|#f|((| |不要|make |red |hat,|衣服|左边的人|and the hair |没|2x
blur the |，|the the |第二|1. |😎|𠮷|-1|picture |dark |hat and |brightness |::
xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx |加文字“|remove text and |don't |头发也是|keep |《|'|{|%
的
"""


@pytest.mark.parametrize("piece", [*_PIECES.strip("\n").replace("\n", "|").split("|"), "\n", "|"])
def test_long_and_hostile_instructions_are_over_soon(piece: str) -> None:
    instruction = (piece * 4000)[:4000]
    started = time.process_time()
    _outcome(instruction)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "piece",
    [
        "hat and ",
        "衣服和",
        "brighter ",
        "text “a”, ",
        "左边的人 ",
        "shirt red ",
        "don't blur and ",
        "background, ",
        "保持脸不变，",
        "K ",
    ],
)
def test_as_many_words_as_may_be_are_read_soon(piece: str) -> None:
    started = time.process_time()
    for count in (75, 100, 149, 290):
        _outcome(piece * count)
    assert time.process_time() - started < 4
