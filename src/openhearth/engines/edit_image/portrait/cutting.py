"""Exact shares at the rim of a mask, so that a dyed black coat keeps no black line and nothing beside it is dyed.

A pixel on the rim is a mixture I = share × F + (1 - share) × B of the thing's colour F and what lies beside it, B.
With F and B read close by, the share follows, and dyeing only F gives I + share × (F dyed - F).
"""

import cv2
import msgspec
import numpy as np

from openhearth.engines.edit_image.ports import Mask
from openhearth.engines.edit_image.vision.colours import Bools
from openhearth.engines.edit_image.vision.crops import RGB, Floats

CLEARLY_APART = 30.0  # in sRGB steps, over all three channels


class Cutting(msgspec.Struct, frozen=True):
    """``share`` of the thing in each pixel and ``own``, the thing's colour there (0 … 255); same size as the part."""

    share: Mask
    own: Floats


def cutting_of(part: RGB, mask: Mask, reach: int) -> Cutting:
    """Shares and pure colours in a part of a picture. ``reach`` in pixels: how wide the rim can be."""
    core, outside = _shrunk(mask > 0.9, reach), _shrunk(mask < 0.1, reach)
    colours = part.astype(np.float32)
    inner, inner_weight = _mean_near(colours, core, reach)
    outer, outer_weight = _mean_near(colours, outside, reach)
    apart = inner - outer
    size = (apart * apart).sum(-1)
    measured = np.clip(((colours - outer) * apart).sum(-1) / np.maximum(size, 1.0), 0, 1)
    known = (inner_weight > 0.01) & (outer_weight > 0.01)
    trust = np.where(known, np.clip((np.sqrt(size) - CLEARLY_APART) / CLEARLY_APART, 0, 1), 0)
    rim = ~core & ~outside
    share = np.where(rim, mask + (measured - mask) * trust, mask)
    share[share < 0.02] = 0
    replace = rim & (inner_weight > 0.01) & (share > 0)
    # a rim pixel wholly of the thing keeps its own colour: only what is mixed needs the neighbours' one
    weight = (replace * (1 - share) * 2).clip(0, 1)[..., None]
    own = colours + (inner - colours) * weight
    return Cutting(np.asarray(share, np.float32), np.asarray(own, np.float32))


def _shrunk(where: Bools, reach: int) -> Bools:
    size = 2 * reach + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.erode(where.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE) > 0)


def _mean_near(colours: Floats, where: Bools, reach: int) -> tuple[Floats, Floats]:
    weight = where.astype(np.float32)
    size = 4 * reach + 1
    total = cv2.blur(weight, (size, size))
    means = cv2.blur(colours * weight[..., None], (size, size)) / np.maximum(total, 1e-6)[..., None]
    return np.asarray(means, np.float32), np.asarray(total, np.float32)
