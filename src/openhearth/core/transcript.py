"""Canonical speech to text: one request and one transcript for every way in and every provider behind.

A transcript holds the most that any form can say; what a provider does not know is empty.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Protocol

import msgspec

from openhearth.core.call import Usage
from openhearth.core.errors import RequestError
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target

Pairs = tuple[tuple[str, str], ...]
"""Text fields of a form, in order; a name may come several times."""


class Recording(msgspec.Struct, frozen=True):
    """What is to be heard: a file on our disk. ``filename`` and ``mime`` are what the client called it. ``byte_rate``:
    bytes for a second of sound, 0 where the file's first bytes do not say."""

    path: str
    filename: str
    mime: str
    size_bytes: int
    byte_rate: int = 0


def byte_rate_of(head: bytes) -> int:
    """Bytes a second of a WAV file, by its first bytes (``nAvgBytesPerSec`` of a format chunk); 0 for others."""
    is_wav = head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt "
    return int.from_bytes(head[28:32], "little") if is_wav else 0


class TranscriptRequest(msgspec.Struct, frozen=True):
    """What is asked of a model that hears.

    ``fields`` are the client's own, in the form of ``dialect``, without the recording and the model: a target that
    speaks this dialect gets them as they came. All further values are for targets that speak another one. ``language``
    is as the client wrote it. ``others`` are names of fields that have no meaning in another dialect, ``only_native``
    those that change the answer so much that another target must refuse. ``query`` are parameters of the address, for
    a target of the same dialect.
    """

    operation: Operation
    model: str
    recording: Recording
    dialect: Dialect
    fields: Pairs = ()
    query: Pairs = ()
    language: str = ""
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    temperature: float | None = None
    with_words: bool = False
    with_speakers: bool = False
    stream: bool = False
    others: tuple[str, ...] = ()
    only_native: tuple[str, ...] = ()

    def lost(self) -> tuple[str, ...]:
        """Names of fields that no target of another dialect gets. Raises RequestError for one it cannot do without."""
        if self.only_native:
            name = self.only_native[0][:64]
            raise RequestError(
                f"The model '{self.model[:100]}' cannot honour '{name}'.", param=name, code="not_supported"
            )
        return self.others


class Word(msgspec.Struct, frozen=True):
    """One word, without the space before it. ``probability`` is ``None`` and ``speaker`` empty where nobody says."""

    text: str
    start_s: float
    end_s: float
    probability: float | None = None
    speaker: str = ""


class TokenChance(msgspec.Struct, frozen=True):
    """One token of the text, its bytes (a character may be cut) and the logarithm of its probability."""

    text: str
    data: bytes
    logprob: float


class Segment(msgspec.Struct, frozen=True):
    """A piece of about a sentence. ``text`` keeps its leading space; ``seek_s`` is where its window began."""

    start_s: float
    end_s: float
    text: str
    tokens: tuple[int, ...] = ()
    seek_s: float = 0.0
    temperature: float = 0.0
    avg_logprob: float = 0.0
    compression_ratio: float = 0.0
    no_speech_prob: float = 0.0
    words: tuple[Word, ...] = ()
    chances: tuple[TokenChance, ...] = ()


class Transcript(msgspec.Struct, frozen=True):
    """What was heard. ``language`` is the first one's code (ISO 639-1 where there is one) or empty, ``languages`` are
    all; ``usage`` is what it took."""

    text: str
    language: str = ""
    languages: tuple[str, ...] = ()
    language_probability: float | None = None
    duration_s: float = 0.0
    segments: tuple[Segment, ...] = ()
    words: tuple[Word, ...] = ()
    usage: Usage = msgspec.field(default_factory=Usage)
    dropped: tuple[str, ...] = ()


class Passed(msgspec.Struct, frozen=True):
    """A part of an answer in the caller's own form, as the upstream wrote it. ``usage`` is set once it is known."""

    content_type: str
    data: bytes
    usage: Usage | None = None
    dropped: tuple[str, ...] = ()


class TranscriptDriver(Protocol):
    """How one dialect hears on a target (``providers/<name>/transcribe.py``)."""

    def hear(self, target: Target, request: TranscriptRequest) -> AsyncIterator[Passed | Transcript]:
        """Parts of an answer in the caller's form, or one transcript. Closing the iterator aborts the work upstream.

        Raises GatewayErrors.
        """


def spaced(text: str, words: Sequence[Word]) -> Iterator[tuple[str, Word]]:
    """Each word with what stands before it in the text: a space, or nothing."""
    at = 0
    for word in words:
        found = text.find(word.text, at)
        yield ("" if found < 0 else text[at:found]), word
        at = max(at, found + len(word.text))


def sentences(text: str, words: Sequence[Word], most_s: float = 15.0) -> Iterator[Segment]:
    """Segments out of words alone: they end with a sentence, a pause, a change of speaker, or after ``most_s``."""
    held: list[tuple[str, Word]] = []
    for before, word in spaced(text, words):
        if held and _ends([one for _, one in held], word, most_s):
            yield _joined(held)
            held = []
        held.append((before, word))
    if held:
        yield _joined(held)


def _ends(held: list[Word], word: Word, most_s: float) -> bool:
    last = held[-1]
    return (
        last.speaker != word.speaker
        or last.text.endswith((".", "!", "?", "。", "！", "？"))
        or word.start_s - last.end_s > 1.0
        or word.end_s - held[0].start_s > most_s
    )


def _joined(held: list[tuple[str, Word]]) -> Segment:
    words = tuple(word for _, word in held)
    text = "".join(before + word.text for before, word in held)
    return Segment(words[0].start_s, words[-1].end_s, text, words=words)
