"""Tables by their lines: long dark strokes, where they meet, and which of the cells between them are one."""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.pieces import Place
from openhearth.engines.read_document.tables.grids import Grid, GridCell

Mask = npt.NDArray[np.uint8]

_LEAST_STROKE = 28  # pixels; shorter ones are letters
_LEAST_SIDE = 16
_LEAST_CELLS = 3
_RIM = 4  # pixels at the rim of the page that are its edge, not a line on it
_PRESENT = 0.6  # how much of a cell's side must be drawn for it to be a side
_MOST_LINES = 400
_SIDE_OF_LOOK = 2000


def ruled(pixels: Pixels) -> list[Grid]:
    """All tables with lines, from the top. The page stands upright; a frame around text is no table."""
    scale = min(1.0, _SIDE_OF_LOOK / max(pixels.shape[:2]))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    across, down = _strokes(np.asarray(grey, dtype=np.uint8))
    joined = cv2.dilate(cv2.bitwise_or(across, down), np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    grids = []
    for x, y, width, height, _area in stats[1:count]:
        if width >= 2 * _LEAST_SIDE and height >= 2 * _LEAST_SIDE:
            part = (slice(y, y + height), slice(x, x + width))
            grid = _grid(across[part], down[part], x, y, scale)
            if grid is not None:
                grids.append(grid)
    return sorted(_outermost(grids), key=lambda grid: (grid.place.y0, grid.place.x0))


def _strokes(grey: Mask) -> tuple[Mask, Mask]:
    """Masks of horizontal and vertical strokes that meet strokes of the other kind, as letters do not."""
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 25, 12)
    dark[:_RIM] = dark[-_RIM:] = 0
    dark[:, :_RIM] = dark[:, -_RIM:] = 0
    long = max(_LEAST_STROKE, min(grey.shape) // 40)
    masks = []
    for shape in ((long, 1), (1, long)):
        bridge = np.ones((3, 1) if shape[0] == 1 else (1, 3), np.uint8)
        bridged = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, bridge)
        stroke = cv2.morphologyEx(bridged, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, shape))
        masks.append(np.asarray(stroke, dtype=np.uint8))
    across, down = masks
    return _lines(across, down, is_across=True), _lines(down, across, is_across=False)


def _lines(mask: Mask, others: Mask, *, is_across: bool) -> Mask:
    """Strokes of ``mask`` that are thin and meet at least two of ``others``."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    other_count, other_labels = cv2.connectedComponents(cv2.dilate(others, np.ones((9, 9), np.uint8)))
    pairs = np.unique(
        labels.astype(np.int64)[(labels > 0) & (other_labels > 0)] * other_count
        + other_labels[(labels > 0) & (other_labels > 0)]
    )
    meetings = np.bincount(pairs // other_count, minlength=count)
    kept = np.zeros(count, np.uint8)
    for number in range(1, count):
        long = stats[number, cv2.CC_STAT_WIDTH if is_across else cv2.CC_STAT_HEIGHT]
        is_thin = stats[number, cv2.CC_STAT_AREA] / max(1, long) <= max(6, 0.02 * long)
        kept[number] = 255 if is_thin and meetings[number] >= 2 else 0
    return np.asarray(kept[labels], dtype=np.uint8)


def _grid(across: Mask, down: Mask, left: int, top: int, scale: float) -> Grid | None:
    ys = _levels(across.sum(axis=1) / 255, 0.25 * across.shape[1])
    xs = _levels(down.sum(axis=0) / 255, 0.25 * across.shape[0] / max(1, len(ys) - 1))
    if len(ys) < 3 or len(xs) < 3 or len(ys) * len(xs) > _MOST_LINES:
        return None
    cells = _cells(across, down, xs, ys)
    if len(cells) < _LEAST_CELLS:
        return None
    places = tuple(
        GridCell(
            row,
            column,
            rows,
            columns,
            Place(
                (left + xs[column]) / scale,
                (top + ys[row]) / scale,
                (left + xs[column + columns]) / scale,
                (top + ys[row + rows]) / scale,
            ),
        )
        for row, column, rows, columns in cells
    )
    whole = Place((left + xs[0]) / scale, (top + ys[0]) / scale, (left + xs[-1]) / scale, (top + ys[-1]) / scale)
    return Grid(len(ys) - 1, len(xs) - 1, places, whole, is_ruled=True)


def _levels(drawn: npt.NDArray[np.float64], least: float) -> list[int]:
    """Where lines lie, one number for each bundle of neighbouring rows (or columns) of pixels."""
    levels: list[int] = []
    bundle: list[int] = []
    for at in np.flatnonzero(drawn >= max(_LEAST_STROKE * 0.7, least)):
        if bundle and at - bundle[-1] > 6:
            levels.append((bundle[0] + bundle[-1]) // 2)
            bundle = []
        bundle.append(int(at))
    if bundle:
        levels.append((bundle[0] + bundle[-1]) // 2)
    return [
        level for number, level in enumerate(levels) if number == 0 or level - levels[number - 1] >= _LEAST_SIDE // 2
    ]


def _cells(across: Mask, down: Mask, xs: list[int], ys: list[int]) -> list[tuple[int, int, int, int]]:
    """Row, column, rows, columns of each cell: neighbours without a line between them are one."""
    rows, columns = len(ys) - 1, len(xs) - 1
    owner = list(range(rows * columns))

    def root(cell: int) -> int:
        while owner[cell] != cell:
            cell = owner[cell]
        return cell

    for row, (y0, y1) in enumerate(pairwise(ys)):
        for column, (x0, x1) in enumerate(pairwise(xs)):
            here = row * columns + column
            if column + 1 < columns and not _is_drawn(down[y0:y1, max(0, x1 - 4) : x1 + 5], axis=1):
                owner[root(here + 1)] = root(here)
            if row + 1 < rows and not _is_drawn(across[max(0, y1 - 4) : y1 + 5, x0:x1], axis=0):
                owner[root(here + columns)] = root(here)
    merged: dict[int, list[tuple[int, int]]] = {}
    for cell in range(rows * columns):
        merged.setdefault(root(cell), []).append(divmod(cell, columns))
    return [_bounds(members) for members in merged.values()]


def _bounds(members: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    row, column = min(row for row, _ in members), min(column for _, column in members)
    last_row, last_column = max(row for row, _ in members), max(column for _, column in members)
    return row, column, last_row - row + 1, last_column - column + 1


def _is_drawn(strip: Mask, *, axis: int) -> bool:
    """Whether a line goes through most of the strip. ``axis`` lies across the line."""
    return strip.size > 0 and float(np.mean(strip.max(axis=axis) > 0)) >= _PRESENT


def _outermost(grids: list[Grid]) -> list[Grid]:
    """Without those inside another one's cell."""
    return [
        grid
        for grid in grids
        if not any(other is not grid and grid.place.part_in(other.place) > 0.9 for other in grids)
    ]
