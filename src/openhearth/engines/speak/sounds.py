"""What text becomes before it is audio: phonemes of the model's alphabet, each word with its place in the text."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from openhearth.engines.speak.marked import Marked

PUNCTUATION = frozenset(';:,.!?—…"“”()')


class Word(msgspec.Struct, frozen=True):
    """The phonemes of a word or a mark. ``start`` and ``end`` are its place in the text as it is spoken.

    ``space`` says whether a space is spoken after it.
    """

    phonemes: str
    start: int
    end: int
    space: bool = False


class Reader(Protocol):
    """Reads one language aloud."""

    def normal(self, text: Marked) -> Marked:
        """The text with numbers, dates, abbreviations and signs written out as words."""

    def words(self, text: str) -> list[Word]:
        """The phonemes of normalised text."""


def joined(words: Iterable[Word]) -> str:
    """One string of phonemes, as the model reads it."""
    return "".join(word.phonemes + (" " if word.space else "") for word in words).strip()
