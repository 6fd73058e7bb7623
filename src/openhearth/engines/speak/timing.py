"""When each character is said: models know how long every phoneme lasts, words know which characters they are."""

from collections.abc import Iterable, Sequence

from openhearth.core.speech import Alignment
from openhearth.engines.speak.models import Rendered
from openhearth.engines.speak.script import Line

Span = tuple[int, int, float, float]


def written(line: Line, rendered: Rendered, *, at_s: float, tempo: float) -> Alignment:
    """The characters as the client wrote them. ``at_s`` is when the line begins, ``tempo`` how much faster it plays."""
    spans = [(*line.spoken.origin(start, end), begin, stop) for start, end, begin, stop in _spans(line, rendered)]
    return _aligned(line.written, spans, rendered, at_s, tempo)


def spoken(line: Line, rendered: Rendered, *, at_s: float, tempo: float) -> Alignment:
    """The characters as they are read out, numbers as words."""
    return _aligned(line.spoken.text, _spans(line, rendered), rendered, at_s, tempo)


def between(text: str, at_s: float) -> Alignment:
    """Characters that are not said: they begin and end at one time."""
    return Alignment(tuple(text), (round(at_s, 3),) * len(text), (round(at_s, 3),) * len(text))


def joined(first: Alignment, second: Alignment, *, skip: int = 0) -> Alignment:
    """The one and then the other, without the first ``skip`` characters of the second."""
    return Alignment(
        first.characters + second.characters[skip:],
        first.starts_s + second.starts_s[skip:],
        first.ends_s + second.ends_s[skip:],
    )


def _spans(line: Line, rendered: Rendered) -> list[Span]:
    """Per word its place in the spoken text and its time in seconds. A space belongs to the word before it."""
    found: list[Span] = []
    at = 0
    now_s = rendered.starts_at_s
    for word in line.words:
        size = len(word.phonemes) + word.space
        end_s = rendered.ends_s[at + size - 1] if size else now_s
        if word.phonemes and word.end > word.start:
            found.append((word.start, word.end, now_s, end_s))
        at += size
        now_s = end_s
    return found


def _aligned(text: str, spans: Iterable[Span], rendered: Rendered, at_s: float, tempo: float) -> Alignment:
    starts: list[float | None] = [None] * len(text)
    ends: list[float] = [0.0] * len(text)
    for start, end, begin_s, stop_s in _joined(spans):
        step_s = (stop_s - begin_s) / (end - start)
        for place in range(start, end):
            starts[place] = begin_s + (place - start) * step_s
            ends[place] = begin_s + (place - start + 1) * step_s
    now_s = rendered.starts_at_s
    for place, start_s in enumerate(starts):
        if start_s is None:
            starts[place] = ends[place] = now_s
        now_s = ends[place]
    return Alignment(
        tuple(text),
        tuple(round(at_s + (start_s or 0.0) / tempo, 3) for start_s in starts),
        tuple(round(at_s + end_s / tempo, 3) for end_s in ends),
    )


def _joined(spans: Iterable[Span]) -> Sequence[Span]:
    """Words that stand for the same characters (``$5``: five dollars) as one."""
    found: list[Span] = []
    for span in spans:
        if found and span[0] < found[-1][1]:
            last = found.pop()
            span = (min(last[0], span[0]), max(last[1], span[1]), last[2], span[3])
        found.append(span)
    return found
