"""Nakedness in pictures, by two small networks: one sees the whole picture, the other finds parts of bodies.

Inputs as their authors prepare them: Yahoo's open_nsfw (256 × 256, the middle 224 × 224, through JPEG, BGR minus the
mean); NudeNet (a square with black at the right and bottom, 320 × 320, RGB 0 … 1; a box and 18 classes a place).
"""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

CLASSES = (
    "FEMALE_GENITALIA_COVERED", "FACE_FEMALE", "BUTTOCKS_EXPOSED", "FEMALE_BREAST_EXPOSED", "FEMALE_GENITALIA_EXPOSED",
    "MALE_BREAST_EXPOSED", "ANUS_EXPOSED", "FEET_EXPOSED", "BELLY_COVERED", "FEET_COVERED", "ARMPITS_COVERED",
    "ARMPITS_EXPOSED", "FACE_MALE", "BELLY_EXPOSED", "MALE_GENITALIA_EXPOSED", "ANUS_COVERED", "FEMALE_BREAST_COVERED",
    "BUTTOCKS_COVERED",
)  # fmt: skip
_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)
_WHOLE, _MIDDLE, _SQUARE = 256, 224, 320


class Nsfw:
    """Yahoo's open_nsfw: one number for the whole picture."""

    def __init__(self, path: Path, threads: int) -> None:
        self._session = _session(path, threads)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, picture: Image.Image) -> float:
        """How likely the picture is pornographic, 0 … 1."""
        edge = (_WHOLE - _MIDDLE) // 2
        small = picture.resize((_WHOLE, _WHOLE), Image.Resampling.BILINEAR)
        middle = small.crop((edge, edge, edge + _MIDDLE, edge + _MIDDLE))
        with io.BytesIO() as again:
            middle.save(again, format="JPEG")
            again.seek(0)
            with Image.open(again) as jpeg:
                pixels = np.asarray(jpeg, dtype=np.float32)
        ready = np.ascontiguousarray(pixels[None, :, :, ::-1] - _MEAN_BGR, dtype=np.float32)
        return float(self._session.run(None, {self._input: ready})[0][0, 1])


class Parts:
    """NudeNet: which parts of bodies are seen, and how surely."""

    def __init__(self, path: Path, threads: int) -> None:
        self._session = _session(path, threads)
        self._input = self._session.get_inputs()[0].name

    def __call__(self, picture: Image.Image) -> dict[str, float]:
        """The highest confidence of each class, 0 … 1."""
        side = max(picture.size)
        scale = _SQUARE / side
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        square = Image.new("RGB", (_SQUARE, _SQUARE))
        square.paste(picture.resize(size, Image.Resampling.BILINEAR), (0, 0))
        pixels = np.asarray(square, dtype=np.float32).transpose(2, 0, 1)[None] / 255.0
        found: Floats = self._session.run(None, {self._input: np.ascontiguousarray(pixels)})[0][0, 4:]
        best = found.max(axis=1)
        return {name: float(score) for name, score in zip(CLASSES, best, strict=True)}


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
