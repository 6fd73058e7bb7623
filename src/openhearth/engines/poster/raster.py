"""A scene as pixels. Each shape is a mask over its own box, laid on band by band, so that memory stays small."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from openhearth.engines.poster.scene import (
    Area,
    Clipped,
    Grain,
    Item,
    Line,
    Linear,
    Paint,
    Points,
    Radial,
    Scene,
    Solid,
    Stop,
    Words,
)

Pixels = npt.NDArray[np.uint8]  # height × width × 4, RGBA, alpha straight
_Mask = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]
_BAND_PIXELS = 1 << 20
_SHIFT = 4  # fixed-point bits of a polygon's corners
BOLD = 0.026  # of the letter size: what is added on each side to make a letter bold
_LEAST_BOLD = 20  # pixels of a letter


class Fonts:
    """The faces by name; a missing one is written in ``sans``."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._open: dict[tuple[str, int], ImageFont.FreeTypeFont] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def get(self, face: str, size: float) -> ImageFont.FreeTypeFont:
        """The face at a size in whole pixels."""
        name = face if face in self._files else "sans"
        pixels = max(1, round(size))
        if (name, pixels) not in self._open:
            if len(self._open) > 256:
                self._open.clear()
            self._open[name, pixels] = ImageFont.truetype(str(self._files[name]), pixels)
        return self._open[name, pixels]


def bold_px(size: float) -> int:
    """Pixels added around each letter of a bold text; none where one pixel would close the letters."""
    return max(1, round(size * BOLD)) if size >= _LEAST_BOLD else 0


def render(scene: Scene, fonts: Fonts, *, fine: int = 1, check: Callable[[], None] = lambda: None) -> Pixels:
    """The scene as RGBA. ``fine`` is how many times finer than a pixel edges are drawn.

    ``check`` is called between items and may raise.
    """
    canvas = np.zeros((scene.height, scene.width, 4), np.uint8)
    painter = _Painter(canvas, fonts, fine, check)
    painter.all(scene.items)
    return canvas


class _Painter:
    def __init__(self, canvas: Pixels, fonts: Fonts, fine: int, check: Callable[[], None]) -> None:
        self._canvas = canvas
        self._fonts = fonts
        self._fine = fine
        self._check = check

    def all(self, items: tuple[Item, ...]) -> None:
        for item in items:
            self._check()
            if isinstance(item, Area):
                self._masked(*self._polygon(item.points), item.paint)
            elif isinstance(item, Line):
                self._line(item)
            elif isinstance(item, Words):
                self._words(item)
            elif isinstance(item, Clipped):
                self._clipped(item)
            else:
                self._grain(item)

    def _polygon(self, points: Points) -> tuple[_Mask, int, int]:
        """Coverage of a polygon over its box within the canvas, and where that box begins."""
        left, top, right, bottom = self._bounds(points, 1)
        fine = self._fine
        mask = np.zeros((max(0, bottom - top) * fine, max(0, right - left) * fine), np.uint8)
        if mask.size:
            fixed = (np.asarray(points, np.float64) - (left, top)) * fine - 0.5
            cv2.fillPoly(mask, [np.round(fixed * (1 << _SHIFT)).astype(np.int32)], 255, cv2.LINE_AA, _SHIFT)
        return self._shrunk(mask), left, top

    def _line(self, line: Line) -> None:
        left, top, right, bottom = self._bounds(line.points, line.width / 2 + 2)
        fine = self._fine
        mask = np.zeros((max(0, bottom - top) * fine, max(0, right - left) * fine), np.uint8)
        if not mask.size:
            return
        width = line.width * fine
        fixed = np.round(((np.asarray(line.points, np.float64) - (left, top)) * fine - 0.5) * (1 << _SHIFT))
        whole = max(1, round(width))
        cv2.polylines(mask, [fixed.astype(np.int32)], line.closed, 255, whole, cv2.LINE_AA, _SHIFT)
        paint = Solid(line.paint.rgb, line.paint.alpha * min(1.0, width))
        self._masked(self._shrunk(mask), left, top, paint)

    def _shrunk(self, mask: _Mask) -> _Mask:
        if self._fine == 1 or not mask.size:
            return mask
        size = (mask.shape[1] // self._fine, mask.shape[0] // self._fine)
        return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)

    def _bounds(self, points: Points, margin: float) -> tuple[int, int, int, int]:
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        height, width = self._canvas.shape[:2]
        return (
            min(width, max(0, math.floor(min(xs) - margin))),
            min(height, max(0, math.floor(min(ys) - margin))),
            max(0, min(width, math.ceil(max(xs) + margin))),
            max(0, min(height, math.ceil(max(ys) + margin))),
        )

    def _masked(self, mask: _Mask, left: int, top: int, paint: Paint) -> None:
        """Lay ``paint`` on through ``mask``."""
        height, width = mask.shape[:2]
        if not height or not width:
            return
        rows = max(1, _BAND_PIXELS // width)
        for begin in range(0, height, rows):
            part = mask[begin : begin + rows]
            area = self._canvas[top + begin : top + begin + part.shape[0], left : left + width]
            colour, alpha = _painted(paint, left, top + begin, width, part.shape[0])
            _over(area, colour, (alpha * (part.astype(np.float32) / 255)).astype(np.float32))

    def _words(self, words: Words) -> None:
        font = self._fonts.get(words.face, words.size)
        bold = bold_px(words.size) if words.is_bold else 0
        pad = math.ceil(words.size * 0.6) + bold
        width = math.ceil(words.length) + 2 * pad
        height = math.ceil(words.size * 1.6) + 2 * pad
        base = math.ceil(words.size * 1.2) + pad
        image = Image.new("L", (width, height), 0)
        draw = ImageDraw.Draw(image)
        at = float(pad + bold) + (words.x - math.floor(words.x))
        for piece in words.text if words.spacing else (words.text,):
            draw.text((at, base), piece, fill=255, font=font, anchor="ls", stroke_width=bold)
            at += font.getlength(piece) + words.spacing
        self._placed(np.asarray(image, np.uint8), math.floor(words.x) - pad, round(words.y) - base, words.paint)

    def _placed(self, mask: _Mask, left: int, top: int, paint: Paint) -> None:
        """A mask that may stand out of the canvas."""
        height, width = self._canvas.shape[:2]
        inside = mask[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
        self._masked(inside, max(0, left), max(0, top), paint)

    def _clipped(self, group: Clipped) -> None:
        before = self._canvas.copy()
        self.all(group.items)
        mask, left, top = self._polygon(group.points)
        after = self._canvas[top : top + mask.shape[0], left : left + mask.shape[1]].copy()
        self._canvas[...] = before
        rows = max(1, _BAND_PIXELS // max(1, mask.shape[1]))
        for begin in range(0, mask.shape[0], rows):
            part = mask[begin : begin + rows].astype(np.float32)[..., None] / 255
            area = self._canvas[top + begin : top + begin + part.shape[0], left : left + mask.shape[1]]
            new = after[begin : begin + rows]
            area[...] = (area * (1 - part) + new * part + 0.5).astype(np.uint8)

    def _grain(self, grain: Grain) -> None:
        height, width = self._canvas.shape[:2]
        dice = np.random.Generator(np.random.PCG64(grain.seed))
        tile = (dice.random((256, 256), np.float32) + dice.random((256, 256), np.float32) - 1) * grain.amount
        across = np.tile(tile, (1, width // 256 + 1))[:, :width, None]
        for begin in range(0, height, 256):
            area = self._canvas[begin : begin + 256, :, :3]
            area[...] = np.clip(area + across[: area.shape[0]] + 0.5, 0, 255).astype(np.uint8)


def _over(area: Pixels, colour: _Floats, alpha: _Floats) -> None:
    """Straight-alpha "over"; ``colour`` is 0 … 255 per band, ``alpha`` 0 … 1."""
    above = alpha[..., None]
    if int(area[..., 3].min()) == 255:
        area[..., :3] = (area[..., :3] * (1 - above) + colour * above + 0.5).astype(np.uint8)
        return
    under = area[..., 3:].astype(np.float32) / 255 * (1 - above)
    both = above + under
    mix = (colour * above + area[..., :3] * under) / np.maximum(both, 1e-6)
    area[..., :3] = np.minimum(mix + 0.5, 255).astype(np.uint8)
    area[..., 3] = np.minimum(both[..., 0] * 255 + 0.5, 255).astype(np.uint8)


def _painted(paint: Paint, left: int, top: int, width: int, height: int) -> tuple[_Floats, _Floats]:
    """Colour and alpha of a paint over a box."""
    if isinstance(paint, Solid):
        colour = np.asarray(paint.rgb, np.float32)[None, None]
        return colour, np.full((1, 1), paint.alpha, np.float32)
    xs = np.arange(left, left + width, dtype=np.float32)[None] + 0.5
    ys = np.arange(top, top + height, dtype=np.float32)[:, None] + 0.5
    at = _along(paint, xs, ys)
    colour, alpha = _graded(paint.stops, at)
    return (colour + _DITHER(left, top, width, height)[..., None]).astype(np.float32), alpha


def _along(paint: Linear | Radial, xs: _Floats, ys: _Floats) -> _Floats:
    if isinstance(paint, Radial):
        far: _Floats = np.hypot(xs - paint.centre[0], ys - paint.centre[1]) / np.float32(max(1e-6, paint.radius))
        return np.clip(far, np.float32(0), np.float32(1))
    dx, dy = paint.end[0] - paint.start[0], paint.end[1] - paint.start[1]
    whole = max(1e-6, dx * dx + dy * dy)
    return np.clip(((xs - paint.start[0]) * dx + (ys - paint.start[1]) * dy) / whole, 0, 1).astype(np.float32)


def _graded(stops: tuple[Stop, ...], at: _Floats) -> tuple[_Floats, _Floats]:
    places = [stop.at for stop in stops]
    table = np.linspace(0, 1, 1024)
    index = (at * 1023).astype(np.int32)
    bands = [np.interp(table, places, [stop.rgb[band] for stop in stops]) for band in range(3)]
    colours: _Floats = np.stack(bands, axis=1).astype(np.float32)
    alphas: _Floats = np.interp(table, places, [stop.alpha for stop in stops]).astype(np.float32)
    return colours[index], alphas[index]


class _Dither:
    """The same faint noise at the same place, so that gradients show no steps."""

    def __init__(self) -> None:
        noise: _Floats = np.random.Generator(np.random.PCG64(7)).random((64, 64), np.float32)
        self._tile = noise - np.float32(0.5)

    def __call__(self, left: int, top: int, width: int, height: int) -> _Floats:
        rows = np.arange(top, top + height) % 64
        columns = np.arange(left, left + width) % 64
        return np.asarray(self._tile[np.ix_(rows, columns)], dtype=np.float32)


_DITHER = _Dither()
