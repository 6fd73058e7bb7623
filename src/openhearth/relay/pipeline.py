"""One call in eight steps: accept, identify, admit, plan, shape, send, return, settle.

An ``Exchange`` is driven by callbacks, so that a warm call needs no task and no await; only what is cold (a key not
seen lately, an engine that must start) runs in a task that the exchange owns.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from openhearth.core.call import Call, Outcome, Principal, Usage
from openhearth.core.envelope import Envelope
from openhearth.core.errors import Bug, GatewayError, ShuttingDown, UpstreamError
from openhearth.core.money import FREE, UNPRICED
from openhearth.core.operations import Operation
from openhearth.core.provider import Target
from openhearth.relay import marks
from openhearth.relay.attempt import Attempt, WatchedAttempt
from openhearth.relay.estimates import estimate, estimate_part, estimate_whole
from openhearth.relay.gate import Admission, charge_of, note_progress, outcome_of
from openhearth.relay.passthrough import Ask, worst_for
from openhearth.relay.ports import ClientSide
from openhearth.relay.retry import Next, after
from openhearth.relay.services import Relay
from openhearth.relay.shown_cost import with_cost
from openhearth.relay.way import Way
from openhearth.routing.entrance import Wish
from openhearth.routing.rooms import Place
from openhearth.transport.wire import Headers


class Exchange:
    """One call under way."""

    __slots__ = (
        "_admission", "_ask", "_attempt", "_body_bytes", "_envelope", "_errors", "_operation", "_relay", "_seen_events",
        "_side", "_targets", "_task", "call", "closed", "last_write_s", "paused_since_s", "started",
    )  # fmt: skip

    call: Call
    _errors: tuple[UpstreamError, ...]
    _seen_events: int
    _targets: list[Target]

    def __init__(self, relay: Relay, operation: Operation, side: ClientSide) -> None:
        self._relay = relay
        self._operation = operation
        self._side = side
        self._admission: Admission | None = None
        self._attempt: Attempt | None = None
        self._task: asyncio.Task[None] | None = None
        self._errors = ()
        self.started = False
        self.closed = False
        self.paused_since_s = 0.0

    # -- what a door calls ---------------------------------------------------------------------------------------

    def run(
        self,
        token: bytes | None,
        envelope: Envelope,
        ask: Ask,
        body_bytes: int,
        found: list[Target] | None = None,
        *,
        caller: Principal | None = None,
    ) -> None:
        """Steps 2 to 6. Never raises: every failure goes to the client side.

        ``token`` is the API key sent, unless the ``caller`` is known; ``found`` are the model's targets, if the door
        has looked them up.
        """
        self._envelope = envelope
        self._ask = ask
        self._body_bytes = body_bytes
        self._targets = found or []
        relay = self._relay
        relay.open.add(self)
        try:
            if relay.stopping:
                raise ShuttingDown("The server is stopping; try again.", retry_after_s=1.0)
            principal = caller or relay.gate.identify_cached(token)
            if principal is None:
                self._own(self._identify(token))
            else:
                self._admit(principal)
        except GatewayError as error:
            self._fail(error)
        except Exception as error:  # a parser callback must not swallow a bug of ours
            self._bug(error)

    def pause(self) -> None:
        """The client reads more slowly than the upstream writes."""
        self.paused_since_s = self._now()
        if self._attempt is not None:
            self._attempt.pause()

    def resume(self) -> None:
        self.paused_since_s = 0.0
        if self._attempt is not None:
            self._attempt.resume()

    def client_gone(self) -> None:
        """The client left: abort upstream at once, bill what was delivered. After an error event nothing is to bill:
        clients leave as soon as they see one."""
        if not self.closed:
            if self._attempt is not None and self._attempt.failed:
                self._settle(Outcome.FAILED, "upstream_error")
            else:
                self._settle(Outcome.CLIENT_GONE, "client_gone")
            self._close()

    def interrupt(self) -> None:
        """The server stops and cannot wait any longer: tell the client, settle, abort upstream."""
        self._fail(ShuttingDown("The server is stopping.", retry_after_s=1.0))

    def withdraw(self, error: GatewayError) -> None:
        """The side ends the call for a reason that it tells the client itself: settle, abort upstream."""
        if not self.closed:
            if self._attempt is not None:
                estimate_part(self.call.usage, body_bytes=self._body_bytes, events=self._attempt.events)
            self._settle(outcome_of(error), error.code)
            self._close()

    def beat(self, now_s: float) -> None:
        """Called every second or so for open streams: a comment after silence, the end for a client that is stuck."""
        limits = self._relay.config.limits
        if self.paused_since_s and now_s - self.paused_since_s > limits.stream_idle_s:
            self._side.broke(ShuttingDown("The client stopped reading.", code="client_stalled"))
            self.client_gone()
        elif not self._may_comment() or self.paused_since_s:
            return
        elif self._attempt is not None and self._attempt.events != self._seen_events:
            self._seen_events = self._attempt.events  # noted here, so that a chunk costs no look at the clock
            self.last_write_s = now_s
            note_progress(self.call, self._attempt.target.price, self._body_bytes, self._seen_events)
        elif now_s - self.last_write_s > limits.keepalive_comment_s:
            if not self.started:
                self._start(200, [(b"content-type", b"text/event-stream")], ())
            self.last_write_s = now_s
            self._side.data(b": keep-alive\n\n")

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _identify(self, token: bytes | None) -> None:
        self._admit(await self._relay.gate.identify(token))

    def _admit(self, principal: Principal) -> None:
        takes_app = principal.screens or principal.ips or principal.cache_s
        if takes_app and self._side.pass_on(self._envelope.encode()):
            self._close()
            return
        relay, ask, operation = self._relay, self._ask, self._operation
        targets = self._targets
        if len(targets) != 1:
            targets = relay.router.plan_relay(principal, operation, ask.model, self._envelope)
            self._targets = targets
        gate = relay.gate
        if not gate.is_local and gate.must_wait(principal, ask.model):
            self._own(self._admit_shared(principal))
            return
        size = self._body_bytes
        worst_nanos = worst_for(principal, self._targets, self._envelope, size)
        self._admitted(
            gate.admit(principal, operation, ask.model, stream=ask.stream, worst_nanos=worst_nanos, tokens=size // 4)
        )

    async def _admit_shared(self, principal: Principal) -> None:
        size = self._body_bytes
        worst_nanos = worst_for(principal, self._targets, self._envelope, size)
        ask = self._ask
        self._admitted(
            await self._relay.gate.admit_shared(
                principal, self._operation, ask.model, stream=ask.stream, worst_nanos=worst_nanos, tokens=size // 4
            )
        )

    def _admitted(self, admission: Admission) -> None:
        self._admission = admission
        call = self.call = admission.call
        self.last_write_s = call.started_s
        self._next()

    def _next(self) -> None:
        """Send the next attempt, or tell the client that none is left."""
        call = self.call
        tried = call.attempts
        target = self._targets[0]
        if tried or target.watched:
            self._enter(tried)
            return
        call.attempts = 1
        call.target_id = target.id
        if target.engine and not self._relay.engines.ready(target.engine):
            self._own(self._wake(target))
        else:
            self._send(target)

    def _enter(self, tried: int) -> None:
        """Targets that not every call may go to at once, and every further attempt: take a place, or wait for one."""
        relay = self._relay
        if not tried:
            self._targets = list(self._targets)  # it was the router's own
        wish = Wish(self.call.principal.owner, self._body_bytes // 4, relay.config.upstream.attempts)
        way = Way(relay.router, self._targets, wish)
        place = way.now(tried, self._errors)
        if place is None:
            self._own(self._wait(way, tried))
        else:
            self._go(place)

    async def _wait(self, way: Way, tried: int) -> None:
        """In the line of a full target. The client sees nothing but comments so long; when it leaves, so does this."""
        self._go(await way.turn(tried, lambda: self.started))

    def _go(self, place: Place) -> None:
        call, target = self.call, place.target
        if call.attempts:
            call.usage = Usage()
        call.attempts += 1
        call.target_id = target.id
        if target.engine and not self._relay.engines.ready(target.engine):
            self._own(self._wake(target, place))
            if self._task is not None:  # one cancelled before its first step runs none of its code
                self._task.add_done_callback(lambda task: place.leave() if task.cancelled() else None)
        else:
            self._send(target, place)

    async def _wake(self, target: Target, place: Place | None = None) -> None:
        try:
            await self._relay.engines.ensure(target.engine)
        except GatewayError as error:
            if place is not None:
                place.leave()
            if not isinstance(error, UpstreamError):
                raise
            error.target = error.target or target.id
            self.attempt_failed(error)
        else:
            self._send(target, place)

    def _send(self, target: Target, place: Place | None = None) -> None:
        relay, ask = self._relay, self._ask
        outgoing, dropped = relay.shaper.shape(target, self._operation, self._envelope, ask)
        if place is None:
            attempt = Attempt(self, target, dropped, self.call.usage, not ask.wants_usage)
        else:
            attempt = WatchedAttempt(self, target, dropped, self.call.usage, not ask.wants_usage)
            attempt.begin(place, is_stream=ask.stream)
        self._attempt = attempt
        self._seen_events = 0
        if ask.wants_cost:
            attempt.charge = partial(charge_of, target.price, self.call.principal.ratio_ppm)
        attempt.flight = relay.client.send(outgoing, attempt)
        if self.paused_since_s:
            attempt.pause()

    # -- what the attempt reports --------------------------------------------------------------------------------

    @property
    def most_answer_bytes(self) -> int:
        return self._relay.config.limits.answer_body_bytes

    @property
    def unplaced_at(self) -> str:
        """The target that answers without a place taken there; empty for none."""
        return self._attempt.target.id if type(self._attempt) is Attempt else ""

    @property
    def may_move_on(self) -> bool:
        left = len(self._targets) > self.call.attempts
        return left and not self.started and self._relay.router.may_retry()

    def attempt_failed(self, error: UpstreamError) -> None:
        """An attempt ended badly: on to the next target, or to the client."""
        if self.closed:
            return
        self._relay.router.note(self._targets[self.call.attempts - 1], error)
        self._attempt = None
        self._errors = (*self._errors, error)
        if self.started or after(error) is Next.STOP:
            self._fail(error)
            return
        try:
            self._next()
        except GatewayError as last:
            self._fail(last)

    def stream_started(
        self, status: int, headers: Headers, target: Target, dropped: tuple[str, ...]
    ) -> Callable[[bytes], None]:
        self.call.first_byte_s = self._now() - self.call.started_s
        if not self.started:
            self._start(status, headers, dropped)
        self._relay.router.note(target, None)
        return self._side.data

    def stream_ended(self, target: Target, outcome: Outcome, code: str, events: int) -> None:
        estimate(self.call.usage, body_bytes=self._body_bytes, events=events)
        self._settle(outcome, code)
        self._side.end()
        self._close()

    def whole(self, status: int, headers: Headers, body: bytes, target: Target, dropped: tuple[str, ...]) -> None:
        """A complete answer that is not a stream."""
        relay, call = self._relay, self.call
        relay.router.note(target, None)
        call.first_byte_s = relay.gate.clock() - call.started_s
        if call.usage.source == "none":
            estimate_whole(call.usage, body_bytes=self._body_bytes, answer=body)
        self._settle(_OK, "")
        if self._ask.wants_cost:
            body = with_cost(body, call.charge_nanos)
        if self.started:  # a keep-alive comment already opened a stream
            self._side.data(b"data: " + body + b"\n\ndata: [DONE]\n\n")
            self._side.end()
        else:
            self._side.answer(status, self._lines(headers, dropped), body)
        self._forget()

    # -- the end -------------------------------------------------------------------------------------------------

    def _fail(self, error: GatewayError) -> None:
        if self.closed:
            return
        if self._attempt is not None and self.started:
            estimate_part(self.call.usage, body_bytes=self._body_bytes, events=self._attempt.events)
        self._settle(outcome_of(error), error.code)
        if self.started:
            self._side.broke(error)
        else:
            self._side.failed(error, self._lines([], ()) if self._admission else b"")
        self._close()

    def _settle(self, outcome: Outcome, code: str) -> None:
        admission = self._admission
        if admission is None:
            return
        attempt = self._attempt
        price = None
        if attempt is not None:
            if outcome is _GONE:
                estimate_part(admission.call.usage, body_bytes=self._body_bytes, events=attempt.events)
            charged = attempt.target.price
            if charged is not FREE and (outcome is _OK or attempt.events > 0):
                price = charged
        if admission.settle(outcome, code, price):
            self._relay.meter.finished(admission.call)

    def _forget(self) -> None:
        self.closed = True
        self._relay.open.discard(self)
        self._attempt = None  # each knows the other: bodies must not wait for the collector

    def _close(self) -> None:
        attempt, task = self._attempt, self._task
        self._forget()
        if attempt is not None:
            attempt.abort()
        if task is not None and task is not asyncio.current_task():
            task.cancel()

    def _start(self, status: int, headers: Headers, dropped: tuple[str, ...]) -> None:
        self.started = True
        self._side.start(status, self._lines(headers, dropped) + b"cache-control: no-cache\r\n")

    def _lines(self, headers: Headers, dropped: tuple[str, ...]) -> bytes:
        call, attempt = self.call, self._attempt
        ms = int((call.first_byte_s or self._now() - call.started_s) * 1000)
        standing = self._relay.gate.standing(call) if call.principal.limits else ()
        lines = marks.lines(call, ms, headers, dropped, standing)
        if attempt is not None and attempt.target.price is UNPRICED:
            lines += b"x-openhearth-price: none\r\n"
        return lines

    def _may_comment(self) -> bool:
        return self._admission is not None and self._ask.stream and not self.closed

    def _now(self) -> float:
        return self._relay.gate.clock()

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except GatewayError as error:
            self._fail(error)
        except Exception as error:
            self._bug(error)

    def _bug(self, error: Exception) -> None:
        self._relay.meter.bug(error, self._admission.call.id if self._admission else "")
        self._fail(Bug(type(error).__name__))


_OK, _GONE = Outcome.OK, Outcome.CLIENT_GONE  # an enumeration's members are slow to look up
