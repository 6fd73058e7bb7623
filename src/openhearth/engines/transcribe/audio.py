"""Any recording as 16 kHz mono samples, a little at a time, so that its length costs no memory.

Files come from strangers: only plain containers are opened, so that no playlist or reference makes the decoder read
another file or address, and what cannot be decoded is said, never guessed.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from openhearth.core.errors import RequestError

RATE = 16_000
Samples = npt.NDArray[np.float32]

_CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dts,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,mpegts,ogg,"
    "tta,voc,w64,wav,webm,wv"
)
_OPTIONS = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "none"}
_LEAST_GAP_S = 0.25


class Sound:
    """An open recording: iterate over ``pieces`` once. ``duration_s`` is what the file says, 0 when it does not."""

    def __init__(self, file: BinaryIO, container: InputContainer, most_s: float) -> None:
        self._file = file
        self._container = container
        self._stream: AudioStream = container.streams.audio[0]
        self._most_s = most_s
        self.duration_s = _claimed_s(container, self._stream)
        self.heard_s = 0.0

    def close(self) -> None:
        self._container.close()
        self._file.close()

    def pieces(self) -> Iterator[Samples]:
        """The samples in order; a hole in the recording becomes silence, so that times stay true.

        Raises RequestError (``audio_too_long``, ``invalid_audio``).
        """
        resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
        count = 0
        began_s: float | None = None
        for frame in self._frames():
            at_s = frame.time
            if at_s is not None:
                began_s = at_s if began_s is None else began_s
                gap_s = at_s - began_s - count / RATE
                if _LEAST_GAP_S < gap_s <= self._most_s:
                    for silence in _silence(gap_s):
                        yield silence
                        count = self._add(count, silence)
            frame.pts = None
            for part in resampler.resample(frame):
                samples = _samples(part)
                count = self._add(count, samples)
                yield samples
        if count == 0:
            raise unreadable("It holds no sound that can be decoded.")
        for part in resampler.resample(None):
            samples = _samples(part)
            count = self._add(count, samples)
            yield samples

    def _add(self, count: int, samples: Samples) -> int:
        count += len(samples)
        self.heard_s = count / RATE
        if self.heard_s > self._most_s:
            raise too_long(self._most_s)
        return count

    def _frames(self) -> Iterator[AudioFrame]:
        """Decoded frames; a damaged packet is skipped, as players do."""
        try:
            for packet in self._container.demux(self._stream):
                with suppress(av.error.InvalidDataError):
                    for frame in packet.decode():
                        if isinstance(frame, AudioFrame):
                            yield frame
        except (av.error.FFmpegError, ValueError) as error:
            if self.heard_s == 0.0:
                raise unreadable(_reason(error)) from error


def open_sound(path: Path, most_s: float) -> Sound:
    """Open a recording of at most ``most_s`` seconds.

    Raises RequestError: ``empty_file``, ``invalid_audio``, ``no_sound_track`` or ``audio_too_long``.
    """
    if path.stat().st_size == 0:
        raise RequestError("The file is empty.", param="file", code="empty_file")
    file = path.open("rb")
    try:
        container = av.open(file, mode="r", options=_OPTIONS, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        file.close()
        raise unreadable(_reason(error)) from error
    if not container.streams.audio:
        container.close()
        file.close()
        raise RequestError("The file has no sound track.", param="file", code="no_sound_track")
    sound = Sound(file, container, most_s)
    if sound.duration_s > most_s:
        sound.close()
        raise too_long(most_s)
    return sound


def unreadable(reason: str) -> RequestError:
    """The file is not sound that we can decode."""
    return RequestError(
        f"The file is not a recording we can read (mp3, m4a, mp4, wav, webm, ogg, flac, opus, aac, …). {reason}",
        param="file",
        code="invalid_audio",
    )


def too_long(most_s: float) -> RequestError:
    """The recording lasts longer than is allowed."""
    return RequestError(
        f"The recording is longer than {most_s / 60:g} minutes, the most this server takes.",
        param="file",
        code="audio_too_long",
    )


def _claimed_s(container: InputContainer, stream: AudioStream) -> float:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _samples(frame: AudioFrame) -> Samples:
    return frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def _silence(seconds: float) -> Iterator[Samples]:
    """Zeros in pieces of at most ten seconds."""
    left = math.floor(seconds * RATE)
    while left > 0:
        yield np.zeros(min(left, 10 * RATE), np.float32)
        left -= 10 * RATE


def _reason(error: Exception) -> str:
    """What the decoder said, without the path it was given."""
    said = error.strerror if isinstance(error, av.error.FFmpegError) else None
    return f"The decoder says: {said}." if said else ""
