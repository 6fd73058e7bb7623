"""Long texts in pieces, and letters as numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.engines.embed.letters import letters, murmur
from openhearth.engines.embed.pieces import Piece, pieces

TEXTS = st.text(st.sampled_from("ab 中.。!\n😀é"), max_size=200)


def cut(text: str, most: int, overlap: int = 0) -> list[Piece]:
    """A character is a token."""
    return pieces(Piece(text, len(text)), most, len, overlap=overlap)


@given(TEXTS, st.integers(1, 30))
def test_nothing_of_a_text_is_lost(text: str, most: int) -> None:
    assert "".join(piece.text for piece in cut(text, most)) == text


@given(TEXTS, st.integers(1, 30), st.integers(0, 40))
def test_every_piece_fits(text: str, most: int, overlap: int) -> None:
    assert all(piece.tokens == len(piece.text) <= most for piece in cut(text, most, overlap))


def test_a_text_is_cut_between_sentences() -> None:
    assert [piece.text for piece in cut("One is here. Two is there! 三在那里。四", 20)] == [
        "One is here. ",
        "Two is there! 三在那里。四",
    ]


def test_an_overlap_repeats_whole_sentences() -> None:
    assert [piece.text for piece in cut("Aa. Bb. Cc. Dd. ", 12, overlap=4)] == ["Aa. Bb. Cc. ", "Cc. Dd. "]


@pytest.mark.parametrize(
    ("text", "value"),  # published test values of MurmurHash3_x86_32 with seed 0
    [("hello", 0x248BFA47), ("hello, world", 0x149BBB7F), ("The quick brown fox jumps over the lazy dog", 0x2E4FF723)],
)
def test_hashes_are_murmur(text: str, value: int) -> None:
    (found,) = murmur(np.frombuffer(text.encode(), np.uint8)[None, :])
    assert int(found) == value


def test_letters_are_counted_with_their_sign() -> None:
    one = letters("a")  # one sequence: one place, of length one
    assert sorted(np.abs(one)) == [0.0] * 63 + [1.0]
    both = letters("ab")  # a, b and ab
    assert np.count_nonzero(both) in (2, 3)
    assert float(np.linalg.norm(both)) == pytest.approx(1.0)


def test_letters_ignore_case_and_runs_of_spaces() -> None:
    assert np.array_equal(letters("Good  \n day"), letters("good day"))
    assert not letters("").any()


def test_letters_tell_texts_apart_in_any_script() -> None:
    near = float(letters("退款将在14天内退回") @ letters("退款将在十四天内退回"))
    assert near > float(letters("退款将在14天内退回") @ letters("今天天气很好"))
