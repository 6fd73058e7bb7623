"""What a text means, by the example sentences it lies closest to.

The sentence embeddings are multilingual: an example in one language also counts for others. The examples nearest to a
text vote, the closer the more; far from all examples nothing is said.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from openhearth.engines.moderate.categories import CATEGORIES, Scores

LANGUAGES = ("en", "zh")
VOTERS = 10
SHARPNESS = 15.0
FAR, NEAR = 0.30, 0.45

_BATCH = 32
_SHORT_CHARS = 30
_LONG_CHARS = 240
_WHOLE_CHARS = 400
_SENTENCE = re.compile(r"[^.!?;。！？；\n]*(?:[.!?;。！？；\n]+|$)")

Floats = npt.NDArray[np.float32]


class Embed(Protocol):
    """Sentences to unit vectors, one row each."""

    def __call__(self, texts: Sequence[str]) -> Floats: ...


class Example(msgspec.Struct, frozen=True):
    text: str
    categories: tuple[str, ...]
    language: str


class _Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    categories: tuple[str, ...]
    texts: tuple[str, ...]


class _Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: tuple[_Group, ...]


class Sentences:
    """The Universal Sentence Encoder, multilingual: takes text, tokenises by itself; 512 numbers a sentence."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime
        from onnxruntime_extensions import get_library_path  # type: ignore[import-untyped]

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.register_custom_ops_library(get_library_path())
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, texts: Sequence[str]) -> Floats:
        rows = [
            self._session.run(None, {self._input: np.array(texts[at : at + _BATCH])})[0]
            for at in range(0, len(texts), _BATCH)
        ]
        return np.asarray(np.vstack(rows), np.float32)


class Nearest:
    """The examples, embedded once."""

    def __init__(self, embed: Embed, examples: Sequence[Example]) -> None:
        self._embed = embed
        self._places = embed([example.text for example in examples])
        self._labels = np.array(
            [[category in example.categories for category in CATEGORIES] for example in examples], np.float32
        )

    def scores(self, pieces: Sequence[str]) -> Scores:
        """The highest score of each category among pieces of one text."""
        if not pieces:
            return {}
        highest = vote(self._embed(pieces) @ self._places.T, self._labels).max(axis=0)
        return {category: float(score) for category, score in zip(CATEGORIES, highest, strict=True)}


def vote(likeness: Floats, labels: Floats) -> Floats:
    """Scores (texts × categories) from cosines (texts × examples) and labels (examples × categories)."""
    voters = min(VOTERS, likeness.shape[1])
    nearest = np.argpartition(-likeness, voters - 1, axis=1)[:, :voters]
    cosines = np.take_along_axis(likeness, nearest, axis=1)
    weights = np.exp(SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
    weights /= weights.sum(axis=1, keepdims=True)
    shares = np.einsum("tv,tvc->tc", weights, labels[nearest])
    heard = np.clip((cosines.max(axis=1) - FAR) / (NEAR - FAR), 0.0, 1.0)
    return np.asarray(shares * heard[:, None], np.float32)


def load_examples() -> list[Example]:
    """The examples of all languages, in the order of the files."""
    return [
        Example(text, group.categories, language)
        for language in LANGUAGES
        for group in _groups(language).group
        for text in group.texts
    ]


def _groups(language: str) -> _Groups:
    place = resources.files("openhearth.engines.moderate") / "data" / f"examples_{language}.toml"
    return msgspec.convert(tomllib.loads(place.read_text(encoding="utf-8")), _Groups)


def pieces_of(text: str) -> list[str]:
    """The text in sentences, short ones joined, long ones cut with some overlap; a short text also as a whole."""
    pieces = list(dict.fromkeys(piece for joined in _joined(text) for piece in _cut(joined)))
    whole = " ".join(text.split())
    if len(pieces) > 1 and len(whole) <= _WHOLE_CHARS:
        pieces.append(whole)
    return pieces


def _joined(text: str) -> Iterator[str]:
    held = ""
    for found in _SENTENCE.finditer(text):
        held += found[0]
        if len(held) >= _SHORT_CHARS:
            yield " ".join(held.split())
            held = ""
    if held.strip():
        yield " ".join(held.split())


def _cut(piece: str) -> Iterator[str]:
    step = _LONG_CHARS * 3 // 4
    for at in range(0, max(1, len(piece) - _LONG_CHARS // 4), step):
        if part := piece[at : at + _LONG_CHARS].strip():
            yield part
