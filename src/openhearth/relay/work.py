"""One call of an operation that code of ours carries out (all but relayed JSON): plan, admit, try targets, settle once.

A target is changed only while the client has seen nothing (``commit``); another model only where
the operator says so, never two charges.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Container, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Protocol, Self, TypeVar, cast

from openhearth.core.call import Call, Outcome, Principal, Usage
from openhearth.core.dropped import listed
from openhearth.core.errors import GatewayError, NotFound, RequestError, UpstreamError, UpstreamTimeout
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.relay.gate import Admission, Gate, outcome_of
from openhearth.relay.marks import rate_limits
from openhearth.relay.ports import Router
from openhearth.relay.retry import Next, after
from openhearth.relay.way import Way, stand_in
from openhearth.routing.entrance import Wish
from openhearth.stores.counter_ports import Standing

_UNPRINTABLE = re.compile(r"[^!-~]")

EventT = TypeVar("EventT")
ResultT = TypeVar("ResultT")


class Meter(Protocol):
    """Who is told of every finished call."""

    def finished(self, call: Call) -> None: ...


class Work:
    """One admitted call. Use it as ``with work:``; leaving the block settles it, whatever the reason.

    ``finish``, ``fail`` and ``abandon`` settle earlier; the first settlement counts. ``target`` is the one being asked,
    ``None`` before the first attempt. Whoever reads an answer's usage writes it into ``call.usage``.
    """

    def __init__(
        self,
        admission: Admission,
        targets: list[Target],
        *,
        router: Router,
        meter: Meter,
        clock: Callable[[], float],
        total_s: float,
        attempts: int = 3,
        standing: Callable[[Call], Sequence[Standing]] = lambda _: (),
    ) -> None:
        self._admission = admission
        self._targets = targets
        self._attempts = attempts
        self._router = router
        self._meter = meter
        self._clock = clock
        self._total_s = total_s
        self._standing = standing
        self._committed = False
        self._is_delivering = False
        self.target: Target | None = None

    @property
    def call(self) -> Call:
        return self._admission.call

    @property
    def target_id(self) -> str:
        """Who answers: the target being asked, or the one that will be asked first."""
        first = self.target or next(iter(self._targets), None)
        return first.id if first else ""

    @property
    def is_embedded(self) -> bool:
        """Whether an engine of our own is asked first."""
        return bool(self._targets and self._targets[0].engine)

    @property
    def elapsed_ms(self) -> int:
        """Since the call was admitted."""
        return round((self._clock() - self.call.started_s) * 1000)

    def headers(self, dropped: tuple[str, ...] = ()) -> dict[str, str]:
        """What every answer carries; ``dropped`` names fields of the request that could not be carried over."""
        headers = {"x-request-id": self.call.id, "openai-processing-ms": str(self.elapsed_ms)}
        if self.target_id:
            headers["x-openhearth-target"] = _UNPRINTABLE.sub("?", self.target_id)
        if self.target is not None and not self.target.price.is_known:
            headers["x-openhearth-price"] = "none"
        if self.target is not None and self.target.fallback:
            headers["x-openhearth-model"] = stand_in(self.target.fallback, self.call.model)
        if self.call.principal.limits:
            headers.update(rate_limits(self._standing(self.call)))
        if dropped:
            headers["x-openhearth-dropped"] = listed(dropped).decode()
        return headers

    def commit(self) -> None:
        """The client has seen something, if only a comment: from now on no other target is tried."""
        self._committed = True

    def deliver(self) -> None:
        """The client gets a part of this target's answer: from now on it pays for what it had, also when it leaves."""
        self._committed = self._is_delivering = True

    async def one(self, attempt: Callable[[Target], Awaitable[ResultT]]) -> ResultT:
        """The result of the first target that gives one. Raises as ``stream`` does; cancelling aborts upstream."""

        async def only(target: Target) -> AsyncGenerator[ResultT, None]:
            yield await attempt(target)

        async with aclosing(self.stream(only)) as results:
            return await anext(results)

    async def stream(self, attempt: Callable[[Target], AsyncIterator[EventT]]) -> AsyncGenerator[EventT, None]:
        """The events of the first target that answers. ``attempt`` makes a target's events; closing them aborts it.

        Raises the error of the only target, NoTargetLeft when several failed, and RequestErrors. Closing the
        generator aborts the work upstream.
        """
        errors: list[UpstreamError] = []
        # Moderation guards calls that have a place already and wait for it, perhaps at the same target.
        is_guard = self.call.operation is Operation.MODERATE
        wish = Wish(self.call.principal.owner, attempts=self._attempts, overbooks=is_guard)
        way = Way(self._router, list(self._targets), wish)
        while True:
            tried = len(errors)
            place = way.now(tried, errors) or await way.turn(tried, lambda: self._committed)
            target = place.target
            self._begin(target)
            try:
                async with aclosing(self._timed(target, attempt(target))) as events:
                    async for event in events:
                        yield event
            except UpstreamError as error:
                error.target = error.target or target.id
                self._router.note(target, error)
                errors.append(error)
                if self._committed or after(error) is Next.STOP:
                    raise
            except RequestError:
                self._router.note(target, None)
                raise
            else:
                self._router.note(target, None)
                return
            finally:
                place.leave(self.call.usage.input_tokens + self.call.usage.output_tokens)

    def _begin(self, target: Target) -> None:
        self.target = target
        self.call.attempts += 1
        self.call.target_id = target.id
        self.call.usage = Usage()

    async def _timed(self, target: Target, events: AsyncIterator[EventT]) -> AsyncGenerator[EventT, None]:
        end_s = asyncio.get_running_loop().time() + self._total_s
        async with aclosing(cast("AsyncGenerator[EventT, None]", events)):
            while True:
                try:
                    async with asyncio.timeout_at(end_s):
                        event = await anext(events)
                except StopAsyncIteration:
                    return
                except TimeoutError as error:
                    raise UpstreamTimeout(f"No answer within {self._total_s:g} s.", target=target.id) from error
                if not self.call.first_byte_s:
                    self.call.first_byte_s = self._clock() - self.call.started_s
                yield event

    def finish(self) -> None:
        """Everything was delivered: settle at the target's price."""
        self._settle(Outcome.OK, "", self._price())

    def fail(self, error: GatewayError) -> None:
        """The call failed: settle without a charge."""
        self._settle(outcome_of(error), error.code, None)

    def abandon(self) -> None:
        """The client left: only what was delivered is paid for."""
        self._settle(Outcome.CLIENT_GONE, "client_gone", self._price() if self._delivered() else None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, GatewayError):
            self.fail(error)
        elif isinstance(error, Exception):
            self._settle(Outcome.FAILED, "internal_error", None)
        else:
            self.abandon()

    def _delivered(self) -> bool:
        """Whether a client that leaves now has had something it pays for."""
        return self._is_delivering

    def _price(self) -> Price | None:
        return self.target.price if self.target else None

    def _settle(self, outcome: Outcome, code: str, price: Price | None) -> None:
        if self._admission.settle(outcome, code, price):
            self._meter.finished(self.call)


class Calls:
    """Opens calls. ``attempts`` bounds the targets tried, ``total_s`` one attempt."""

    def __init__(self, gate: Gate, router: Router, meter: Meter, *, attempts: int = 3, total_s: float = 1800.0) -> None:
        self._gate = gate
        self._router = router
        self._meter = meter
        self._attempts = attempts
        self._total_s = total_s

    def answers(self, principal: Principal, operation: Operation, model: str, dialects: Container[Dialect]) -> bool:
        """True when some target does ``operation`` for ``model`` in one of ``dialects``."""
        try:
            return bool(self.targets(principal, operation, model, dialects))
        except NotFound:
            return False

    async def open(
        self,
        principal: Principal,
        operation: Operation,
        model: str,
        *,
        dialects: Container[Dialect],
        worst: Usage,
        stream: bool = False,
    ) -> Work:
        """Plan and admit. ``dialects`` are those the caller has drivers for; ``worst`` is the most that the call may
        consume, held until it is settled.

        Raises NotFound (``model_not_found``), Forbidden, BudgetSpent and NoTargetLeft.
        """
        targets = self.targets(principal, operation, model, dialects)
        hold = max(target.price.most(worst) for target in targets)
        admission = await self._gate.admit_shared(
            principal, operation, model, stream=stream, worst_nanos=hold, tokens=worst.input_tokens
        )
        return Work(
            admission,
            targets,
            router=self._router,
            meter=self._meter,
            clock=self._gate.clock,
            total_s=self._total_s,
            attempts=self._attempts,
            standing=self._gate.standing,
        )

    def targets(
        self, principal: Principal, operation: Operation, model: str, dialects: Container[Dialect]
    ) -> list[Target]:
        """Targets to try, best first, at least one. Raises NotFound and NoTargetLeft."""
        planned = self._router.plan(principal, operation, model)
        targets = [target for target in planned if target.speaks(operation) in dialects]
        if not targets:
            raise NotFound(
                f"The model '{model[:100]}' does not answer {operation}.", param="model", code="model_not_found"
            )
        return targets
