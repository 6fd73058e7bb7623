"""What was heard, out of an answer in any of OpenAI's formats: for those who must look at it before the caller does."""

import re
from collections.abc import Iterator

import msgspec

from openhearth.core.texts import letters, texts_of, unrepeated

_NO_TEXT = frozenset({"type", "id", "task", "tokens", "logprobs", "usage", "language", "languages", "code"})
_CUE = re.compile(r"WEBVTT\b.*|\d+|.*\d\d[,.]\d{3} --> .*\d\d[,.]\d{3}.*")
_REPEATED = _NO_TEXT | {"words"}


def said(body: bytes) -> list[str]:
    """The texts of a whole answer: JSON, plain, SubRip or WebVTT (whose cues are one text)."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
        return [" ".join(line for line in lines if line and not _CUE.fullmatch(line))]
    return unrepeated(texts_of(value, _NO_TEXT))


class Spoken:
    """The texts of a stream, event by event."""

    def __init__(self) -> None:
        self._so_far: list[str] = []

    def read(self, data: str) -> Iterator[tuple[str, str]]:
        """Whose each text is (kind of event and place), and the text. The last event, which repeats all deltas, has
        none unless it says something else."""
        try:
            event = msgspec.json.decode(data)
        except (msgspec.MsgspecError, RecursionError):
            event = {"text": data}
        if not isinstance(event, dict):
            event = {"text": event}
        kind = str(event.get("type", ""))
        for number, text in enumerate(texts_of(event, _REPEATED)):
            if kind.endswith(".done") and letters(text) == letters("".join(self._so_far)):
                continue
            if kind.endswith(".delta"):
                self._so_far.append(text)
            yield f"{kind}.{number}", text
