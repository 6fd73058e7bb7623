"""Reading order: columns are found by their gutter, and whatever crosses it divides the page into bands.

Whether two stacks side by side are columns or a table is told by how full their lines are: prose fills its column.
"""

from statistics import median

import msgspec

from openhearth.engines.read_document.layout.pieces import CJK_END, Piece, Place, around, in_rows


class Item(msgspec.Struct, frozen=True):
    """Something to be put in order: a piece of text, or a whole table or figure (``number`` in its list)."""

    place: Place
    piece: Piece | None = None
    kind: str = "text"
    number: int = 0


class _Gutter(msgspec.Struct, frozen=True):
    x0: float
    x1: float


_MOST_CROSSED = 0.25  # of the region's height may be crossed by titles, tables and the like
_FEW_CROSSINGS = 3.0  # times the height of a line: so much may cross on the smallest page
_LEAST_FILL = 0.55
_LEAST_CHARS = 12
_LEAST_ROWS = 2
_MOST_DEPTH = 12
_STEPS = 400


def in_order(items: list[Item], depth: int = 0) -> list[list[Item]]:
    """Stacks of items, each to be read from the top; the stacks in reading order."""
    gutter = _gutter(items) if depth < _MOST_DEPTH else None
    if gutter is None:
        return [_from_top(items)] if items else []
    spanning = sorted((item for item in items if _crosses(item.place, gutter)), key=lambda item: item.place.middle[1])
    rest = [item for item in items if not _crosses(item.place, gutter)]
    stacks: list[list[Item]] = []
    pending: list[Item] = []
    for divider in [*spanning, None]:
        end = divider.place.middle[1] if divider else float("inf")
        band = [item for item in rest if item.place.middle[1] < end]
        rest = [item for item in rest if item.place.middle[1] >= end]
        if band:
            stacks += [_from_top(pending)] if pending else []
            pending = []
            stacks += in_order([item for item in band if item.place.x1 <= gutter.x1], depth + 1)
            stacks += in_order([item for item in band if item.place.x1 > gutter.x1], depth + 1)
        if divider:
            pending.append(divider)
    return [*stacks, _from_top(pending)] if pending else stacks


def _from_top(items: list[Item]) -> list[Item]:
    """From the top; texts side by side from the left."""
    texts = {id(item.piece): item for item in items if item.piece is not None}
    rows = in_rows([item.piece for item in items if item.piece is not None])
    lines: list[tuple[float, list[Item]]] = [
        (around([piece.place for piece in row]).middle[1], [texts[id(piece)] for piece in row]) for row in rows
    ]
    lines += [(item.place.middle[1], [item]) for item in items if item.piece is None]
    return [item for _, line in sorted(lines, key=lambda entry: entry[0]) for item in line]


def _crosses(place: Place, gutter: _Gutter) -> bool:
    return place.x0 < gutter.x1 - 1 and place.x1 > gutter.x0 + 1


def _gutter(items: list[Item]) -> _Gutter | None:
    """The widest empty strip with columns on both sides, if there is one."""
    pieces = [item.piece for item in items if item.piece is not None]
    if len(pieces) < 2 * _LEAST_ROWS:
        return None
    region = around([item.place for item in items])
    size = median(piece.place.height for piece in pieces)
    strips = [strip for strip in _strips(items, region) if strip.x1 - strip.x0 >= 0.7 * size]
    for strip in sorted(strips, key=lambda one: one.x0 - one.x1):
        if _is_between_columns(items, strip, region):
            return strip
    return None


def _strips(items: list[Item], region: Place) -> list[_Gutter]:
    """Vertical strips that little of the region's height lies across."""
    step = max(1.0, region.width / _STEPS)
    count = int(region.width / step) + 1
    covered = [0.0] * (count + 1)
    for item in items:
        first = max(0, int((item.place.x0 - region.x0) / step))
        last = min(count, int((item.place.x1 - region.x0) / step))
        for index in range(first, last + 1):
            covered[index] += item.place.height
    heights = [item.place.height for item in items]
    most = max(_MOST_CROSSED * sum(heights) / 2, _FEW_CROSSINGS * median(heights))
    strips = []
    start: int | None = None
    for index, height in enumerate([*covered, float("inf")]):
        if height <= most and start is None:
            start = index
        elif height > most and start is not None:
            first, last = _emptiest(covered, start, index)
            strips.append(_Gutter(region.x0 + first * step, region.x0 + last * step))
            start = None
    return [strip for strip in strips if strip.x0 > region.x0 + step and strip.x1 < region.x1 - step]


def _emptiest(covered: list[float], start: int, end: int) -> tuple[int, int]:
    """The widest stretch of a strip that as little lies across as anywhere in it."""
    least = min(covered[start:end])
    best = (start, start)
    first: int | None = None
    for index in range(start, end + 1):
        is_empty = index < end and covered[index] <= least + 0.01
        if is_empty and first is None:
            first = index
        elif not is_empty and first is not None:
            best = max(best, (first, index), key=lambda stretch: stretch[1] - stretch[0])
            first = None
    return best


def _is_between_columns(items: list[Item], strip: _Gutter, region: Place) -> bool:
    clear = [item for item in items if not _crosses(item.place, strip)]
    left = [item for item in clear if item.place.x1 <= strip.x1]
    right = [item for item in clear if item.place.x1 > strip.x1]
    if not left or not right:
        return False
    rows = [in_rows([item.piece for item in side if item.piece is not None]) for side in (left, right)]
    if min(len(side) for side in rows) < _LEAST_ROWS:
        return False
    spans = [around([item.place for item in side]) for side in (left, right)]
    overlap = min(spans[0].y1, spans[1].y1) - max(spans[0].y0, spans[1].y0)
    if overlap < 0.4 * min(spans[0].height, spans[1].height):
        return False
    return all(_is_prose(side, span) for side, span in zip(rows, spans, strict=True)) or (
        _aligned(rows[0], rows[1]) < 0.5 and all(len(side) > _LEAST_ROWS for side in rows)
    )


def _is_prose(rows: list[list[Piece]], span: Place) -> bool:
    widths = [around([piece.place for piece in row]).width / max(1.0, span.width) for row in rows]
    chars = [sum(_reading_width(piece.text) for piece in row) for row in rows]
    return median(widths) >= _LEAST_FILL and median(chars) >= _LEAST_CHARS


def _reading_width(text: str) -> int:
    return sum(2 if CJK_END.search(letter) else 1 for letter in text)


def _aligned(left: list[list[Piece]], right: list[list[Piece]]) -> float:
    """How many rows of the shorter side have a partner at the same height."""
    few, many = sorted((left, right), key=len)
    middles = [around([piece.place for piece in row]).middle[1] for row in many]
    partners = sum(
        1
        for row in few
        if any(abs(around([p.place for p in row]).middle[1] - y) < 0.3 * row[0].place.height for y in middles)
    )
    return partners / len(few)
