"""Graphs without a model: a vector counts the words of a text, so that texts with the same words are near."""

import threading
import time

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
_WORDS = ["refund", "money", "card", "office", "bananas", "weather", "time", "train"]


class WordGraphs:
    """``seen`` are the texts in the order of work. Without ``judges`` there is no network. While
    ``go_on`` is clear every text waits."""

    dimensions = 512

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.slow_s = 0.0
        self.judges = True

    def vector(self, text: str) -> Vector:
        self.seen.append(text)
        self.go_on.wait(30)
        time.sleep(self.slow_s)
        vector = np.full(512, 0.01, np.float32)
        for word in text.lower().split():
            vector[_WORDS.index(word) if word in _WORDS else 100 + len(word)] += 1
        return vector / np.float32(np.linalg.norm(vector))

    def traits(self, text: str, vector: Vector) -> Vector:
        return vector

    def judge(self, query: Vector, documents: list[Vector]) -> list[float]:
        return [0.5 for _ in documents] if self.judges else []
