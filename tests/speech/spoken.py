"""What the recordings say, how far a transcript is from it, and recordings in other forms and lengths."""

import re
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream

FOLDER = Path(__file__).parent
ENGLISH = (
    "Hello, this platform speaks without any cloud key. The meeting starts on Monday morning, "
    "and the train leaves the station ten minutes later."
)
SPANISH = "Buenos días. El tren sale de la estación por la mañana, y la reunión empieza el lunes. No olvide su billete."
CHINESE = "你好，今天天气很好。我们明天早上去火车站，然后一起开会。"
RATE = 24_000

_FORMATS = {"mp3": ("mp3", "mp3"), "m4a": ("aac", "ipod"), "mp4": ("aac", "mp4"), "webm": ("libopus", "webm"),
            "ogg": ("libopus", "ogg"), "flac": ("flac", "flac"), "aac": ("aac", "adts"), "wav": ("pcm_s16le", "wav"),
            "mka": ("pcm_s16le", "matroska"), "caf": ("pcm_s16be", "caf"), "aiff": ("pcm_s16be", "aiff")}  # fmt: skip
FORMATS = tuple(_FORMATS)


def recording(name: str) -> bytes:
    """The file ``english``, ``spanish`` or ``chinese``."""
    return (FOLDER / f"{name}.opus").read_bytes()


def samples(name: str) -> npt.NDArray[np.int16]:
    """A recording as samples at ``RATE``, mono."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(FOLDER / f"{name}.opus") as container:
        parts = [part.to_ndarray() for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts, axis=1).reshape(-1).astype(np.int16)


def encoded(pieces: Sequence[npt.NDArray[np.int16]], ending: str, path: Path) -> bytes:
    """Samples as a file of the kind that ``ending`` names. Written to ``path``, because some kinds must seek."""
    codec, container_format = _FORMATS[ending]
    with av.open(path, "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=RATE)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        for piece in pieces:
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def word_errors(heard: str, spoken: str) -> float:
    """Word error rate; of characters where there are no spaces. Case and punctuation do not count, nor how a number is
    written."""
    a, b = _units(heard), _units(spoken)
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1] / len(b)


def _units(text: str) -> list[str]:
    low = re.sub(r"[^\w\s]", " ", text.lower()).replace("10", "ten")
    if re.search(r"[\u4e00-\u9fff]", low):
        return list(re.sub(r"\s", "", low))
    return low.split()
