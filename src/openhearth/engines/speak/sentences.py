"""Cutting text into what is spoken in one go, so that sound can start before the text is finished."""

import re
from collections.abc import Iterator

_END = re.compile(r"(?<=[.!?…])[\"”’'»)\]]*(?=\s)|(?<=[。！？；])[”’」』）]*|\n+")
_TITLE = re.compile(r"(?:^|[\s(])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Sra|Srta|Dra|Jr|Gen|Rev|No|vs|EE|[A-Z])\.$")
_SHORTEST = 12


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends. A very short one is said together with the next."""
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if end <= start or not _ends(text, match.start(), end):
            continue
        if "\n" not in match[0] and len(text[start:end].strip()) < _SHORTEST:
            continue
        yield from _trimmed(text, start, end)
        start = end
    yield from _trimmed(text, start, len(text))


def _ends(text: str, at: int, end: int) -> bool:
    """A full stop after a title, an initial or before a small letter ends no sentence."""
    if text[at - 1 : at] != ".":
        return True
    following = text[end:].lstrip()[:1]
    return not (following.islower() or _TITLE.search(text[max(0, at - 8) : at]))


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
