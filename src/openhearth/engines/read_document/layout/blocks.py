"""Lines become paragraphs, lists and titles; tables and figures take their places between them."""

import re
from itertools import pairwise
from statistics import median

import msgspec

from openhearth.engines.read_document.layout.order import Item, in_order
from openhearth.engines.read_document.layout.pieces import CJK_END, Piece, Place, around, in_rows, joined
from openhearth.engines.read_document.layout.regions import Region, kind_at
from openhearth.engines.read_document.tables.grids import Grid

BULLET = re.compile(r"^\s*[•·●▪◦‣○■□◆–—*-]\s*(?=\S)")
NUMBERED = re.compile(r"^\s*(\d{1,3}[.)、](?!\d)|[(（]\d{1,3}[)）]|[a-zA-Z][.)])\s*(?=\S)")
SECTION = re.compile(
    r"^\s*(\d{1,2}(\.\d{1,2}){0,3}\.?\s+\S|[一二三四五六七八九十]{1,3}[、.．]|第[一二三四五六七八九十百\d]{1,4}[章节条部篇])"
)
_LABELLED = re.compile(r"^\s*[^:：]{1,14}[:：]\s*\S")
_SENTENCE_END = re.compile(r"[.。!！?？:：;；]['\"”’)）]?$")
_MOST_TITLE_CHARS = 100
_BORN_TITLE, _SCAN_TITLE = 1.14, 1.28  # how much larger than the page's text a title is
_BOLD_TITLE = 0.96
_ADVISED_TITLE = 1.08
_MARGIN = 0.1  # of the page's height, above and below, where headers and footers stand


class Draft(msgspec.Struct):
    """A block being made. ``size`` is that of its letters, ``number`` the place of a table or figure in its list."""

    kind: str
    text: str
    place: Place
    size: float = 0.0
    is_bold: bool = False
    lines: int = 1
    number: int = -1


class Found(msgspec.Struct, frozen=True):
    """What stands on one page beside its text; ``tall`` is the page's height."""

    tables: list[Grid]
    figures: list[Place]
    regions: list[Region] = []
    is_scan: bool = False
    tall: float = 0.0


class _Column(msgspec.Struct, frozen=True):
    """Where lines of a stack begin and end, and the usual distance from one to the next (0 when there is only one)."""

    left: float
    right: float
    leading: float


def body_size(pieces: list[Piece]) -> float:
    """The size most letters have; 0 without any."""
    sized = sorted((piece.size, len(piece.text)) for piece in pieces)
    half = sum(count for _, count in sized) / 2
    for size, count in sized:
        half -= count
        if half <= 0:
            return size
    return 0.0


def drafts_of(pieces: list[Piece], found: Found, body: float) -> list[Draft]:
    """The page's blocks in reading order. ``body`` is the size of ordinary text in the document."""
    items = [Item(piece.place, piece) for piece in pieces]
    items += [Item(grid.place, kind="table", number=number) for number, grid in enumerate(found.tables)]
    items += [Item(place, kind="figure", number=number) for number, place in enumerate(found.figures)]
    drafts: list[Draft] = []
    for stack in in_order(items):
        drafts += _stacked(stack, found, body)
    return drafts


def _stacked(stack: list[Item], found: Found, body: float) -> list[Draft]:
    drafts: list[Draft] = []
    run: list[Piece] = []
    texts = [item.piece for item in stack if item.piece is not None]
    edges = (min(piece.place.x0 for piece in texts), max(piece.place.x1 for piece in texts)) if texts else (0.0, 0.0)
    for item in stack:
        if item.piece is not None:
            run.append(item.piece)
            continue
        drafts += _flowing(run, found, body, edges)
        run = []
        drafts.append(Draft(item.kind, "", item.place, number=item.number))
    return drafts + _flowing(run, found, body, edges)


def _flowing(pieces: list[Piece], found: Found, body: float, edges: tuple[float, float]) -> list[Draft]:
    """Text without a table or figure in between: rows joined into blocks."""
    drafts: list[Draft] = []
    last: Piece | None = None
    column = _Column(*edges, _leading(pieces))
    for row in in_rows(pieces):
        line = _line(row)
        kind = _kind(line, found, body)
        if drafts and last is not None and _continues(drafts[-1], last, line, kind, column):
            draft = drafts[-1]
            draft.text = joined(draft.text, line.text)
            draft.place = around([draft.place, line.place])
            draft.lines += 1
        else:
            drafts.append(Draft(kind, line.text, line.place, line.size, line.is_bold))
        last = line
    return drafts


def _line(row: list[Piece]) -> Piece:
    """Texts side by side as one line."""
    if len(row) == 1:
        return row[0]
    text = row[0].text
    for before, piece in pairwise(row):
        gap = piece.place.x0 - before.place.x1
        is_close = gap < 0.2 * piece.size or (gap < 0.8 * piece.size and CJK_END.search(before.text))
        text += piece.text if is_close else f" {piece.text}"
    return msgspec.structs.replace(
        row[0],
        text=text,
        place=around([piece.place for piece in row]),
        size=max(piece.size for piece in row),
        is_bold=all(piece.is_bold for piece in row),
        score=min(piece.score for piece in row),
    )


def _kind(line: Piece, found: Found, body: float) -> str:
    if BULLET.match(line.text):
        return "list"
    advice = kind_at(line.place, found.regions)
    if advice == "caption" or (advice in ("header", "footer") and _is_in_margin(line, found)):
        return advice
    if len(line.text) <= _MOST_TITLE_CHARS and any(letter.isalnum() for letter in line.text):
        larger = line.size / body if body else 1.0
        enough = _SCAN_TITLE if found.is_scan else _BORN_TITLE
        if larger >= enough or (line.is_bold and larger >= _BOLD_TITLE and not _SENTENCE_END.search(line.text)):
            return "title"
        if advice == "title" and (larger >= _ADVISED_TITLE or SECTION.match(line.text)):
            return "title"
    return "list" if NUMBERED.match(line.text) else "paragraph"


def _is_in_margin(line: Piece, found: Found) -> bool:
    """Near the top or the bottom of a page that has more on it than this."""
    return found.tall > 0 and not _MARGIN * found.tall < line.place.middle[1] < (1 - _MARGIN) * found.tall


def _leading(pieces: list[Piece]) -> float:
    """The usual distance from line to line, 0 when there is only one."""
    rows = [around([piece.place for piece in row]) for row in in_rows(pieces)]
    steps = [below.middle[1] - above.middle[1] for above, below in pairwise(rows)]
    return median(steps) if steps else 0.0


def _continues(draft: Draft, last: Piece, line: Piece, kind: str, column: _Column) -> bool:
    if kind == "list" or draft.kind not in (kind, "list") or (draft.kind == "list" and kind != "paragraph"):
        return False
    step = line.place.middle[1] - last.place.middle[1]
    size = max(line.size, 1.0)
    if step > 1.35 * column.leading and step > 1.7 * size:
        return False
    if not 0.8 < line.size / max(draft.size, 1.0) < 1.25:
        return False
    if kind == "title":
        return step < 1.9 * size and line.is_bold == draft.is_bold and not SECTION.match(line.text)
    if draft.kind == "list":
        return line.place.x0 > draft.place.x0 + 0.4 * size
    if _LABELLED.match(line.text) and _LABELLED.match(last.text):
        return False  # name and value, one pair to a line
    if line.place.x0 > column.left + 0.9 * size and line.place.x0 > last.place.x0 + 0.9 * size:
        return False  # indented: a new paragraph
    ends_early = column.right - last.place.x1 > max(0.14 * (column.right - column.left), 2 * size)
    return not (ends_early and (_SENTENCE_END.search(last.text) or SECTION.match(line.text)))
