"""How a word sounds that no dictionary has: hibari's small character network, one call per word.

Its answer is one class per step, as in connectionist temporal classification: repeats fall together, 0 is nothing.
"""

from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec


class Alphabet(msgspec.Struct, frozen=True):
    """The file beside the network: letters in, phonemes out, both counted from 1."""

    letters: tuple[str, ...] = msgspec.field(name="in")
    sounds: tuple[str, ...] = msgspec.field(name="out")
    maxlen: int = 24


class UnknownWords:
    """Phonemes of any word. ``session`` is the network, ready to run."""

    def __init__(self, session: Any, alphabet: Path) -> None:
        self._session = session
        self._alphabet = msgspec.json.decode(alphabet.read_bytes(), type=Alphabet)
        self._numbers = {letter: number for number, letter in enumerate(self._alphabet.letters, start=1)}

    def __call__(self, word: str) -> str:
        most = self._alphabet.maxlen
        numbers = [self._numbers[letter] for letter in word if letter in self._numbers]
        return "".join(self._read(numbers[at : at + most]) for at in range(0, len(numbers), most))

    def _read(self, numbers: list[int]) -> str:
        (steps,) = self._session.run(None, {"chars": [numbers]})
        sounds = (self._alphabet.sounds[number - 1] for number, _ in groupby(steps[0].tolist()) if number)
        return "".join(sounds)
