"""One try on one target: turns the upstream's callbacks into a stream, a whole answer or an error."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec
from typing_extensions import override

from openhearth.core.call import Call, Outcome, Usage
from openhearth.core.errors import UpstreamDown, UpstreamError, UpstreamGarbled, UpstreamTimeout
from openhearth.core.provider import Target
from openhearth.relay.observe import Charge, StreamObserver, error_in, read_answer
from openhearth.relay.retry import classify, said_by
from openhearth.relay.way import stand_in
from openhearth.routing.rooms import Place
from openhearth.transport.wire import Flight, Headers

_MOST_ERROR_BYTES = 256 * 1024
_JSON = (b"content-type", b"application/json")


class Owner(Protocol):
    """The exchange, as an attempt sees it."""

    call: Call

    @property
    def most_answer_bytes(self) -> int:
        """The largest whole answer that is held (``limits.answer_body_bytes``)."""

    @property
    def may_move_on(self) -> bool:
        """Whether another target would be tried if this attempt failed now."""

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
    charge: Charge | None = None

    @property
    def events(self) -> int:
        """How many stream events went to the client."""
        return self.observer.events if self.observer is not None else 0

    @property
    def failed(self) -> bool:
        """Whether the stream told the client of an error."""
        return self.observer is not None and self.observer.failed

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
            self.observer = StreamObserver(self.usage, hide_usage=self.hide_usage, charge=self.charge)

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
                if observer.failed:
                    if self.sink is None:
                        self.abort()
                        self._fail_by(error_in(data), "an error")
                        return
                    data = self._closed(data)
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
        else:
            self._fail_by(body, "an error" if kind == "error" else "something that is not JSON")

    def _fail_by(self, body: bytes, what: str) -> None:
        """The upstream's status is a good one, what came with it is not."""
        said, code = said_by(self._closed(body))
        message = f"The upstream answered {self.status} with {what}{': ' + said if said else ''}."
        self.owner.attempt_failed(UpstreamGarbled(message, code=code, target=self.target.id))

    def answer_failed(self, error: UpstreamError) -> None:
        observer = self.observer
        if observer is not None and observer.done and not observer.failed:
            # All was said: that the connection then broke, and not the answer ended, is nobody's loss.
            self._end_stream(observer)
            return
        error.target = error.target or self.target.id
        self.owner.attempt_failed(error)

    def _closed(self, said: bytes) -> bytes:
        """What the upstream says of a failure, without our credential: some repeat it."""
        return said if self.target.secret is None else self.target.secret.out_of(said)

    def _pass_on(self, data: bytes) -> None:
        """The client's stream starts with the first event, so that until then another target can be tried."""
        if self.sink is None:
            self.sink = self.owner.stream_started(self.status, self.headers, self.target, self.dropped)
        self.sink(data)

    def _end_stream(self, observer: StreamObserver) -> None:
        rest = observer.rest()
        if rest and observer.failed and self.sink is None:
            self._fail_by(error_in(rest), "an error")
            return
        if rest:
            self._pass_on(self._closed(rest) if observer.failed else rest)
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


class WatchedAttempt(Attempt):
    """An attempt on a target that calls are let into: it holds a place there until it ends, whatever way. It is given
    up when its stream does not begin in time and another target may be tried.

    Of a fallback's answer the client is told by a header.
    """

    place: Place | None = None
    timer: asyncio.TimerHandle | None = None

    def begin(self, place: Place, *, is_stream: bool) -> None:
        """Hold ``place``."""
        self.place = place
        within_s = self.target.limits.first_token_s
        if within_s and is_stream:
            self.timer = asyncio.get_running_loop().call_later(within_s, self._overdue, within_s)

    @override
    def answer_whole(self, status: int, headers: Headers, body: bytes) -> bool:
        place = self.place
        taken = super().answer_whole(status, self._marked(headers), body)
        if taken and place is not None:
            place.heard()
            self._leave()
        return taken

    @override
    def answer_started(self, status: int, headers: Headers) -> None:
        super().answer_started(status, self._marked(headers))
        if self.observer is None:
            self._stop_timer()
            if status == 200 and self.place is not None:
                self.place.heard()

    @override
    def answer_ended(self) -> None:
        try:
            super().answer_ended()
        finally:
            self._leave()

    @override
    def answer_failed(self, error: UpstreamError) -> None:
        try:
            super().answer_failed(error)
        finally:
            self._leave()

    @override
    def abort(self) -> None:
        self._leave()
        super().abort()

    @override
    def _pass_on(self, data: bytes) -> None:
        if self.sink is None and self.place is not None:
            self.place.heard()
            self._stop_timer()
        super()._pass_on(data)

    def _leave(self) -> None:
        self._stop_timer()
        if self.place is not None:
            self.place.leave(self.usage.input_tokens + self.usage.output_tokens)

    def _stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def _overdue(self, within_s: float) -> None:
        self.timer = None
        if self.owner.may_move_on:
            self.abort()
            error = UpstreamTimeout(
                f"{self.target.id} did not begin its stream within {within_s:g} s.",
                code="first_token_timeout",
                target=self.target.id,
            )
            self.owner.attempt_failed(error)

    def _marked(self, headers: Headers) -> Headers:
        model = self.target.fallback
        return (
            [*headers, (b"x-openhearth-model", stand_in(model, self.owner.call.model).encode())] if model else headers
        )


def _is_stream(headers: Headers) -> bool:
    for name, value in headers:
        if name == b"content-type":
            return value.startswith(b"text/event-stream")
    return False
