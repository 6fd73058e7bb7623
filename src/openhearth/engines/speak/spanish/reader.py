"""Spanish sentences as phonemes: each word by rule, then what a word's beginning takes from the word before it."""

import re

from openhearth.engines.speak.marked import Marked
from openhearth.engines.speak.sounds import PUNCTUATION, Word
from openhearth.engines.speak.spanish.normal import normal
from openhearth.engines.speak.spanish.sounds import Sound, letters, soften, sounds, stressed

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\S")
_MARKS = {"–": "—", "«": "“", "»": "”", "[": "(", "]": ")", "¿": "", "¡": "", "-": "", "'": "", "’": ""}
_PAUSES = frozenset(";:,.!?—…()")
_UNSTRESSED_TEXT = """
a al con de del e el en la las le les lo los me mi mis ni nos o os por que se si sin su sus te tu tus u y
"""
_UNSTRESSED = frozenset(_UNSTRESSED_TEXT.split())
_HALF_STRESSED_TEXT = """
aunque como cuando desde donde entre hasta mientras nuestra nuestro para pero pues quien sobre
"""
_HALF_STRESSED = frozenset(_HALF_STRESSED_TEXT.split())
_VOWEL = re.compile("[aeiouáéíóúü]")


class SpanishReader:
    """``sounds.Reader`` for Spanish."""

    def normal(self, text: Marked) -> Marked:
        """See ``Reader``."""
        return normal(text)

    def words(self, text: str) -> list[Word]:
        """See ``Reader``."""
        found: list[Word] = []
        before = ""
        for match in _TOKEN.finditer(text):
            token = match[0]
            space = match.end() < len(text) and text[match.end()].isspace()
            if token[0].isalpha():
                phonemes = _spoken(token, before)
            else:
                mark = _MARKS.get(token, token)
                phonemes = mark if mark in PUNCTUATION else ""
            if phonemes:
                before = "" if phonemes[-1] in _PAUSES else phonemes[-1]
            if phonemes or space:
                found.append(Word(phonemes, match.start(), match.end(), space=space))
        return found


def _spoken(token: str, before: str) -> str:
    word = token.lower()
    if len(token) > 1 and ((token.isupper() and len(token) < 5) or not _VOWEL.search(word.replace("y", "i"))):
        return " ".join(_word(name, "a") for name in letters(token))
    if word.endswith("mente") and len(word) > 8:
        stem = _word(word[:-5], before)
        return stem + _word("mente", stem[-1])
    return _word(word, before)


def _word(word: str, before: str) -> str:
    """Phonemes of a lower-case word; ``before`` is the sound before it, empty after a pause."""
    found = sounds(word)
    _neighbours(found, before)
    nuclei = [sound for sound in found if sound.is_nucleus]
    if not nuclei or word in _UNSTRESSED:
        return "".join(sound.phonemes for sound in found)
    main = stressed(found, word)
    _mark(nuclei[main], "ˌ" if word in _HALF_STRESSED else "ˈ")
    if main >= 2:
        _mark(nuclei[0], "ˌ")
    return "".join(sound.phonemes for sound in found)


def _mark(nucleus: Sound, mark: str) -> None:
    at = nucleus.stressed_at
    nucleus.phonemes = nucleus.phonemes[:at] + mark + nucleus.phonemes[at:]


def _neighbours(found: list[Sound], before: str) -> None:
    """Nasals take the place of what follows; ``b``, ``d`` and ``g`` soften between other sounds."""
    for at, sound in enumerate(found):
        following = found[at + 1].phonemes if at + 1 < len(found) else ""
        if sound.phonemes == "n" and following[:1] in ("b", "p", "m"):
            sound.phonemes = "m" if following[:1] != "m" else "n"
        elif sound.phonemes == "n" and following[:1] in ("ɡ", "x"):
            sound.phonemes = "ŋ"
        is_last_d = sound.phonemes == "d" and at == len(found) - 1
        is_coda_g = sound.phonemes == "ɡ" and following[:1] in ("n", "m", "d")
        if not (is_last_d or is_coda_g):
            sound.phonemes = soften(sound.phonemes, before)
        before = sound.phonemes[-1]
