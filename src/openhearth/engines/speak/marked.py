"""Text that is rewritten on its way to being spoken, without losing where each character came from.

Normalisation turns ``$5`` into ``five dollars``; an answer with timestamps must still speak of the characters that the
client wrote.
"""

import re
from collections.abc import Callable, Iterable

Rewrite = Callable[[re.Match[str]], str]


class Marked:
    """``text``, and for each of its characters the span ``[start, end)`` of the original it stands for."""

    __slots__ = ("_spans", "text")

    def __init__(self, text: str, spans: "Iterable[tuple[int, int]] | None" = None) -> None:
        self.text = text
        self._spans = [(at, at + 1) for at in range(len(text))] if spans is None else list(spans)

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original behind ``text[start:end]``, which must not be empty."""
        spans = self._spans[start:end]
        return min(span[0] for span in spans), max(span[1] for span in spans)

    def part(self, start: int, end: int) -> "Marked":
        """``text[start:end]`` alone, still knowing where it came from."""
        return Marked(self.text[start:end], self._spans[start:end])

    def sub(self, pattern: re.Pattern[str], rewrite: Rewrite) -> "Marked":
        """Each match replaced by what ``rewrite`` gives; a match given back unchanged keeps its characters' places."""
        text: list[str] = []
        spans: list[tuple[int, int]] = []
        last = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            said = rewrite(match)
            if start == end or said == match.group():
                continue
            text += (self.text[last:start], said)
            spans += self._spans[last:start]
            spans += [self.origin(start, end)] * len(said)
            last = end
        if not last:
            return self
        return Marked("".join([*text, self.text[last:]]), [*spans, *self._spans[last:]])

    def table(self, pattern: re.Pattern[str], words: dict[str, str]) -> "Marked":
        """Each match replaced by its entry in ``words``; one without an entry stays."""
        return self.sub(pattern, lambda match: words.get(match.group(), match.group()))


def either(words: Iterable[str]) -> str:
    """A pattern for any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
