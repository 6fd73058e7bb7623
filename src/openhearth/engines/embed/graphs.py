"""The two ONNX graphs: the only module that imports the runtime.

One text per run, on one thread: the graph quantises by what is in a batch, so a text's vector would depend on its
neighbours, and a batch is no faster (measured: 3 ms a short sentence alone, 3 ms in a batch of 64).
"""

from typing import cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from onnxruntime_extensions import get_library_path  # type: ignore[import-untyped]

from openhearth.engines.embed.letters import FEATURES as LETTERS
from openhearth.engines.embed.letters import letters
from openhearth.engines.embed.settings import EmbedSettings

Vector = npt.NDArray[np.float32]

_PAIRS_AT_ONCE = 64
_ERRORS_ONLY = 3


class OnnxGraphs:
    """``vectors.Graphs`` on ONNX Runtime. Safe to use from several threads."""

    def __init__(self, settings: EmbedSettings) -> None:
        self._encoder = _session(settings.encoder)
        self._reranker = _session(settings.reranker)
        self._encoder_in = self._encoder.get_inputs()[0].name
        self._reranker_in = self._reranker.get_inputs()[0].name
        self.dimensions = _dimensions(self._encoder, settings.encoder)
        self._fits = self._reranker.get_inputs()[0].shape[-1] == 2 * (self.dimensions + LETTERS)

    def vector(self, text: str) -> Vector:
        """The text's direction: ``dimensions`` numbers of length one."""
        return _unit(cast(Vector, self._encoder.run(None, {self._encoder_in: [text]})[0])[0])

    def traits(self, text: str, vector: Vector) -> Vector:
        """What the reranker's network reads of one text: its vector and its letters."""
        return np.concatenate([vector, letters(text)])

    def judge(self, query: Vector, documents: list[Vector]) -> list[float]:
        """The network's opinion, 0 to 1, of each document's traits beside the query's; none of another encoder's."""
        if not self._fits:
            return []
        found: list[float] = []
        for start in range(0, len(documents), _PAIRS_AT_ONCE):
            some = np.stack(documents[start : start + _PAIRS_AT_ONCE])
            pairs = np.concatenate([np.broadcast_to(query, some.shape), some], axis=1)
            found += cast(Vector, self._reranker.run(None, {self._reranker_in: pairs})[0]).reshape(-1).tolist()
        return found


def _dimensions(encoder: onnxruntime.InferenceSession, path: str) -> int:
    """How long the encoder's vectors are. Raises ValueError for a graph that does not map texts to vectors."""
    given, made = encoder.get_inputs(), encoder.get_outputs()
    size = made[0].shape[-1]
    if len(given) != 1 or given[0].type != "tensor(string)" or len(made[0].shape) != 2 or not isinstance(size, int):
        raise ValueError(f"{path} does not map a list of texts to vectors: its tokenizer must be inside the graph.")
    return size


def _unit(vector: Vector) -> Vector:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the memory of the longest text for good
    options.log_severity_level = _ERRORS_ONLY
    options.register_custom_ops_library(get_library_path())
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
