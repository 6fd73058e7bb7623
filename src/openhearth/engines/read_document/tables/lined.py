"""Tables with lines across only, as books and papers set them (三线表): three lines of one length or more, and between
them texts in columns. Where columns begin and end, the texts below the head say."""

from itertools import pairwise
from statistics import median

import cv2
import numpy as np

from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.pieces import Piece, Place, around, in_rows, parted
from openhearth.engines.read_document.tables.grids import Grid, GridCell

_LEAST_RULES = 3
_LEAST_LONG = 0.1  # of the page's width
_LEAST_STROKE = 28  # pixels; shorter ones are letters
_MOST_THICK = 8
_SAME_END = 0.012  # of the page's width: how far the ends of a table's lines may differ
_LEAST_GUTTER = 0.5  # between columns, in heights of a line
_LEAST_FULL = 0.5
_MOST_CHARS = 30  # in the middle cell: longer ones are prose in columns
_MOST_COLUMNS = 40
_MOST_RULES = 40
_SIDE_OF_LOOK = 2000


def lined(pixels: Pixels, pieces: list[Piece]) -> list[Grid]:
    """Such tables among ``pieces``, from the top. The page stands upright."""
    rules = _rules(pixels)
    alike = _SAME_END * pixels.shape[1]
    grids = []
    while rules:
        first = rules[0]
        group = [one for one in rules if abs(one.x0 - first.x0) <= alike and abs(one.x1 - first.x1) <= alike]
        rules = [one for one in rules if one not in group]
        grids += _among(group[:_MOST_RULES], pieces)
    return sorted(grids, key=lambda grid: (grid.place.y0, grid.place.x0))


def _rules(pixels: Pixels) -> list[Place]:
    """Long thin strokes across, from the top."""
    scale = min(1.0, _SIDE_OF_LOOK / max(pixels.shape[:2]))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 12)
    bridged = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))
    long = max(_LEAST_STROKE, grey.shape[1] // 40)
    strokes = cv2.morphologyEx(bridged, cv2.MORPH_OPEN, np.ones((1, long), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(cv2.dilate(strokes, np.ones((3, 3), np.uint8)))
    return [
        Place(*(float(number) / scale for number in (x, y, x + width, y + height)))
        for x, y, width, height, _area in stats[1:count]
        if width >= _LEAST_LONG * grey.shape[1] and height <= max(_MOST_THICK, 0.02 * width)
    ]


def _among(rules: list[Place], pieces: list[Piece]) -> list[Grid]:
    """Tables between lines of one length: as many lines as make a table are one table."""
    grids = []
    first = 0
    while first + _LEAST_RULES <= len(rules):
        for last in range(len(rules), first + _LEAST_RULES - 1, -1):
            grid = _grid(rules[first:last], pieces)
            if grid is not None:
                grids.append(grid)
                first = last - 1
                break
        first += 1
    return grids


def _grid(rules: list[Place], pieces: list[Piece]) -> Grid | None:
    whole = around(rules)
    words = [word for piece in pieces if whole.holds(piece.place.middle) for word in parted(piece)]
    if not words or any(not _between(words, above, below) for above, below in pairwise(rules)):
        return None
    rows = in_rows(words)
    body = [row for row in rows if row[0].place.middle[1] > rules[1].y0]
    columns = _columns(body)
    enough = 2 if len(columns) >= 3 else 3
    if not 2 <= len(columns) <= _MOST_COLUMNS or len(rows) < enough or not _is_table(body, columns):
        return None
    bounds = [whole.x0, *((left[1] + right[0]) / 2 for left, right in pairwise(columns)), whole.x1]
    spans = [around([word.place for word in row]) for row in rows]
    levels = [whole.y0, *((above.y1 + below.y0) / 2 for above, below in pairwise(spans)), whole.y1]
    cells = tuple(
        GridCell(number, column, 1, count, Place(bounds[column], top, bounds[column + count], bottom))
        for number, (row, (top, bottom)) in enumerate(zip(rows, pairwise(levels), strict=True))
        for column, count in _widths(row, columns, bounds)
    )
    return Grid(len(rows), len(columns), cells, whole, is_ruled=False)


def _between(words: list[Piece], above: Place, below: Place) -> bool:
    return any(above.y0 < word.place.middle[1] < below.y1 for word in words)


def _columns(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """Spans of x that texts cover, with gutters between them that nothing crosses."""
    places = sorted((word.place for row in rows for word in row), key=lambda place: place.x0)
    if not places:
        return []
    least = _LEAST_GUTTER * median(place.height for place in places)
    spans = [(places[0].x0, places[0].x1)]
    for place in places[1:]:
        if place.x0 < spans[-1][1] + least:
            spans[-1] = (spans[-1][0], max(spans[-1][1], place.x1))
        else:
            spans.append((place.x0, place.x1))
    return spans


def _is_table(body: list[list[Piece]], columns: list[tuple[float, float]]) -> bool:
    """Most cells are full, and with little text; not numbered lines, as of an algorithm."""
    full = sum(any(x0 <= word.place.middle[0] <= x1 for word in row) for row in body for x0, x1 in columns)
    texts = [word.text for row in body for word in row]
    if full < _LEAST_FULL * len(body) * len(columns) or median(len(text) for text in texts) > _MOST_CHARS:
        return False
    return len(columns) > 2 or any(len(row[0].text.strip("•·-.、:()（）")) > 2 for row in body)


def _widths(row: list[Piece], columns: list[tuple[float, float]], bounds: list[float]) -> list[tuple[int, int]]:
    """Where each cell of a row begins and how many columns it takes: a text over several columns is their head."""
    found = []
    column = 0
    while column < len(columns):
        count = 1
        for word in row:
            if bounds[column] <= word.place.middle[0] and word.place.x0 < bounds[column + 1]:
                over = [
                    other
                    for other, (x0, x1) in enumerate(columns)
                    if min(word.place.x1, x1) - max(word.place.x0, x0) > 0.25 * min(word.place.width, x1 - x0)
                ]
                count = max(count, max(over, default=column) - column + 1)
        found.append((column, count))
        column += count
    return found
