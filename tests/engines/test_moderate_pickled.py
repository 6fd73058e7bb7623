"""Joblib files are read as data: arrays and plain values, and nothing that could run."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from openhearth.engines.moderate.pickled import NotData, Stub, read_joblib
from openhearth.engines.moderate.profanity import Profanity
from tests.engines.moderation_packs import settings

# What alt-profanity-check 1.9.1 itself answers with scikit-learn 1.9.1 and NumPy 2.4.
KNOWN = {
    "You are a fucking idiot": 0.9999999999940767,
    "I will kill you tomorrow": 0.7430409224344321,
    "What a lovely day": 0.045069079961510404,
    "how to kill a python process": 0.20824553917006136,
    "you people are vermin": 0.03662472152315789,
    "我要杀了你": 0.036375752016469504,
    "": 0.036375752016469504,
    "The quick brown fox jumps over the lazy dog.": 0.4398048395712048,
    "shit shit shit": 0.9999998255240877,
    "Nobody likes you, stupid moron, go away and die": 0.9999928891523743,
}


class _Shell:
    """What a hostile pickle does."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self._path),)


class _Plain:
    def __init__(self) -> None:
        self.number = 0.5
        self.words = {"a": 1, "b": [2, 3]}


def _written(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "value.joblib"
    path.write_bytes(pickle.dumps(value, protocol=5))
    return path


def test_the_model_answers_as_the_library_does() -> None:
    model = Profanity(Path(settings().profanity))
    assert {text: model.probability(text) for text in KNOWN} == pytest.approx(KNOWN, abs=1e-12)


def test_nothing_of_a_hostile_file_is_run(tmp_path: Path) -> None:
    victim = tmp_path / "made"
    with pytest.raises(NotData, match="it refers to posix"):
        read_joblib(_written(tmp_path, _Shell(victim)), frozenset())
    assert not victim.exists()


def test_a_class_becomes_an_inert_stub(tmp_path: Path) -> None:
    name = f"{_Plain.__module__}._Plain"
    value = read_joblib(_written(tmp_path, _Plain()), frozenset({name}))
    assert isinstance(value, Stub)
    assert (value.name, value["number"], value["words"]) == (name, 0.5, {"a": 1, "b": [2, 3]})
    with pytest.raises(NotData, match="no field"):
        value["missing"]
    with pytest.raises(NotData, match="it refers to"):
        read_joblib(_written(tmp_path, _Plain()), frozenset())


@pytest.mark.parametrize("value", [np.float64(0.25), {"a": (1, 2.5, None, True)}, [[], {}, "text", 10**12]])
def test_plain_values_come_back(tmp_path: Path, value: object) -> None:
    assert read_joblib(_written(tmp_path, value), frozenset()) == value


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotData):
        read_joblib(_written(tmp_path, np.array([object()])), frozenset())


@pytest.mark.parametrize(
    "data", [b"", b"\x80\x05", b"\x80\x05.", b"\x80\x05K\x01", b"junk", b"\x80\x05(e.", b"\x80\x05h\x09."]
)
def test_damaged_files_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "damaged.joblib"
    path.write_bytes(data)
    with pytest.raises(NotData):
        read_joblib(path, frozenset())


def test_a_cut_model_is_refused(tmp_path: Path) -> None:
    folder = Path(settings().profanity)
    for name in ("vectorizer.joblib", "model.joblib"):
        (tmp_path / name).write_bytes((folder / name).read_bytes()[:-1000])
    with pytest.raises(NotData):
        Profanity(tmp_path)
