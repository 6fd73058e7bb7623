"""Picture work as a call: plan, admit, try targets of the same model in order, settle once; never another model.

A target is changed only while the client has seen nothing (``commit``) and no picture has been made.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Protocol, Self, cast

from openhearth.core.call import Call, Outcome, Principal, Usage
from openhearth.core.errors import GatewayError, NotFound, RequestError, UpstreamError, UpstreamGarbled, UpstreamTimeout
from openhearth.core.media import ImageDriver, ImageEvent, ImageRequest, ImagesDone, MadePicture
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.relay.gate import Admission, Gate, outcome_of
from openhearth.relay.ports import Router
from openhearth.relay.retry import Next, after, exhausted

_MOST_OUTPUT_TOKENS = 8192  # what the largest picture of a token-priced model takes; held per picture
_MOST_INPUT_TOKENS = 32768


class Meter(Protocol):
    """Who is told of every finished call."""

    def finished(self, call: Call) -> None: ...


class Work:
    """One admitted picture call. Use it as ``with work:``; leaving the block settles it, whatever the reason.

    ``finish``, ``fail`` and ``abandon`` settle earlier; the first settlement counts. ``target`` is the one being asked,
    ``None`` before the first attempt.
    """

    def __init__(
        self,
        admission: Admission,
        targets: list[Target],
        *,
        router: Router,
        drivers: Mapping[Dialect, ImageDriver],
        meter: Meter,
        clock: Callable[[], float],
        total_s: float,
    ) -> None:
        self._admission = admission
        self._targets = targets
        self._router = router
        self._drivers = drivers
        self._meter = meter
        self._clock = clock
        self._total_s = total_s
        self._committed = False
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

    def commit(self) -> None:
        """The client has seen something of this target's answer: from now on no other target is tried."""
        self._committed = True

    async def events(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """Progress and results as they come, ``ImagesDone`` last.

        Raises the error of the only target, NoTargetLeft when several failed, and RequestErrors. Closing the
        generator aborts the work upstream.
        """
        errors: list[UpstreamError] = []
        for target in self._targets:
            self._begin(target)
            try:
                async with aclosing(self._attempt(target, request)) as attempt:
                    async for event in attempt:
                        yield event
            except UpstreamError as error:
                error.target = error.target or target.id
                self._router.note(target, error)
                errors.append(error)
                if self._committed or self.call.usage.images or after(error) is Next.STOP:
                    raise
            except RequestError:
                self._router.note(target, None)
                raise
            else:
                self._router.note(target, None)
                return
        raise exhausted(errors)

    def _begin(self, target: Target) -> None:
        self.target = target
        self.call.attempts += 1
        self.call.target_id = target.id
        self.call.usage = Usage()

    async def _attempt(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """One try: the driver's events, counted. A driver that ends without a picture has broken its word."""
        made = self._drivers[target.provider.speaks[request.operation]].make(target, request)
        end_s = asyncio.get_running_loop().time() + self._total_s
        async with aclosing(cast("AsyncGenerator[ImageEvent, None]", made)):
            while True:
                try:
                    async with asyncio.timeout_at(end_s):
                        event = await anext(made, None)
                except TimeoutError as error:
                    raise UpstreamTimeout(f"No picture within {self._total_s:g} s.", target=target.id) from error
                if event is None:
                    break
                self._count(event)
                yield event
        if not self.call.usage.images:
            raise UpstreamGarbled(f"{target.id} answered without a picture.", target=target.id)

    def _count(self, event: ImageEvent) -> None:
        call = self.call
        if not call.first_byte_s:
            call.first_byte_s = self._clock() - call.started_s
        if isinstance(event, MadePicture):
            call.usage.images += 1
        elif isinstance(event, ImagesDone):
            call.usage.input_tokens = event.input_tokens
            call.usage.output_tokens = event.output_tokens
            call.usage.source = "upstream" if event.input_tokens or event.output_tokens else "counted"

    def finish(self) -> None:
        """Everything was made: settle at the target's price."""
        self._settle(Outcome.OK, "", self._price())

    def fail(self, error: GatewayError) -> None:
        """The call failed: settle without a charge."""
        self._settle(outcome_of(error), error.code, None)

    def abandon(self) -> None:
        """The client left: only pictures that were finished are paid for."""
        self._settle(Outcome.CLIENT_GONE, "client_gone", self._price() if self.call.usage.images else None)

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

    def _price(self) -> Price | None:
        return self.target.price if self.target else None

    def _settle(self, outcome: Outcome, code: str, price: Price | None) -> None:
        if self._admission.settle(outcome, code, price):
            self._meter.finished(self.call)


class Pictures:
    """Opens picture calls. ``attempts`` bounds the targets tried, ``total_s`` one attempt."""

    def __init__(
        self,
        gate: Gate,
        router: Router,
        drivers: Mapping[Dialect, ImageDriver],
        meter: Meter,
        *,
        attempts: int = 3,
        total_s: float = 1800.0,
    ) -> None:
        self._gate = gate
        self._router = router
        self._drivers = drivers
        self._meter = meter
        self._attempts = attempts
        self._total_s = total_s

    def answers(self, principal: Principal, operation: Operation, model: str) -> bool:
        """True when some target does ``operation`` for ``model``."""
        try:
            return bool(self._targets(principal, operation, model))
        except NotFound:
            return False

    def open(
        self, principal: Principal, operation: Operation, model: str, *, n: int, stream: bool, asked_as: str = ""
    ) -> Work:
        """Plan and admit. ``asked_as`` is the name the client wrote, if it is not ``model``.

        Raises NotFound, Forbidden, BudgetSpent and NoTargetLeft.
        """
        targets = self._targets(principal, operation, model)
        worst = Usage(input_tokens=_MOST_INPUT_TOKENS, output_tokens=n * _MOST_OUTPUT_TOKENS, images=n)
        hold = max(target.price.cost(worst) for target in targets)
        return self._work(principal, operation, asked_as or model, targets, hold_micros=hold, stream=stream)

    def open_free(self, principal: Principal, operation: Operation, model: str, *, stream: bool) -> Work:
        """Admit a call that asks no target and costs nothing (a picture shown again, a title). Raises Forbidden."""
        return self._work(principal, operation, model, [], hold_micros=0, stream=stream)

    def _targets(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        planned = self._router.plan(principal, operation, model)
        targets = [target for target in planned if target.speaks(operation) in self._drivers]
        if not targets:
            raise NotFound(
                f"The model '{model[:100]}' does not answer {operation}.", param="model", code="model_not_found"
            )
        return targets[: self._attempts]

    def _work(
        self,
        principal: Principal,
        operation: Operation,
        model: str,
        targets: list[Target],
        *,
        hold_micros: int,
        stream: bool,
    ) -> Work:
        admission = self._gate.admit(principal, operation, model, stream=stream, reserve_micros=hold_micros)
        return Work(
            admission,
            targets,
            router=self._router,
            drivers=self._drivers,
            meter=self._meter,
            clock=self._gate.clock,
            total_s=self._total_s,
        )
