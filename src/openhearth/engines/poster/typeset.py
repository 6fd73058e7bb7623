"""Breaking text into lines and finding the largest letters that fit a box, in Chinese and Latin writing.

Line breaking follows the simple rules of "Requirements for Chinese Text Layout" (W3C clreq), section 3.1: closing
marks do not begin a line, opening marks do not end one.
"""

import re
import unicodedata
from functools import lru_cache

import msgspec

from openhearth.engines.poster.raster import Fonts, bold_px

NOT_FIRST = frozenset("，。、；：！？）》」』】〉〕”’…—～·％%,.;:!?)]}»")
NOT_LAST = frozenset("（《「『【〈〔“‘([{«$￥¥#@")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
_TOKEN = re.compile(r"\n|[ ]+|[^\s]")
INVISIBLE = frozenset("\ufe0e\ufe0f\u200b\u200d\u2060\ufeff\u00ad")


class Style(msgspec.Struct, frozen=True):
    """How text is set. ``leading`` and ``tracking`` are shares of the letter size."""

    face: str = "sans"
    is_bold: bool = False
    leading: float = 1.3
    tracking: float = 0.0


class Block(msgspec.Struct, frozen=True):
    """Text broken into lines. ``lengths`` are their widths; ``is_cut`` when the end had to be left out."""

    lines: tuple[str, ...]
    lengths: tuple[float, ...]
    size: float
    style: Style
    is_cut: bool = False

    @property
    def width(self) -> float:
        return max(self.lengths, default=0.0)

    @property
    def height(self) -> float:
        return self.size * (1.0 + self.style.leading * (len(self.lines) - 1)) if self.lines else 0.0


class Setter:
    """Sets text in the given fonts."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        self._nothing = {name: bytes(fonts.get(name, 24).getmask("\U0010ffff")) for name in fonts.names}
        self._known = lru_cache(maxsize=8192)(self._has)
        self._lengths = lru_cache(maxsize=65_536)(self._measured)

    def drawable(self, text: str, face: str = "sans") -> tuple[str, tuple[str, ...]]:
        """The text without letters the font has no sign for, and those letters."""
        face = face if face in self._nothing else "sans"
        kept, missing = [], []
        for letter in text:
            if letter in INVISIBLE or (unicodedata.category(letter) == "Cc" and not letter.isspace()):
                continue
            if letter.isspace() or self._known(face, letter):
                kept.append(letter)
            else:
                missing.append(letter)
        lines = ("".join(kept)).splitlines()
        return "\n".join(" ".join(line.split()) for line in lines).strip(), tuple(dict.fromkeys(missing))

    def _has(self, face: str, letter: str) -> bool:
        if unicodedata.category(letter).startswith("M") and not "\u0300" <= letter <= "\u036f":
            return False  # drawn alone it is a dotted circle, which is no sign of the font's own
        shape = bytes(self._fonts.get(face, 24).getmask(letter)) if letter.isprintable() else b""
        return bool(shape) and shape != self._nothing[face]

    def length(self, text: str, size: float, style: Style) -> float:
        """Width of one line in pixels."""
        return self._lengths(text, size, style)

    def _measured(self, text: str, size: float, style: Style) -> float:
        font = self._fonts.get(style.face, size)
        bold = 2 * bold_px(size) if style.is_bold else 0
        spacing = style.tracking * size
        if not spacing:
            return font.getlength(text) + bold
        return sum(font.getlength(letter) for letter in text) + spacing * max(0, len(text) - 1) + bold

    def fit(self, text: str, box: tuple[float, float], style: Style, *, most: float, least: float) -> Block:
        """The text as large as it fits (``least`` to ``most`` pixels); at ``least`` it is cut where the box ends."""
        low, high = round(least), max(round(least), round(most))
        best = self._block(text, box, low, style)
        if not self._fits(best, box, strict=False):
            return self._cut(best, box)
        while low < high:
            middle = (low + high + 1) // 2
            block = self._block(text, box, middle, style)
            if self._fits(block, box, strict=True) and not self._breaks_a_word(text, block):
                low, best = middle, block
            else:
                high = middle - 1
        return self._balanced(text, box, best)

    def _block(self, text: str, box: tuple[float, float], size: float, style: Style) -> Block:
        lines = tuple(self._broken(text, box[0], size, style))
        return Block(lines, tuple(self.length(line, size, style) for line in lines), size, style)

    def _fits(self, block: Block, box: tuple[float, float], *, strict: bool) -> bool:
        return block.height <= box[1] and (block.width <= box[0] + (0 if strict else block.size))

    def _breaks_a_word(self, text: str, block: Block) -> bool:
        """True when a line of ``block`` ends within a Latin word."""
        return any(line.endswith("\u2010") for line in block.lines) and "\u2010" not in text

    def _balanced(self, text: str, box: tuple[float, float], block: Block) -> Block:
        """The same number of lines, as even as they go: nothing looks worse than one word alone at the end."""
        count = len(block.lines)
        if count < 2 or count > 6:
            return block
        low, high = block.width * 0.4, box[0]
        for _ in range(9):
            middle = (low + high) / 2
            tried = self._block(text, (middle, box[1]), block.size, block.style)
            if len(tried.lines) <= count and tried.width <= middle and not self._breaks_a_word(text, tried):
                block, high = tried, middle
            else:
                low = middle
        return block

    def _cut(self, block: Block, box: tuple[float, float]) -> Block:
        """What fits of the lines, ended by an ellipsis."""
        room = max(1, int((box[1] / block.size - 1.0) / block.style.leading) + 1)
        lines = list(block.lines[:room])
        last = lines[-1].rstrip(" ,，、")
        while last and self.length(last + "…", block.size, block.style) > box[0]:
            last = last[:-1]
        lines[-1] = last + "…"
        lengths = tuple(self.length(line, block.size, block.style) for line in lines)
        return Block(tuple(lines), lengths, block.size, block.style, is_cut=True)

    def _broken(self, text: str, width: float, size: float, style: Style) -> list[str]:
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line, used = "", 0.0
            for unit in _units(paragraph):
                wide = self.length(unit, size, style)  # a sum of units is near enough: the block is measured at the end
                if not line or used + wide <= width:
                    line, used = (line + unit, used + wide) if line else (unit.lstrip(), wide)
                else:
                    lines.append(line.rstrip())
                    line, used = unit.lstrip(), wide
                while len(line) > 1 and used > width and self.length(line.rstrip(), size, style) > width:
                    head, line = self._hyphenated(line, width, size, style)
                    lines.append(head)
                    used = self.length(line, size, style)
            if line.strip():
                lines.append(line.rstrip())
        return lines

    def _hyphenated(self, line: str, width: float, size: float, style: Style) -> tuple[str, str]:
        """A unit wider than the line, divided where it must be; Latin letters get a hyphen."""
        count = 1
        while count < len(line) - 1 and self.length(line[: count + 1] + "\u2010", size, style) <= width:
            count += 1
        hyphen = "\u2010" if line[count - 1].isalpha() and not _WIDE.match(line[count - 1]) else ""
        return line[:count] + hyphen, line[count:]


def is_wide(letter: str) -> bool:
    """True for letters that stand in a square: Chinese, Japanese, Korean and their marks."""
    return bool(_WIDE.match(letter))


def _units(paragraph: str) -> list[str]:
    """What may not be divided: Latin words, and wide letters with the marks that cling to them. Spaces lead a unit."""
    units: list[str] = []
    clings = False
    for match in _TOKEN.finditer(paragraph):
        piece = match[0]
        last = units[-1] if units else ""
        if piece.isspace():
            units.append(" ")
            clings = True
            continue
        joins = last and (
            clings or last[-1] in NOT_LAST or piece in NOT_FIRST or not (_WIDE.match(piece) or is_wide(last[-1]))
        )
        if joins:
            units[-1] = last + piece
        else:
            units.append(piece)
        clings = False
    return units
