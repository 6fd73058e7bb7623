"""Picture work as a call: never another model unsaid, never an answer without a picture, paid by the pictures made."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import cast

import msgspec
from typing_extensions import override

from openhearth.core.call import Principal, Usage
from openhearth.core.errors import GatewayError, RequestError, UpstreamGarbled
from openhearth.core.media import (
    ImageDriver,
    ImageEvent,
    ImageProgress,
    ImageRequest,
    ImagesDone,
    MadePicture,
    Picture,
)
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.core.texts import texts_in
from openhearth.relay.gate import Admission, Gate
from openhearth.relay.ports import Router
from openhearth.relay.screen import Screen, checks_input, checks_output
from openhearth.relay.work import Calls, Meter, Work

_LINKS = (b'"data:', b'"http://', b'"https://')
_MOST_OUTPUT_TOKENS = 8192  # what the largest picture of a token-priced model takes; held per picture
_MOST_INPUT_TOKENS = 32768


class PictureWork(Work):
    """One admitted picture call; see ``Work``. No other target is tried once a picture has been made."""

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
        attempts: int = 3,
        screen: Screen | None = None,
    ) -> None:
        super().__init__(
            admission, targets, router=router, meter=meter, clock=clock, total_s=total_s, attempts=attempts
        )
        self._drivers = drivers
        self._screen = screen if admission.call.principal.screens else None

    def passes_on(self, operation: Operation) -> bool:
        """Whether every target is given fields that nobody here knows: it speaks the client's own form."""
        return all(target.speaks(operation) is Dialect.OPENAI_IMAGES for target in self._targets)

    async def events(self, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """Progress and results as they come, ``ImagesDone`` last. Raises as ``Work.stream`` does, and for keys that
        are moderated what ``Screen.check`` raises: before anything is asked, and in place of a result. Of a call
        that is refused then, all was made and is charged."""
        principal = self.call.principal
        if self._screen is not None and checks_input(principal):
            request, texts, pictures = _looked_into(request)
            await self._screen.check(principal, texts, pictures)
        flaw: GatewayError | None = None

        def attempt(target: Target) -> AsyncIterator[ImageEvent]:
            return self._made(target, request)

        async with aclosing(self.stream(attempt)) as events:
            async for event in events:
                flaw = flaw or await self._flaw(event)
                if flaw is None:
                    yield event
        if flaw is not None:
            self.finish()
            raise flaw

    async def _flaw(self, event: ImageEvent) -> GatewayError | None:
        """Why the client does not get what was made, if its key is held to moderation of that."""
        principal = self.call.principal
        if self._screen is None or not checks_output(principal):
            return None
        try:
            if isinstance(event, MadePicture):
                await self._screen.check(principal, [event.revised_prompt], [event])
            elif isinstance(event, ImageProgress) and event.partial is not None:
                await self._screen.check(principal, [], [event.partial])
        except GatewayError as error:
            return error
        return None

    async def _made(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """One try: the driver's events, counted. A driver that ends without a picture has broken its word."""
        driver = self._drivers[target.provider.speaks[request.operation]]
        made = cast("AsyncGenerator[ImageEvent, None]", driver.make(target, request))
        async with aclosing(made):
            async for event in made:
                self._count(event, request)
                yield event
        if not self.call.usage.images:
            raise UpstreamGarbled(f"{target.id} answered without a picture.", target=target.id)

    def _count(self, event: ImageEvent, request: ImageRequest) -> None:
        usage = self.call.usage
        if isinstance(event, MadePicture):
            usage.images += 1
            usage.source = "counted"
            usage.image_size = f"{event.width}x{event.height}"
            usage.image_quality = "" if request.quality == "auto" else request.quality
            self.commit()
        elif isinstance(event, ImagesDone):
            usage.input_tokens = event.input_tokens
            usage.output_tokens = event.output_tokens
            usage.source = "upstream" if event.input_tokens or event.output_tokens else "counted"

    @override
    def _delivered(self) -> bool:
        return bool(self.call.usage.images)


def _looked_into(request: ImageRequest) -> tuple[ImageRequest, list[str], list[Picture]]:
    """The request as it is to be sent, and every text and picture of it.

    Raises RequestError for a picture in a field that is not ours: we pass it on and cannot find it.
    """
    extras = dict(request.extras)
    texts = [request.prompt, request.negative_prompt, request.style, *texts_in(extras)]
    for name, raw in extras.items():
        if any(link in bytes(raw) for link in _LINKS):
            raise RequestError(
                f"This key's input is moderated, and a picture in '{name[:64]}' cannot be.",
                param=name[:64],
                code="unsupported_content",
            )
    pictures = [*request.pictures, *([request.mask] if request.mask else [])]
    return msgspec.structs.replace(request, extras=extras), [text for text in texts if text], pictures


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
        screen: Screen | None = None,
    ) -> None:
        self._screen = screen
        self._gate = gate
        self._router = router
        self._drivers = drivers
        self._meter = meter
        self._total_s = total_s
        self._attempts = attempts
        self._calls = Calls(gate, router, meter, attempts=attempts, total_s=total_s)

    def answers(self, principal: Principal, operation: Operation, model: str) -> bool:
        """True when some target does ``operation`` for ``model``."""
        return self._calls.answers(principal, operation, model, self._drivers)

    def check_model(self, principal: Principal, model: str) -> None:
        """Raises Forbidden when the key may not use ``model``, before anything else of a body is judged."""
        self._gate.check_model(principal, model)

    async def open(
        self, principal: Principal, operation: Operation, model: str, *, n: int, stream: bool, asked_as: str = ""
    ) -> PictureWork:
        """Plan and admit. ``asked_as`` is the name the client wrote, if it is not ``model``.

        Raises NotFound, Forbidden, BudgetSpent and NoTargetLeft.
        """
        targets = self._calls.targets(principal, operation, model, self._drivers)
        worst = Usage(input_tokens=_MOST_INPUT_TOKENS, output_tokens=n * _MOST_OUTPUT_TOKENS, images=n)
        hold = max(target.price.most(worst) for target in targets)
        return await self._work(principal, operation, asked_as or model, targets, worst_nanos=hold, stream=stream)

    async def open_free(self, principal: Principal, operation: Operation, model: str, *, stream: bool) -> PictureWork:
        """Admit a call that asks no target and costs nothing (a picture shown again, a title). Raises Forbidden."""
        return await self._work(principal, operation, model, [], worst_nanos=0, stream=stream)

    async def _work(
        self,
        principal: Principal,
        operation: Operation,
        model: str,
        targets: list[Target],
        *,
        worst_nanos: int,
        stream: bool,
    ) -> PictureWork:
        admission = await self._gate.admit_shared(principal, operation, model, stream=stream, worst_nanos=worst_nanos)
        return PictureWork(
            admission,
            targets,
            router=self._router,
            drivers=self._drivers,
            meter=self._meter,
            clock=self._gate.clock,
            total_s=self._total_s,
            attempts=self._attempts,
            screen=self._screen,
        )
