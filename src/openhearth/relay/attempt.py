"""One try on one target: turns the upstream's callbacks into a stream, a whole answer or an error."""

from collections.abc import Callable
from typing import Protocol

from typing_extensions import override

from openhearth.core.call import Outcome, Usage
from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled
from openhearth.core.provider import Target
from openhearth.relay.observe import StreamObserver, read_answer
from openhearth.relay.retry import classify, said_by
from openhearth.transport.wire import Flight, Headers, WholeReceiver

_MOST_ERROR_BYTES = 256 * 1024


class Owner(Protocol):
    """The exchange, as an attempt sees it."""

    @property
    def most_answer_bytes(self) -> int:
        """The largest whole answer that is held (``limits.answer_body_bytes``)."""

    def attempt_failed(self, error: UpstreamError) -> None: ...

    def stream_started(
        self, status: int, headers: Headers, target: Target, dropped: tuple[str, ...]
    ) -> Callable[[bytes], None]:
        """The stream begins; returns where its data goes, so that a chunk takes no detour."""

    def stream_ended(self, target: Target, outcome: Outcome, code: str, events: int) -> None: ...

    def whole(self, status: int, headers: Headers, body: bytes, target: Target, dropped: tuple[str, ...]) -> None: ...


class Attempt(WholeReceiver):
    """Receives one answer for its owner. ``answer_started`` sets what ``answer_whole`` does not need."""

    __slots__ = (
        "_dropped", "_headers", "_hide_usage", "_observer", "_owner", "_parts", "_sink", "_size", "_status", "_usage",
        "flight", "target",
    )  # fmt: skip

    _headers: Headers
    _parts: list[bytes]
    _size: int
    _status: int
    _sink: Callable[[bytes], None] | None

    def __init__(
        self, owner: Owner, target: Target, dropped: tuple[str, ...], usage: Usage, *, hide_usage: bool
    ) -> None:
        self._owner = owner
        self._dropped = dropped
        self._usage = usage
        self._hide_usage = hide_usage
        self._observer: StreamObserver | None = None
        self.target = target
        self.flight: Flight | None = None

    @property
    def events(self) -> int:
        """How many stream events went to the client."""
        return self._observer.events if self._observer is not None else 0

    def pause(self) -> None:
        if self.flight is not None:
            self.flight.pause()

    def resume(self) -> None:
        if self.flight is not None:
            self.flight.resume()

    def abort(self) -> None:
        if self.flight is not None:
            self.flight.abort()

    @override
    def answer_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        if status != 200 or _is_stream(headers) or read_answer(body, self._usage) != "ok":
            return False
        self._owner.whole(status, headers, body, self.target, self._dropped)
        return True

    def answer_started(self, status: int, headers: Headers) -> None:
        self._status = status
        self._headers = headers
        self._parts = []
        self._size = 0
        self._sink = None
        if status == 200 and _is_stream(headers):
            self._observer = StreamObserver(self._usage, hide_usage=self._hide_usage)

    def answer_data(self, data: bytes) -> None:
        observer = self._observer
        if observer is not None:
            try:
                data = observer.feed(data)
            except UpstreamError as error:
                self.abort()
                error.target = self.target.id
                self._owner.attempt_failed(error)
                return
            if data:
                sink = self._sink
                if sink is not None:
                    sink(data)
                else:
                    self._pass_on(data)
            return
        self._size += len(data)
        self._parts.append(data)
        if self._size > (_MOST_ERROR_BYTES if self._status >= 400 else self._owner.most_answer_bytes):
            self.abort()
            self._owner.attempt_failed(UpstreamGarbled("The answer is too large.", target=self.target.id))

    def answer_ended(self) -> None:
        if self._observer is not None:
            self._end_stream(self._observer)
            return
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        if self._status >= 300:
            self._owner.attempt_failed(classify(self._status, self._headers, body, self.target.id))
            return
        kind = read_answer(body, self._usage)
        if kind == "ok":
            self._owner.whole(self._status, self._headers, body, self.target, self._dropped)
            return
        said, code = said_by(body)
        message = f"The upstream answered 200 with {'an error' if kind == 'error' else 'something that is not JSON'}"
        self._owner.attempt_failed(
            UpstreamGarbled(f"{message}{': ' + said if said else ''}.", code=code, target=self.target.id)
        )

    def answer_failed(self, error: UpstreamError) -> None:
        error.target = error.target or self.target.id
        self._owner.attempt_failed(error)

    def _pass_on(self, data: bytes) -> None:
        """The client's stream starts with the first event, so that until then another target can be tried."""
        if self._sink is None:
            self._sink = self._owner.stream_started(self._status, self._headers, self.target, self._dropped)
        self._sink(data)

    def _end_stream(self, observer: StreamObserver) -> None:
        rest = observer.rest()
        if rest:
            self._pass_on(rest)
        if observer.failed:
            self._owner.stream_ended(self.target, Outcome.FAILED, "upstream_error", self.events)
        elif not observer.finished:
            self._owner.attempt_failed(
                UpstreamDown("The upstream's stream ended early.", code="upstream_truncated", target=self.target.id)
            )
        else:
            if not observer.done:
                self._pass_on(b"data: [DONE]\n\n")
            self._owner.stream_ended(self.target, Outcome.OK, "", self.events)


def _is_stream(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value.startswith(b"text/event-stream")
    return False
