"""The head as a solid: a frame of three axes in space, so that things worn turn, nod and shrink with the face."""

import msgspec
import numpy as np

from openhearth.engines.edit_image.ports import Face, Points
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.crops import Floats


class Head(msgspec.Struct, frozen=True):
    """``across`` points to the viewer's right, ``down`` to the chin, ``back`` into the head; unit is the face's width.

    ``points`` are the 468 landmarks with depth, in pixels. Distances given to ``at`` are in face widths from ``eyes``,
    the middle between the eyes.
    """

    points: Floats
    eyes: Floats
    across: Floats
    down: Floats
    back: Floats
    width: float

    def at(self, spots: Floats) -> Points:
        """n × 3 places (right, down, back) in face widths, as n × 2 pixels of the picture."""
        axes = np.stack([self.across, self.down, self.back])
        places = self.eyes + np.asarray(spots, np.float32) @ axes * self.width
        return np.asarray(places[:, :2], np.float32)

    def place(self, *indices: int) -> Floats:
        """The mean of some landmarks as (right, down, back) in face widths."""
        axes = np.stack([self.across, self.down, self.back])
        return np.asarray(axes @ (self.points[list(indices)].mean(0) - self.eyes) / self.width, np.float32)


def head_of(face: Face) -> Head:
    """The frame of a face. Faces without depth are taken as seen from the front."""
    flat = np.asarray(face.landmarks, np.float32)
    depth = getattr(face, "depth", None)
    depth = np.zeros(len(flat), np.float32) if depth is None else np.asarray(depth, np.float32)
    points = np.concatenate([flat, depth[:, None]], axis=1)
    sides = points[topology.LEFT_SIDE] - points[topology.RIGHT_SIDE]
    corners = points[topology.LEFT_EYE_OUTER] - points[topology.RIGHT_EYE_OUTER]
    across = _unit(_unit(sides) + _unit(corners))
    down = points[topology.CHIN] - points[topology.FOREHEAD_TOP]
    down = _unit(down - across * float(down @ across))
    right, left = points[list(topology.RIGHT_EYE)].mean(0), points[list(topology.LEFT_EYE)].mean(0)
    width = max(float(np.linalg.norm(sides)), 1.0)
    return Head(points, (right + left) / 2, across, down, np.cross(across, down).astype(np.float32), width)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)
