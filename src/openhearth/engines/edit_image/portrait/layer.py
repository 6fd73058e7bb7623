"""A transparent sheet over a part of the picture, drawn finer than the picture and laid down in one go."""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.ports import Mask, Pixels, Points
from openhearth.engines.edit_image.vision.crops import Floats

FINER = 3
MOST_SIDE = 4096  # of the fine sheet
Numbers = npt.NDArray[np.floating]
Paint = tuple[float, float, float] | Numbers  # one colour 0 … 255, or one for each pixel of the sheet


class Layer:
    """Drawing in picture coordinates inside the box x0, y0, x1, y1, which is cut to the picture's size."""

    def __init__(self, pixels: Pixels, box: tuple[float, float, float, float]) -> None:
        height, width = pixels.shape[:2]
        self._x, self._y = max(int(box[0]), 0), max(int(box[1]), 0)
        self._width = max(min(int(np.ceil(box[2])), width) - self._x, 0)
        self._height = max(min(int(np.ceil(box[3])), height) - self._y, 0)
        longest = max(self._width, self._height, 1)
        self._finer = max(1, min(FINER if longest < 400 else 2, MOST_SIDE // longest))
        shape = self._height * self._finer, self._width * self._finer
        self._colour = np.zeros((*shape, 3), np.float32)  # times opacity
        self._opacity = np.zeros(shape, np.float32)

    @property
    def empty(self) -> bool:
        return bool(self._width == 0 or self._height == 0)

    def grid(self) -> tuple[Floats, Floats]:
        """Picture x and y of every pixel of the sheet."""
        ys, xs = np.mgrid[: self._opacity.shape[0], : self._opacity.shape[1]].astype(np.float32)
        return (xs + 0.5) / self._finer + self._x, (ys + 0.5) / self._finer + self._y

    def shape(self, outline: Points) -> Mask:
        """A closed outline as a mask of the sheet."""
        out = np.zeros(self._opacity.shape, np.uint8)
        cv2.fillPoly(out, [self._corners(outline)], 255, lineType=cv2.LINE_AA, shift=4)
        return np.asarray(out / 255, np.float32)

    def stroke(self, line: Points, thick: float) -> Mask:
        """An open line, ``thick`` picture pixels wide, as a mask of the sheet."""
        out = np.zeros(self._opacity.shape, np.uint8)
        wide = max(1, round(thick * self._finer))
        cv2.polylines(out, [self._corners(line)], False, 255, wide, lineType=cv2.LINE_AA, shift=4)
        return np.asarray(out / 255, np.float32)

    def paint(self, mask: Mask, colour: Paint, opacity: float | Numbers = 1.0) -> None:
        """Lay a colour over what is drawn already."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if len(rows) == 0:
            return
        here = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        cover = np.asarray(mask[here] * _part(opacity, here, 2), np.float32)
        left = 1 - cover
        self._colour[here] *= left[..., None]
        self._colour[here] += _part(np.asarray(colour, np.float32), here, 3) * cover[..., None]
        self._opacity[here] = self._opacity[here] * left + cover

    def laid_on(self, pixels: Pixels) -> Pixels:
        """The picture with this sheet on it; where nothing is drawn the bytes stay, and so does transparency."""
        if self.empty:
            return pixels
        size = (self._width, self._height)
        opacity = np.asarray(cv2.resize(self._opacity, size, interpolation=cv2.INTER_AREA), np.float32)
        colour = np.asarray(cv2.resize(self._colour, size, interpolation=cv2.INTER_AREA), np.float32)
        out = pixels.copy()
        part = out[self._y : self._y + self._height, self._x : self._x + self._width]
        below = part[..., 3:].astype(np.float32) / 255 * (1 - opacity[..., None])
        alpha = below + opacity[..., None]
        mixed = (part[..., :3] * below + colour) / np.maximum(alpha, 1e-6)
        drawn = opacity > 0.5 / 255
        part[drawn, :3] = np.clip(np.round(mixed), 0, 255).astype(np.uint8)[drawn]
        part[drawn, 3] = np.clip(np.round(alpha[..., 0] * 255), 0, 255).astype(np.uint8)[drawn]
        return out

    def _corners(self, outline: Points) -> npt.NDArray[np.int32]:
        local = (np.asarray(outline, np.float64) - (self._x, self._y)) * self._finer - 0.5
        return np.asarray(np.round(np.clip(local, -30_000, 30_000) * 16), np.int32)


def _part(values: float | Numbers, here: tuple[slice, slice], axes: int) -> float | Numbers:
    """The part of a sheet; one value for all pixels stays as it is."""
    return values[here] if isinstance(values, np.ndarray) and values.ndim == axes else values


def rounded(corners: Floats, times: int = 4) -> Floats:
    """A closed outline with its corners cut off again and again (Chaikin), which makes it smooth."""
    points = np.asarray(corners, np.float32)
    for _ in range(times):
        after = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], 1).reshape(-1, points.shape[1])
    return points


def flowing(line: Floats, steps: int = 8) -> Floats:
    """An open line made smooth (Catmull-Rom), through all its points."""
    points = np.asarray(line, np.float32)
    ends = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[:, None]
    parts = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.concatenate([*parts, points[-1:]])
