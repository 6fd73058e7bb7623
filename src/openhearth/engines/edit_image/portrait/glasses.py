"""Glasses and sunglasses, drawn in space on the bridge of the nose."""

import msgspec
import numpy as np

from openhearth.engines.edit_image.portrait.layer import Layer, rounded
from openhearth.engines.edit_image.portrait.solid import Head
from openhearth.engines.edit_image.ports import Pixels, Points
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.crops import Floats

RGB = tuple[float, float, float]

# The outline of the viewer's right lens around its centre, in units of half its width and height: a classic
# shape, flat on top, a little lifted at the outer corner, rounder below.
LENS = (
    (-0.55, -0.97), (0.25, -1.02), (0.95, -1.0), (1.08, -0.55), (1.0, 0.2),
    (0.72, 0.85), (0.1, 1.06), (-0.5, 0.98), (-0.88, 0.45), (-1.0, -0.3), (-0.95, -0.85),
)  # fmt: skip


class Style(msgspec.Struct, frozen=True):
    """Sizes in face widths. ``clear``: the lens shows the eyes."""

    half_width: float
    half_height: float
    rim: float
    clear: bool


SUNGLASSES = Style(half_width=0.205, half_height=0.165, rim=0.022, clear=False)
GLASSES = Style(half_width=0.19, half_height=0.145, rim=0.016, clear=True)
WRAP = 0.42  # how much the front bends around the face: depth over width squared


def put_on(pixels: Pixels, head: Head, style: Style, colour: RGB) -> Pixels:
    """Draw them on one head. ``colour`` is the frame's; dark lenses take a tint of it."""
    front = _Front(head, style)
    arms = [arm for side in (-1, 1) if (arm := front.arm(side)) is not None]
    everything = np.concatenate([front.lens(-1, style.rim), front.lens(1, style.rim), *arms])
    margin = 0.03 * head.width + 2
    (x0, y0), (x1, y1) = (everything.min(0) - margin).tolist(), (everything.max(0) + margin).tolist()
    layer = Layer(pixels, (x0, y0, x1, y1))
    if layer.empty:
        return pixels
    for arm in arms:
        layer.paint(layer.stroke(arm, max(1.5, 0.035 * head.width)), _shaded(colour, 0.8))
    for side in (-1, 1):
        _draw_lens(layer, front, side, colour)
    layer.paint(layer.stroke(front.bridge(), max(1.2, style.rim * 1.7 * head.width)), colour)
    return layer.laid_on(pixels)


class _Front:
    """Where the parts of a pair are on a head."""

    def __init__(self, head: Head, style: Style) -> None:
        self._head = head
        self._style = style
        right, left = head.place(*topology.RIGHT_EYE), head.place(*topology.LEFT_EYE)
        half_gap = float(np.clip((left[0] - right[0]) / 2, 0.18, 0.26))
        self._offset = max(half_gap + 0.012, style.half_width + 0.035)
        self._drop = 0.3 * style.half_height - 0.02
        self._depth = float(head.place(topology.NOSE_BRIDGE)[2]) - 0.02

    def lens(self, side: int, grown: float = 0.0) -> Points:
        """One lens; ``grown`` widens the outline by that many face widths (its rim)."""
        shape = rounded(np.asarray(LENS, np.float32), 4)
        x = (shape[:, 0] * (self._style.half_width + grown) + self._offset) * side
        y = shape[:, 1] * (self._style.half_height + grown) + self._drop
        return self._place(x, y)

    def bridge(self) -> Points:
        inner = self._offset - self._style.half_width
        x = np.linspace(-inner - 0.01, inner + 0.01, 13, dtype=np.float32)
        top = self._drop - 0.45 * self._style.half_height
        return self._place(x, top - 0.025 * (1 - (x / (inner + 0.01)) ** 2))

    def arm(self, side: int) -> Points | None:
        """From the hinge back to the ear; None when the head hides it."""
        if self._head.across[2] * side > 0.12:
            return None
        hinge_x = self._offset + self._style.half_width
        hinge_y = self._drop - 0.72 * self._style.half_height
        ear = self._head.place(topology.LEFT_TEMPLE if side > 0 else topology.RIGHT_TEMPLE)
        ear_x = max(abs(float(ear[0])), 0.47)
        back = float(ear[2]) + 0.12
        front = self._depth + WRAP * hinge_x**2
        t = np.linspace(0, 1, 9, dtype=np.float32)
        x = (hinge_x + (ear_x - hinge_x) * np.minimum(t * 3, 1)) * side
        y = hinge_y + (float(ear[1]) * 0.5 - hinge_y) * 0.5 * t
        return self._head.at(np.stack([x, y, front + (back - front) * t], 1))

    def height_of(self, x: Floats, y: Floats) -> Floats:
        """For picture points: -1 at the top of the lenses, 1 at their bottom."""
        down = self._head.down[:2]
        middle = self._head.at(np.asarray([[0, self._drop, self._depth]], np.float32))[0]
        along = (x - middle[0]) * down[0] + (y - middle[1]) * down[1]
        size = self._style.half_height * self._head.width * max(float(down @ down), 0.2)
        return np.asarray(along / size, np.float32)

    def _place(self, x: Floats, y: Floats) -> Points:
        return self._head.at(np.stack([x, y, self._depth + WRAP * x**2], 1).astype(np.float32))

    @property
    def style(self) -> Style:
        return self._style

    @property
    def scale(self) -> float:
        return self._head.width


def _draw_lens(layer: Layer, front: _Front, side: int, colour: RGB) -> None:
    style = front.style
    rim, glass = layer.shape(front.lens(side, style.rim)), layer.shape(front.lens(side))
    frame = np.clip(rim - glass, 0, 1)
    xs, ys = layer.grid()
    height = np.clip((front.height_of(xs, ys) + 1) / 2, 0, 1)
    if style.clear:
        layer.paint(glass, (235, 242, 248), 0.05 + 0.07 * (1 - height))
    else:
        tint = np.asarray(_shaded(colour, 0.28), np.float32) + np.asarray((9, 9, 11), np.float32)
        shades = tint * (0.75 + 0.9 * height[..., None])
        layer.paint(glass, shades, 0.97 - 0.11 * height)
        _gleam(layer, front, side, glass)
    light = 1.18 - 0.3 * height
    layer.paint(frame, np.clip(np.asarray(colour, np.float32)[None, None] * light[..., None] + 6, 0, 255))


def _gleam(layer: Layer, front: _Front, side: int, glass: "Floats") -> None:
    """A faint slanted reflection of the sky, the same in both lenses."""
    lens = front.lens(side)
    low, high = lens.min(0), lens.max(0)
    xs, ys = layer.grid()
    u = (xs - low[0]) / max(float(high[0] - low[0]), 1.0)
    v = (ys - low[1]) / max(float(high[1] - low[1]), 1.0)
    along = u + 0.45 * v
    streak = np.clip(1 - np.abs(along - 0.42) / 0.16, 0, 1) ** 1.5 * np.clip(1.15 - 1.3 * v, 0, 1)
    layer.paint(glass * streak, (225, 235, 245), 0.2)


def _shaded(colour: RGB, factor: float) -> RGB:
    red, green, blue = colour
    return red * factor, green * factor, blue * factor
