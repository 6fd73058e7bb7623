"""A nearer look, or a larger canvas. What is put around a picture is made of the picture: nothing is invented."""

import cv2
import numpy as np

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.shape import margins, resampled
from openhearth.engines.edit_image.plan import Expand, Zoom
from openhearth.engines.edit_image.ports import Pixels, Scene

_BORDERS = {"mirror": cv2.BORDER_REFLECT, "edge": cv2.BORDER_REPLICATE}
_MOST_CUT = 0.9
_FEATHER = 0.02  # of the shorter side


def zoom(pixels: Pixels, step: Zoom, scene: Scene, others: list[Pixels]) -> Pixels:
    """The middle at the old size. Raises RequestError (``zoom_too_far``) when nothing would be left."""
    if step.left + step.right >= _MOST_CUT or step.top + step.bottom >= _MOST_CUT:
        raise RequestError("So much cannot be cut off. 裁掉的部分太多。", code="zoom_too_far", param="prompt")
    height, width = pixels.shape[:2]
    top, bottom = round(step.top * height), height - round(step.bottom * height)
    left, right = round(step.left * width), width - round(step.right * width)
    return resampled(np.ascontiguousarray(pixels[top:bottom, left:right]), width, height)


def expand(pixels: Pixels, step: Expand, scene: Scene, others: list[Pixels]) -> Pixels:
    """The picture on a larger canvas. Raises RequestError (``expand_nowhere``) when nothing is to be added."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = margins(step, width, height)
    if not left + top + right + bottom:
        raise RequestError(
            "The picture has that shape already: say how far to extend it. 图片已是该比例，请说明扩展多少。",
            code="expand_nowhere",
            param="aspect_ratio",
        )
    size = (left + width + right, top + height + bottom)
    canvas = _covered(pixels, size) if step.fill == "blur" else _mirrored(pixels, (left, top, right, bottom), step.fill)
    return _pasted(canvas, pixels, left, top)


def _mirrored(pixels: Pixels, around: tuple[int, int, int, int], fill: str) -> Pixels:
    """Reflected (or its edge drawn out), softer the farther away."""
    left, top, right, bottom = around
    canvas = np.asarray(cv2.copyMakeBorder(pixels, top, bottom, left, right, _BORDERS[fill]), dtype=np.uint8)
    height, width = canvas.shape[:2]
    outside = np.full((height, width), 255, np.uint8)
    outside[top : top + pixels.shape[0], left : left + pixels.shape[1]] = 0
    far = np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, 3), dtype=np.float32)
    short = min(pixels.shape[:2])
    for reach, sigma in ((0.0, 0.006), (0.06, 0.014), (0.16, 0.03)):
        soft = np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.5, sigma * short)), dtype=np.float32)
        share = np.clip((far - reach * short) / max(1.0, 0.08 * short), 0, 1)[..., None]
        canvas = (canvas * (1 - share) + soft * share + 0.5).astype(np.uint8)
    return canvas


def _covered(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture enlarged until it covers the canvas, and blurred."""
    width, height = size
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    small = resampled(pixels, max(1, round(pixels.shape[1] * scale / 8)), max(1, round(pixels.shape[0] * scale / 8)))
    soft = np.asarray(cv2.GaussianBlur(small, (0, 0), max(1.0, min(small.shape[:2]) * 0.03)), dtype=np.uint8)
    large = np.asarray(cv2.resize(soft, None, fx=8.5, fy=8.5, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    top, left = (large.shape[0] - height) // 2, (large.shape[1] - width) // 2
    if top < 0 or left < 0:
        return resampled(large, width, height)
    return np.ascontiguousarray(large[top : top + height, left : left + width])


def _pasted(canvas: Pixels, pixels: Pixels, left: int, top: int) -> Pixels:
    """The picture itself, untouched, but for a soft edge where the canvas goes on."""
    height, width = pixels.shape[:2]
    soft = max(1, round(min(height, width) * _FEATHER))
    across = np.minimum(
        np.where(left > 0, (np.arange(width) + 1) / soft, 1.0),
        np.where(canvas.shape[1] - left - width > 0, (width - np.arange(width)) / soft, 1.0),
    )
    down = np.minimum(
        np.where(top > 0, (np.arange(height) + 1) / soft, 1.0),
        np.where(canvas.shape[0] - top - height > 0, (height - np.arange(height)) / soft, 1.0),
    )
    share = np.clip(np.minimum(across[None], down[:, None]), 0, 1)[..., None].astype(np.float32)
    area = canvas[top : top + height, left : left + width]
    area[...] = (area * (1 - share) + pixels * share + 0.5).astype(np.uint8)
    return canvas
