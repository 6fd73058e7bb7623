"""From a request's text to lines of phonemes: which language reads what, by sentences, not too long for a model.

What no reader of ours can say is refused before anything is spoken.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.languages import name_of
from openhearth.core.speech import language_of
from openhearth.engines.speak.marked import Marked
from openhearth.engines.speak.sentences import sentences
from openhearth.engines.speak.sounds import PUNCTUATION, Reader, Word

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WIDE = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff05\uff04\uff0b\uff0d\uff0f\uff1d\uff20]")
_WIDE_SHIFT = 0xFEE0
_ACCENTED = re.compile(r"\w[\u0300-\u036f]+")
_SCRIPTS = {
    "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean", "CYRILLIC": "Cyrillic", "ARABIC": "Arabic",
    "DEVANAGARI": "Hindi", "THAI": "Thai", "HEBREW": "Hebrew", "BENGALI": "Bengali", "TAMIL": "Tamil",
}  # fmt: skip
_READ_SCRIPTS_TEXT = """
LATIN CJK FULLWIDTH MODIFIER GREEK MICRO FEMININE MASCULINE IDEOGRAPHIC ROMAN SUPERSCRIPT SUBSCRIPT OHM KELVIN
ANGSTROM SCRIPT DOUBLE-STRUCK BLACK-LETTER MATHEMATICAL CIRCLED PARENTHESIZED ACCOUNT CARE SQUARE NUMERO
"""
_READ_SCRIPTS = frozenset(_READ_SCRIPTS_TEXT.split())
_HEADING = re.compile(r"^(?:#{1,6}|>+)\s+")
_LINK = re.compile(r"!?\[([^\[\]\n]{1,500})\]\((?:https?:|mailto:|[/#.])[^\s()]*\)")
_PAUSES = frozenset(";:,.!?—…")


class Line(msgspec.Struct, frozen=True):
    """What is spoken in one go. ``written`` and ``spoken`` are the text as the client and as a reader has it; each word
    knows its place in ``spoken``. ``start`` is where ``written`` begins in the request's text."""

    words: tuple[Word, ...]
    spoken: Marked
    written: str
    start: int

    @property
    def phonemes(self) -> str:
        return "".join(word.phonemes + (" " if word.space else "") for word in self.words)


class Scribe:
    """Writes scripts with its ``readers``, by language. ``most`` bounds the phonemes of a line."""

    def __init__(self, readers: Mapping[str, Reader], *, most: int) -> None:
        self._readers = readers
        self._most = most

    def check(self, text: str, language: str, *, is_told: bool = False) -> None:
        """Raises RequestError for text in a language or script that no reader has, and for text without words.
        ``is_told``: the language is the client's own word, not what its text looks like."""
        if "zh" not in self._readers and _HAN.search(text):
            raise self._cannot("Chinese text", "input")
        if language not in self._readers:
            raise self._cannot(name_of(language).capitalize(), "language" if is_told else "input")
        letters = {letter for letter in text if letter.isalpha()}
        for letter in letters:
            script = unicodedata.name(letter, "UNKNOWN").partition(" ")[0].partition("-")[0]
            if script not in _READ_SCRIPTS:
                raise self._cannot(f"{_SCRIPTS.get(script, script.capitalize())} letters ('{letter}')", "input")
        if not letters and not any(sign.isdigit() for sign in text):
            raise RequestError("The input holds nothing that can be spoken.", param="input", code="empty_input")

    def lines(self, text: str, language: str) -> Iterator[Line]:
        """The lines in order, each made when it is asked for. ``language`` is for what is not Chinese; where it is
        Chinese itself, each other sentence is English or Spanish by its words."""
        for start, end in sentences(text):
            written = text[start:end]
            reader = self._readers["zh" if _HAN.search(written) else _latin(written, language)]
            spoken = reader.normal(_plain(Marked(written)))
            for words in _cut(reader.words(spoken.text), self._most):
                yield _line(words, spoken, written, start)

    def _cannot(self, what: str, param: str) -> RequestError:
        known = ", ".join(name_of(code).capitalize() for code in self._readers)
        return RequestError(
            f"This model cannot read {what}. It reads: {known}. 该模型不能朗读这种语言。",
            param=param,
            code="language_not_supported",
        )


_LATIN = ("en", "es")


def _latin(sentence: str, language: str) -> str:
    """What a sentence without Chinese is read as."""
    return language if language in _LATIN else "es" if language_of(sentence) == "es" else "en"


def _plain(text: Marked) -> Marked:
    """Letters as the readers know them: accents joined to their letter, full-width forms as usual ones, and no marks of
    a heading, a quotation or a link in Markdown."""
    text = text.sub(_HEADING, lambda _: "").sub(_LINK, lambda link: link[1])
    text = text.sub(_ACCENTED, lambda match: unicodedata.normalize("NFC", match[0]))
    return text.sub(_WIDE, lambda sign: chr(ord(sign[0]) - _WIDE_SHIFT))


def _line(words: Sequence[Word], spoken: Marked, written: str, start: int) -> Line:
    """The part of the sentence that these words say, on its own."""
    first, last = words[0].start, max(word.end for word in words)
    begin, end = spoken.origin(first, last)
    part = Marked(spoken.text[first:last], [_moved(spoken.origin(at, at + 1), begin) for at in range(first, last)])
    moved = tuple(Word(word.phonemes, word.start - first, word.end - first, word.space) for word in words)
    return Line(moved, part, written[begin:end], start + begin)


def _moved(span: tuple[int, int], by: int) -> tuple[int, int]:
    return span[0] - by, span[1] - by


def _cut(words: list[Word], most: int) -> Iterator[list[Word]]:
    """The words in pieces of at most ``most`` phonemes that begin after a pause where there is one."""
    piece: list[Word] = []
    size = 0
    for word in (part for whole in words for part in _short(whole, most)):
        if size + len(word.phonemes) + 1 > most and piece:
            ready, piece = _parted(piece)
            size = sum(len(kept.phonemes) + 1 for kept in piece)
            yield from _sounding(ready)
        piece.append(word)
        size += len(word.phonemes) + 1
    yield from _sounding(piece)


def _short(word: Word, most: int) -> Iterator[Word]:
    """The word, or pieces of it when it alone is longer than a line may be."""
    if len(word.phonemes) < most:
        yield word
        return
    step = most - 1
    for at in range(0, len(word.phonemes), step):
        is_last = at + step >= len(word.phonemes)
        yield Word(word.phonemes[at : at + step], word.start, word.end, space=word.space and is_last)


def _parted(piece: list[Word]) -> tuple[list[Word], list[Word]]:
    """The piece up to its last pause in the second half, and the rest."""
    for at in range(len(piece) - 1, len(piece) // 2, -1):
        if piece[at].phonemes in _PAUSES:
            return piece[: at + 1], piece[at + 1 :]
    return piece, []


def _sounding(piece: list[Word]) -> Iterator[list[Word]]:
    if any(sound not in PUNCTUATION and not sound.isspace() for word in piece for sound in word.phonemes):
        yield piece
