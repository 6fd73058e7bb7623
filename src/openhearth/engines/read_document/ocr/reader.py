"""Lines of text in a picture, by PP-OCR through RapidOCR; its networks come inside its wheel, nothing is fetched."""

import logging
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt
from rapidocr import RapidOCR

from openhearth.engines.read_document.files.picture import Pixels

Corners = npt.NDArray[np.float64]  # 4 × 2, x and y, clockwise from the top left as the text stands

_LONGEST_SIDE = 2000
_LEAST_SCORE = 0.5
_LEAST_LOOKED_AT = 0.2
_DOUBTFUL = 0.8
_MOST_AGAIN = 40
_STRIP = 1600  # pixels of a tall picture read at once
_OVERLAP = 160
_TALL = 2.2
_NARROWEST = 4  # times as long as wide
_MOST_LOOKED_AT = 8
_LEAST_TURNED = 0.6


class Read(msgspec.Struct, frozen=True):
    """One line. ``corners`` are in pixels of the picture that was read."""

    text: str
    score: float
    corners: Corners

    @property
    def length(self) -> float:
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def height(self) -> float:
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))


class Reader:
    """The networks: found text, its direction, its letters."""

    def __init__(self, *, threads: int) -> None:
        self._engine: Any = RapidOCR(
            params={
                "Global.max_side_len": _LONGEST_SIDE,
                "Global.text_score": _LEAST_LOOKED_AT,
                "Global.log_level": "critical",
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)

    def warm(self) -> None:
        """Load the networks now."""
        page = np.full((96, 320, 3), 255, np.uint8)
        cv2.putText(page, "warm", (20, 64), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 3)
        self.lines(page)

    def lines(self, pixels: Pixels) -> list[Read]:
        """All lines, as the detector finds them. A tall picture is read in strips, so that its letters stay large."""
        height, width = pixels.shape[:2]
        if height <= _LONGEST_SIDE or height < _TALL * width:
            return self._read(pixels, 0)
        found: list[Read] = []
        for top in range(0, max(1, height - _OVERLAP), _STRIP - _OVERLAP):
            strip = self._read(pixels[top : top + _STRIP], top)
            found += [line for line in strip if not any(_is_same(line, other) for other in found)]
        return found

    def _read(self, pixels: Pixels, top: int) -> list[Read]:
        page = _less_narrow(pixels)
        result = self._engine(np.ascontiguousarray(page[..., ::-1]), use_det=True, use_cls=True, use_rec=True)
        if result.boxes is None or result.txts is None:
            return []
        found = [
            Read(text, float(score), np.asarray(box, dtype=np.float64))
            for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
        ]
        doubtful = sorted(
            (number for number, line in enumerate(found) if line.score < _DOUBTFUL),
            key=lambda number: -found[number].length,
        )
        for number in doubtful[:_MOST_AGAIN]:
            found[number] = self._again(page, found[number])
        kept = (line for line in found if line.text.strip() and line.score >= _LEAST_SCORE)
        return [Read(line.text.strip(), line.score, line.corners + np.array((0, top))) for line in kept]

    def _again(self, page: Pixels, line: Read) -> Read:
        """Read in all its pixels, for a large page is read in fewer, and both ways up: a long line, squeezed for the
        network that tells its direction, is at times taken for one upside down."""
        best, crop = line, _upright(page, line)
        for side in (crop, crop[::-1, ::-1]):
            result = self._engine(np.ascontiguousarray(side[..., ::-1]), use_det=False, use_cls=False, use_rec=True)
            if result.txts and result.scores[0] > best.score:
                best = Read(result.txts[0], float(result.scores[0]), line.corners)
        return best

    def angle(self, pixels: Pixels, lines: list[Read]) -> int:
        """How far the page lies turned clockwise: 0, 90, 180 or 270. A few long lines decide."""
        long = sorted(lines, key=lambda line: -max(line.length, line.height))[:_MOST_LOOKED_AT]
        if not long:
            return 0
        standing = [line for line in long if line.height > 1.5 * line.length]
        is_standing = len(standing) > _LEAST_TURNED * len(long)
        looked = standing if is_standing else [line for line in long if line not in standing]
        turned = sum(self._is_upside_down(pixels, line) for line in looked)
        is_turned = bool(looked) and turned > _LEAST_TURNED * len(looked)
        if is_standing:
            return 270 if is_turned else 90
        return 180 if is_turned else 0

    def _is_upside_down(self, pixels: Pixels, line: Read) -> bool:
        crop = _upright(pixels, line)
        result = self._engine(np.ascontiguousarray(crop[..., ::-1]), use_det=False, use_cls=True, use_rec=False)
        label, score = result.cls_res[0] if result.cls_res else ("0", 1.0)
        return bool(label == "180" and score > 0.9)


def _upright(pixels: Pixels, line: Read) -> Pixels:
    """The line cut out and laid flat; one that stands is laid down."""
    width, height = max(1, round(line.length)), max(1, round(line.height))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(line.corners.astype(np.float32), target)
    crop = cv2.warpPerspective(pixels, matrix, (width, height))
    return np.asarray(np.rot90(crop) if height > 1.5 * width else crop, dtype=np.uint8)


def _less_narrow(pixels: Pixels) -> Pixels:
    """With its own colour added to the right or below: the detector enlarges the short side of a picture to hundreds
    of pixels, and the long side of a narrow one with it, without end."""
    height, width = pixels.shape[:2]
    tall, wide = max(height, -(-width // _NARROWEST)), max(width, -(-height // _NARROWEST))
    if (tall, wide) == (height, width):
        return pixels
    colour = [int(value) for value in np.median(pixels.reshape(-1, 3), axis=0)]
    whole = cv2.copyMakeBorder(pixels, 0, tall - height, 0, wide - width, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(whole, dtype=np.uint8)


def _is_same(line: Read, other: Read) -> bool:
    """The same line seen in two strips."""
    apart = np.abs(line.corners.mean(axis=0) - other.corners.mean(axis=0))
    return bool(apart[1] < 0.6 * max(line.height, other.height) and apart[0] < 0.5 * max(line.length, other.length))
