"""The neural networks of portrait vision, each loaded on first use, so that an edit pays only for what it needs."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


class Net:
    """One TensorFlow Lite file: a picture in, its output tensors by position out."""

    def __init__(self, path: Path, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._run: Any = Interpreter(model_path=str(path), num_threads=threads)
        self._run.allocate_tensors()
        self._input = self._run.get_input_details()[0]
        self._outputs = self._run.get_output_details()

    @property
    def side(self) -> int:
        """Width and height of the square input in pixels."""
        return int(self._input["shape"][1])

    def __call__(self, picture: npt.NDArray[np.floating]) -> list[Floats]:
        """Run on one side × side × 3 picture, already scaled to the network's value range."""
        self._run.set_tensor(self._input["index"], np.ascontiguousarray(picture[None], np.float32))
        self._run.invoke()
        return [self._run.get_tensor(output["index"])[0] for output in self._outputs]


class Cutout:
    """U²-Net (small): the salient object of a picture, 320 × 320."""

    side = 320

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._name = self._session.get_inputs()[0].name

    def __call__(self, picture: Floats) -> Floats:
        """Run on one 320 × 320 × 3 picture, normalised as the network was trained; the mask is 0 … 1."""
        mask = self._session.run(None, {self._name: np.ascontiguousarray(picture.transpose(2, 0, 1)[None])})[0][0, 0]
        low, high = float(mask.min()), float(mask.max())
        return np.asarray((mask - low) / max(high - low, 1e-6), np.float32)


class Models:
    """The networks of a folder of .tflite files (``portrait``) and an .onnx file or its folder (``background``)."""

    def __init__(self, portrait: Path, background: Path, threads: int) -> None:
        self._portrait = portrait
        self._background = background
        self._threads = threads

    def _net(self, name: str) -> Net:
        return Net(self._portrait / f"{name}.tflite", self._threads)

    @cached_property
    def face_detection(self) -> Net:
        return self._net("face_detection_short_range")

    @cached_property
    def face_landmark(self) -> Net:
        return self._net("face_landmark")

    @cached_property
    def pose_detection(self) -> Net:
        return self._net("pose_detection")

    @cached_property
    def pose_landmark(self) -> Net:
        return self._net("pose_landmark_full")

    @cached_property
    def selfie(self) -> Net:
        return self._net("selfie_segmentation")

    @cached_property
    def cutout(self) -> Cutout | None:
        """None where the pack of the second opinion is not installed: people are found without it, less exactly."""
        path = self._background
        if path.is_dir():
            path = next(iter(sorted(path.glob("*.onnx"))), path / "u2netp.onnx")
        return Cutout(path, self._threads) if path.is_file() else None

    def load(self) -> None:
        """Load everything now, so that the first edit does not wait for it."""
        for net in (self.face_detection, self.face_landmark, self.pose_detection, self.pose_landmark, self.selfie):
            net(np.zeros((net.side, net.side, 3), np.float32))
        if self.cutout is not None:
            self.cutout(np.zeros((self.cutout.side, self.cutout.side, 3), np.float32))
