"""Parts of speech by an averaged perceptron, for the few hundred words that are read by them (``read``, ``record``).

The weights are hibari's (``tagger.json.gz``); what a feature is called is part of that file's format.
"""

from collections.abc import Sequence

import msgspec

_EDGE = ("-START2-", "-START-"), ("-END-", "-END2-")


class Weights(msgspec.Struct, frozen=True):
    """The file: words with one tag, all tags, words known by name, and per feature the weight of each tag."""

    tagdict: dict[str, str]
    tags: tuple[str, ...]
    vocab: frozenset[str]
    weights: dict[str, dict[str, float]]


class Tagger:
    """Penn Treebank tags for the words of a sentence."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights

    def tags(self, words: Sequence[str]) -> list[str]:
        """One tag per word."""
        seen = [*_EDGE[0], *(self._normal(word) for word in words), *_EDGE[1]]
        found: list[str] = []
        for at, word in enumerate(words):
            known = self._weights.tagdict.get(word)
            found.append(known or self._best(_features(at, word, seen, found)))
        return found

    def _normal(self, word: str) -> str:
        if "-" in word and not word.startswith("-"):
            plain = "!HYPHEN"
        elif word.isdigit() and len(word) == 4:
            plain = "!YEAR"
        else:
            plain = "!DIGITS" if word[0].isdigit() else word.lower()
        return plain if plain in self._weights.vocab else f"<{_shape(word)}>"

    def _best(self, features: Sequence[str]) -> str:
        scores: dict[str, float] = {}
        for feature in features:
            for tag, weight in self._weights.weights.get(feature, {}).items():
                scores[tag] = scores.get(tag, 0.0) + weight
        return max(self._weights.tags, key=lambda tag: (scores.get(tag, 0.0), tag))


def _features(at: int, word: str, seen: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    before = found[-1] if found else _EDGE[0][1]
    earlier = found[-2] if len(found) > 1 else _EDGE[0][len(found)]
    here = at + 2
    return (
        "b",
        f"s3={word[-3:]}",
        f"p1={word[0]}",
        f"w={seen[here]}",
        f"sh={_shape(word)}",
        "i+" if at else "i0",
        f"t-1={before}",
        f"t-2={earlier}",
        f"t-12={before},{earlier}",
        f"w-1={seen[here - 1]}",
        f"s3-1={seen[here - 1][-3:]}",
        f"w-2={seen[here - 2]}",
        f"w+1={seen[here + 1]}",
        f"s3+1={seen[here + 1][-3:]}",
        f"w+2={seen[here + 2]}",
    )


def _shape(word: str) -> str:
    if word.isalpha():
        if word.islower():
            return "x"
        if word.isupper():
            return "XX" if len(word) > 1 else "X1"
        return "Xx" if word[0].isupper() and word[1:].islower() else "xX"
    if word.isdigit():
        return "d"
    return "".join("d" if letter.isdigit() else "x" if letter.isalpha() else letter for letter in word[:4])
