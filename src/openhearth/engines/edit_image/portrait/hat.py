"""A felt hat: crown, band and brim as solids of revolution, tipped a little forward on the head."""

import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.portrait.layer import Layer, rounded
from openhearth.engines.edit_image.portrait.solid import Head
from openhearth.engines.edit_image.ports import Mask, Pixels, Points
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.crops import Floats

RGB = tuple[float, float, float]
Numbers = npt.NDArray[np.floating]
TIP = 0.26  # radians the hat is tipped forward
TURN = np.linspace(0, 2 * np.pi, 96, endpoint=False, dtype=np.float32)


def put_on(pixels: Pixels, head: Head, person: Mask, colour: RGB) -> Pixels:
    """Draw a hat that covers the hairline and the top of the head as wide as the hair makes it."""
    half, top = _measure(head, person)
    hat = _Hat(head, half, max(0.5, top + 0.1))
    outline = np.concatenate([hat.ring(hat.brim, 0.0), hat.crown()])
    low, high = outline.min(0) - 3, outline.max(0) + 3
    layer = Layer(pixels, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))
    if layer.empty:
        return pixels
    side = hat.across(*layer.grid())
    light = 1.1 - 0.42 * np.abs(side + 0.25) ** 1.6  # lit from the left front, darker where it turns away
    tone = np.asarray(colour, np.float32)
    brim = layer.shape(hat.ring(hat.brim, 0.0))
    layer.paint(brim, np.clip(tone * (light * 0.92)[..., None] + 5, 0, 255))
    edge = layer.stroke(np.concatenate([hat.ring(hat.brim, 0.0), hat.ring(hat.brim, 0.0)[:1]]), 0.018 * head.width)
    layer.paint(edge, tone * 0.72)
    shadow = layer.shape(hat.ring(hat.half * 1.1, 0.0))
    layer.paint(shadow, tone * 0.55, 0.6)
    crown = layer.shape(hat.crown())
    layer.paint(crown, np.clip(tone * light[..., None] + 8, 0, 255))
    layer.paint(layer.shape(hat.dent()) * crown, tone * 0.62, 0.55)
    layer.paint(layer.shape(hat.band()) * crown, np.clip(tone * 0.38 * light[..., None] + 6, 0, 255))
    return layer.laid_on(pixels)


def _measure(head: Head, person: Mask) -> tuple[float, float]:
    """Half the width of the head with its hair, and how far it rises above the forehead, in face widths."""
    forehead = head.place(topology.FOREHEAD_TOP)
    steps = np.linspace(0, 1.1, 56, dtype=np.float32)

    def last_inside(spots: Floats) -> float:
        places = np.round(head.at(spots)).astype(int)
        reached = 0.0
        for step, (x, y) in zip(steps, places, strict=True):
            if not (0 <= y < person.shape[0] and 0 <= x < person.shape[1]) or person[y, x] < 0.5:
                break
            reached = float(step)
        return reached

    level = np.full_like(steps, forehead[1] + 0.05)
    depth = np.full_like(steps, float(forehead[2]))
    right = last_inside(np.stack([steps, level, depth], 1))
    left = last_inside(np.stack([-steps, level, depth], 1))
    up = last_inside(np.stack([np.zeros_like(steps), forehead[1] - steps, depth], 1))
    return float(np.clip(max(right, left) + 0.02, 0.54, 0.68)), float(np.clip(up, 0.25, 0.62))


class _Hat:
    def __init__(self, head: Head, half: float, height: float) -> None:
        self._head = head
        self._forehead = head.place(topology.FOREHEAD_TOP)
        self.half = half
        self.brim = half * 1.5
        self._height = height

    def ring(self, radius: float, rise: float, sag: float = 0.0) -> Points:
        """A circle of that radius around the head, ``rise`` above the brim."""
        return self._at(
            np.cos(TURN) * radius, np.sin(TURN) * radius, np.full_like(TURN, rise) - sag * np.cos(TURN) ** 2
        )

    def crown(self) -> Points:
        """The outline of the crown: from the brim up, a little narrower at the top, with soft shoulders."""
        half, height = self.half, self._height
        front = TURN[len(TURN) // 2 :]
        base = self._at(np.cos(front) * half, np.sin(front) * half, np.zeros_like(front))
        sides = np.asarray([[0.97, 0.3], [0.9, 0.75], [0.74, 0.97], [0.35, 1.03], [0, 0.99]], np.float32)
        right = np.concatenate([sides, sides[-2::-1] * (-1, 1)]) * (half, height)
        top = self._at(right[:, 0], np.zeros(len(right), np.float32), right[:, 1])
        return np.concatenate([base, rounded_open(top)])

    def band(self) -> Points:
        lower = TURN[len(TURN) // 2 :]
        x, z = np.cos(lower) * self.half * 1.02, np.sin(lower) * self.half * 1.02
        rise = 0.24 * self._height
        upper = self._at(x[::-1] * 0.975, z[::-1] * 0.975, np.full_like(x, rise))
        return np.concatenate([self._at(x, z, np.zeros_like(x) - 0.004), upper])

    def dent(self) -> Points:
        """The crease along the top."""
        shape = rounded(np.asarray([[-0.5, 0.95], [0, 0.78], [0.5, 0.95], [0.4, 1.02], [0, 1.0], [-0.4, 1.02]]), 3)
        x, y = shape[:, 0] * self.half, shape[:, 1] * self._height
        return self._at(x, np.zeros_like(x), y)

    def across(self, xs: Floats, ys: Floats) -> Floats:
        """For picture points: -1 at the left edge of the crown, 1 at the right one."""
        middle = self._at(*(np.zeros(1, np.float32),) * 3)[0]
        axis = self._head.across[:2]
        size = self.half * self._head.width * max(float(axis @ axis), 0.2)
        return np.asarray(((xs - middle[0]) * axis[0] + (ys - middle[1]) * axis[1]) / size, np.float32)

    def _at(self, x: Numbers, z: Numbers, rise: Numbers) -> Points:
        """Around the hat's own axis (x to the right, z to the back), tipped, then set on the head."""
        c, s = np.cos(TIP), np.sin(TIP)
        down = -rise * c - z * s
        back = z * c - rise * s * 0.4
        base = self._forehead[1] + 0.02
        middle = float(self._forehead[2]) + self.half * 0.9
        return self._head.at(
            np.stack([x + self._forehead[0], down + base - self.half * s * 0.35, back + middle], 1).astype(np.float32)
        )


def rounded_open(line: Points) -> Points:
    """An open line with its inner corners cut off."""
    points = line
    for _ in range(3):
        inner = np.stack([0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]], 1)
        points = np.concatenate([points[:1], inner.reshape(-1, 2), points[-1:]])
    return np.asarray(points, np.float32)
