"""Recordings of every kind, opened a little at a time; and what is no recording, refused."""

from pathlib import Path

import av
import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.transcribe.audio import RATE, open_sound
from openhearth.engines.transcribe.windows import Speaking, Stretch, Window, windows
from tests.speech.spoken import FORMATS, encoded, recording, samples
from tests.speech.spoken import RATE as SPOKEN_RATE

MOST_S = 600.0


def heard_s(path: Path, most_s: float = MOST_S) -> float:
    sound = open_sound(path, most_s)
    try:
        return sum(len(piece) for piece in sound.pieces()) / RATE
    finally:
        sound.close()


def refusal(path: Path, most_s: float = MOST_S) -> RequestError:
    with pytest.raises(RequestError) as caught:
        heard_s(path, most_s)
    assert caught.value.param == "file"
    return caught.value


@pytest.mark.parametrize("ending", FORMATS)
def test_every_usual_kind_of_file_is_read(ending: str, tmp_path: Path) -> None:
    spoken = samples("english")
    encoded([spoken], ending, tmp_path / "made")
    assert heard_s(tmp_path / "made") == pytest.approx(len(spoken) / SPOKEN_RATE, abs=0.15)


def test_stereo_of_another_rate_is_read_as_it_sounds(tmp_path: Path) -> None:
    with av.open(tmp_path / "made.wav", "w") as container:
        stream = container.add_stream("pcm_s16le", rate=44_100)
        stream.layout = "stereo"
        both = np.full((1, 2 * 44_100), 8192, np.int16)
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate = 44_100
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sound = open_sound(tmp_path / "made.wav", MOST_S)
    heard = np.concatenate(list(sound.pieces()))
    sound.close()
    assert len(heard) == pytest.approx(RATE, abs=200)
    assert 0.2 < float(np.median(heard)) < 0.4


def test_a_damaged_recording_gives_what_is_left(tmp_path: Path) -> None:
    data = encoded([samples("english")], "mp3", tmp_path / "whole")
    (tmp_path / "damaged").write_bytes(data[:20_000] + bytes(3000) + data[23_000:])
    assert 4.0 < heard_s(tmp_path / "damaged") < 9.5
    (tmp_path / "cut").write_bytes(recording("english")[:25_000])
    assert 2.0 < heard_s(tmp_path / "cut") < 8.0


def test_a_hole_in_the_recording_becomes_silence(tmp_path: Path) -> None:
    piece = samples("english")[:SPOKEN_RATE]
    with av.open(tmp_path / "made.mka", "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=SPOKEN_RATE)
        stream.layout = "mono"
        for start_s in (0, 5):
            frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = SPOKEN_RATE
            frame.pts = start_s * SPOKEN_RATE
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert heard_s(tmp_path / "made.mka") == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"this is no sound " * 500, "invalid_audio"),
        (bytes(5000), "invalid_audio"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "invalid_audio"),
        (b"%PDF-1.7\n1 0 obj", "invalid_audio"),
    ],
)
def test_what_is_no_recording_is_refused(data: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "given").write_bytes(data)
    assert refusal(tmp_path / "given").code == code


def test_playlists_and_references_are_never_followed(tmp_path: Path) -> None:
    encoded([samples("english")], "wav", tmp_path / "secret.wav")
    lists = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n",
        "ffconcat": f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    }
    for name, text in lists.items():
        (tmp_path / name).write_text(text)
        assert refusal(tmp_path / name).code == "invalid_audio"


def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    with av.open(tmp_path / "film.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode(None))
    assert refusal(tmp_path / "film.mp4").code == "no_sound_track"


def test_too_long_a_recording_is_refused_by_its_header_or_while_it_is_read(tmp_path: Path) -> None:
    encoded([samples("english")], "flac", tmp_path / "told.flac")
    with pytest.raises(RequestError) as caught:
        open_sound(tmp_path / "told.flac", 5.0)
    assert caught.value.code == "audio_too_long"
    encoded([samples("english")], "aac", tmp_path / "untold.aac")
    assert refusal(tmp_path / "untold.aac", 5.0).code == "audio_too_long"


def test_speech_is_found_and_silence_left_out(tmp_path: Path) -> None:
    spoken, pause = samples("english"), np.zeros(40 * SPOKEN_RATE, np.int16)
    encoded([pause, spoken, pause, spoken], "flac", tmp_path / "made.flac")
    sound = open_sound(tmp_path / "made.flac", MOST_S)
    passed: list[float] = []
    found = list(windows(sound.pieces(), Speaking(), passed.append))
    sound.close()
    length_s = len(spoken) / SPOKEN_RATE
    assert [round(one.start_s) for one in found] == [40, round(80 + length_s)]
    assert all(len(one.samples) / RATE < length_s + 1 for one in found)
    assert passed[-1] == pytest.approx(80 + 2 * length_s, abs=0.2)


def test_windows_hold_what_the_model_hears_at_once_and_lose_no_speech(tmp_path: Path) -> None:
    spoken = samples("english")
    encoded([spoken] * 9, "flac", tmp_path / "made.flac")
    sound = open_sound(tmp_path / "made.flac", MOST_S)
    found = list(windows(sound.pieces(), Speaking(), lambda _: None))
    sound.close()
    assert all(len(one.samples) <= 30 * RATE for one in found)
    assert sum(len(one.samples) for one in found) / RATE > 0.85 * 9 * len(spoken) / SPOKEN_RATE


def test_times_in_a_window_are_times_of_the_recording() -> None:
    window = Window(
        [Stretch(10 * RATE, np.zeros(2 * RATE, np.float32)), Stretch(20 * RATE, np.zeros(RATE, np.float32))]
    )
    assert (window.start_s, window.end_s) == (10.0, 21.0)
    assert window.times(0.5, 1.5) == (10.5, 11.5)
    assert window.times(2.0, 2.9) == (20.0, 20.9)
    assert window.times(0.0, 2.25) == (10.0, 12.0)  # a moment over the seam
    assert window.times(1.75, 9.0) == (20.0, 21.0)
    assert window.times(0.0, 2.9) == (10.0, 20.9)
    assert window.span(1.9, 2.4) == (20.0, 20.4)


def test_noise_and_tones_are_not_speech() -> None:
    random = np.random.default_rng(7)
    noise = random.normal(0, 0.1, 5 * RATE).astype(np.float32)
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * RATE) / RATE)).astype(np.float32)
    for sound in (noise, tone, np.zeros(5 * RATE, np.float32)):
        assert list(windows([sound], Speaking(), lambda _: None)) == []
