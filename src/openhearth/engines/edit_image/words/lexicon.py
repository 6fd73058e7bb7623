"""The vocabulary as one table from words to meanings, built once from the lists beside it."""

import functools
from collections.abc import Iterator

import msgspec

from openhearth.engines.edit_image.plan import EVERYONE, Colour
from openhearth.engines.edit_image.words.asides import FILLERS, PHRASES
from openhearth.engines.edit_image.words.colours import NAMED, NO_SUFFIX, tone
from openhearth.engines.edit_image.words.kinds import Kind, Meaning
from openhearth.engines.edit_image.words.limits import OUT_OF_REACH
from openhearth.engines.edit_image.words.nouns import NOUNS, RATIOS, VALUES
from openhearth.engines.edit_image.words.script import is_chinese, normalised
from openhearth.engines.edit_image.words.verbs import TONES, VERBS

Meanings = tuple[Meaning, ...]


class Lexicon(msgspec.Struct, frozen=True):
    """``words`` by their normal form; ``longest`` word by first character, so that a look-up is bounded."""

    words: dict[str, Meanings]
    longest: dict[str, int]


@functools.cache
def lexicon() -> Lexicon:
    """The vocabulary. Where two lists hold one word, the first one given here wins."""
    words: dict[str, Meanings] = {}
    for word, meaning in _single():
        words.setdefault(word, (meaning,))
    for phrase, parts in PHRASES:
        words[_plain(phrase)] = tuple(words[_plain(part)][0] for part in parts)
    longest: dict[str, int] = {}
    for word in words:
        longest[word[0]] = max(longest.get(word[0], 0), len(word))
    return Lexicon(words, longest)


def _single() -> Iterator[tuple[str, Meaning]]:
    for kind, name, note, words in NOUNS:
        who = EVERYONE if kind is Kind.PERSON else None
        yield from _each(words, Meaning(kind, name=name, note=note, who=who))
    for width, height, words in RATIOS:
        yield from _each(words, Meaning(Kind.RATIO, pair=(width, height)))
    yield from _colours()
    for kind, name, words in VERBS:
        yield from _each(words, Meaning(kind, name=name))
    for kind, name, number, words in TONES:
        yield from _each(words, Meaning(kind, name=name, number=number))
    for kind, number, words in VALUES:
        yield from _each(words, Meaning(kind, number=number))
    for reason, words in OUT_OF_REACH:
        yield from _each(words, Meaning(Kind.CANNOT, name=reason))
    for words in FILLERS:
        yield from _each(words, Meaning(Kind.FILLER))


def _colours() -> Iterator[tuple[str, Meaning]]:
    for digits, words in NAMED:
        for word, _ in _each(words, Meaning(Kind.COLOUR)):
            meaning = Meaning(Kind.COLOUR, colour=Colour(word, tone(digits)))
            if word not in NO_SUFFIX:
                yield word, meaning
            if is_chinese(word) and not word.endswith("色"):
                yield word + "色", Meaning(Kind.COLOUR, colour=Colour(word + "色", tone(digits)))


def _each(words: str, meaning: Meaning) -> Iterator[tuple[str, Meaning]]:
    for word in words.split("|"):
        plain = _plain(word)
        if plain:
            yield plain, meaning


def _plain(word: str) -> str:
    return normalised(word).text
