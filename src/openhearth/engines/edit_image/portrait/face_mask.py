"""A pleated face mask over nose, mouth and chin, with loops to the ears."""

import cv2
import numpy as np

from openhearth.engines.edit_image.portrait.layer import Layer, flowing
from openhearth.engines.edit_image.portrait.solid import Head
from openhearth.engines.edit_image.ports import Pixels, Points
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.crops import Floats

RGB = tuple[float, float, float]

# Landmarks from the viewer's left to right.
TOP = (93, 123, 101, 197, 330, 352, 323)
JAW = (323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93)
RIDGE = (197, 195, 5, topology.NOSE_TIP, 1, 0, 17, 200, topology.CHIN)  # down the middle
OUTWARDS = 1.045
TURNED = 0.25  # sine of the angle from which the far cheek is hidden
PLEATS = (0.34, 0.52, 0.7)


def put_on(pixels: Pixels, head: Head, colour: RGB) -> Pixels:
    """Draw it on one head; light and shadow of the face below stay on it."""
    points = head.points[:, :2]
    top = flowing(points[list(TOP)])
    jaw = _grown(points[list(JAW)], head)
    outline = _outline(head, top, flowing(jaw))
    low, high = outline.min(0) - 0.35 * head.width, outline.max(0) + 0.1 * head.width
    layer = Layer(pixels, (float(low[0]), float(low[1]), float(high[0] + 0.25 * head.width), float(high[1])))
    if layer.empty:
        return pixels
    for side in (-1, 1):
        for loop in _loops(head, jaw, top, side):
            layer.paint(layer.stroke(loop, max(1.0, 0.014 * head.width)), (236, 238, 240))
    body = layer.shape(outline)
    tone = np.asarray(colour, np.float32)
    layer.paint(body, np.clip(tone * _light(layer, head, pixels)[..., None], 0, 255))
    for share in PLEATS:
        crease = _between(top, flowing(jaw)[::-1], share)
        wide = max(1.0, 0.016 * head.width)
        layer.paint(layer.stroke(crease, wide) * body, tone * 0.7, 0.55)
        layer.paint(layer.stroke(crease - head.down[:2] * wide, wide) * body, np.minimum(tone * 1.12, 255), 0.5)
    layer.paint(layer.stroke(top, max(1.0, 0.02 * head.width)) * body, np.minimum(tone * 0.93, 255), 0.8)
    return layer.laid_on(pixels)


def _outline(head: Head, top: Points, jaw: Points) -> Points:
    """Along the edges; of a face turned away the nose, lips and chin are the far edge."""
    if abs(float(head.across[2])) < TURNED:
        return np.concatenate([top, jaw])
    ridge = _grown(head.points[list(RIDGE), :2], head)
    hull = cv2.convexHull(np.concatenate([top, jaw, ridge]).astype(np.float32))
    return np.asarray(hull[:, 0], np.float32)


def _grown(line: Points, head: Head) -> Points:
    middle = head.points[[topology.NOSE_TIP, 13], :2].mean(0)
    return np.asarray(middle + (line - middle) * OUTWARDS, np.float32)


def _between(top: Points, bottom: Points, share: float) -> Points:
    """A line across the mask, ``share`` of the way down."""
    places = np.linspace(0, 1, 40)

    def along(line: Points) -> Floats:
        steps = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        steps /= max(float(steps[-1]), 1e-6)
        return np.stack([np.interp(places, steps, line[:, axis]) for axis in (0, 1)], 1).astype(np.float32)

    return along(top) * (1 - share) + along(bottom) * share


def _loops(head: Head, jaw: Points, top: Points, side: int) -> list[Points]:
    """Two cords to the ear; none on a side that is turned away."""
    if head.across[2] * side > 0.2:
        return []
    ear = head.points[topology.LEFT_TEMPLE if side > 0 else topology.RIGHT_TEMPLE, :2]
    ear = ear + head.across[:2] * (0.05 * head.width * side) + head.down[:2] * (0.1 * head.width)
    upper = top[-1] if side > 0 else top[0]
    lower = jaw[2] if side > 0 else jaw[-3]
    return [np.stack([upper, ear]), np.stack([lower, ear])]


def _light(layer: Layer, head: Head, pixels: Pixels) -> Floats:
    """The light on the face, without its features, as a factor around 1 for each pixel of the sheet."""
    xs, ys = layer.grid()
    grey = cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2GRAY)
    x0, y0, x1, y1 = int(xs[0, 0]), int(ys[0, 0]), int(xs[0, -1]) + 1, int(ys[-1, 0]) + 1
    part = grey[y0 : y1 + 1, x0 : x1 + 1].astype(np.float32)
    broad = cv2.GaussianBlur(part, (0, 0), max(1.0, 0.12 * head.width))
    nose = head.points[topology.NOSE_TIP]
    side = ((xs - nose[0]) * head.across[0] + (ys - nose[1]) * head.across[1]) / (0.5 * head.width)
    form = 1.06 - 0.2 * np.clip(np.abs(side), 0, 1.2) ** 2  # it curves away to the sides
    fitted = np.asarray(cv2.resize(broad, (xs.shape[1], xs.shape[0])), np.float32)
    usual = float(np.median(broad))
    return np.asarray(form * np.clip((fitted + 40) / (usual + 40), 0.82, 1.12), np.float32)
