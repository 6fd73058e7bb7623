"""One spelling for what is written in many ways, so that a word list needs each word once.

Full and half width, accents, capital letters, traditional characters, look-alikes of other scripts, invisible
characters; for listed words also l33t, stars, spaced letters and stretched letters.
"""

import itertools
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from importlib import resources
from typing import NamedTuple

END = "|"
_INVISIBLE = re.compile(
    "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]|[\U000e0100-\U000e01ef]"
)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_ENDS = re.compile(r"[.!?;:…]+(?=\s|$)|[\n\r。！？；]+")
_CHINESE_ENDS = re.compile(r"[!?;…\n\r。！？；:：]+|\.(?=\s|$)")
_APOSTROPHE = re.compile("['’`´]")
_NO_WORD = re.compile(rf"[^\w{END}]+|_")
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}])[^\w{END},，×]+(?=[{_HAN}])|(?<=[{_HAN}])_+(?=[{_HAN}])")
_SPACED = re.compile(r"(?<!\w)(?:[^\W_][\s.\-_*·]{1,2}){2,11}[^\W_](?!\w)")
_STRETCHED = re.compile(r"(.)\1{2,}")
_LEET = {
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "@": "a",
    "$": "s",
    "!": "i",
    "|": "il",
    "+": "t",
}
_STARS = frozenset("*#%×")
_MOST_VARIANTS = 32


class Normal(NamedTuple):
    """A text in its two spellings: words with single blanks, and Chinese without blanks. ``END`` ends a sentence."""

    words: str
    chinese: str


class Normaliser:
    """``masked`` are the words that are looked for under disguises."""

    def __init__(self, masked: Iterable[str]) -> None:
        self._masked = frozenset(masked)
        table = tomllib.loads(_data("characters.toml"))
        pairs = zip("".join(table["traditional"]), "".join(table["simplified"]), strict=True)
        looks = zip(table["lookalikes"]["from"], table["lookalikes"]["to"], strict=True)
        self._characters = str.maketrans(dict((*pairs, *looks)))

    def __call__(self, text: str) -> Normal:
        plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).casefold()
        plain = _without_accents(plain).translate(self._characters)
        chinese = _BETWEEN_HAN.sub("", _CHINESE_ENDS.sub(END, plain))
        shown = _SPACED.sub(self._joined, plain)
        shown = " ".join(self._plain(token) for token in _APOSTROPHE.sub("", shown).split(" "))
        words = _NO_WORD.sub(" ", _ENDS.sub(f" {END} ", shown))
        return Normal(f" {' '.join(words.split())} ", chinese)

    def _joined(self, found: re.Match[str]) -> str:
        """Spaced letters as one word, if that is one of ours."""
        letters = re.sub(r"[\s.\-_*·]", "", found[0])
        word = self._unmasked(letters)
        return word or found[0]

    def _plain(self, token: str) -> str:
        """The word behind a disguise; the token itself when there is none or it is no word of ours."""
        if token.isalpha() and not _STRETCHED.search(token):
            return token
        bare = token.strip('.,!?;:"()[]{}<>\n\r\t')
        word = self._unmasked(bare)
        return token.replace(bare, word) if word else token

    def _unmasked(self, bare: str) -> str:
        if not 2 < len(bare) < 24 or not any(letter.isalpha() for letter in bare):
            return ""
        if _STARS & set(bare):
            return self._starred(bare)
        choices = [_LEET.get(letter, letter) for letter in bare]
        variants = itertools.islice(itertools.product(*choices), _MOST_VARIANTS)
        for letters in variants:
            word = "".join(letters)
            for form in (word, _STRETCHED.sub(r"\1", word), _STRETCHED.sub(r"\1\1", word)):
                if form in self._masked:
                    return form
        return ""

    def _starred(self, bare: str) -> str:
        if bare[0] in _STARS or sum(letter in _STARS for letter in bare) > len(bare) - 2:
            return ""
        form = re.compile("".join("\\w" if letter in _STARS else re.escape(letter) for letter in bare))
        return next((word for word in self._masked if form.fullmatch(word)), "")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", re.sub("(?<=[a-z])[\u0300-\u036f]+", "", apart))


def _data(name: str) -> str:
    return (resources.files("openhearth.engines.moderate") / "data" / name).read_text(encoding="utf-8")
