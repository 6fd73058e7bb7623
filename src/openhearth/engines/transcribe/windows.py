"""Speech found in a recording and packed into windows that the model hears at once.

Whisper hears 30 seconds at a time whatever is in them. Leaving silence out saves most of the work, and keeps the model
from hearing words where nobody speaks. Only the window under way is in memory.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator

import msgspec
import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from openhearth.engines.transcribe.audio import RATE, Samples

WINDOW_S = 29.0
_BLOCK = 30 * RATE
_MOST_SPEECH_S = 28.0
_CONTEXT = RATE // 2
_JOIN_GAP_S = 3.0
_FAR_GAP_S = 20.0
_WORTH_S = 10.0
_SEAM_S = 0.6
_QUIETEST = 1e-4  # 80 dB below full scale


class Speaking(msgspec.Struct, frozen=True):
    """How speech is told from silence: probability, the pause that ends it, what is kept around it."""

    threshold: float = 0.5
    pause_ms: int = 1000
    padding_ms: int = 300

    def options(self) -> VadOptions:
        return VadOptions(
            threshold=self.threshold,
            min_silence_duration_ms=self.pause_ms,
            speech_pad_ms=self.padding_ms,
            max_speech_duration_s=_MOST_SPEECH_S + 2 * self.padding_ms / 1000,
        )


class Stretch(msgspec.Struct, frozen=True):
    """Uninterrupted speech, from sample ``start`` of the recording."""

    start: int
    samples: Samples

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


class Window:
    """Stretches joined for one hearing. Times in it are turned back into times of the recording."""

    def __init__(self, stretches: list[Stretch]) -> None:
        self._starts = [one.start / RATE for one in stretches]
        self._ends = [float(end) for end in np.cumsum([len(one.samples) for one in stretches]) / RATE]
        self._last_s = stretches[-1].end / RATE
        self.samples: Samples = np.concatenate([one.samples for one in stretches])

    @property
    def start_s(self) -> float:
        return self._starts[0]

    @property
    def end_s(self) -> float:
        return self._last_s

    def times(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Where a segment of the window begins and ends in the recording.

        The model's times are rough: one that reaches only a moment over a seam ends, or begins, at the seam.
        """
        last_place = len(self._ends) - 1
        first = min(bisect_right(self._ends, start_s), last_place)
        if first < last_place and self._ends[first] - start_s < _SEAM_S < end_s - self._ends[first]:
            first += 1
        last = max(first, min(bisect_left(self._ends, end_s), last_place))
        if last > first and end_s - self._ends[last - 1] < _SEAM_S:
            last -= 1
        return self._time(first, start_s), self._time(last, end_s)

    def span(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Both ends of a word, which lies in one stretch: that of its middle."""
        place = min(bisect_right(self._ends, (start_s + end_s) / 2), len(self._ends) - 1)
        return self._time(place, start_s), self._time(place, end_s)

    def _time(self, place: int, at_s: float) -> float:
        """A time of the window, held within one stretch, as a time of the recording."""
        before = self._ends[place - 1] if place else 0.0
        within = min(max(float(at_s), before), self._ends[place]) - before
        return round(self._starts[place] + within, 3)


def windows(pieces: Iterable[Samples], speaking: Speaking, passed: Callable[[float], None]) -> Iterator[Window]:
    """The windows of a recording. ``passed`` is told how many seconds have been listened through."""
    packing = _Packing()
    for stretch in _stretches(pieces, speaking.options(), passed):
        yield from packing.add(stretch)
    yield from packing.rest()


class _Packing:
    """Joins stretches until a window is full, or the next one is too far away to be heard together."""

    def __init__(self) -> None:
        self._held: list[Stretch] = []
        self._length = 0

    def add(self, stretch: Stretch) -> Iterator[Window]:
        if self._held and self._is_apart(stretch):
            yield from self.rest()
        self._held.append(stretch)
        self._length += len(stretch.samples)

    def rest(self) -> Iterator[Window]:
        if self._held:
            yield Window(self._held)
        self._held, self._length = [], 0

    def _is_apart(self, stretch: Stretch) -> bool:
        gap_s = (stretch.start - self._held[-1].end) / RATE
        return (
            self._length + len(stretch.samples) > WINDOW_S * RATE
            or gap_s > _FAR_GAP_S
            or (gap_s > _JOIN_GAP_S and self._length > _WORTH_S * RATE)
        )


def _stretches(pieces: Iterable[Samples], options: VadOptions, passed: Callable[[float], None]) -> Iterator[Stretch]:
    """Speech, block by block. What a block's end cuts off is looked at again with the next block."""
    blocks = _Blocks()
    for samples in pieces:
        if blocks.add(samples):
            yield from blocks.look(options, is_last=False)
            passed(blocks.end_s)
    yield from blocks.look(options, is_last=True)
    passed(blocks.end_s)


class _Blocks:
    def __init__(self) -> None:
        self._parts: list[Samples] = []
        self._new = 0
        self._kept: Samples = np.zeros(0, np.float32)
        self._start = 0

    @property
    def end_s(self) -> float:
        return (self._start + len(self._kept)) / RATE

    def add(self, samples: Samples) -> bool:
        """True when there is enough to look at."""
        self._parts.append(samples)
        self._new += len(samples)
        return self._new >= _BLOCK

    def look(self, options: VadOptions, *, is_last: bool) -> Iterator[Stretch]:
        audio = np.concatenate([self._kept, *self._parts])
        self._parts, self._new = [], 0
        found = get_speech_timestamps(audio, options) if _is_audible(audio) else []
        if is_last:
            keep_from = len(audio)
        elif found and found[-1]["end"] >= len(audio):
            keep_from = found.pop()["start"]
        else:
            keep_from = max(len(audio) - _CONTEXT, found[-1]["end"] if found else 0)
        for one in found:
            yield Stretch(self._start + one["start"], audio[one["start"] : one["end"]].copy())
        self._kept = audio[keep_from:].copy()
        self._start += keep_from


def _is_audible(audio: Samples) -> bool:
    """False for digital silence, which needs no looking at: half of many long recordings is that."""
    return bool(len(audio)) and float(np.abs(audio).max()) > _QUIETEST
