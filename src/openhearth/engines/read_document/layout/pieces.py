"""Text with a place: what PDFs and scans have in common, and all that layout works on."""

import re

import msgspec

_CJK = r"\u2e80-\u303f\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef"
CJK_END = re.compile(f"[{_CJK}]$")
CJK_START = re.compile(f"^[{_CJK}]")
CAPTION = re.compile(r"^\s*((table|figure|fig\.?)\s*\d{1,3}\s*[.:：]|[表图]\s*\d{1,3}(?!\d)\s*\D)", re.IGNORECASE)
"""How the caption of a table or figure begins."""


class Place(msgspec.Struct, frozen=True):
    """An upright rectangle in pixels."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def holds(self, point: tuple[float, float]) -> bool:
        return self.x0 <= point[0] <= self.x1 and self.y0 <= point[1] <= self.y1

    def shared(self, other: "Place") -> float:
        """Area in common."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, width) * max(0.0, height)

    def part_in(self, other: "Place") -> float:
        """How much of this lies in ``other``, 0 … 1."""
        area = self.width * self.height
        return self.shared(other) / area if area > 0 else float(other.holds(self.middle))


class Gap(msgspec.Struct, frozen=True):
    """A wide space within a run of text: before its letter ``index``, from ``x0`` to ``x1``."""

    index: int
    x0: float
    x1: float


class Piece(msgspec.Struct, frozen=True):
    """A run of text on one line. ``size`` is the height of its letters (of the font where it is known). ``turn``: how
    many degrees clockwise it stands on its page. ``gaps`` are known of upright texts of PDFs."""

    text: str
    place: Place
    size: float
    is_bold: bool = False
    score: float = 1.0
    turn: int = 0
    gaps: tuple[Gap, ...] = ()


def around(places: list[Place]) -> Place:
    """The smallest rectangle around all; there is at least one."""
    return Place(
        min(place.x0 for place in places),
        min(place.y0 for place in places),
        max(place.x1 for place in places),
        max(place.y1 for place in places),
    )


def parted(piece: Piece) -> list[Piece]:
    """The piece cut at its wide spaces, as in a table."""
    starts = [(0, piece.place.x0), *((gap.index, gap.x1) for gap in piece.gaps)]
    ends = [*((gap.index, gap.x0) for gap in piece.gaps), (len(piece.text), piece.place.x1)]
    parts = [
        msgspec.structs.replace(
            piece,
            text=piece.text[start:end].strip(),
            place=Place(x0, piece.place.y0, max(x0, x1), piece.place.y1),
            gaps=(),
        )
        for (start, x0), (end, x1) in zip(starts, ends, strict=True)
    ]
    return [part for part in parts if part.text]


def joined(before: str, after: str) -> str:
    """Two lines or runs as one text: Chinese without a space, a hyphenated word whole."""
    if not before or not after:
        return before + after
    if len(before) > 2 and before.endswith(("-", "\u00ad")) and before[-2].isalpha() and after[0].islower():
        return before[:-1] + after
    if CJK_END.search(before) or CJK_START.search(after):
        return before + after
    return f"{before} {after}"


def in_rows(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces that stand side by side, from the top; each row from the left."""
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda one: (one.place.middle[1], one.place.x0)):
        middle = piece.place.middle[1]
        row = next((row for row in reversed(rows[-3:]) if _is_beside(row, piece, middle)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    for row in rows:
        row.sort(key=lambda one: one.place.x0)
    return rows


def _is_beside(row: list[Piece], piece: Piece, middle: float) -> bool:
    """The middles are close, and nothing of the row stands above or below the piece."""
    near = min(row, key=lambda one: abs(one.place.middle[0] - piece.place.middle[0]))
    least = min(near.place.height, piece.place.height)
    return abs(near.place.middle[1] - middle) < 0.45 * least and all(
        min(one.place.x1, piece.place.x1) - max(one.place.x0, piece.place.x0) < 0.5 * least for one in row
    )
