"""Light of a photographed page: shadows divided out, paper made white, ink made dark."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.core.documents import Mode
from openhearth.engines.read_document.files.picture import Pixels

_LOOK = 480
_PAPER_SPOT = 17  # pixels of the small picture: wider than a stroke, narrower than a shadow


def without_shadow(pixels: Pixels) -> Pixels:
    """Each colour divided by that of the paper around it: even light, colours of ink and stamps kept."""
    paper = background(pixels).astype(np.float32)
    even = pixels.astype(np.float32) / np.maximum(paper, 24.0) * 248
    return np.asarray(np.clip(even, 0, 255), dtype=np.uint8)


def background(pixels: Pixels) -> Pixels:
    """The colour of the paper at every place, as it would be without ink."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _LOOK / max(height, width))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    widest = cv2.dilate(small, np.ones((_PAPER_SPOT, _PAPER_SPOT), np.uint8))
    smooth = cv2.GaussianBlur(cv2.medianBlur(widest, 21), (0, 0), 6)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _brightened(pixels: Pixels) -> Pixels:
    """Paper to white and the darkest ink to black, colours kept."""
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(light, (1, 92))
    gain = 250 / max(40.0, float(high) - 0.6 * float(low))
    return np.asarray(np.clip((pixels.astype(np.float32) - 0.6 * float(low)) * gain, 0, 255), dtype=np.uint8)


def _sharpened(pixels: Pixels) -> Pixels:
    even = without_shadow(pixels).astype(np.float32)
    soft = cv2.GaussianBlur(even, (0, 0), 1.6)
    crisp = np.clip(even + 0.9 * (even - soft), 0, 255)
    return np.asarray(255 * (crisp / 255) ** 1.25, dtype=np.uint8)


def _grey(pixels: Pixels) -> Pixels:
    return _three(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))


def _black_and_white(pixels: Pixels) -> Pixels:
    """Sauvola's threshold (Pattern Recognition 33, 2000): the local mean, lowered where little contrast is."""
    grey = cv2.cvtColor(without_shadow(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    side = max(15, min(grey.shape) // 40) | 1
    mean = cv2.boxFilter(grey, -1, (side, side))
    spread = np.sqrt(np.maximum(cv2.boxFilter(grey * grey, -1, (side, side)) - mean * mean, 0))
    threshold = mean * (1 + 0.2 * (spread / 128 - 1))
    return _three((grey > threshold).astype(np.uint8) * 255)


def _three(grey: npt.NDArray[np.generic]) -> Pixels:
    return np.ascontiguousarray(np.dstack([grey] * 3), dtype=np.uint8)


IMPROVE: dict[Mode, Callable[[Pixels], Pixels]] = {
    Mode.BRIGHTEN: _brightened,
    Mode.SHARPEN: _sharpened,
    Mode.BLACK_WHITE: _black_and_white,
    Mode.GREY: _grey,
    Mode.NO_SHADOW: without_shadow,
}
