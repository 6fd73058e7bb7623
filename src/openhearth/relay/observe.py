"""Usage and the end mark of a passing stream, found by searching bytes, so that a chunk is not parsed.

Only whole events are passed on: a client can do nothing with half an event, and an event that we asked for
ourselves (the usage chunk) can then be taken out.
"""

import re
from collections.abc import Callable

import msgspec

from openhearth.core.call import Usage
from openhearth.core.errors import UpstreamGarbled
from openhearth.relay.shown_cost import event_with_cost

Charge = Callable[[Usage], int]
_MOST_PENDING_BYTES = 16 * 1024 * 1024
_DONE = (b"[DONE]\n\n", b"[DONE]\r\n\r\n")
_NEWLINE, _BRACKET, _D = b"\n]d"
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
_END = re.compile(rb"(?:^|\n)data:\s*\[DONE\]")
_NOTHING = (b"", b"null", b"{}", b'""', b"false")


class _Into(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _Out(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _Usage(msgspec.Struct):
    """``cached_tokens`` is where Moonshot says it, ``prompt_cache_hit_tokens`` where DeepSeek said it first."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    prompt_cache_hit_tokens: int | None = None
    prompt_tokens_details: _Into | None = None
    completion_tokens_details: _Out | None = None


_ABSENT = msgspec.Raw(b"")


class _Answer(msgspec.Struct):
    usage: _Usage | None = None
    error: msgspec.Raw = _ABSENT


class _Chunk(msgspec.Struct):
    usage: _Usage | None = None
    choices: msgspec.Raw = _ABSENT


class _WithoutUsage(msgspec.Struct):
    error: msgspec.Raw = _ABSENT


_ANSWER = msgspec.json.Decoder(_Answer)
_WITHOUT_USAGE = msgspec.json.Decoder(_WithoutUsage)
_CHUNK = msgspec.json.Decoder(_Chunk)


class StreamObserver:
    """Watches one answer stream of a dialect with OpenAI's chat or completions chunks.

    ``hide_usage``: the usage was asked for by us and is not shown to the client. ``charge``: what a usage is charged,
    in nanos, for a client that wants to see it.
    """

    __slots__ = ("_charge", "_hide", "_last", "_pending", "_previous", "_usage", "done", "events", "failed")

    def __init__(self, usage: Usage, *, hide_usage: bool, charge: Charge | None = None) -> None:
        self._usage = usage
        self._charge = charge
        self._hide = hide_usage
        self._pending = b""
        self._last = b""
        self._previous = b""
        self.events = 0
        self.done = False
        self.failed = False

    def feed(self, data: bytes) -> bytes:
        """The bytes to pass on now: all whole events so far. Raises UpstreamGarbled for an endless event."""
        if self._pending:
            data = self._pending + data
            self._pending = b""
        # Searches are ``find``: ``bytes in bytes`` raises and drops a TypeError inside, at the price of four searches.
        line = data.find(b"\n")
        if line == len(data) - 2 and line > 0 and data[-1] == _NEWLINE:
            # One event of one line, as nearly every read brings it. A comment is none.
            self.events += data[0] == _D
            may_end = data[line - 1] == _BRACKET
        else:
            data = data if data.endswith(b"\n\n") else self._cut(data)
            if not data:
                return b""
            self.events += data.count(b"\ndata:") + data.startswith(b"data:")
            may_end = True
        if data.find(b'"error"') >= 0:
            self.failed = self.failed or bool(error_in(data))
        if data.find(b'"usage"') >= 0:
            data = self._read_usage(data)
        if may_end and data.endswith(_DONE):
            self.events -= not self.done  # the end mark is no event either
            self.done = True
        self._previous, self._last = self._last, data
        return data

    def rest(self) -> bytes:
        """At the end of the answer: what is left without its blank line (a lax upstream's last event)."""
        left, self._pending = self._pending, b""
        return self.feed(left.rstrip(b"\r\n") + b"\n\n") if left.strip() else b""

    @property
    def finished(self) -> bool:
        """True when the stream ended as its dialect ends: the end mark or a finish reason in its last chunks."""
        ending = self._previous + self._last
        return self.done or _END.search(ending) is not None or _FINISH.search(ending) is not None

    def _cut(self, data: bytes) -> bytes:
        end = 0
        if data.endswith(b"\n\r\n"):
            return data
        for found in (data.rfind(b"\n\n"), data.rfind(b"\n\r\n")):
            if found >= 0:
                end = max(end, found + (2 if data[found + 1 : found + 2] == b"\n" else 3))
        self._pending = data[end:]
        if len(self._pending) > _MOST_PENDING_BYTES:
            raise UpstreamGarbled("The upstream sent an event that does not end.")
        return data[:end]

    def _read_usage(self, data: bytes) -> bytes:
        if self._hide:
            data = data.replace(b',"usage":null', b"")
            if data.find(b'"usage"') < 0:
                return data
        return _each_event(data, self._shown)

    def _shown(self, event: bytes) -> bytes:
        """Note the event's usage; nothing is shown when it carries nothing else and the client did not ask for it."""
        if b'"usage"' not in event:
            return event
        answer = _decode(event)
        if answer is None or answer.usage is None:
            return event
        note_usage(self._usage, answer.usage)
        if self._charge is not None and self._usage.source != "none":
            return event_with_cost(event, self._charge(self._usage))
        return b"" if self._hide and bytes(answer.choices) in (b"", b"[]") else event


def _each_event(data: bytes, shown: Callable[[bytes], bytes]) -> bytes:
    kept: list[bytes] = []
    start = 0
    for gap in _BLANK_LINE.finditer(data):
        event = data[start : gap.end()]
        start = gap.end()
        kept.append(shown(event))
    kept.append(data[start:])
    return b"".join(kept)


def _decode(event: bytes) -> _Chunk | None:
    at = event.find(b"data:")
    if at < 0:
        return None
    try:
        return _CHUNK.decode(event[at + 5 :].strip())
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return _CHUNK.decode(_joined(event))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _joined(event: bytes) -> bytes:
    """The data of an event that has it in several lines, or other fields after it."""
    return b"\n".join(line[5:] for line in event.splitlines() if line.startswith(b"data:"))


def error_in(data: bytes) -> bytes:
    """The data of the first event that says that the answer failed: a field ``error``, wherever it stands."""
    for event in _BLANK_LINE.split(data):
        if b'"error"' not in event:
            continue
        payload = _joined(event)
        try:
            error = bytes(_WITHOUT_USAGE.decode(payload).error)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if error not in _NOTHING:
            return payload
    return b""


def note_usage(usage: Usage, found: _Usage) -> None:
    """Copy what the upstream reported; nonsense (negative, absent) counts as zero, and nothing but zeros (some send
    them until the last event) as no report."""
    into, out = found.prompt_tokens or 0, found.completion_tokens or 0
    if into <= 0 and out <= 0:
        return
    if found.total_tokens is not None and into > 0 and found.total_tokens > into + out >= into:
        out += _thought_beside(found, found.total_tokens - into - out)
    usage.input_tokens = into if into > 0 else 0
    usage.output_tokens = out if out > 0 else 0
    if found.prompt_tokens_details is not None:
        _note_into(usage, found.prompt_tokens_details)
    else:
        usage.cached_tokens = max(0, found.cached_tokens or found.prompt_cache_hit_tokens or 0)
    if found.completion_tokens_details is not None:
        _note_out(usage, found.completion_tokens_details)
    usage.source = "upstream"


def _thought_beside(found: _Usage, rest: int) -> int:
    """What xAI and Gemini count in the total only, and bill as output: what the model thought. ``rest`` is what the
    total has more than input and output; where reasoning is told and is another number, the rest is something else."""
    told = 0 if found.completion_tokens_details is None else found.completion_tokens_details.reasoning_tokens or 0
    return rest if told in (0, rest) else 0


def _note_into(usage: Usage, details: _Into) -> None:
    usage.cached_tokens = max(0, details.cached_tokens or 0)
    usage.cache_write_tokens = max(0, details.cache_write_tokens or 0)
    usage.audio_input_tokens = max(0, details.audio_tokens or 0)
    usage.image_input_tokens = max(0, details.image_tokens or 0)


def _note_out(usage: Usage, details: _Out) -> None:
    usage.reasoning_tokens = max(0, details.reasoning_tokens or 0)
    usage.audio_output_tokens = max(0, details.audio_tokens or 0)
    usage.image_output_tokens = max(0, details.image_tokens or 0)


def read_answer(body: bytes, usage: Usage) -> str:
    """Note the usage of a whole answer; ``ok``, ``error`` (a 200 that holds an error) or ``garbled``."""
    try:
        error = _read_error(body, usage)
        if error is _ABSENT or bytes(error) == b"null":
            return "ok"
        return "ok" if bytes(_CHUNK.decode(body).choices) else "error"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "garbled"


def _read_error(body: bytes, usage: Usage) -> msgspec.Raw:
    """What stands in ``error``; the usage is noted, unless it is none. Raises as a decoder does."""
    try:
        answer = _ANSWER.decode(body)
    except msgspec.ValidationError:
        return _WITHOUT_USAGE.decode(body).error
    if answer.usage is not None:
        note_usage(usage, answer.usage)
    return answer.error
