"""Colour and transparency, kept apart while colours are worked on.

The colour under a fully transparent pixel means nothing, yet a blur would drag it into view. So every filter works
on colours that are filled in from the visible neighbourhood, and alpha is put back afterwards.
"""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.ports import Mask, Pixels

Colours = npt.NDArray[np.uint8]  # height × width × 3, RGB
Floats = npt.NDArray[np.float32]  # any number of channels


def colours_of(pixels: Pixels) -> Colours:
    """RGB with transparent pixels filled from their visible neighbours."""
    colours = np.ascontiguousarray(pixels[..., :3])
    alpha = pixels[..., 3]
    if alpha.min() > 0:
        return colours
    if alpha.max() == 0:
        return colours
    return np.where((alpha > 0)[..., None], colours, _spread(colours, alpha))


def _spread(colours: Colours, alpha: npt.NDArray[np.uint8]) -> Colours:
    """Each pixel's colour as the average of visible ones near it, from the nearest scale that has any."""
    weight = to_floats(alpha)
    levels: list[tuple[Floats, Floats]] = [((colours * weight[..., None]).astype(np.float32), weight)]
    while min(levels[-1][1].shape) > 1:
        colour, share = levels[-1]
        size = ((share.shape[1] + 1) // 2, (share.shape[0] + 1) // 2)
        levels.append((_shrunk(colour, size), _shrunk(share, size)))
    colour, share = levels.pop()
    known = np.asarray(colour / np.maximum(share, 1e-6)[..., None], dtype=np.float32)
    for colour, share in reversed(levels):
        known = _grown(known, share.shape)
        seen = np.clip(share, 0, 1)[..., None]
        mean = np.asarray(colour / np.maximum(share, 1e-6)[..., None], dtype=np.float32)
        known = np.where(seen > 1e-3, mean, known)
    return np.asarray(np.clip(known.reshape(colours.shape) + 0.5, 0, 255), dtype=np.uint8)


def _shrunk(plane: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _grown(plane: Floats, shape: tuple[int, ...]) -> Floats:
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def with_alpha_of(pixels: Pixels, colours: npt.NDArray[np.uint8]) -> Pixels:
    """New colours under the old transparency. ``colours`` may be one grey plane."""
    if colours.ndim == 2:
        colours = np.repeat(colours[..., None], 3, axis=2)
    return np.dstack([colours, pixels[..., 3]])


def to_bytes(values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """0 … 1 to 0 … 255, rounded."""
    return np.asarray(np.clip(values, 0, 1) * 255 + 0.5, dtype=np.uint8)


def to_floats(values: npt.NDArray[np.uint8]) -> Floats:
    """0 … 255 to 0 … 1."""
    return np.asarray(values, dtype=np.float32) / np.float32(255)


def premultiplied(pixels: Pixels) -> Floats:
    """Height × width × 4 in 0 … 1, colours times alpha: the form in which pixels may be averaged."""
    values = to_floats(pixels)
    values[..., :3] *= values[..., 3:]
    return values


def straight(values: Floats) -> Pixels:
    """The inverse of ``premultiplied``. Overshoot of a sharp resampling is taken back in colour and alpha alike."""
    alpha = values[..., 3:]
    colours = np.divide(values[..., :3], alpha, out=np.zeros_like(values[..., :3]), where=alpha > 1e-3)
    return to_bytes(np.concatenate([colours, alpha], axis=2))


def mixed(before: Pixels, after: Pixels, share: Mask) -> Pixels:
    """``after`` where ``share`` is 1, ``before`` where it is 0."""
    inside = np.clip(share, 0, 1)[..., None]
    if int(before[..., 3].min()) == 255 and int(after[..., 3].min()) == 255:
        blend = before + (after.astype(np.float32) - before) * inside
        return (blend + 0.5).astype(np.uint8)
    blended = straight(premultiplied(before) * (1 - inside) + premultiplied(after) * inside)
    return np.where(inside <= 0, before, np.where(inside >= 1, after, blended))


def over(below: Pixels, above: Pixels) -> Pixels:
    """``above`` laid on ``below`` (Porter and Duff's *over*); untouched pixels stay exactly as they are."""
    drawn = above[..., 3] > 0
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    laid = below.copy()
    if rows.size == 0:
        return laid
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    top, bottom = premultiplied(above[part]), premultiplied(below[part])
    whole = straight(top + bottom * (1 - top[..., 3:]))
    laid[part] = np.where(drawn[part][..., None], whole, below[part])
    return laid


def blurred(values: Floats, sigma: float) -> Floats:
    """Gaussian blur; a wide one is done on a smaller copy, where it looks the same and costs little."""
    if sigma < 0.2:
        return values
    step = max(1, int(sigma / 4))
    if step == 1:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), dtype=np.float32)
    height, width = values.shape[:2]
    small = _shrunk(values, (max(1, width // step), max(1, height // step)))
    soft = cv2.GaussianBlur(small, (0, 0), sigma / step, borderType=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def at_most(colours: Colours, most_pixels: int) -> Colours:
    """The picture itself, or a smaller copy of about ``most_pixels``."""
    height, width = colours.shape[:2]
    scale = (most_pixels / (height * width)) ** 0.5
    if scale >= 1:
        return colours
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def resized_to(values: npt.NDArray[np.uint8], shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Back to the height and width of ``shape``."""
    if values.shape[:2] == tuple(shape[:2]):
        return values
    return np.asarray(cv2.resize(values, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
