"""Looks for the whole picture. Strokes and lines scale with the picture, so that a thumbnail and a poster match."""

from collections.abc import Callable

import cv2
import numpy as np

from openhearth.engines.edit_image.pixels.layers import (
    Colours,
    Floats,
    at_most,
    blurred,
    colours_of,
    resized_to,
    to_bytes,
    to_floats,
    with_alpha_of,
)
from openhearth.engines.edit_image.plan import Style
from openhearth.engines.edit_image.ports import Pixels, Scene

_PAINTED_PIXELS = 3_000_000  # strokes hide finer detail than this anyway
_SEPIA = ((0.393, 0.769, 0.189), (0.349, 0.686, 0.168), (0.272, 0.534, 0.131))


def style(pixels: Pixels, step: Style, scene: Scene, others: list[Pixels]) -> Pixels:
    """The picture in another look; transparency stays as it is."""
    return with_alpha_of(pixels, _LOOKS[step.kind](colours_of(pixels)))


def _black_and_white(colours: Colours) -> Colours:
    return np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _sepia(colours: Colours) -> Colours:
    """The usual matrix, held below clipping so that skies keep their drawing."""
    toned = to_floats(colours) @ np.array(_SEPIA, dtype=np.float32).T
    return to_bytes(toned / np.maximum(1.0, toned.max(axis=2, keepdims=True)))


def _sketch(colours: Colours) -> Colours:
    """Pencil: colour dodge with a blurred negative draws the lines, a little broad tone gives the shading."""
    grey = to_floats(np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.uint8))
    unit = _unit(colours)
    lines = _dodged(grey, 2.0 * unit) * 0.6 + _dodged(grey, 7.0 * unit) * 0.4
    shading = 0.42 + 0.58 * np.minimum(1.0, 1.8 * blurred(grey, 0.6 * unit))
    paper = np.clip(lines, 0, 1) ** 2.6 * shading
    return to_bytes(np.clip(paper * 1.06, 0, 0.985))


def _dodged(grey: Floats, sigma: float) -> Floats:
    lift = 0.1  # keeps the grain of dark areas from being drawn as lines
    return np.minimum((grey + lift) / (blurred(grey, sigma) + lift), 1.0).astype(np.float32)


def _cartoon(colours: Colours) -> Colours:
    """Flat tones and ink lines (Winnemöller, Olsen and Gooch, "Real-time video abstraction", 2006)."""
    small = at_most(colours, _PAINTED_PIXELS)
    lab = np.asarray(cv2.cvtColor(to_floats(small), cv2.COLOR_RGB2LAB), dtype=np.float32)
    reach = 3.0 * _unit(small)
    for _ in range(4):
        lab = np.asarray(cv2.bilateralFilter(lab, 9, 9.0, reach), dtype=np.float32)
    lab[..., 0] = _stepped(lab[..., 0], steps=9)
    lab[..., 1:] *= 1.3
    flat = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.float32)
    flat = to_floats(resized_to(to_bytes(flat), colours.shape))
    return to_bytes(flat * _ink(colours)[..., None])


def _stepped(light: Floats, *, steps: int) -> Floats:
    """Lightness 0 … 100 in steps with soft edges, so that gradients do not tear."""
    width = 100.0 / steps
    nearest = np.round(light / width) * width
    return (nearest + width / 2 * np.tanh((light - nearest) * 0.5)).astype(np.float32)


def _ink(colours: Colours) -> Floats:
    """Lines where light changes: extended difference of Gaussians, 1 on paper and towards 0 on a line."""
    grey = to_floats(np.asarray(cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY), dtype=np.uint8))
    unit = _unit(colours)
    grey = blurred(grey, 0.8 * unit)
    fine, broad = blurred(grey, 0.9 * unit), blurred(grey, 1.45 * unit)
    response = fine - 0.985 * broad
    return np.where(response > 0, 1.0, np.clip(1 + np.tanh(response * 60), 0.1, 1)).astype(np.float32)


def _oil(colours: Colours) -> Colours:
    """Brush strokes by a generalised Kuwahara filter (Papari, Petkov and Campisi, 2007), then light on the paint."""
    small = at_most(colours, _PAINTED_PIXELS)
    paint = _kuwahara(to_floats(small), radius=max(2, round(5.0 * _unit(small))))
    hls = np.asarray(cv2.cvtColor(paint, cv2.COLOR_RGB2HLS), dtype=np.float32)
    hls[..., 2] = np.clip(hls[..., 2] * 1.22, 0, 1)
    paint = np.asarray(cv2.cvtColor(hls, cv2.COLOR_HLS2RGB), dtype=np.float32)
    return resized_to(to_bytes(paint * _relief(paint)[..., None]), colours.shape)


def _kuwahara(colours: Floats, *, radius: int) -> Floats:
    """Each pixel takes the mean of the calmest of eight overlapping sectors around it."""
    total = np.zeros_like(colours)
    weights = np.zeros(colours.shape[:2], dtype=np.float32)
    squares = colours * colours
    for kernel in _sectors(radius):
        mean = np.asarray(cv2.filter2D(colours, -1, kernel, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
        square = np.asarray(cv2.filter2D(squares, -1, kernel, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
        spread = np.abs(square - mean * mean).sum(axis=2)
        weight = 1.0 / (1e-6 + (spread * 255.0) ** 3)
        total += mean * weight[..., None]
        weights += weight
    return np.asarray(np.clip(total / weights[..., None], 0, 1), dtype=np.float32)


def _sectors(radius: int) -> list[Floats]:
    """Eight Gaussian pie slices; each sums to one."""
    reach = np.arange(-radius, radius + 1, dtype=np.float32)
    x, y = np.meshgrid(reach, reach)
    disc = np.exp(-(x * x + y * y) / (2 * (radius / 2.0) ** 2)) * (x * x + y * y <= radius * radius)
    angle = np.arctan2(y, x)
    kernels = []
    for sector in range(8):
        away = np.abs((angle - sector * np.pi / 4 + np.pi) % (2 * np.pi) - np.pi)
        slice_ = disc * np.clip(1.5 - away / (np.pi / 8), 0, 1)
        slice_[radius, radius] = disc[radius, radius]
        kernels.append((slice_ / slice_.sum()).astype(np.float32))
    return kernels


def _relief(paint: Floats) -> Floats:
    """Light from the upper left on the ridges between strokes, 1 where the paint is flat."""
    height = np.asarray(cv2.cvtColor(paint, cv2.COLOR_RGB2GRAY), dtype=np.float32)
    ridges = height - blurred(height, 2.5 * _unit(paint))
    slope = np.asarray(cv2.filter2D(ridges, -1, np.array([[2, 1, 0], [1, 0, -1], [0, -1, -2]], np.float32) / 4))
    return np.asarray(np.clip(1.0 + slope * 1.2, 0.92, 1.08), dtype=np.float32)


def _unit(picture: Colours | Floats) -> float:
    """One pixel of a picture whose short side has 512."""
    return max(0.5, float(min(picture.shape[:2])) / 512)


_LOOKS: dict[str, Callable[[Colours], Colours]] = {
    "black_and_white": _black_and_white,
    "sepia": _sepia,
    "sketch": _sketch,
    "cartoon": _cartoon,
    "oil": _oil,
}
