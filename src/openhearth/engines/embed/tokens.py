"""Tokens as OpenAI's embedding models count them (``cl100k_base``).

The embedded encoder has a tokenizer of its own, hidden in its graph. What clients know is OpenAI's: lists of tokens
come in its numbers, and usage is counted in it. ``cl100k.md`` says where the vocabulary is from.
"""

import lzma
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from itertools import pairwise

from openhearth.core.errors import RequestError

COUNT = 100_256
_LONGEST_PIECE = 48  # bytes merged at once: longer runs (Chinese without marks) are cut there, which costs a token
_KEPT_PIECES = 16_384
_BLOCK_CHARS = 4096  # of an unbroken run: whoever has counted enough need not read on
# The pattern of cl100k_base (tiktoken, openai_public) in the terms of Python's own engine: \p{L} is a letter, that is
# a word character that is neither a digit nor an underscore.
_PIECES = re.compile(
    r"'(?i:[sdmt]|ll|ve|re)|(?:[^\r\n\w]|_)?[^\W\d_]+|\d{1,3}| ?(?:[^\s\w]|_)+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)


class Tokens:
    """The vocabulary, read once. Safe to use from several threads."""

    def __init__(self) -> None:
        data = lzma.decompress((resources.files("openhearth.engines.embed") / "cl100k.xz").read_bytes())
        at = COUNT
        self.words: list[bytes] = []
        for length in data[:COUNT]:
            self.words.append(data[at : at + length])
            at += length
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._pieces = lru_cache(_KEPT_PIECES)(self._piece)
        self._parts = lru_cache(_KEPT_PIECES)(self._merge)

    def count(self, text: str, most: int | None = None) -> int:
        """How many tokens ``text`` has; off by a few in unbroken runs of more than 48 bytes.

        With more than ``most`` the count stops soon after it: some number above ``most`` comes back.
        """
        total = 0
        for _, numbers in self._runs(text):
            total += len(numbers)
            if most is not None and total > most:
                break
        return total

    def decode(self, numbers: Sequence[int]) -> str:
        """The text of tokens. What is no whole character (a cut inside one) becomes U+FFFD.

        Raises RequestError for numbers that are no text in this vocabulary.
        """
        for number in numbers:
            if not 0 <= number < COUNT:
                raise RequestError(
                    f"{number} is no token of text in cl100k_base (0 to {COUNT - 1}), the vocabulary of OpenAI's "
                    "embedding models. Send the text itself.",
                    param="input",
                    code="unknown_token",
                )
        return b"".join(map(self.words.__getitem__, numbers)).decode("utf-8", "replace")

    def first(self, text: str, most: int) -> str:
        """The start of ``text``: what its first ``most`` tokens hold of whole characters."""
        left = most
        for start, numbers in self._runs(text):
            if len(numbers) > left:
                held = b"".join(map(self.words.__getitem__, numbers[:left]))
                return text[:start] + held.decode("utf-8", "ignore")
            left -= len(numbers)
        return text

    def _runs(self, text: str) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Each piece of ``text``, a long one in blocks: where it begins, and its tokens."""
        for found in _PIECES.finditer(text):
            start, end = found.span()
            if end - start <= _LONGEST_PIECE:
                yield start, self._pieces(found[0])
                continue
            for at in range(start, end, _BLOCK_CHARS):
                yield at, self._piece(text[at : min(at + _BLOCK_CHARS, end)])

    def _piece(self, piece: str) -> tuple[int, ...]:
        data = piece.encode()
        whole = self._numbers.get(data)
        if whole is not None:
            return (whole,)
        found: list[int] = []
        for start in range(0, len(data), _LONGEST_PIECE):
            found += self._parts(data[start : start + _LONGEST_PIECE])
        return tuple(found)

    def _merge(self, data: bytes) -> tuple[int, ...]:
        """Byte pair encoding: join the neighbours whose union has the lowest number, until none is a token."""
        numbers = self._numbers
        parts = [data[at : at + 1] for at in range(len(data))]
        while len(parts) > 1:
            ranks = [numbers.get(left + right, COUNT) for left, right in pairwise(parts)]
            best = min(ranks)
            if best == COUNT:
                break
            at = ranks.index(best)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return tuple(numbers[part] for part in parts)
