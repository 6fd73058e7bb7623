"""The operation "hide faces": blurred or pixelated beyond recognition, in the shape of the head."""

import cv2
import numpy as np

from openhearth.engines.edit_image.plan import HideFaces, Op
from openhearth.engines.edit_image.portrait.solid import Head, head_of
from openhearth.engines.edit_image.ports import Mask, Pixels, Scene
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.crops import Floats

BLOCKS = 7  # across a face: fewer than anyone can be recognised by
MARGIN = 1.22  # beyond the mesh, which ends before the ears and the hairline


def hide_faces(pixels: Pixels, step: Op, scene: Scene, others: list[Pixels]) -> Pixels:
    """Blur or pixelate the chosen faces. Raises RequestError when there is no such face."""
    assert isinstance(step, HideFaces)
    out = pixels.copy()
    for face in scene.chosen(step.who):
        _hide(out, head_of(face), step.kind)
    return out


def _hide(out: Pixels, head: Head, kind: str) -> None:
    oval = head.points[list(topology.FACE_OVAL), :2]
    middle, half_across, half_down = _ellipse(oval, head)
    reach = max(half_across, half_down) * 1.1 + 2
    height, width = out.shape[:2]
    x0, y0 = max(int(middle[0] - reach), 0), max(int(middle[1] - reach), 0)
    x1, y1 = min(int(middle[0] + reach) + 1, width), min(int(middle[1] + reach) + 1, height)
    if x1 <= x0 or y1 <= y0:
        return
    part = out[y0:y1, x0:x1, :3].copy()
    share = _share(part.shape[:2], head, middle - (x0, y0), (half_across, half_down))[..., None]
    hidden = _pixelated(part, head) if kind == "pixelate" else _blurred(part, head)
    mixed = np.round(part + (hidden - part) * share)
    out[y0:y1, x0:x1, :3] = np.where(share > 0, np.clip(mixed, 0, 255), part).astype(np.uint8)


def _ellipse(oval: Floats, head: Head) -> tuple[Floats, float, float]:
    """Around the mesh's oval along the face's own axes: middle, half width, half height in pixels."""
    down = head.down[:2] / max(float(np.linalg.norm(head.down[:2])), 1e-6)
    across = np.asarray([down[1], -down[0]], np.float32)
    x, y = oval @ across, oval @ down
    middle = across * (x.min() + x.max()) / 2 + down * (y.min() + y.max()) / 2
    return middle.astype(np.float32), float(np.ptp(x)) / 2 * MARGIN, float(np.ptp(y)) / 2 * MARGIN


def _share(shape: tuple[int, ...], head: Head, middle: Floats, half: tuple[float, float]) -> Mask:
    ys, xs = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    down = head.down[:2] / max(float(np.linalg.norm(head.down[:2])), 1e-6)
    xs, ys = xs - middle[0], ys - middle[1]
    across, along = xs * down[1] - ys * down[0], xs * down[0] + ys * down[1]
    far = np.sqrt((across / half[0]) ** 2 + (along / half[1]) ** 2)
    return np.asarray(np.clip((1 - far) * min(half) / max(1.0, 0.03 * min(half)) + 0.5, 0, 1), np.float32)


def _pixelated(part: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", head: Head) -> Floats:
    block = max(2, round(head.width / BLOCKS))
    height, width = part.shape[:2]
    few = cv2.resize(part, (max(1, width // block), max(1, height // block)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)


def _blurred(part: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]", head: Head) -> Floats:
    return np.asarray(cv2.GaussianBlur(part.astype(np.float32), (0, 0), max(2.0, head.width / 7)), np.float32)
