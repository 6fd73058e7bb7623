"""From signs to words: the division of a text into the fewest words that leaves the least unknown."""

import re
from collections.abc import Iterator

import msgspec

from openhearth.engines.edit_image.words.kinds import Kind, Meaning, Token, token
from openhearth.engines.edit_image.words.lexicon import Lexicon, Meanings, lexicon
from openhearth.engines.edit_image.words.scan import readings
from openhearth.engines.edit_image.words.script import Script, is_latin

_UNKNOWN = 100  # the price of a word nobody knows; of a known one 1
_BULLET = re.compile(r"(?:\(?\d{1,2}\)|\d{1,2}[.、)]|[①②③④⑤⑥⑦⑧⑨])(?!\d)")
_WORD = 40  # letters of an unknown word that are taken together

Edge = tuple[int, int, Meanings]  # where it ends, its price, what it means


def words(script: Script) -> list[Token]:
    """All words in order, fillers and separators included; spaces are gone. Linear in the length of the text."""
    text = script.text
    length = len(text)
    prices = [0] + [1 << 40] * length
    ways: list[tuple[int, Meanings]] = [(0, ())] * (length + 1)
    table = lexicon()
    for start in range(length):
        if prices[start] >= 1 << 40:
            continue
        for end, price, meanings in _edges(text, start, table):
            if prices[start] + price < prices[end]:
                prices[end] = prices[start] + price
                ways[end] = (start, meanings)
    return _backwards(script, ways)


def _edges(text: str, start: int, table: Lexicon) -> Iterator[Edge]:
    bullet = _bullet(text, start)
    if bullet:
        yield bullet, 0, (Meaning(Kind.STOP),)
        return
    for end, meaning in readings(text, start):
        yield end, 1, (meaning,)
    reach = min(len(text), start + table.longest.get(text[start], 0))
    for end in range(reach, start, -1):
        meanings = table.words.get(text[start:end])
        if meanings is not None and _stands_alone(text, start, end):
            yield end, 1, meanings
    yield _unknown(text, start)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Latin words end where a letter does not go on; a digit may touch a unit."""
    begins = start == 0 or not (_letter(text[start]) and _letter(text[start - 1]))
    ends = end == len(text) or not (_letter(text[end - 1]) and _letter(text[end]))
    return begins and ends


def _letter(sign: str) -> bool:
    return is_latin(sign) and not sign.isdigit()


def _unknown(text: str, start: int) -> Edge:
    if text[start] == " ":
        return start + 1, 0, (Meaning(Kind.FILLER),)
    end = start + 1
    if is_latin(text[start]):
        while end < len(text) and end - start < _WORD and (is_latin(text[end]) or text[end] == "'"):
            end += 1
    return end, _UNKNOWN, (Meaning(Kind.UNKNOWN),)


def _bullet(text: str, start: int) -> int:
    """Where a list number ("1." at the beginning of a line or sentence) ends, or 0."""
    if not (text[start].isdigit() or text[start] in "(①②③④⑤⑥⑦⑧⑨"):
        return 0
    found = _BULLET.match(text, start)
    if found is None:
        return 0
    before = text[max(0, start - 3) : start].rstrip(" ")[-1:]
    in_a_list = text[start - 1 : start] == " " and _BULLET.match(text) is not None
    return found.end() if not before or before in ".。;\n,!:" or in_a_list else 0


def _named(script: Script, word: Token) -> Token:
    """Quotations and colours carry what was written, in its own capitals and characters."""
    if word.kind is Kind.QUOTED:
        return msgspec.structs.replace(word, name=script.quote(word.start + 1, word.end - 1))
    if word.colour is not None:
        colour = msgspec.structs.replace(word.colour, name=script.quote(word.start, word.end))
        return msgspec.structs.replace(word, colour=colour)
    return word


def _backwards(script: Script, ways: list[tuple[int, Meanings]]) -> list[Token]:
    found: list[Token] = []
    end = len(script.text)
    while end > 0:
        start, meanings = ways[end]
        piece = script.text[start:end]
        named = (_named(script, token(meaning, piece, start, end)) for meaning in reversed(meanings))
        found.extend(
            named if len(meanings) == 1 else (token(meaning, piece, start, end) for meaning in reversed(meanings))
        )
        end = start
    found.reverse()
    return [word for word in found if word.text != " "]
