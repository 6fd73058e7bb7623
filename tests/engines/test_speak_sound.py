"""Sound as files of every format, its tempo and loudness, sentences, lines and the times of characters."""

import io
import struct
from itertools import pairwise

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.errors import RequestError
from openhearth.engines.speak import timing
from openhearth.engines.speak.chinese.reader import ChineseReader
from openhearth.engines.speak.encoding import KINDS, Coding, Encoder
from openhearth.engines.speak.graph import with_output
from openhearth.engines.speak.models import Rendered
from openhearth.engines.speak.script import Scribe
from openhearth.engines.speak.sentences import sentences
from openhearth.engines.speak.sounds import Reader
from openhearth.engines.speak.spanish.reader import SpanishReader
from openhearth.engines.speak.vocoder import RATE, Floats, Frames, waveform
from tests.engines.speakers import PHONEME_S, Tone, decoded_s, english, loudest_hz

FILES = ("mp3", "opus", "aac", "flac", "wav")


def tone(seconds: float, hz: float = 440.0) -> Floats:
    return np.asarray(0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE), np.float32)


def encoded(coding: Coding, sound: Floats) -> bytes:
    encoder = Encoder(coding)
    half = len(sound) // 2
    return encoder.write(sound[:half]) + encoder.write(sound[half:]) + encoder.close()


@pytest.mark.parametrize("form", FILES)
def test_a_file_of_each_format_is_the_sound_at_its_length(form: str) -> None:
    data = encoded(Coding(form), tone(2.0))
    assert decoded_s(data) == pytest.approx(2.0, abs=0.1)
    assert loudest_hz(data) == pytest.approx(440, abs=5)


@pytest.mark.parametrize("form", FILES)
def test_a_file_begins_before_the_sound_has_ended(form: str) -> None:
    assert Encoder(Coding(form)).write(tone(2.0))


@pytest.mark.parametrize(("form", "width"), [("pcm", 2), ("ulaw", 1), ("alaw", 1)])
def test_bare_samples_have_no_header(form: str, width: int) -> None:
    data = encoded(Coding(form), tone(1.0))
    assert len(data) / width / Coding(form).sample_rate == pytest.approx(1.0, abs=0.01)


def test_pcm_is_what_was_said() -> None:
    data = encoded(Coding("pcm"), tone(0.5))
    assert np.frombuffer(data, "<i2") == pytest.approx(tone(0.5) * 32767, abs=1)


def test_a_wav_header_says_that_the_length_is_not_known_yet() -> None:
    data = encoded(Coding("wav"), tone(0.5))
    assert data[:4] == b"RIFF"
    assert struct.unpack("<I", data[40:44])[0] == 0xFFFFFFFF


@pytest.mark.parametrize("tempo", [0.25, 0.5, 2.0, 4.0])
def test_tempo_changes_the_length_and_not_the_pitch(tempo: float) -> None:
    data = encoded(Coding("wav", tempo=tempo), tone(2.0))
    assert decoded_s(data) == pytest.approx(2.0 / tempo, rel=0.08)
    assert loudest_hz(data) == pytest.approx(440, abs=8)


@pytest.mark.parametrize(("form", "rate"), [("mp3", 44_100), ("pcm", 16_000), ("opus", 24_000), ("flac", 48_000)])
def test_the_sample_rate_may_be_another(form: str, rate: int) -> None:
    data = encoded(Coding(form, rate=rate), tone(1.0))
    if form == "pcm":
        assert len(data) / 2 / rate == pytest.approx(1.0, abs=0.01)
    else:
        assert decoded_s(data) == pytest.approx(1.0, abs=0.1)
        with av.open(io.BytesIO(data)) as file:
            assert file.streams.audio[0].rate in (rate, 48_000 if form == "opus" else rate)


def test_a_higher_bit_rate_makes_a_larger_file_and_gain_a_louder_one() -> None:
    small, large = (encoded(Coding("mp3", 44_100, rate), tone(2.0)) for rate in (32_000, 192_000))
    assert len(large) > 2 * len(small)
    quiet = np.frombuffer(encoded(Coding("pcm", gain=0.5), tone(0.2)), "<i2")
    assert np.abs(quiet).max() == pytest.approx(0.15 * 32767, rel=0.02)


@pytest.mark.parametrize("form", ["mp3", "opus", "aac"])
def test_a_bit_rate_beyond_the_formats_is_its_highest(form: str) -> None:
    assert decoded_s(encoded(Coding(form, bit_rate=512_000), tone(1.0))) == pytest.approx(1.0, abs=0.1)


def test_what_is_too_loud_is_cut_and_never_wraps() -> None:
    loud = np.frombuffer(encoded(Coding("pcm", gain=10.0), tone(0.2)), "<i2")
    assert loud.max() == 32767
    assert (np.diff(loud.astype(int)) < 40_000).all()


def test_every_format_has_a_media_type() -> None:
    assert all(kind.mime.startswith("audio/") for kind in KINDS.values())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hello there, friend. How are you today?", ["Hello there, friend.", "How are you today?"]),
        ("Dr. Smith met J. K. Rowling there. They talked a lot.",
         ["Dr. Smith met J. K. Rowling there.", "They talked a lot."]),
        ("It cost 3.50 at the shop. approx. five", ["It cost 3.50 at the shop. approx. five"]),
        ("你好，我是这里的一个声音。今天的天气非常好！", ["你好，我是这里的一个声音。", "今天的天气非常好！"]),
        ("Hi. This is a longer sentence.", ["Hi. This is a longer sentence."]),
        ("First line\nsecond line\n\n", ["First line", "second line"]),
        ('He said "Stop it now!" She left.', ['He said "Stop it now!"', "She left."]),
        ("Vive en EE. UU. desde hace años.", ["Vive en EE. UU. desde hace años."]),
        ("   ", []),
    ],
)  # fmt: skip
def test_text_is_cut_into_sentences(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == parts


@given(st.text(alphabet="aA.!? \n。Dr", max_size=60))
def test_no_letter_is_lost_between_sentences(text: str) -> None:
    cut = list(sentences(text))
    assert all(first[1] <= second[0] for first, second in pairwise(cut))
    kept = "".join(text[start:end] for start, end in cut)
    assert kept.replace(" ", "").replace("\n", "") == text.replace(" ", "").replace("\n", "")


def test_a_long_sentence_becomes_lines_that_end_at_a_pause_where_there_is_one() -> None:
    text = "hello there dog " * 4 + "apple, " + "hello there dog " * 6
    lines = list(Scribe({"en": english()}, most=120).lines(text, "en"))
    assert len(lines) > 1
    assert all(len(line.phonemes) <= 125 for line in lines)
    assert lines[0].phonemes.rstrip().endswith(",")
    assert "".join(line.written for line in lines).replace(" ", "") == text.replace(" ", "")


def test_a_word_longer_than_a_line_is_cut() -> None:
    scribe = Scribe({"en": english()}, most=5)
    assert all(len(line.phonemes) <= 6 for line in scribe.lines("frobnicate", "en"))


def test_a_sentence_between_chinese_ones_is_read_as_what_it_is() -> None:
    readers: dict[str, Reader] = {"en": english(), "zh": ChineseReader(english()), "es": SpanishReader()}
    text = "你好，这里是会说话的服务器。¿Dónde está el perro de la niña? Hello there, the dog."
    _, spanish, last = Scribe(readers, most=300).lines(text, "zh")
    assert spanish.phonemes == next(Scribe(readers, most=300).lines(spanish.written, "es")).phonemes
    assert last.phonemes == next(Scribe(readers, most=300).lines(last.written, "en")).phonemes


def test_what_no_reader_reads_is_refused_by_name() -> None:
    scribe = Scribe({"en": english()}, most=300)
    for text, words in (("Привет", "Cyrillic"), ("こんにちは", "Japanese"), ("你好", "Chinese"), ("नमस्ते", "Hindi")):
        with pytest.raises(RequestError, match=words) as caught:
            scribe.check(text, "en")
        assert caught.value.code == "language_not_supported"
    with pytest.raises(RequestError, match="French"):
        scribe.check("bonjour", "fr")
    with pytest.raises(RequestError) as caught:
        scribe.check("… !!! 🎉", "en")
    assert caught.value.code == "empty_input"
    scribe.check("Hello 🎉 ½ ５ café", "en")


def test_characters_have_the_time_of_the_word_they_belong_to() -> None:
    (line,) = Scribe({"en": english()}, most=300).lines("Hello $5.", "en")
    rendered = Tone().render(line.phonemes, "", 1.0, None)  # type: ignore[arg-type]
    told = timing.written(line, rendered, at_s=10.0, tempo=2.0)
    assert "".join(told.characters) == "Hello $5."
    assert told.starts_s[0] == pytest.approx(10 + rendered.starts_at_s / 2)
    assert list(told.starts_s) == sorted(told.starts_s)
    assert all(start <= end for start, end in zip(told.starts_s, told.ends_s, strict=True))
    money_s = told.ends_s[7] - told.starts_s[6]
    said = sum(len(word.phonemes) + word.space for word in line.words[1:3])
    assert money_s == pytest.approx(said * PHONEME_S / 2, abs=0.002)
    spoken = timing.spoken(line, rendered, at_s=10.0, tempo=2.0)
    assert "".join(spoken.characters).split() == ["Hello", "five", "dollars."]
    assert spoken.ends_s[-1] == pytest.approx(told.ends_s[-1])


def test_an_output_is_added_to_a_graph_and_nothing_else_is_changed() -> None:
    graph = bytes([0x0A, 3]) + b"xyz"
    model = bytes([0x08, 0x09]) + bytes([0x3A, len(graph)]) + graph + bytes([0x42, 1]) + b"!"
    changed = with_output(model, "n")
    added = bytes([0x62, 3, 0x0A, 1]) + b"n"
    assert (
        changed
        == bytes([0x08, 0x09]) + bytes([0x3A, len(graph) + len(added)]) + graph + added + bytes([0x42, 1]) + b"!"
    )
    with pytest.raises(ValueError):
        with_output(bytes([0x08, 0x09]), "n")


def test_the_vocoder_sings_the_pitch_it_is_given() -> None:
    frames = 120
    low = np.full((601, frames), -20.0, np.float32)
    flat = np.zeros((601, frames), np.float32)
    sound = waveform(
        Frames(flat - 3.0, flat, low, low, flat), np.full(frames, 200.0, np.float32), np.random.default_rng(0)
    )
    assert len(sound) == frames * 300
    strength = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    hz = np.fft.rfftfreq(len(sound), 1 / RATE)
    peaks = hz[strength > 0.5 * strength.max()]
    assert all(min(peak % 200, 200 - peak % 200) < 3 for peak in peaks)
    assert isinstance(Rendered(sound, 0.0, []).samples, np.ndarray)
