"""The curl of a page in an open book: its lines of text bend, and the page is bent back until they do not.

Each line of text gives a curve; together they give one smooth field of how far every place must move up or down.
Only that is undone: letters squeezed where paper turns away from the lens stay squeezed.
"""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.read_document.files.picture import Pixels

Curve = npt.NDArray[np.float64]  # n × 2, x and y along the middle of a line of text

_LOOK = 1200
_LEAST_LENGTH = 0.35  # of the page's width
_LEAST_LINES = 4
_LEAST_BEND = 2.5  # pixels of the small picture by which lines stray from straight ones
_BETTER = 0.5  # of that may be left
_DEGREE = 4
_STEP = 12


def uncurled(pixels: Pixels) -> tuple[Pixels, bool]:
    """The page with straight lines, and whether they were bent."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _LOOK / max(height, width))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    curves = _curves(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    if len(curves) < _LEAST_LINES:
        return pixels, False
    field = _field(curves, small.shape[1], small.shape[0])
    if field is None or not _is_better(curves, field):
        return pixels, False
    whole = cv2.resize(field / scale, (width, height), interpolation=cv2.INTER_CUBIC)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    flat = cv2.remap(pixels, x, y + whole.astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, dtype=np.uint8), True


def _curves(grey: npt.NDArray[np.generic]) -> list[Curve]:
    """Middles of long lines of text, every few pixels."""
    dark = cv2.adaptiveThreshold(
        np.asarray(grey, dtype=np.uint8), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 15
    )
    width = dark.shape[1]
    long = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, width // 12), np.uint8))
    letters = cv2.subtract(dark, cv2.dilate(long, np.ones((3, 3), np.uint8)))
    joined = cv2.morphologyEx(letters, cv2.MORPH_CLOSE, np.ones((3, max(15, width // 40)), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    curves = []
    for number in range(1, count):
        x, y, wide, tall, _area = (int(value) for value in stats[number])
        if wide < _LEAST_LENGTH * width or tall > 0.2 * dark.shape[0]:
            continue
        part = labels[y : y + tall, x : x + wide] == number
        curve = [
            (x + left + _STEP / 2, y + float(np.nonzero(part[:, left : left + _STEP])[0].mean()))
            for left in range(0, wide - _STEP, _STEP)
            if part[:, left : left + _STEP].any()
        ]
        curves.append(np.array(curve, dtype=np.float64))
    return [curve for curve in curves if len(curve) > 2 * _DEGREE and _is_smooth(curve)]


def _is_smooth(curve: Curve) -> bool:
    """A line of text, not two that touch: its middles lie close to a curve of low degree."""
    shape = np.polynomial.Polynomial.fit(curve[:, 0], curve[:, 1], _DEGREE)
    return bool(np.std(curve[:, 1] - shape(curve[:, 0])) < 3.0)


def _is_better(curves: list[Curve], field: npt.NDArray[np.float64]) -> bool:
    """Whether lines are bent at all, and straight once the field is taken off."""
    before, after = [], []
    for curve in curves:
        columns, rows = curve[:, 0].astype(int), curve[:, 1].astype(int)
        before.append(_straying(curve[:, 0], curve[:, 1]))
        after.append(_straying(curve[:, 0], curve[:, 1] - field[rows, columns]))
    return float(np.median(before)) > _LEAST_BEND and float(np.median(after)) < _BETTER * float(np.median(before))


def _straying(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    line = np.polynomial.Polynomial.fit(x, y, 1)
    return float(np.std(y - line(x)))


def _field(curves: list[Curve], width: int, height: int) -> npt.NDArray[np.float64] | None:
    """How far below its straight place each point stands: a polynomial across whose size changes evenly down.

    Every line has a height of its own; all share the bend. Least squares over all points, then once more without those
    that fit badly.
    """
    points = np.concatenate(curves)
    owner = np.concatenate([np.full(len(curve), number) for number, curve in enumerate(curves)])
    kept = np.ones(len(points), np.bool_)
    for _ in range(2):
        bent = _terms(points[:, 0] / width * 2 - 1, points[:, 1] / height * 2 - 1)
        heights = np.eye(len(curves))[owner]
        matrix = np.hstack([bent, heights])
        solution, *_ = np.linalg.lstsq(matrix[kept], points[kept, 1], rcond=None)
        off = np.abs(points[:, 1] - matrix @ solution)
        kept = off < max(2.0, 2.5 * float(np.median(off)))
        if kept.sum() < matrix.shape[1] + 10:
            return None
    if float(np.median(off)) > 3.0:
        return None
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    bend = _terms(x.reshape(-1), y.reshape(-1)) @ solution[: bent.shape[1]]
    field = bend.reshape(height, width)
    return np.asarray(field - field.mean(axis=1, keepdims=True))


def _terms(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = [x**degree for degree in range(1, _DEGREE + 1)]
    return np.stack([*powers, powers[0] * y, powers[1] * y], axis=1)
