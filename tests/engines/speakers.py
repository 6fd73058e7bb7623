"""Readers and a model for tests of speech that need no pack: few words, and a tone for a voice."""

import asyncio
import io
import time
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame

from openhearth.engines.speak.chinese.reader import ChineseReader
from openhearth.engines.speak.english.lexicon import Dictionaries, Entry, Lexicon
from openhearth.engines.speak.english.reader import EnglishReader
from openhearth.engines.speak.english.tagger import Tagger, Weights
from openhearth.engines.speak.loading import Speech
from openhearth.engines.speak.models import Rendered, Run, Stopped
from openhearth.engines.speak.script import Scribe
from openhearth.engines.speak.spanish.reader import SpanishReader
from openhearth.engines.speak.vocoder import RATE

PHONEME_S = 0.05
EDGE_S = 0.1
GOLD: dict[str, Entry] = {
    "hello": "həlˈO", "there": "ðˌɛɹ", "the": "ði", "a": "A", "an": "æn", "to": "tu", "apple": "ˈæpᵊl", "dog": "dˈɔɡ",
    "watch": "wˈɑʧ", "bake": "bˈAk", "wait": "wˈAt", "stop": "stˈɑp", "city": "sˈɪɾi", "five": "fˈIv",
    "dollar": "dˈɑləɹ", "know": "nˈO", "well": "wˈɛl", "open": "ˈOpᵊn", "it's": "ɪts", "boy": "bˈY",
    "read": {"DEFAULT": "ɹˈid", "VBD": "ɹˈɛd"}, "A": "ˈA", "B": "bˈi", "C": "sˈi", "P": "pˈi", "I": "ˈI",
    "U": "jˈu", "S": "ˈɛs", "one": "wˈʌn", "cab": "kˈæb", "not": "nˈɑt",
}  # fmt: skip
SILVER = {"zebra": "zˈibɹə"}
TAGS = {"a": "DT", "the": "DT", "to": "TO", "yesterday": "NN", "I": "PRP", "in": "IN",
        **dict.fromkeys(("STOP", "THE", "DOG", "WATCH", "CAB", "NOT", "CPU", "CABS"), "NNP")}  # fmt: skip


def english(*, british: bool = False) -> EnglishReader:
    """A reader with a few words; one that it does not know sounds like ``spˈɛld``."""
    tagger = Tagger(Weights(TAGS, ("NN", "VBD"), frozenset({"i"}), {"w-1=i": {"VBD": 5.0}, "b": {"NN": 1.0}}))
    return EnglishReader(Lexicon(Dictionaries(GOLD, SILVER), lambda word: "spˈɛld", british=british), tagger)


class Tone:
    """An ``Acoustic``: as many samples as phonemes say, at once; a line beyond ``allowed`` waits."""

    most_phonemes = 500

    def __init__(self) -> None:
        self.said: list[tuple[str, str, float]] = []
        self.allowed = 10**6
        self.stopped = 0

    def render(self, phonemes: str, voice: str, speed: float, run: Run) -> Rendered:
        self.said.append((phonemes, voice, speed))
        while len(self.said) > self.allowed:
            time.sleep(0.01)
            if run.is_stopped:
                self.stopped += 1
                raise Stopped
        ends = [(EDGE_S + (place + 1) * PHONEME_S) / speed for place in range(len(phonemes))]
        samples = round((ends[-1] + EDGE_S / speed) * RATE)
        tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(samples) / RATE)
        return Rendered(np.asarray(tone, np.float32), EDGE_S / speed, ends)


def speech(tone: Tone, *readers: str) -> Speech:
    """An engine's parts around a tone; it reads English and, when named, ``zh`` and ``es``."""
    reader = english()
    known: dict[str, Any] = {"en": reader, "zh": ChineseReader(reader), "es": SpanishReader()}
    scribe = Scribe({name: known[name] for name in ("en", *readers)}, most=300)
    return Speech(tone, scribe, scribe)


def decoded_s(data: bytes) -> float:
    """Seconds of sound in a file of any format with a header."""
    return sum(frame.samples / frame.sample_rate for frame in _frames(data))


def _frames(data: bytes) -> list[AudioFrame]:
    with av.open(io.BytesIO(data), "r") as file:
        return list(file.decode(audio=0))


def loudest_hz(data: bytes) -> float:
    """The strongest frequency in a file."""
    frames = _frames(data)
    rate = frames[0].sample_rate
    sound = np.concatenate([np.asarray(frame.to_ndarray(), float).reshape(-1) for frame in frames])
    strength = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(strength) * rate / len(sound))


async def until(done: Any) -> None:
    """Wait for ``done()`` for as long as a very slow machine may need."""
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.01)
