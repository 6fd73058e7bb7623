"""Putting an engine together from the files of its packs."""

import gzip
import os
from pathlib import Path

import msgspec

from openhearth.engines.speak.chinese.reader import ChineseReader
from openhearth.engines.speak.english.lexicon import Dictionaries, Entry, Lexicon
from openhearth.engines.speak.english.reader import EnglishReader
from openhearth.engines.speak.english.tagger import Tagger, Weights
from openhearth.engines.speak.english.unknown import UnknownWords
from openhearth.engines.speak.models import Acoustic, Alphabet, Hibari, Kokoro, session_of
from openhearth.engines.speak.script import Scribe
from openhearth.engines.speak.settings import SpeakSettings
from openhearth.engines.speak.sounds import Reader
from openhearth.engines.speak.spanish.reader import SpanishReader
from openhearth.engines.speak.voices import HIBARI, KOKORO, KOKORO_NAMES

# A line ends at the last pause before this many phonemes: the next must be ready before it has been heard, and Kokoro
# is about as fast as speech.
_MOST_PHONEMES = {HIBARI: 300, KOKORO: 160}


class Speech(msgspec.Struct, frozen=True):
    """A model and those who write for it: one scribe for American, one for British voices."""

    acoustic: Acoustic
    american: Scribe
    british: Scribe

    def scribe(self, accent: str) -> Scribe:
        """The scribe for a voice's language (``en-GB``)."""
        return self.british if accent == "en-GB" else self.american


def load(settings: SpeakSettings) -> Speech:
    """Raises OSError when a file is missing."""
    words, model = Path(settings.words), Path(settings.model)
    threads = settings.threads or max(1, (os.cpu_count() or 2) - 1)
    alphabet = Alphabet(words / "vocab.json")
    tagger = Tagger(msgspec.json.decode(_unpacked(words / "tagger.json.gz"), type=Weights))
    american = _english(words, "us", tagger)
    if settings.name == HIBARI:
        scribe = Scribe({"en": american}, most=_MOST_PHONEMES[HIBARI])
        return Speech(Hibari(model / "hibari.onnx", alphabet, threads), scribe, scribe)
    kokoro = Kokoro(model / "kokoro.onnx", model / "voices.bin", KOKORO_NAMES, alphabet, threads)
    return Speech(kokoro, _scribe(american), _scribe(_english(words, "gb", tagger)))


def _scribe(english: Reader) -> Scribe:
    readers: dict[str, Reader] = {"en": english, "zh": ChineseReader(english), "es": SpanishReader()}
    return Scribe(readers, most=_MOST_PHONEMES[KOKORO])


def _english(words: Path, accent: str, tagger: Tagger) -> EnglishReader:
    known = Dictionaries(
        msgspec.json.decode(_unpacked(words / f"lexicon_{accent}_gold.json.gz"), type=dict[str, Entry]),
        msgspec.json.decode(_unpacked(words / f"lexicon_{accent}_silver.json.gz"), type=dict[str, Entry]),
    )
    network = "oov" if accent == "us" else "oov_gb"
    unknown = UnknownWords(session_of(words / f"{network}.onnx", 1), words / f"{network}.json")
    return EnglishReader(Lexicon(known, unknown, british=accent == "gb"), tagger)


def _unpacked(path: Path) -> bytes:
    with gzip.open(path) as file:
        return file.read()
