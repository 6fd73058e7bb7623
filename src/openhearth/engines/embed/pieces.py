"""A long text as pieces that the encoder is good at, cut between sentences where it can be. Nothing is left out."""

import re
from collections.abc import Callable, Sequence

import msgspec

Count = Callable[[str], int]

_SENTENCE = re.compile(r"[^.!?。！？；\n]*(?:[.!?。！？；\n]+[\"'”’）)\]》」]*\s*|$)")


class Piece(msgspec.Struct, frozen=True):
    """A part of a text, and its tokens."""

    text: str
    tokens: int


def pieces(whole: Piece, most: int, count: Count, *, overlap: int = 0) -> list[Piece]:
    """``whole`` in pieces of at most ``most`` tokens, in order; at least one.

    ``overlap`` repeats up to that many tokens of whole sentences from the end of a piece at the start of the next.
    """
    if whole.tokens <= most:
        return [whole]
    sentences = [
        part for found in _SENTENCE.finditer(whole.text) if found[0] for part in _fitting(found[0], most, count)
    ]
    made: list[Piece] = []
    held: list[Piece] = []
    for sentence in sentences:
        if held and _tokens(held) + sentence.tokens > most:
            made.append(_joined(held))
            held = _tail(held, min(overlap, most - sentence.tokens))
        held.append(sentence)
    return [*made, _joined(held)]


def _fitting(sentence: str, most: int, count: Count) -> list[Piece]:
    """A sentence, halved at a space until its parts fit. One character always fits."""
    tokens = count(sentence)
    if tokens <= most or len(sentence) < 2:
        return [Piece(sentence, tokens)]
    middle = len(sentence) // 2
    space = sentence.rfind(" ", 1, middle) + 1
    at = space if space > middle // 2 else middle
    return [*_fitting(sentence[:at], most, count), *_fitting(sentence[at:], most, count)]


def _tail(held: Sequence[Piece], most: int) -> list[Piece]:
    kept: list[Piece] = []
    for piece in reversed(held):
        if _tokens(kept) + piece.tokens > most:
            break
        kept.insert(0, piece)
    return kept


def _joined(held: Sequence[Piece]) -> Piece:
    return Piece("".join(piece.text for piece in held), _tokens(held))


def _tokens(held: Sequence[Piece]) -> int:
    return sum(piece.tokens for piece in held)
