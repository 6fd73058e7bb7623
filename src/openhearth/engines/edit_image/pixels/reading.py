"""Where text stands in a picture, by RapidOCR (PP-OCR networks that come inside its wheel; nothing is downloaded)."""

import logging
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.edit_image.pixels.layers import Colours

_LEAST_SCORE = 0.5
_LEAST_LONELY_SCORE = 0.9  # round things are easily taken for a single letter
_LONGEST_SIDE = 2000


class Line(msgspec.Struct, frozen=True):
    """One line of text. ``corners`` are four points, x and y in pixels, around it."""

    text: str
    corners: npt.NDArray[np.float32]

    @property
    def letter_height(self) -> float:
        """The short side of the line in pixels."""
        sides = np.linalg.norm(self.corners - np.roll(self.corners, -1, axis=0), axis=1)
        return float(max(4.0, min((sides[0] + sides[2]) / 2, (sides[1] + sides[3]) / 2)))


class Reader:
    """The networks, loaded on first use."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._engine: Any = None

    def __call__(self, colours: Colours) -> list[Line]:
        """All lines of text found, the surest first as the detector gives them."""
        result = self._loaded()(np.ascontiguousarray(colours[..., ::-1]))
        if result.boxes is None:
            return []
        return [
            Line(text, np.asarray(box, dtype=np.float32))
            for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
            if score >= (_LEAST_SCORE if len(text.strip()) > 1 else _LEAST_LONELY_SCORE) and text.strip()
        ]

    def _loaded(self) -> Any:
        if self._engine is None:
            from rapidocr import RapidOCR

            self._engine = RapidOCR(
                params={
                    "Global.max_side_len": _LONGEST_SIDE,
                    "Global.log_level": "critical",
                    "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
            logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        return self._engine
