"""What MediaPipe's two single-shot detectors share: anchors, reading their raw numbers, merging what overlaps.

Source: mediapipe/calculators/tflite/ssd_anchors_calculator.cc and util/non_max_suppression_calculator.cc.
"""

from itertools import groupby

import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.vision.crops import Floats


class Found(msgspec.Struct, frozen=True):
    """One detection: ``box`` x0, y0, x1, y1 and ``points`` n × 2, in the units it was decoded to."""

    score: float
    box: Floats
    points: Floats


def anchors(side: int, strides: tuple[int, ...]) -> Floats:
    """Centres (0 … 1) of the fixed-size anchors, two per cell and layer, layers of one stride sharing cells."""
    rows: list[Floats] = []
    for stride, layers in groupby(strides):
        cells = -(-side // stride)
        repeat = 2 * len(list(layers))
        centre = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        xs, ys = np.meshgrid(centre, centre)
        rows.append(np.repeat(np.stack([xs.ravel(), ys.ravel()], 1), repeat, axis=0))
    return np.concatenate(rows)


def decode(raw: Floats, logits: Floats, centres: Floats, side: int, least: float) -> list[Found]:
    """Detections scored at least ``least``, in crop pixels. ``raw`` is anchors × (4 + 2 points)."""
    scores = 1 / (1 + np.exp(-np.clip(logits.ravel(), -50, 50)))
    found = []
    for index in np.flatnonzero(scores >= least):
        numbers = raw[index].astype(np.float32)
        centre = centres[index] * side
        middle, size = numbers[:2] + centre, numbers[2:4]
        box = np.concatenate([middle - size / 2, middle + size / 2])
        found.append(Found(float(scores[index]), box, numbers[4:].reshape(-1, 2) + centre))
    return found


def overlap(a: Floats, b: Floats) -> float:
    """Intersection over union of two boxes."""
    shared = _area(np.concatenate([np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])]))
    return shared / max(_area(a) + _area(b) - shared, 1e-6)


def inside(a: Floats, b: Floats) -> float:
    """Share of the smaller box that lies in the other."""
    shared = _area(np.concatenate([np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])]))
    return shared / max(min(_area(a), _area(b)), 1e-6)


def _area(box: npt.NDArray[np.float32]) -> float:
    return float(max(box[2] - box[0], 0) * max(box[3] - box[1], 0))


def merge(found: list[Found], least_overlap: float = 0.3) -> list[Found]:
    """Weighted non-maximum suppression: each heap of overlapping detections becomes their weighted mean."""
    left = sorted(found, key=lambda one: -one.score)
    kept = []
    while left:
        best = left[0]
        heap = [one for one in left if one is best or overlap(best.box, one.box) > least_overlap]
        left = [one for one in left if not any(one is other for other in heap)]
        weights = np.asarray([one.score for one in heap], np.float32)
        weights /= weights.sum()
        box = np.tensordot(weights, np.stack([one.box for one in heap]), 1).astype(np.float32)
        points = np.tensordot(weights, np.stack([one.points for one in heap]), 1).astype(np.float32)
        kept.append(Found(best.score, box, points))
    return kept
