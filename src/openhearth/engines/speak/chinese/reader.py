"""Chinese sentences as phonemes: words cut by a dictionary, syllables in context, English words read as English."""

import re

import rjieba
from pypinyin import Style, lazy_pinyin

from openhearth.engines.speak.chinese.normal import normal
from openhearth.engines.speak.chinese.syllables import phonemes
from openhearth.engines.speak.marked import Marked
from openhearth.engines.speak.sounds import PUNCTUATION, Reader, Word

_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+|[^\u3400-\u4dbf\u4e00-\u9fff]+")
_ASCII = r"[^\s<>\"\u0080-\uffff]"
_ADDRESS = re.compile(
    rf"(?:https?://|www\.){_ASCII}+|[a-z0-9.+_-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    rf"|(?<![a-z0-9])(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|dev|cn|edu|gov)(?![a-z0-9])(?:/{_ASCII}*)?",
    re.IGNORECASE,
)
_FOREIGN = re.compile(r"[^\W\d_]+(?:['’.&-][^\W\d_]+)*(?:\s+[^\W\d_]+(?:['’.&-][^\W\d_]+)*)*|\S")


class ChineseReader:
    """``sounds.Reader`` for Chinese, simplified or traditional. ``english`` reads the Latin words in it."""

    def __init__(self, english: Reader) -> None:
        self._english = english

    def normal(self, text: Marked) -> Marked:
        """See ``Reader``. Addresses are read as in English, which their letters are spoken in."""
        return normal(text.sub(_ADDRESS, lambda match: self._english.normal(Marked(match[0])).text))

    def words(self, text: str) -> list[Word]:
        """See ``Reader``."""
        found: list[Word] = []
        for run in _RUN.finditer(text):
            found += self._foreign(run) if not "\u3400" <= run[0][0] <= "\u9fff" else _chinese(run)
        return found

    def _foreign(self, run: re.Match[str]) -> list[Word]:
        found: list[Word] = []
        for match in _FOREIGN.finditer(run[0]):
            start, end = run.start() + match.start(), run.start() + match.end()
            space = end < len(run.string) and (run.string[end].isspace() or match[0][0].isalpha())
            if match[0][0].isalpha():
                inner = self._english.words(self._english.normal(Marked(match[0])).text)
                found += [Word(word.phonemes, start, end, space=word.space) for word in inner[:-1]]
                found += [Word(word.phonemes, start, end, space=space) for word in inner[-1:]]
            elif match[0] in PUNCTUATION:
                found.append(Word(match[0], start, end, space=space))
        return found


def _chinese(run: re.Match[str]) -> list[Word]:
    """One word of the list per character, so that each keeps its own place and time."""
    found: list[Word] = []
    at = run.start()
    for cut in rjieba.cut(run[0]):
        syllables = lazy_pinyin(cut, style=Style.TONE3, neutral_tone_with_five=True)
        for place, letter in enumerate(cut):
            syllable = syllables[place] if len(syllables) == len(cut) else lazy_pinyin(letter, style=Style.TONE3)[0]
            is_last = place == len(cut) - 1
            follows_word = at + 1 < run.end() or run.string[at + 1 : at + 2].isalpha()
            found.append(Word(phonemes(syllable), at, at + 1, space=is_last and follows_word))
            at += 1
    return found
