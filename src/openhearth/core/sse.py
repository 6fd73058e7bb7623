"""Server-sent events as values, and bytes as events, however the network cut them.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

import re

import msgspec

from openhearth.core.errors import UpstreamGarbled

DONE = b"data: [DONE]\n\n"
DONE_TAIL_BYTES = 16
_BOM = b"\xef\xbb\xbf"
_MOST_EVENT_BYTES = 16 * 1024 * 1024
_LINE_END = re.compile(r"\r\n|\r|\n")
_DONE_LINE = re.compile(rb"(?:\A|[\r\n])(data:[ ]?\[DONE\])(?=[\r\n]|\Z)")


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """One block of a stream. ``data`` is ``None`` when the block has none (a comment, or a bare ``event`` line)."""

    data: str | None = None
    event: str = ""
    id: str | None = None
    retry_ms: int | None = None
    comments: tuple[str, ...] = ()


class Splitter:
    """Turns bytes into events incrementally; a character, a line end or a BOM may be cut anywhere."""

    __slots__ = ("_after_cr", "_at_start", "_block", "_block_bytes", "_most_bytes", "_partial", "_partial_bytes")

    def __init__(self, most_bytes: int = _MOST_EVENT_BYTES) -> None:
        """``most_bytes`` bounds one line and all lines of one event."""
        self._most_bytes = most_bytes
        self._partial: list[bytes] = []
        self._partial_bytes = 0
        self._block: list[bytes] = []
        self._block_bytes = 0
        self._after_cr = False
        self._at_start = True

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left over: false at the end of a stream means that it was cut inside an event."""
        return not self._partial and not self._block

    def feed(self, data: bytes) -> list[Event]:
        """The events that ``data`` completes. Raises UpstreamGarbled (``upstream_line_too_long``)."""
        if self._after_cr and data:
            self._after_cr = False
            if data.startswith(b"\n"):
                data = data[1:]
        if not data:
            return []
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *others = data.split(b"\n")
        self._keep(first)
        if not others:
            return []
        events: list[Event] = []
        last = others.pop()
        for line in (b"".join(self._partial), *others):
            self._line(line, events)
        self._partial.clear()
        self._partial_bytes = 0
        self._keep(last)
        return events

    def _keep(self, part: bytes) -> None:
        if part:
            self._partial.append(part)
            self._partial_bytes += len(part)
            self._bound(self._partial_bytes)

    def _line(self, line: bytes, events: list[Event]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if line:
            self._block.append(line)
            self._block_bytes += len(line)
            self._bound(self._block_bytes)
        elif self._block:
            event = _event(self._block)
            self._block = []
            self._block_bytes = 0
            if event != _NOTHING:
                events.append(event)

    def _bound(self, size_bytes: int) -> None:
        if size_bytes > self._most_bytes:
            message = f"The stream holds an event of more than {self._most_bytes} bytes."
            raise UpstreamGarbled(message, code="upstream_line_too_long")


_NOTHING = Event()


def encode(event: Event) -> bytes:
    """``event`` as it goes on the wire. Raises ValueError when ``event`` or ``id`` holds a line end or ``id`` a NUL."""
    lines = [f": {part}" for comment in event.comments for part in _LINE_END.split(comment)]
    if _LINE_END.search(event.event) or _LINE_END.search(event.id or "") or "\0" in (event.id or ""):
        raise ValueError("An event's name and id must be one line each, and an id without NUL.")
    if event.event:
        lines.append(f"event: {event.event}")
    if event.id is not None:
        lines.append(f"id: {event.id}")
    if event.retry_ms is not None:
        lines.append(f"retry: {event.retry_ms}")
    if event.data is not None:
        lines += [f"data: {part}" for part in _LINE_END.split(event.data)]
    return "\n".join([*lines, "", ""]).encode()


def find_done(data: bytes) -> int:
    """Where the line ``data: [DONE]`` begins in ``data``, or -1.

    One byte search per piece of a stream. The text inside a JSON string is not mistaken for it, because a line starts
    there. A caller who may get it in two pieces puts the last ``DONE_TAIL_BYTES`` before the next piece.
    """
    if b"[DONE]" not in data:
        return -1
    match = _DONE_LINE.search(data)
    return -1 if match is None else match.start(1)


def _event(lines: list[bytes]) -> Event:
    data: list[str] = []
    comments: list[str] = []
    name = ""
    identity: str | None = None
    retry_ms: int | None = None
    for line in lines:
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif not field:
            comments.append(value)
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            identity = value
        elif field == "retry" and value.isascii() and value.isdigit():
            retry_ms = int(value)
    return Event("\n".join(data) if data else None, name, identity, retry_ms, tuple(comments))
