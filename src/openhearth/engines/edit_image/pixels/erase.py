"""Removing text: found by OCR, its strokes told from the ground they stand on, the ground continued over them.

Only the strokes are painted over, not the whole box of a line: what shows between letters is the real picture and
stays. What can still be read afterwards is painted over as a box. Nothing is invented, so a large letter on a busy
ground leaves a smooth place.
"""

import cv2
import numpy as np
import numpy.typing as npt

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.inpaint import inpainted
from openhearth.engines.edit_image.pixels.layers import Colours, colours_of, with_alpha_of
from openhearth.engines.edit_image.pixels.reading import Line, Reader
from openhearth.engines.edit_image.plan import RemoveText
from openhearth.engines.edit_image.ports import Pixels, Scene

Region = npt.NDArray[np.bool_]

_GROWTH = (0.05, 0.10)  # of the letter height around a stroke, per round; the last round takes whole boxes
_LEAST_FRAGMENT = 3


class Eraser:
    """The operation."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def __call__(self, pixels: Pixels, step: RemoveText, scene: Scene, others: list[Pixels]) -> Pixels:
        """Without its text. Raises RequestError (``no_text_found``, naming what else was read)."""
        colours = colours_of(pixels)
        lines = self._read(colours)
        wanted = [line for line in lines if _matches(line.text, step.only)]
        if not wanted:
            raise _nothing(step.only, lines)
        for growth in (*_GROWTH, None):
            masks = [_strokes(colours, line, growth) for line in wanted]
            barred = np.any(masks, axis=0)
            for line, mask in zip(wanted, masks, strict=True):
                colours = _without(colours, line, mask, barred)
            wanted = [line for line in self._read(colours) if _matches(line.text, step.only) and _touches(line, barred)]
            if not wanted:
                break
        return with_alpha_of(pixels, colours)


def _matches(text: str, only: str) -> bool:
    """True for all text when ``only`` is empty; else when the line holds it, or is a cut-off part of it."""
    asked, read = _plain(only), _plain(text)
    return not asked or asked in read or (len(read) >= _LEAST_FRAGMENT and read in asked)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _nothing(only: str, lines: list[Line]) -> RequestError:
    if only and lines:
        read = ", ".join(f"“{line.text}”" for line in lines[:10])
        message = f"The text “{only[:100]}” was not found in the picture. What can be read there: {read}."
    else:
        message = "No text or watermark that can be read was found in the picture."
    return RequestError(message, code="no_text_found", param="prompt")


def _touches(line: Line, region: Region) -> bool:
    x0, y0, x1, y1 = _around(line, region.shape, 0)
    return bool(region[y0:y1, x0:x1].any())


def _around(line: Line, shape: tuple[int, ...], pad: int) -> tuple[int, int, int, int]:
    x0, y0 = np.maximum(line.corners.min(axis=0).astype(int) - pad, 0)
    x1, y1 = np.minimum(line.corners.max(axis=0).astype(int) + pad + 1, (shape[1], shape[0]))
    return int(x0), int(y0), int(x1), int(y1)


def _without(colours: Colours, line: Line, mask: Region, barred: Region) -> Colours:
    """The hole filled from what lies around the line."""
    x0, y0, x1, y1 = _around(line, mask.shape, max(40, int(1.5 * line.letter_height)))
    cut = (slice(y0, y1), slice(x0, x1))
    result = colours.copy()
    result[cut] = inpainted(np.ascontiguousarray(colours[cut]), mask[cut], barred[cut] & ~mask[cut])
    return result


def _strokes(colours: Colours, line: Line, growth: float | None) -> Region:
    """The letters with their outline, grown by a share of their height; the whole box when ``growth`` is None."""
    whole = np.zeros(colours.shape[:2], dtype=bool)
    x0, y0, x1, y1 = _around(line, colours.shape, int(line.letter_height * 0.6) + 4)
    box = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    cv2.fillPoly(box, [(line.corners - (x0, y0)).round().astype(np.int32)], 1)
    part = box > 0
    if growth is not None:
        part = _drawn(np.ascontiguousarray(colours[y0:y1, x0:x1]), part, line.letter_height, growth)
    whole[y0:y1, x0:x1] = part
    return whole


def _drawn(colours: Colours, box: Region, letter: float, growth: float) -> Region:
    """Pixels of the box that differ from their neighbourhood and have a colour which is rare around the box."""
    reach = min(int(letter * 0.9) | 1, 255)
    scale = min(1.0, 61 / reach)
    small = cv2.resize(colours, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else colours
    ground = cv2.medianBlur(np.asarray(small, dtype=np.uint8), max(3, int(reach * scale) | 1))
    ground = cv2.resize(ground, colours.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    away = cv2.absdiff(colours, np.asarray(ground, dtype=np.uint8)).max(axis=2)
    values = np.ascontiguousarray(away[box]).reshape(-1, 1)
    threshold, _ = cv2.threshold(values, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    drawn = ((away > max(8.0, threshold * 0.5)) & box & (_rarity(colours, box) > 1.4)).astype(np.uint8)
    grow = 2 * max(1, round(letter * growth)) + 1
    drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))
    return (np.asarray(drawn, dtype=np.uint8) > 0) & box


def _rarity(colours: Colours, box: Region) -> npt.NDArray[np.float32]:
    """How many times more often each pixel's colour occurs inside the box than outside it."""
    bins = colours.astype(np.intp) >> 4
    index = (bins[..., 0] << 8) + (bins[..., 1] << 4) + bins[..., 2]
    shares = []
    for part in (box, ~box):
        counts = np.bincount(index[part], minlength=4096).astype(np.float32).reshape(16, 16, 16)
        for axis in range(3):
            padded = np.pad(counts, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
            counts = sum(
                weight * np.take(padded, np.arange(16) + shift, axis=axis)
                for shift, weight in ((0, 0.25), (1, 0.5), (2, 0.25))
            )
        shares.append(np.asarray(counts / max(1.0, float(part.sum())), dtype=np.float32))
    ratio = (shares[0] + 1e-6) / (shares[1] + 1e-5)
    return np.asarray(ratio.ravel()[index], dtype=np.float32)
