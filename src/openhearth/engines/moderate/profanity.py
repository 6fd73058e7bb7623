"""The English profanity model of alt-profanity-check, computed from its numbers alone.

A bag of words weighted by rarity, a linear support vector machine, and Platt's curve from its margin to a probability;
the formulas are those of scikit-learn's documentation (TfidfTransformer, LinearSVC, CalibratedClassifierCV).
"""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from openhearth.engines.moderate.pickled import NotData, Stub, read_joblib

VECTORIZER = "vectorizer.joblib"
MODEL = "model.joblib"

_WORD = re.compile(r"\b\w\w+\b")
_CLASSES = frozenset(
    {
        "sklearn.feature_extraction.text.TfidfVectorizer",
        "sklearn.feature_extraction.text.TfidfTransformer",
        "sklearn.calibration.CalibratedClassifierCV",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.svm._classes.LinearSVC",
    }
)
Floats = npt.NDArray[np.float64]


class Profanity:
    """Reads the two files of the pack ``profanity``. Raises NotData when they are not what they should be."""

    def __init__(self, folder: Path) -> None:
        vectorizer = _stub(read_joblib(folder / VECTORIZER, _CLASSES))
        vocabulary = vectorizer["vocabulary_"]
        if not isinstance(vocabulary, dict):
            raise NotData("the vocabulary is no table")
        self._place = {str(word): int(place) for word, place in vocabulary.items()}
        self._rarity = _floats(_stub(vectorizer["_tfidf"])["idf_"]).ravel()
        model = _stub(read_joblib(folder / MODEL, _CLASSES))
        parts = model["calibrated_classifiers_"]
        if not isinstance(parts, list) or not parts:
            raise NotData("the model has no parts")
        self._parts = [_part(_stub(part)) for part in parts]

    def probability(self, text: str) -> float:
        """How likely ``text`` is profane or insulting, 0 … 1; English only."""
        counts = Counter(word for word in _WORD.findall(text.lower()) if word in self._place)
        places = np.array([self._place[word] for word in counts], dtype=np.intp)
        weights = np.array(list(counts.values()), dtype=np.float64) * self._rarity[places]
        length = float(np.linalg.norm(weights))
        if length:
            weights /= length
        found = [
            1.0 / (1.0 + np.exp(slope * (float(lines[places] @ weights) + shift) + offset))
            for lines, shift, slope, offset in self._parts
        ]
        return float(np.mean(found))


def _part(part: Stub) -> tuple[Floats, float, float, float]:
    machine = _stub(part["estimator"])
    curves = part["calibrators"]
    if not isinstance(curves, list) or len(curves) != 1:
        raise NotData("a part has no curve of its own")
    curve = _stub(curves[0])
    shift = float(_floats(machine["intercept_"]).ravel()[0])
    return _floats(machine["coef_"]).ravel(), shift, _number(curve["a_"]), _number(curve["b_"])


def _stub(value: object) -> Stub:
    if not isinstance(value, Stub):
        raise NotData("an object is missing")
    return value


def _floats(value: object) -> Floats:
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        raise NotData("an array is missing")
    return value.astype(np.float64)


def _number(value: object) -> float:
    if not isinstance(value, int | float | np.floating):
        raise NotData("a number is missing")
    return float(value)
