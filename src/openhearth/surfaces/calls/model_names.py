"""The model id that an answer names, read as the answer passes: in whole answers and in streams of every family."""

import msgspec

_MOST_BYTES = 1024 * 1024
_NAME_CHARS = 256


class _Inner(msgspec.Struct):
    model: str | None = None


class _Named(msgspec.Struct):
    """Where families put it: at the top (OpenAI, Cohere …), in ``message`` (the first event of Anthropic's streams), in
    ``response`` (events of OpenAI's Responses), or as ``modelVersion`` (Gemini)."""

    model: str | None = None
    modelVersion: str | None = None
    message: _Inner | None = None
    response: _Inner | None = None


_TOP = msgspec.json.Decoder(_Inner)
_ANYWHERE = msgspec.json.Decoder(_Named)


class ModelName:
    """``name`` is empty until the answer has named a model, and stays so if it names none or is too large to tell."""

    def __init__(self, content_type: bytes) -> None:
        kind = content_type.partition(b";")[0].strip().lower()
        self._is_stream = kind == b"text/event-stream"
        self._is_read = self._is_stream or kind == b"application/json" or kind.endswith(b"+json")
        self._held = b""
        self.name = ""

    def feed(self, data: bytes, *, is_last: bool) -> None:
        """The next piece of the answer's body."""
        if not self._is_read or self.name:
            return
        if is_last and not self._held:
            self._held = data  # a whole answer in one piece is read where it lies, however large
        else:
            self._held += data
            if len(self._held) > _MOST_BYTES:
                self._is_read, self._held = False, b""
                return
        if self._is_stream:
            self._read_events(is_last=is_last)
        elif is_last:
            self.name = _name_in(self._held)
            self._held = b""

    def _read_events(self, *, is_last: bool) -> None:
        *lines, rest = self._held.split(b"\n")
        self._held = rest
        for line in (*lines, rest) if is_last else lines:
            if line.startswith(b"data:") and not self.name:
                self.name = _name_in(line[5:])


def _name_in(text: bytes) -> str:
    try:
        named = _ANYWHERE.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _name_at_top(text)
    inner = named.message or named.response or _Inner()
    return _printable(named.model or named.modelVersion or inner.model or "")


def _name_at_top(text: bytes) -> str:
    """For answers whose ``message`` or ``response`` is something else, as the text of a transcript may be."""
    try:
        return _printable(_TOP.decode(text).model or "")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:_NAME_CHARS])
