"""A table as cells with places, filled with the texts that stand in them."""

import html
from itertools import pairwise
from typing import Literal

import msgspec

from openhearth.engines.read_document.layout.pieces import Piece, Place, in_rows, joined


class GridCell(msgspec.Struct, frozen=True):
    """One cell, which may go over several rows and columns."""

    row: int
    column: int
    rows: int
    columns: int
    place: Place
    text: str = ""


class Grid(msgspec.Struct, frozen=True):
    """A table on a page. ``is_ruled``: it has lines."""

    rows: int
    columns: int
    cells: tuple[GridCell, ...]
    place: Place
    is_ruled: bool


def filled(grid: Grid, pieces: list[Piece]) -> tuple[Grid, list[Piece]]:
    """The grid with its texts, and the pieces that stand outside of it."""
    outside = [piece for piece in pieces if not grid.place.holds(piece.place.middle)]
    inside = [part for piece in pieces if grid.place.holds(piece.place.middle) for part in _split(piece, grid)]
    texts: dict[int, list[Piece]] = {}
    for piece in inside:
        number = _home(piece, grid)
        texts.setdefault(number, []).append(piece)
    cells = tuple(
        msgspec.structs.replace(cell, text=_written(texts.get(number, []))) for number, cell in enumerate(grid.cells)
    )
    return msgspec.structs.replace(grid, cells=cells), outside


def written(grid: Grid, form: Literal["markdown", "html"]) -> str:
    """The table in one of its two forms."""
    return as_html(grid) if form == "html" else markdown(grid)


def markdown(grid: Grid) -> str:
    """A pipe table; the first row is its head, and a merged cell's text stands in its first place."""
    lines = []
    for cells in _by_row(grid):
        texts = [""] * grid.columns
        for cell in cells:
            texts[cell.column] = cell.text.replace("|", "\\|").replace("\n", "<br>")
        lines.append(f"| {' | '.join(texts)} |")
    lines.insert(1, "|" + " --- |" * grid.columns)
    return "\n".join(lines)


def as_html(grid: Grid) -> str:
    """An HTML table with merged cells as they are."""
    rows = ["<tr>" + "".join(_html_cell(cell) for cell in cells) + "</tr>" for cells in _by_row(grid)]
    return "<table>" + "".join(rows) + "</table>"


def _by_row(grid: Grid) -> list[list[GridCell]]:
    """The cells that begin in each row, from the left."""
    rows: list[list[GridCell]] = [[] for _ in range(grid.rows)]
    for cell in grid.cells:
        rows[cell.row].append(cell)
    for row in rows:
        row.sort(key=lambda cell: cell.column)
    return rows


def _html_cell(cell: GridCell) -> str:
    spans = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    spans += f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    return f"<td{spans}>{html.escape(cell.text).replace(chr(10), '<br>')}</td>"


def _written(pieces: list[Piece]) -> str:
    """Texts of a cell. Lines that wrap are one text."""
    rows = [_side_by_side(row) for row in in_rows(pieces)]
    text = ""
    for row in rows:
        text = joined(text, row)
    return text


def _side_by_side(row: list[Piece]) -> str:
    text = row[0].text
    for before, piece in pairwise(row):
        gap = piece.place.x0 - before.place.x1
        text = text + piece.text if gap < 0.15 * piece.size else f"{text} {piece.text}"
    return text


def _home(piece: Piece, grid: Grid) -> int:
    middle = piece.place.middle
    for number, cell in enumerate(grid.cells):
        if cell.place.holds(middle):
            return number
    return max(range(len(grid.cells)), key=lambda number: grid.cells[number].place.shared(piece.place))


def _split(piece: Piece, grid: Grid) -> list[Piece]:
    """A piece that goes over several cells, cut where it crosses from one to the next, at a space if one is near."""
    middle = piece.place.middle[1]
    crossed = sorted(
        (
            cell.place
            for cell in grid.cells
            if cell.place.y0 <= middle <= cell.place.y1
            and min(cell.place.x1, piece.place.x1) - max(cell.place.x0, piece.place.x0) > 0.9 * piece.size
        ),
        key=lambda place: place.x0,
    )
    if len(crossed) < 2:
        return [piece]
    parts = []
    start, x0 = 0, piece.place.x0
    for place in crossed[:-1]:
        cut = _cut(piece, place.x1)
        if cut > start:
            parts.append(_part(piece, start, cut, x0, place.x1))
            start, x0 = cut, place.x1
    parts.append(_part(piece, start, len(piece.text), x0, piece.place.x1))
    return [part for part in parts if part.text]


def _cut(piece: Piece, x: float) -> int:
    gap = min(piece.gaps, key=lambda one: abs((one.x0 + one.x1) / 2 - x), default=None)
    if gap is not None and gap.x0 - piece.size < x < gap.x1 + piece.size:
        return gap.index
    place = round((x - piece.place.x0) / max(1.0, piece.place.width) * len(piece.text))
    near = [index for index in range(max(0, place - 3), min(len(piece.text), place + 4)) if piece.text[index] == " "]
    return min(near, key=lambda index: abs(index - place)) if near else place


def _part(piece: Piece, start: int, end: int, x0: float, x1: float) -> Piece:
    place = Place(x0, piece.place.y0, x1, piece.place.y1)
    return msgspec.structs.replace(piece, text=piece.text[start:end].strip(), place=place)
