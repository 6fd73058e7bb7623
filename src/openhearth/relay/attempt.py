"""One try on one target: turns the upstream's callbacks into a stream, a whole answer or an error."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from openhearth.core.call import Outcome, Usage
from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled
from openhearth.core.provider import Target
from openhearth.relay.observe import StreamObserver, read_answer
from openhearth.relay.retry import classify, said_by
from openhearth.transport.wire import Flight, Headers

_MOST_ERROR_BYTES = 256 * 1024
_JSON = (b"content-type", b"application/json")


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


class Attempt(msgspec.Struct, eq=False):
    """A ``Receiver`` of one answer for its owner. ``answer_started`` sets what ``answer_whole`` does not need."""

    owner: Owner
    target: Target
    dropped: tuple[str, ...]
    usage: Usage
    hide_usage: bool
    flight: Flight | None = None
    observer: StreamObserver | None = None
    sink: Callable[[bytes], None] | None = None
    status: int = 0
    headers: Headers = []
    parts: list[bytes] = []
    size_bytes: int = 0

    @property
    def events(self) -> int:
        """How many stream events went to the client."""
        return self.observer.events if self.observer is not None else 0

    def pause(self) -> None:
        if self.flight is not None:
            self.flight.pause()

    def resume(self) -> None:
        if self.flight is not None:
            self.flight.resume()

    def abort(self) -> None:
        if self.flight is not None:
            self.flight.abort()

    def answer_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        is_stream = _JSON not in headers and _is_stream(headers)  # a list is searched faster than a function called
        if status != 200 or is_stream or read_answer(body, self.usage) != "ok":
            return False
        self.owner.whole(status, headers, body, self.target, self.dropped)
        return True

    def answer_started(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        if status == 200 and _is_stream(headers):
            self.observer = StreamObserver(self.usage, hide_usage=self.hide_usage)

    def answer_data(self, data: bytes) -> None:
        observer = self.observer
        if observer is not None:
            try:
                data = observer.feed(data)
            except UpstreamError as error:
                self.abort()
                error.target = self.target.id
                self.owner.attempt_failed(error)
                return
            if data:
                sink = self.sink
                if sink is not None:
                    sink(data)
                else:
                    self._pass_on(data)
            return
        self.size_bytes += len(data)
        self.parts.append(data)
        if self.size_bytes > (_MOST_ERROR_BYTES if self.status >= 400 else self.owner.most_answer_bytes):
            self.abort()
            self.owner.attempt_failed(UpstreamGarbled("The answer is too large.", target=self.target.id))

    def answer_ended(self) -> None:
        if self.observer is not None:
            self._end_stream(self.observer)
            return
        body = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        if self.status >= 300:
            target = self.target
            told = self.status, self.headers, body, target.id
            self.owner.attempt_failed(classify(*told, is_ours=bool(target.engine), secret=target.secret))
            return
        kind = read_answer(body, self.usage)
        if kind == "ok":
            self.owner.whole(self.status, self.headers, body, self.target, self.dropped)
            return
        said, code = said_by(body)
        message = f"The upstream answered 200 with {'an error' if kind == 'error' else 'something that is not JSON'}"
        self.owner.attempt_failed(
            UpstreamGarbled(f"{message}{': ' + said if said else ''}.", code=code, target=self.target.id)
        )

    def answer_failed(self, error: UpstreamError) -> None:
        error.target = error.target or self.target.id
        self.owner.attempt_failed(error)

    def _pass_on(self, data: bytes) -> None:
        """The client's stream starts with the first event, so that until then another target can be tried."""
        if self.sink is None:
            self.sink = self.owner.stream_started(self.status, self.headers, self.target, self.dropped)
        self.sink(data)

    def _end_stream(self, observer: StreamObserver) -> None:
        rest = observer.rest()
        if rest:
            self._pass_on(rest)
        if observer.failed:
            self.owner.stream_ended(self.target, Outcome.FAILED, "upstream_error", self.events)
        elif not observer.finished:
            self.owner.attempt_failed(
                UpstreamDown("The upstream's stream ended early.", code="upstream_truncated", target=self.target.id)
            )
        else:
            if not observer.done:
                self._pass_on(b"data: [DONE]\n\n")
            self.owner.stream_ended(self.target, Outcome.OK, "", self.events)


def _is_stream(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value.startswith(b"text/event-stream")
    return False
