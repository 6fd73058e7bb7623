"""Sound as files: mp3, opus, aac, flac, wav, pcm and telephone formats, written while the speech is still being made.

The only module that imports PyAV. Nothing is ever sought in the output, so every piece can be sent at once.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast

import av
import msgspec
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from typing_extensions import override

from openhearth.engines.speak.vocoder import RATE, Floats

_UNKNOWN_SIZE = 0xFFFFFFFF
_TEMPO_STEP = 2400  # the filter is one frame late, so frames are short
_SLOWEST, _FASTEST = 0.5, 100.0  # what ffmpeg's atempo does in one step


class Kind(msgspec.Struct, frozen=True):
    """One format. ``rates`` are the sample rates it may have, the usual one first; ``container`` is ffmpeg's name.

    A kind without a container is bare samples. ``bit_rate`` is the usual one, 0 where that is no choice; what is more
    than ``most_bit_rate`` is brought down to it (mp3 and aac bring it down themselves, opus would refuse).
    """

    mime: str
    codec: str
    container: str = ""
    rates: tuple[int, ...] = (24_000,)
    bit_rate: int = 0
    most_bit_rate: int = 512_000
    sample: str = "s16"
    options: dict[str, str] = {}


_PCM_RATES = (24_000, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000)
KINDS = {
    "mp3": Kind("audio/mpeg", "libmp3lame", "mp3", (24_000, 8_000, 16_000, 22_050, 32_000, 44_100, 48_000), 96_000,
                320_000, "s16p", {"write_xing": "0", "id3v2_version": "0"}),
    "opus": Kind("audio/ogg", "libopus", "ogg", (48_000, 8_000, 12_000, 16_000, 24_000), 48_000, 256_000, "s16",
                 {"page_duration": "200000"}),
    "aac": Kind("audio/aac", "aac", "adts", _PCM_RATES, 96_000, sample="fltp"),
    "flac": Kind("audio/flac", "flac", "flac", _PCM_RATES),
    "wav": Kind("audio/wav", "pcm_s16le", "", _PCM_RATES),
    "pcm": Kind("audio/pcm", "pcm_s16le", "", _PCM_RATES),
    "ulaw": Kind("audio/basic", "pcm_mulaw", "", (8_000,)),
    "alaw": Kind("audio/x-alaw-basic", "pcm_alaw", "", (8_000,)),
}  # fmt: skip


class Coding(msgspec.Struct, frozen=True):
    """How the sound is to be written. ``tempo`` changes its speed without its pitch, ``gain`` its loudness."""

    format: str = "mp3"
    rate: int = 0
    bit_rate: int = 0
    tempo: float = 1.0
    gain: float = 1.0

    @property
    def kind(self) -> Kind:
        return KINDS[self.format]

    @property
    def sample_rate(self) -> int:
        return self.rate or self.kind.rates[0]


class Encoder:
    """Takes 24 kHz sound piece by piece and gives the file piece by piece."""

    def __init__(self, coding: Coding) -> None:
        self._gain = np.float32(coding.gain)
        self._tempo = _Tempo(coding.tempo) if coding.tempo != 1.0 else None
        self._sink: _Sink = _Muxed(coding) if coding.kind.container else _Bare(coding)
        self._at = 0

    def write(self, sound: Floats) -> bytes:
        """What the sound adds to the file; may be nothing yet."""
        samples = np.clip(sound * self._gain, -1.0, 1.0)
        return b"".join(self._sink.write(frame) for frame in self._frames(samples))

    def close(self) -> bytes:
        """The rest of the file."""
        rest = self._tempo.close() if self._tempo else ()
        return b"".join(self._sink.write(frame) for frame in rest) + self._sink.close()

    def _frames(self, samples: Floats) -> Iterator[AudioFrame]:
        whole = (samples * 32767.0).astype(np.int16)
        step = len(whole) if self._tempo is None else _TEMPO_STEP
        for at in range(0, len(whole), max(1, step)):
            part = whole[at : at + step]
            frame = AudioFrame.from_ndarray(part[None, :], format="s16", layout="mono")
            frame.sample_rate = RATE
            frame.time_base = Fraction(1, RATE)
            frame.pts = self._at
            self._at += len(part)
            yield from (frame,) if self._tempo is None else self._tempo.put(frame)


class _Sink:
    """Where frames become bytes."""

    def write(self, frame: AudioFrame) -> bytes:
        raise NotImplementedError

    def close(self) -> bytes:
        raise NotImplementedError


class _Bare(_Sink):
    """Samples, with the header of a WAV file of unknown length where one is wanted."""

    def __init__(self, coding: Coding) -> None:
        self._rate = coding.sample_rate
        self._header = _wav_header(self._rate) if coding.format == "wav" else b""
        self._resampler = av.AudioResampler("s16", "mono", self._rate)
        self._codec: Any = None
        if coding.kind.codec != "pcm_s16le":
            self._codec = av.CodecContext.create(coding.kind.codec, "w")
            self._codec.sample_rate = self._rate
            self._codec.format = "s16"
            self._codec.layout = "mono"

    @override
    def write(self, frame: AudioFrame) -> bytes:
        return self._taken(self._resampler.resample(frame))

    @override
    def close(self) -> bytes:
        rest = self._taken(self._resampler.resample(None))
        return rest + b"".join(bytes(packet) for packet in self._codec.encode(None)) if self._codec else rest

    def _taken(self, frames: list[AudioFrame]) -> bytes:
        header, self._header = self._header, b""
        if self._codec is None:
            return header + b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)
        return header + b"".join(bytes(packet) for frame in frames for packet in self._codec.encode(frame))


class _Muxed(_Sink):
    """An encoder of ffmpeg's in a container."""

    def __init__(self, coding: Coding) -> None:
        self._out = _Outlet()
        kind = coding.kind
        self._container = av.open(cast(Any, self._out), "w", format=kind.container, options=dict(kind.options))
        self._stream = cast("Any", self._container.add_stream(kind.codec, rate=coding.sample_rate))
        self._stream.layout = "mono"
        self._stream.format = kind.sample
        if kind.bit_rate:
            self._stream.bit_rate = min(coding.bit_rate or kind.bit_rate, kind.most_bit_rate)
        self._resampler = av.AudioResampler(kind.sample, "mono", coding.sample_rate)

    @override
    def write(self, frame: AudioFrame) -> bytes:
        for ready in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(ready))
        return self._out.taken()

    @override
    def close(self) -> bytes:
        for ready in self._resampler.resample(None):
            self._container.mux(self._stream.encode(ready))
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._out.taken()


class _Outlet(io.RawIOBase):
    """Keeps what is written until it is taken; cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    @override
    def writable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return False

    @override
    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class _Tempo:
    """Faster or slower at the same pitch."""

    def __init__(self, tempo: float) -> None:
        self._graph = Graph()
        source = self._graph.add_abuffer(
            format="s16", sample_rate=RATE, layout="mono", channels=1, time_base=Fraction(1, RATE)
        )
        sink = self._graph.add("abuffersink")
        chain = [source, *(self._graph.add("atempo", f"{step:.6f}") for step in _steps(tempo)), sink]
        for first, second in pairwise(chain):
            first.link_to(second)
        self._graph.configure()

    def put(self, frame: AudioFrame) -> Iterator[AudioFrame]:
        self._graph.push(frame)
        yield from self._ready()

    def close(self) -> Iterator[AudioFrame]:
        self._graph.push(None)
        yield from self._ready()

    def _ready(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            frame.pts = None
            yield cast(AudioFrame, frame)


def _steps(tempo: float) -> list[float]:
    steps = []
    while tempo < _SLOWEST:
        steps.append(_SLOWEST)
        tempo /= _SLOWEST
    return [*steps, min(tempo, _FASTEST)]


def _wav_header(rate: int) -> bytes:
    """RIFF/WAVE of one channel with 16 bits. A size of all ones says that the length is not known yet."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", _UNKNOWN_SIZE, b"WAVE") + form + struct.pack("<4sI", b"data", _UNKNOWN_SIZE)
