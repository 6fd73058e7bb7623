"""Layout of a page by PP-PicoDet trained on CDLA: titles, tables, figures, headers of Chinese and English papers.

The network gives, for every cell of four grids, ten class scores and for each of four sides a distribution over eight
distances (generalized focal loss, arXiv 2006.04388); the distance is the distribution's mean in strides.
"""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnxruntime

from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.layout.pieces import Place
from openhearth.engines.read_document.layout.regions import Region

MODEL_FILE = "layout_cdla.onnx"
_HEIGHT, _WIDTH = 800, 608
_STRIDES = (8, 16, 32, 64)
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_LEAST_SCORE = 0.4
_SAME = 0.5
_KINDS = {"figure_caption": "caption", "table_caption": "caption", "equation": "formula"}

Numbers = npt.NDArray[np.float32]


class Regions:
    """The network, loaded once."""

    def __init__(self, model: Path, *, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        names = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self._kinds = [_KINDS.get(name, name) for name in names]
        self._input = self._session.get_inputs()[0].name

    def find(self, pixels: Pixels) -> list[Region]:
        """Regions of an upright page, the surest first."""
        small = cv2.resize(pixels, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA)
        scaled = (small[..., ::-1].astype(np.float32) / 255 - _MEAN) / _SPREAD
        outputs = self._session.run(None, {self._input: scaled.transpose(2, 0, 1)[None].astype(np.float32)})
        half = len(_STRIDES)
        boxes = np.concatenate(
            [_boxes(outputs[half + number][0], stride) for number, stride in enumerate(_STRIDES)]
        ) * (pixels.shape[1] / _WIDTH, pixels.shape[0] / _HEIGHT, pixels.shape[1] / _WIDTH, pixels.shape[0] / _HEIGHT)
        scores = np.concatenate([output[0] for output in outputs[:half]])
        best = scores.max(axis=1)
        order = [int(index) for index in np.argsort(-best) if best[index] >= _LEAST_SCORE]
        found: list[Region] = []
        for index in order[:600]:
            place = Place(*(float(number) for number in boxes[index]))
            if all(_likeness(place, other.place) < _SAME for other in found):
                found.append(Region(self._kinds[int(scores[index].argmax())], place, float(best[index])))
        return found


def _boxes(distances: Numbers, stride: int) -> Numbers:
    """Left, top, right, bottom of each cell's box in pixels of the network's picture."""
    spread = distances.reshape(len(distances), 4, -1)
    weights = np.exp(spread - spread.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    far = (weights * np.arange(spread.shape[2])).sum(axis=2) * stride
    columns = -(-_WIDTH // stride)
    index = np.arange(len(distances))
    x, y = (index % columns + 0.5) * stride, (index // columns + 0.5) * stride
    return np.stack([x - far[:, 0], y - far[:, 1], x + far[:, 2], y + far[:, 3]], axis=1).astype(np.float32)


def _likeness(one: Place, other: Place) -> float:
    shared = one.shared(other)
    return shared / max(1e-6, one.width * one.height + other.width * other.height - shared)
