"""How an English word sounds: misaki's dictionaries, endings, letters by name, and a network for the rest.

The dictionaries (``gold`` checked by people, ``silver`` not) map a word to phonemes, or to phonemes by part of speech,
where the entry ``None`` is for a word at the end of a phrase and a missing reading means letter by letter.
"""

import re
from collections.abc import Callable, Mapping

import msgspec

from openhearth.engines.speak.english import stress

Entry = str | dict[str, str | None]
Unknown = Callable[[str], str]

_FLAPPING = frozenset("AIOWYiuæɑəɛɪɹʊʌ")
_DOUBLED = re.compile(r"(?:([bcdgklmnprstvxz])\1|ck)ing$")
_PARENTS = (("VB", "VERB"), ("NN", "NOUN"), ("RB", "ADV"), ("JJ", "ADJ"))
_HOLDS_VOWEL = re.compile("[aeiouy]", re.IGNORECASE)


class Dictionaries(msgspec.Struct, frozen=True):
    """The two of one accent."""

    gold: Mapping[str, Entry]
    silver: Mapping[str, Entry]


class Lexicon:
    """Sounds of single words. ``unknown`` reads what no dictionary has."""

    def __init__(self, words: Dictionaries, unknown: Unknown, *, british: bool = False) -> None:
        self._words = words
        self._unknown = unknown
        self._weak_i = "ɪ" if british else "ᵻ"
        self._flaps = not british

    def read(self, word: str, tag: str = "", *, at_end: bool = False) -> str:
        """Phonemes of ``word``. ``at_end``: a phrase ends after it."""
        phonemes = self.known(word, tag, at_end=at_end)
        if phonemes is None:
            named = self.letters(word) if _is_initials(word) else ""
            phonemes = named or stress.at_least_primary(self._unknown(word))
        if word.isupper() and len(word) > 1:
            return stress.at_least_primary(phonemes)
        return stress.at_least_secondary(phonemes) if word[:1].isupper() else phonemes

    def known(self, word: str, tag: str = "", *, at_end: bool = False) -> str | None:
        """Phonemes by the dictionaries: the word, its other case, or what it is without its ending."""
        for spelling in dict.fromkeys((word, word.lower(), word.lower().capitalize())):
            if _is_initials(word) and tag == "NNP" and spelling != word:
                continue
            found = self._entry(spelling, tag, at_end=at_end)
            if found is not None:
                return found
        return None if _is_initials(word) else self._s(word, tag) or self._ed(word, tag) or self._ing(word, tag)

    def is_word(self, word: str) -> bool:
        """Whether people have put just this spelling, or what it is without its ending, into the dictionary, and not
        the one in capitals."""
        if word in self._words.gold:
            return word.upper() not in self._words.gold
        return len(word) > 3 and (self._s(word, "") or self._ed(word, "") or self._ing(word, "")) is not None

    def letters(self, word: str) -> str:
        """Letter by letter."""
        names = [self._entry(letter.upper(), "") or "" for letter in word if letter.isalpha()]
        return stress.last_primary("".join(names))

    def _entry(self, word: str, tag: str, *, at_end: bool = False) -> str | None:
        entry = self._words.gold.get(word) or self._words.silver.get(word)
        if not isinstance(entry, dict):
            return entry
        if at_end and "None" in entry:
            return entry["None"]
        parent = next((name for start, name in _PARENTS if tag.startswith(start)), tag)
        reading = next((entry[name] for name in (tag, parent, "DEFAULT") if name in entry), None)
        return self.letters(word) if reading is None else reading

    def _stem(self, *stems: str, tag: str) -> str | None:
        spellings = (spelling for stem in stems if stem for spelling in dict.fromkeys((stem, stem.lower())))
        return next((found for spelling in spellings if (found := self._entry(spelling, tag)) is not None), None)

    def _s(self, word: str, tag: str) -> str | None:
        stems = [word[:-1]] if word.endswith("s") and not word.endswith("ss") else []
        if word.endswith("'s") or (word.endswith("es") and len(word) > 4 and not word.endswith("ies")):
            stems.append(word[:-2])
        if word.endswith("ies") and len(word) > 4:
            stems.append(f"{word[:-3]}y")
        if word.endswith("s'"):
            stems = [word[:-1], word[:-2]]
        stem = self._stem(*stems, tag=tag) if len(word) > 2 else None
        if stem is None or word.endswith("s'"):
            return f"{stem}z" if stem and stem[-1] not in "szʃʒʧʤ" else stem
        return stem + ("s" if stem[-1] in "ptkfθ" else f"{self._weak_i}z" if stem[-1] in "szʃʒʧʤ" else "z")

    def _ed(self, word: str, tag: str) -> str | None:
        if len(word) < 4 or not word.endswith("ed"):
            return None
        stem = self._stem(word[:-1], word[:-2], f"{word[:-3]}y" if word.endswith("ied") else "", tag="VB")
        if stem is None and len(word) > 5 and word[-3] == word[-4]:
            stem = self._stem(word[:-3], tag="VB")
        if stem is None:
            return None
        if stem[-1] in "pkfθʃsʧ":
            return f"{stem}t"
        if stem[-1] == "t" and self._flaps and stem[-2:-1] and stem[-2] in _FLAPPING:
            return f"{stem[:-1]}ɾᵻd"
        return f"{stem}{self._weak_i}d" if stem[-1] in "dt" else f"{stem}d"

    def _ing(self, word: str, tag: str) -> str | None:
        if len(word) < 5 or not word.endswith("ing"):
            return None
        doubled = word[:-4] if _DOUBLED.search(word) else ""
        stem = self._stem(word[:-3], f"{word[:-3]}e", doubled, tag="VB")
        if stem is None:
            return None
        if stem[-1] == "t" and self._flaps and stem[-2:-1] and stem[-2] in _FLAPPING:
            return f"{stem[:-1]}ɾɪŋ"
        return f"{stem}ɪŋ"


def _is_initials(word: str) -> bool:
    """``GPU``, ``HTTP``, ``Ph``, a single letter: read by the names of the letters when no dictionary knows it."""
    return word.isalpha() and (len(word) == 1 or (word.isupper() and len(word) < 6) or not _HOLDS_VOWEL.search(word))
