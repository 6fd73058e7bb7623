"""Removing text: found by OCR, its strokes told from the ground they stand on, the ground continued over them.

Only the strokes are painted over, not the whole box of a line: what shows between letters is the real picture and
stays. What can still be read afterwards is painted over as a box. Nothing is invented, so a large letter on a busy
ground leaves a smooth place.
"""

from difflib import SequenceMatcher

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.inpaint import inpainted, smoothed_over
from openhearth.engines.edit_image.pixels.layers import Colours, colours_of, with_alpha_of
from openhearth.engines.edit_image.pixels.reading import Line, Reader
from openhearth.engines.edit_image.plan import RemoveText
from openhearth.engines.edit_image.ports import Face, Pixels, Scene

Region = npt.NDArray[np.bool_]

_GROWTH = (0.06, 0.12)  # of the letter height around a stroke, per round; the last round takes whole boxes
_LEAST_FRAGMENT = 3


class Hole(msgspec.Struct, frozen=True):
    """Pixels to fill: a mask for one part of the picture."""

    place: tuple[slice, slice]
    mask: Region


class Eraser:
    """The operation."""

    def __init__(self, reader: Reader) -> None:
        self._read = reader

    def __call__(self, pixels: Pixels, step: RemoveText, scene: Scene, others: list[Pixels]) -> Pixels:
        """Without its text. Raises RequestError (``no_text_found``, naming what else was read)."""
        colours = colours_of(pixels).copy()
        lines = self._read(colours)
        wanted = first = [
            line for line in lines if _matches(line.text, step.only) and _stands(line, step.where, colours.shape)
        ]
        if not wanted:
            raise _nothing(step, lines)
        for growth in (*_GROWTH, None):
            masks = [_strokes(colours, line, growth) for line in wanted]
            barred = _together(colours.shape, masks)
            for mask in masks:
                _fill(colours, mask, barred, scene.faces)
            wanted = [line for line in self._read(colours) if _is_left(line, first)]
            if not wanted:
                break
        return with_alpha_of(pixels, colours)


def _matches(text: str, only: str) -> bool:
    """True for all text when ``only`` is empty; else when the line holds it, or is a cut-off part of it."""
    asked, read = _plain(only), _plain(text)
    return not asked or asked in read or (len(read) >= _LEAST_FRAGMENT and read in asked)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _stands(line: Line, where: str, shape: tuple[int, ...]) -> bool:
    """True when the line's centre lies in that part of the picture; parts overlap a little."""
    x, y = line.corners.mean(axis=0) / (shape[1], shape[0])
    inside = {"top": y < 0.4, "bottom": y > 0.6, "left": x < 0.55, "right": x > 0.45}
    if where == "centre":
        return bool(0.25 < y < 0.75 and 0.2 < x < 0.8)
    return all(inside[part] for part in where.split("_") if part)


def _nothing(step: RemoveText, lines: list[Line]) -> RequestError:
    if lines:
        read = ", ".join(f"“{line.text}”" for line in lines[:10])
        asked = f"“{step.only[:100]}”" if step.only else f"at the {step.where.replace('_', ' ')}"
        message = f"No text {asked} was found. What can be read in the picture: {read}. 没有找到指定的文字。"
    else:
        message = "No text or watermark that can be read was found in the picture. 图片中没有找到可识别的文字或水印。"
    return RequestError(message, code="no_text_found", param="prompt")


def _is_left(line: Line, first: list[Line]) -> bool:
    """True when the line is a rest of one found at first, not texture that looks like letters."""
    return any(
        _overlap(line, before) and SequenceMatcher(None, _plain(line.text), _plain(before.text)).ratio() > 0.3
        for before in first
    )


def _overlap(line: Line, other: Line) -> bool:
    low = np.maximum(line.corners.min(axis=0), other.corners.min(axis=0))
    high = np.minimum(line.corners.max(axis=0), other.corners.max(axis=0))
    return bool((high > low).all())


def _around(line: Line, shape: tuple[int, ...], pad: int) -> tuple[int, int, int, int]:
    x0, y0 = np.maximum(line.corners.min(axis=0).astype(int) - pad, 0)
    x1, y1 = np.minimum(line.corners.max(axis=0).astype(int) + pad + 1, (shape[1], shape[0]))
    return int(x0), int(y0), int(x1), int(y1)


def _strokes(colours: Colours, line: Line, growth: float | None) -> Hole:
    """The letters with their outline, grown by a share of their height; the whole box when ``growth`` is None."""
    x0, y0, x1, y1 = _around(line, colours.shape, max(40, int(1.5 * line.letter_height)))
    box = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
    cv2.fillPoly(box, [(line.corners - (x0, y0)).round().astype(np.int32)], 1)
    part = box > 0
    if growth is not None:
        part = _drawn(np.ascontiguousarray(colours[y0:y1, x0:x1]), part, line.letter_height, growth)
    return Hole((slice(y0, y1), slice(x0, x1)), part)


def _together(shape: tuple[int, ...], holes: list[Hole]) -> Region:
    whole = np.zeros(shape[:2], dtype=bool)
    for hole in holes:
        whole[hole.place] |= hole.mask
    return whole


def _fill(colours: Colours, hole: Hole, barred: Region, faces: list[Face]) -> None:
    """Fill the hole, in place, from what lies around it; nothing from elsewhere is put on a face."""
    part = np.ascontiguousarray(colours[hole.place])
    others = barred[hole.place] & ~hole.mask
    way = smoothed_over if any(_meets(hole, face) for face in faces) else inpainted
    colours[hole.place] = way(part, hole.mask, others)


def _meets(hole: Hole, face: Face) -> bool:
    """True when the hole touches a face or the hair around it."""
    x0, y0, x1, y1 = face.box
    wide, high = (x1 - x0) * 0.35, (y1 - y0) * 0.5
    ys, xs = np.nonzero(hole.mask)
    y, x = ys + hole.place[0].start, xs + hole.place[1].start
    return bool(((x > x0 - wide) & (x < x1 + wide) & (y > y0 - high) & (y < y1 + high / 2)).any())


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
    drawn = ((away > max(9.0, threshold * 0.55)) & box & (_rarity(colours, box) > 1.6)).astype(np.uint8)
    grow = 2 * max(1, round(letter * growth)) + 1
    drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow, grow)))
    return (np.asarray(drawn, dtype=np.uint8) > 0) & box


def _rarity(colours: Colours, box: Region) -> npt.NDArray[np.float32]:
    """How many times more often each pixel's colour occurs inside the box than outside it."""
    bins = colours.astype(np.intp) >> 4
    index = (bins[..., 0] << 8) + (bins[..., 1] << 4) + bins[..., 2]
    inside, outside = (_spectrum(index[part]) for part in (box, ~box))
    ratio = (inside + 1e-6) / (outside + 1e-5)
    return np.asarray(ratio.ravel()[index], dtype=np.float32)


def _spectrum(index: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
    """Share of each of 16 × 16 × 16 colours, spread a little over its neighbours."""
    counts = np.bincount(index, minlength=4096).astype(np.float32).reshape(16, 16, 16) / max(1, index.size)
    for axis in range(3):
        edged = np.pad(counts, [(1, 1) if other == axis else (0, 0) for other in range(3)], mode="edge")
        before, here, after = (np.take(edged, np.arange(16) + shift, axis=axis) for shift in range(3))
        counts = 0.25 * before + 0.5 * here + 0.25 * after
    return np.asarray(counts, dtype=np.float32)
