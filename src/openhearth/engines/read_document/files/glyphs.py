"""Letters of a PDF page, in the order they were written, and the runs of text they form."""

import ctypes
import math
import re

import msgspec
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from openhearth.engines.read_document.faults import too_large
from openhearth.engines.read_document.layout.pieces import CJK_END, CJK_START

_MOST_GLYPHS = 300_000
_BOLD = 600
_BOLD_NAME = re.compile(rb"bold|black|heavy|semibold", re.IGNORECASE)
_NAME_BYTES = 128
_SAME_LINE = 0.35  # of the letters' size: how far bottoms may differ
_WORD_GAP = 0.18
_LIKELY_WORD_GAP = 0.1  # where pdfium sees a space too
_RUN_GAP = 1.5
_BACK = -0.6
_NEARLY = 8  # degrees
_HYPHEN = "\x02"  # what pdfium gives for a hyphen at the end of a line


class Glyph(msgspec.Struct, frozen=True):
    """One letter; ``box`` is left, bottom, right, top in points. ``is_bad``: the file does not say what it means.
    ``turn``: how many degrees it is turned clockwise. ``is_spaced``: pdfium sees an unwritten space before it."""

    text: str
    box: tuple[float, float, float, float]
    size: float
    is_bold: bool
    is_bad: bool
    turn: int = 0
    is_spaced: bool = False

    @property
    def upright(self) -> tuple[float, float, float, float]:
        """``box`` on a sheet that was turned so that the letter stands upright; for quarter turns only."""
        left, bottom, right, top = self.box
        match self.turn:
            case 90:
                return -top, left, -bottom, right
            case 180:
                return -right, -top, -left, -bottom
            case 270:
                return bottom, -right, top, -left
            case _:
                return self.box


def glyphs_of(text: pdfium.PdfTextPage) -> list[Glyph]:
    """All letters. Raises TooLarge."""
    count = text.count_chars()
    if count > _MOST_GLYPHS:
        raise too_large(f"A page of the PDF has {count:,} letters.")
    found: list[Glyph] = []
    box = raw.FS_RECTF()
    is_spaced = False
    for index in range(count):
        code = raw.FPDFText_GetUnicode(text, index)
        if code in (0, 13, 10) or raw.FPDFText_IsGenerated(text, index) == 1:
            is_spaced = is_spaced or code == ord(" ")
            continue
        raw.FPDFText_GetLooseCharBox(text, index, ctypes.byref(box))
        written = _written(code)
        if not written:
            continue
        size = raw.FPDFText_GetFontSize(text, index)
        height = abs(box.top - box.bottom)
        found.append(
            Glyph(
                written,
                (box.left, box.bottom, box.right, box.top),
                _shown_size(size, height),
                raw.FPDFText_GetFontWeight(text, index) >= _BOLD or _BOLD_NAME.search(_font(text, index)) is not None,
                code == 0xFFFD or 0xE000 <= code <= 0xF8FF or raw.FPDFText_HasUnicodeMapError(text, index) == 1,
                found[-1].turn if found and written.isspace() else _turn(text, index),
                is_spaced,
            )
        )
        is_spaced = False
    return found


def runs_of(glyphs: list[Glyph]) -> list[list[Glyph]]:
    """Letters that follow each other on one line, spaces put where words end; each run has something to read."""
    runs: list[list[Glyph]] = []
    run: list[Glyph] = []
    for glyph in glyphs:
        before = run[-1] if run else None
        if before is not None and not _follows(before, glyph):
            runs.append(run)
            run = []
            before = None
        if before is not None and _is_word_end(before, glyph):
            run.append(msgspec.structs.replace(before, text=" "))
        run.append(glyph)
    runs.append(run)
    return [run for run in runs if any(glyph.text.strip() for glyph in run)]


def _follows(before: Glyph, glyph: Glyph) -> bool:
    if glyph.turn != before.turn or glyph.turn % 90:
        return glyph.turn == before.turn
    size = max(before.size, glyph.size, 0.1)
    one, two = before.upright, glyph.upright
    gap = two[0] - one[2]
    height = min(one[3] - one[1], two[3] - two[1])
    overlap = min(one[3], two[3]) - max(one[1], two[1])
    is_same_line = abs(two[1] - one[1]) < _SAME_LINE * size or overlap > 0.6 * height
    return is_same_line and _BACK * size < gap < _RUN_GAP * size


def _is_word_end(before: Glyph, glyph: Glyph) -> bool:
    if before.text.isspace() or glyph.text.isspace() or glyph.turn % 90:
        return False
    gap = glyph.upright[0] - before.upright[2]
    is_likely = glyph.is_spaced and not (before.text.isdigit() and glyph.text.isdigit())  # 103 669 is one number
    if gap < (_LIKELY_WORD_GAP if is_likely else _WORD_GAP) * max(before.size, glyph.size):
        return False
    return not (CJK_END.search(before.text) and CJK_START.search(glyph.text))


def _turn(text: pdfium.PdfTextPage, index: int) -> int:
    """Degrees clockwise; nearly a quarter turn is one."""
    angle = raw.FPDFText_GetCharAngle(text, index)
    degrees = round(math.degrees(angle)) if angle > 0 else 0
    quarter = round(degrees / 90) * 90
    return (quarter if abs(degrees - quarter) <= _NEARLY else degrees) % 360


def _font(text: pdfium.PdfTextPage, index: int) -> bytes:
    name = ctypes.create_string_buffer(_NAME_BYTES)
    raw.FPDFText_GetFontInfo(text, index, name, _NAME_BYTES, None)
    return name.value


def _written(code: int) -> str:
    if code == ord(_HYPHEN):
        return "-"
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:
        return "\ufffd"
    if code < 32 or 0x7F <= code < 0xA0:
        return ""
    return "\u0020" if code == 0xA0 else chr(code)


def _shown_size(size: float, height: float) -> float:
    """Some files write at size 1 and enlarge; then the height of the letter's box is what is seen."""
    return size if 0.5 * height < size < 2 * height else height / 1.2
