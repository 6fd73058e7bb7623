"""English sentences as phonemes: words, their parts of speech, and how neighbours change a word's sound."""

import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from openhearth.engines.speak.english import stress
from openhearth.engines.speak.english.lexicon import Lexicon
from openhearth.engines.speak.english.normal import normal
from openhearth.engines.speak.english.tagger import Tagger
from openhearth.engines.speak.marked import Marked
from openhearth.engines.speak.sounds import PUNCTUATION, Word

_TOKEN = re.compile(r"[^\W\d_](?:\.[^\W\d_])+(?![^\W\d_])(?:\.(?=\s*\S))?|[^\W\d_]+(?:['’][^\W\d_]+)*|\S")
_CLITIC = re.compile(r"(?i)(?<=[a-z])(n['’]t|['’](?:s|m|d|re|ve|ll))$")
_INITIALS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+\.?")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z]{2})(?=[A-Z][a-z]{2})")
_MARKS = {"–": "—", "-": "", "'": "", "’": "", "‘": "", "[": "(", "]": ")", "{": "(", "}": ")", "«": "“",
          "»": "”", "。": ".", "，": ",", "、": ",", "！": "!", "？": "?", "：": ":", "；": ";", "（": "(",
          "）": ")", "¿": "", "¡": "", "„": "“"}  # fmt: skip
_PAUSES = frozenset(";:,.!?—…")
_SHOUTED_TEXT = """
all and any are but can did for get had has her him his how its let may new not now off one our out she the too two was
way why wow yes yet you
"""
_SHOUTED = frozenset(_SHOUTED_TEXT.split())
_CONSONANTS = frozenset("bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ")
_MISAKI_TO_KOKORO = str.maketrans({"ɾ": "T", "ʔ": "t"})


class _Token(msgspec.Struct):
    text: str
    start: int
    end: int
    tag: str = ""
    phonemes: str = ""

    @property
    def is_word(self) -> bool:
        return self.text[0].isalpha()


class EnglishReader:
    """``sounds.Reader`` for English."""

    def __init__(self, lexicon: Lexicon, tagger: Tagger) -> None:
        self._lexicon = lexicon
        self._tagger = tagger

    def normal(self, text: Marked) -> Marked:
        """See ``Reader``."""
        return normal(text)

    def words(self, text: str) -> list[Word]:
        """See ``Reader``."""
        tokens = [token for match in _TOKEN.finditer(text) for token in self._tokens(match)]
        self._calm(tokens)
        self._tag(tokens)
        after: str | None = None
        for at in range(len(tokens) - 1, -1, -1):
            token = tokens[at]
            following = tokens[at + 1] if at + 1 < len(tokens) else None
            token.phonemes = self._sound(token, after, following)
            after = _first_sound(token.phonemes, after)
        _ease_compounds(tokens, text)
        return [
            Word(
                token.phonemes.translate(_MISAKI_TO_KOKORO) if token.is_word else token.phonemes,
                token.start,
                token.end,
                space=token.end < len(text) and text[token.end].isspace(),
            )
            for token in tokens
            if token.phonemes or (token.end < len(text) and text[token.end].isspace())
        ]

    def _tokens(self, match: re.Match[str]) -> list[_Token]:
        """The match, or its parts when it is made of capitalised parts that no dictionary has as a whole."""
        text, start = match[0], match.start()
        cuts = [cut.start() for cut in _CAMEL.finditer(text)]
        if not cuts or self._lexicon.known(text) is not None:
            return [_Token(text, start, match.end())]
        edges = [0, *cuts, len(text)]
        return [_Token(text[at:end], start + at, start + end) for at, end in pairwise(edges)]

    def _calm(self, tokens: Sequence[_Token]) -> None:
        """Words that are shouted are words: all that are known in a sentence of capitals, elsewhere those that are too
        long or too common to be initials."""
        words = [token for token in tokens if token.is_word]
        everything = len(words) > 1 and all(token.text.isupper() for token in words)
        for token in words:
            if not token.text.isupper() or len(token.text) < 2:
                continue
            lower = token.text.lower().replace("’", "'")
            if everything or len(lower) > 3 or lower in _SHOUTED:
                token.text = lower if self._lexicon.is_word(lower) else token.text

    def _tag(self, tokens: Sequence[_Token]) -> None:
        """Tags of words; ``don't`` is tagged as the two words it is made of."""
        pieces: list[str] = []
        owners: list[int] = []
        for at, token in enumerate(tokens):
            clitic = _CLITIC.search(token.text)
            parts = [token.text[: clitic.start()], clitic[0]] if clitic else [token.text]
            pieces += [part.replace("’", "'") for part in parts]
            owners += [at] + [-1] * (len(parts) - 1)
        for owner, tag in zip(owners, self._tagger.tags(pieces), strict=True):
            if owner >= 0:
                tokens[owner].tag = tag

    def _sound(self, token: _Token, after: str | None, following: _Token | None) -> str:
        """``after`` is ``vowel``, ``consonant``, or ``None`` before a pause."""
        text = token.text.replace("’", "'")
        if not token.is_word:
            mark = _MARKS.get(text, text)
            return mark if mark in PUNCTUATION else ""
        if _INITIALS.fullmatch(text):
            return self._lexicon.letters(text)
        special = self._special(text, token.tag, after, following)
        return special if special is not None else self._lexicon.read(text, token.tag, at_end=after is None)

    def _special(self, text: str, tag: str, after: str | None, following: _Token | None) -> str | None:
        """Little words that sound by their neighbours."""
        lower = text.lower()
        if text in ("a", "A"):
            return "ɐ" if tag == "DT" else "ˈA"
        if lower in ("an", "the", "to") and not (text.isupper() and tag.startswith("NNP")):
            if lower == "an":
                return "ɐn"
            if lower == "the":
                return "ði" if after == "vowel" else "ðə"
            return {"vowel": "tʊ", "consonant": "tə"}.get(after or "")
        if text == "I" and tag == "PRP":
            return "ˌI"
        if lower == "in":
            return "ˈɪn" if after is None or tag != "IN" else "ɪn"
        if lower == "am" and after is not None and text == "am":
            return "ɐm"
        if lower == "used":
            is_habit = tag in ("VBD", "JJ", "VBN") and following is not None and following.text.lower() == "to"
            return "jˈust" if is_habit else "jˈuzd"
        return None


def _first_sound(phonemes: str, after: str | None) -> str | None:
    for sound in phonemes:
        if sound in _PAUSES:
            return None
        if sound in stress.VOWELS:
            return "vowel"
        if sound in _CONSONANTS:
            return "consonant"
    return after


def _ease_compounds(tokens: Sequence[_Token], text: str) -> None:
    """Of two words joined by a hyphen the lighter loses its primary stress."""
    for first, hyphen, second in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if hyphen.text not in ("-", "‑") or not (first.is_word and second.is_word):
            continue
        if first.end == hyphen.start and hyphen.end == second.start:
            lighter = min(first, second, key=lambda token: stress.weight(token.phonemes))
            if stress.PRIMARY in first.phonemes and stress.PRIMARY in second.phonemes:
                lighter.phonemes = stress.weaker(lighter.phonemes)
