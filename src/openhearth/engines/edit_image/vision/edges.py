"""Letting a coarse mask follow the picture's own edges, also on pictures far larger than the mask.

Guided filter (He, Sun, Tang 2010) with a colour guide; "fast" variant (He, Sun 2015): the local linear models are
found on the small picture and applied to the large one strip by strip, so memory stays small.
"""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision.crops import RGB, Floats

STRIP_ROWS = 512


def follow(mask: Mask, guide: RGB, radius: int, smooth: float = 2e-4) -> Mask:
    """The mask redrawn along the guide's edges. ``radius`` in pixels; both have the same size."""
    slopes, offset = _models(mask, guide.astype(np.float32) / 255, radius, smooth)
    out = np.einsum("hwc,hwc->hw", slopes, guide.astype(np.float32) / 255) + offset
    return np.asarray(np.clip(out, 0, 1), np.float32)


def enlarge(mask: Mask, small: RGB, large: RGB, radius: int, smooth: float = 2e-4) -> Mask:
    """The mask of ``small`` for the same picture in its full size ``large``, following the edges of ``large``."""
    if small.shape == large.shape:
        return follow(mask, large, radius, smooth)
    height, width = large.shape[:2]
    slopes, offset = _models(mask, small.astype(np.float32) / 255, radius, smooth)
    models = np.dstack([slopes, offset])
    out = np.empty((height, width), np.float32)
    ratio_y, ratio_x = mask.shape[0] / height, mask.shape[1] / width
    for top in range(0, height, STRIP_ROWS):
        rows = min(STRIP_ROWS, height - top)
        # pixel centres: (x + 0.5) * ratio - 0.5
        matrix = np.asarray([[ratio_x, 0, 0.5 * ratio_x - 0.5], [0, ratio_y, (top + 0.5) * ratio_y - 0.5]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        wide = cv2.warpAffine(models, matrix, (width, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        strip = large[top : top + rows].astype(np.float32) / 255
        out[top : top + rows] = np.clip((wide[..., :3] * strip).sum(-1) + wide[..., 3], 0, 1)
    return out


def _models(mask: Mask, guide: npt.NDArray[np.floating], radius: int, smooth: float) -> tuple[Floats, Floats]:
    def mean(values: Floats) -> Floats:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)), np.float32)

    average, level = mean(guide), mean(mask)
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = mean(np.dstack([guide[..., i] * guide[..., j] for i, j in pairs[:3]]))
    spread2 = mean(np.dstack([guide[..., i] * guide[..., j] for i, j in pairs[3:]]))
    together = mean(guide * mask[..., None]) - average * level[..., None]
    rr, rg, rb = (spread[..., k] - average[..., i] * average[..., j] for k, (i, j) in enumerate(pairs[:3]))
    gg, gb, bb = (spread2[..., k] - average[..., i] * average[..., j] for k, (i, j) in enumerate(pairs[3:]))
    rr, gg, bb = rr + smooth, gg + smooth, bb + smooth
    # the inverse of the symmetric 3 × 3 covariance, written out: much faster than a batched solver
    c00, c01, c02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c11, c12, c22 = rr * bb - rb * rb, rg * rb - rr * gb, rr * gg - rg * rg
    determinant = np.maximum(rr * c00 + rg * c01 + rb * c02, 1e-15)
    x, y, z = together[..., 0], together[..., 1], together[..., 2]
    slopes = np.dstack([c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z])
    slopes = np.asarray(slopes / determinant[..., None], np.float32)
    offset = level - (slopes * average).sum(-1)
    return mean(slopes), mean(np.asarray(offset, np.float32))
