"""The two speech models as one thing: phonemes in, 24 kHz sound and the length of each phoneme out.

The only module that imports onnxruntime.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import numpy as np
import onnxruntime

from openhearth.engines.speak.graph import with_output
from openhearth.engines.speak.vocoder import RATE, Floats, Frames, waveform

SAMPLES_PER_UNIT = 600
_MOST_PHONEMES = 500
_STYLES = 510
_STYLE_SIZE = 256
_HIBARI_LENGTHS = "/Clip_output_0"
_KOKORO_LENGTHS = "/encoder/Clip_output_0"


class Stopped(Exception):
    """The rendering was stopped from outside."""


class Rendered:
    """``samples`` at 24 kHz in [-1, 1]; ``ends_s`` is when each character of the phonemes has been said."""

    __slots__ = ("ends_s", "samples", "starts_at_s")

    def __init__(self, samples: Floats, starts_at_s: float, ends_s: list[float]) -> None:
        self.samples = samples
        self.starts_at_s = starts_at_s
        self.ends_s = ends_s


class Run:
    """One rendering that another thread may stop."""

    def __init__(self) -> None:
        self._options = onnxruntime.RunOptions()

    @property
    def is_stopped(self) -> bool:
        return bool(self._options.terminate)

    def stop(self) -> None:
        """Make the rendering raise ``Stopped`` soon."""
        self._options.terminate = True

    def outputs(self, session: Any, inputs: Mapping[str, Any]) -> list[Any]:
        """What the network answers. Raises Stopped."""
        try:
            found: list[Any] = session.run(None, inputs, self._options)
        except Exception as error:  # onnxruntime has no class of its own for a run that was stopped
            if self.is_stopped:
                raise Stopped from error
            raise
        return found


class Acoustic(Protocol):
    """A speech model."""

    most_phonemes: int

    def render(self, phonemes: str, voice: str, speed: float, run: Run) -> Rendered:
        """The sound of at most ``most_phonemes`` characters. Raises Stopped."""


def session_of(model: Path, threads: int, extra_output: str = "") -> Any:
    """The network in ``model``, ready to run on the processor."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait take the core that other work on this machine needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    data = model.read_bytes()
    data = with_output(data, extra_output) if extra_output else data
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


class Alphabet:
    """The model's phonemes, numbered. What it has not is left out."""

    def __init__(self, vocabulary: Path) -> None:
        self._numbers = msgspec.json.decode(vocabulary.read_bytes(), type=dict[str, int])

    def numbered(self, phonemes: str) -> tuple[list[int], list[bool]]:
        """Numbers with the pad at both ends, and which characters have one."""
        has = [sound in self._numbers for sound in phonemes]
        return [0, *(self._numbers[sound] for sound in phonemes if sound in self._numbers), 0], has


class Hibari:
    """One English voice, distilled from Kokoro. ``voice`` means nothing to it."""

    most_phonemes = _MOST_PHONEMES

    def __init__(self, model: Path, alphabet: Alphabet, threads: int) -> None:
        self._session = session_of(model, threads, _HIBARI_LENGTHS)
        self._alphabet = alphabet

    def render(self, phonemes: str, voice: str, speed: float, run: Run) -> Rendered:
        """See ``Acoustic``."""
        numbers, has = self._alphabet.numbered(phonemes)
        inputs = {"ids": np.asarray([numbers], np.int64), "speed": np.asarray([speed], np.float32)}
        *parts, pitch, lengths = run.outputs(self._session, inputs)
        sound = waveform(Frames(*(part[0] for part in parts)), pitch[0], np.random.default_rng(0))
        return _rendered(sound, lengths.reshape(-1), has)


class Kokoro:
    """Many voices, one style vector per voice and number of phonemes."""

    most_phonemes = _MOST_PHONEMES

    def __init__(self, model: Path, voices: Path, names: tuple[str, ...], alphabet: Alphabet, threads: int) -> None:
        self._session = session_of(model, threads, _KOKORO_LENGTHS)
        self._styles = np.memmap(voices, np.float32, "r", shape=(len(names), _STYLES, _STYLE_SIZE))
        self._names = {name: place for place, name in enumerate(names)}
        self._alphabet = alphabet

    def render(self, phonemes: str, voice: str, speed: float, run: Run) -> Rendered:
        """See ``Acoustic``."""
        numbers, has = self._alphabet.numbered(phonemes)
        style = self._styles[self._names[voice], min(len(numbers) - 2, _STYLES - 1)]
        inputs = {
            "tokens": np.asarray([numbers], np.int64),
            "style": np.asarray([style], np.float32),
            "speed": np.asarray([speed], np.float32),
        }
        sound, lengths = run.outputs(self._session, inputs)
        return _rendered(sound.reshape(-1), lengths.reshape(-1), has)


def _rendered(sound: Floats, lengths: Floats, has: list[bool]) -> Rendered:
    """Lengths are in units of 25 ms; the first and the last belong to the pads."""
    ends = np.cumsum(lengths) * SAMPLES_PER_UNIT / RATE
    ends_s: list[float] = []
    at = 0
    for is_said in has:
        at += is_said
        ends_s.append(float(ends[at]))
    return Rendered(sound, float(ends[0]), ends_s)
