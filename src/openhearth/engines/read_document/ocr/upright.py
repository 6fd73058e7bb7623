"""A page made to stand upright, with its texts, and the way back to the pixels it was given in.

Layout, tables and bills are only looked for on upright pages; answers speak of the page as the client sees it.
"""

from collections.abc import Sequence

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.core.documents import Box, Line
from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.pieces import CJK_END, Piece, Place
from openhearth.engines.read_document.ocr.reader import Read, Reader
from openhearth.engines.read_document.paper.sheet import find_sheet, flattened

Matrix = npt.NDArray[np.float64]  # 3 × 3

_LEAST_SKEW = 0.25  # degrees
_MOST_SKEW = 30.0
_BOX_TO_LETTERS, _PADDING = 0.72, 0.45  # the detector's boxes are larger than the letters
_LATIN, _NARROW = 0.53, 0.28  # widths in ems, as in common fonts
_LONG = 3.0  # heights of a line: shorter ones do not tell a direction


class Upright(msgspec.Struct, frozen=True):
    """``back`` leads from its pixels to those of the source; ``angle`` is 0, 90, 180 or 270 as in ``Line``. ``aside``
    are texts that stand turned."""

    pixels: Pixels
    back: Matrix
    angle: int
    pieces: tuple[Piece, ...] = ()
    aside: tuple[Piece, ...] = ()

    def box(self, place: Place, turn: int = 0) -> Box:
        """``place`` in the source's pixels, from the top left of a text that stands turned there."""
        corners = [(place.x0, place.y0), (place.x1, place.y0), (place.x1, place.y1), (place.x0, place.y1)]
        first = round(turn / 90) % 4
        return box_of(_through(self.back, np.array([*corners[first:], *corners[:first]], dtype=np.float64)))

    def line(self, piece: Piece) -> Line:
        return Line(
            piece.text, round(piece.score, 4), self.box(piece.place, piece.turn), (self.angle + piece.turn) % 360
        )


def as_given(pixels: Pixels, pieces: Sequence[Piece], aside: Sequence[Piece] = (), turn: int = 0) -> Upright:
    """A page whose texts are known, and that it stands turned by ``turn`` degrees."""
    turned, back = _quarter_turned(pixels, turn)
    return Upright(turned, back, turn, tuple(pieces), tuple(aside))


def read_upright(reader: Reader, pixels: Pixels, *, flatten: bool) -> Upright:
    """Read a picture of a page. ``flatten``: first look for a sheet of paper in it and take that alone."""
    back = np.eye(3)
    if flatten and (corners := find_sheet(pixels)) is not None:
        pixels, back = flattened(pixels, corners)
    lines = reader.lines(pixels)
    angle = reader.angle(pixels, lines)
    turned, turn = _quarter_turned(pixels, angle)
    there = _inverse(turn)
    moved = [_moved(line, there) for line in lines]
    straight, tilt = _straightened(turned, skew_of(moved))
    there = _inverse(tilt)
    pieces = tuple(_piece(_moved(line, there)) for line in moved)
    return Upright(straight, back @ turn @ tilt, angle, pieces)


def skew_of(lines: list[Read]) -> float:
    """By how many degrees the lines fall to the right; 0 when too few are long enough to tell."""
    long = [line for line in lines if line.length > _LONG * line.height]
    if not long:
        return 0.0
    across = [(line.corners[1] - line.corners[0] + line.corners[2] - line.corners[3]) / 2 for line in long]
    slopes = sorted(
        (float(np.degrees(np.arctan2(dy, dx))), line.length) for (dx, dy), line in zip(across, long, strict=True)
    )
    half = sum(length for _, length in slopes) / 2
    for slope, length in slopes:
        half -= length
        if half <= 0:
            return slope if abs(slope) <= _MOST_SKEW else 0.0
    return 0.0


def box_of(corners: Matrix) -> Box:
    """Four points as the eight numbers of an answer."""
    x0, y0, x1, y1, x2, y2, x3, y3 = (round(float(number)) for number in corners.reshape(-1))
    return x0, y0, x1, y1, x2, y2, x3, y3


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)


def _through(matrix: Matrix, points: Matrix) -> Matrix:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:])


def _quarter_turned(pixels: Pixels, angle: int) -> tuple[Pixels, Matrix]:
    """Turned back counter-clockwise by ``angle``, and the matrix from the result to ``pixels``."""
    height, width = pixels.shape[:2]
    turn = {
        0: np.eye(3),
        90: np.array([[0, -1, width - 1], [1, 0, 0], [0, 0, 1.0]]),
        180: np.array([[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1.0]]),
        270: np.array([[0, 1, 0], [-1, 0, height - 1], [0, 0, 1.0]]),
    }[angle]
    return np.ascontiguousarray(np.rot90(pixels, angle // 90)), turn


def _straightened(pixels: Pixels, degrees: float) -> tuple[Pixels, Matrix]:
    if abs(degrees) < _LEAST_SKEW:
        return pixels, np.eye(3)
    height, width = pixels.shape[:2]
    forward = np.eye(3)
    forward[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(forward[0, 0]), abs(forward[0, 1])
    wide, tall = round(height * sine + width * cosine), round(height * cosine + width * sine)
    forward[0, 2] += (wide - width) / 2
    forward[1, 2] += (tall - height) / 2
    straight = cv2.warpAffine(
        pixels, forward[:2], (wide, tall), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(straight, dtype=np.uint8), _inverse(forward)


def _moved(line: Read, matrix: Matrix) -> Read:
    """In another frame; corners again from the top left, clockwise."""
    corners = _through(matrix, line.corners)
    middle = corners.mean(axis=0)
    clockwise = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    # From -180 degrees on the first is the top left, unless the line leans so far that the bottom left comes first.
    first = int(np.argmin(clockwise[:, 0] + clockwise[:, 1]))
    return Read(line.text, line.score, np.roll(clockwise, -first, axis=0))


def _piece(line: Read) -> Piece:
    low, high = line.corners.min(axis=0), line.corners.max(axis=0)
    place = Place(float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Piece(line.text, place, _letters(line), score=line.score)


def _letters(line: Read) -> float:
    """The size of a line's letters: what its height says, which is rough, and what its length says, evened out."""
    by_height = _BOX_TO_LETTERS * line.height
    ems = sum(1.0 if CJK_END.search(letter) else _NARROW if letter in " .,:;'|il1" else _LATIN for letter in line.text)
    by_length = (line.length - _PADDING * by_height) / max(0.5, ems)
    likely = min(max(by_length, 0.6 * by_height), 1.6 * by_height)
    return float(np.sqrt(by_height * likely))


def turned_back(pixels: Pixels, lines: list[Read], angle: int) -> Pixels:
    """A page turned and straightened as its lines say."""
    turned, turn = _quarter_turned(pixels, angle)
    there = _inverse(turn)
    straight, _ = _straightened(turned, skew_of([_moved(line, there) for line in lines]))
    return straight
