"""An exchange whose answer is moderated before the client sees it: held back whole, or window by window.

What the pipeline says waits in order. Text goes on once it has been checked together with a little of what came before
it; comments and events without text wait for nobody.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from openhearth.config import Moderation
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import Bug, GatewayError
from openhearth.core.operations import Operation
from openhearth.relay.passthrough import Ask
from openhearth.relay.screen import Screen
from openhearth.relay.services import Relay
from openhearth.relay.windows import Context
from openhearth.surfaces.chat_texts import answered, streamed
from openhearth.surfaces.relay_response import RelayResponse

_MOST_HELD_BYTES = 256 * 1024

_MARKS = frozenset({b"x-request-id", b"x-openhearth-target", b"openai-processing-ms"})


class _Held(msgspec.Struct, frozen=True):
    """Something to pass on. ``texts`` must be checked first, by whose they are."""

    say: Callable[[], None]
    texts: tuple[tuple[str, str], ...] = ()
    size_bytes: int = 0
    is_last: bool = False


class Guard(msgspec.Struct, frozen=True):
    """Who checks, for whom, and in which windows."""

    screen: Screen
    principal: Principal
    windows: Moderation


class ScreenedResponse(Response):
    """A ``RelayResponse`` with a checker between the pipeline and the client."""

    def __init__(
        self, relay: Relay, operation: Operation, envelope: Envelope, ask: Ask, body_bytes: int, *, guard: Guard
    ) -> None:
        super().__init__()
        self._relayed = RelayResponse(relay, operation, envelope, ask, body_bytes, through=self)
        self._bug = relay.meter.bug
        self._guard = guard
        self._held: list[_Held] = []
        self._held_bytes = 0
        self._held_chars = 0
        self._news = asyncio.Event()
        self._context = Context()
        self._marks = b""
        self._shown = False

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        checking = asyncio.create_task(self._check())
        try:
            await self._relayed(scope, receive, send)
        finally:
            checking.cancel()
            await asyncio.wait({checking})

    # -- ClientSide: everything waits for the checker -------------------------------------------------------------

    def answer(self, status: int, lines: bytes, body: bytes) -> None:
        self._marks = _marks(lines)
        texts = tuple(("", text) for text in answered(body)) if status == 200 else ()
        self._hold(_Held(partial(self._relayed.answer, status, lines, body), texts, is_last=True))

    def start(self, status: int, lines: bytes) -> None:
        self._marks = _marks(lines)
        self._hold(_Held(partial(self._relayed.start, status, lines)))

    def data(self, data: bytes) -> None:
        self._hold(_Held(partial(self._relayed.data, data), tuple(streamed(data)), len(data)))

    def end(self) -> None:
        self._hold(_Held(self._relayed.end, is_last=True))

    def failed(self, error: GatewayError, lines: bytes) -> None:
        self._hold(_Held(partial(self._relayed.failed, error, lines), is_last=True))

    def broke(self, error: GatewayError) -> None:
        self._hold(_Held(partial(self._relayed.broke, error), is_last=True))

    def pass_on(self, body: bytes) -> bool:
        return False

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        self._held_bytes += held.size_bytes
        self._held_chars += sum(len(text) for _, text in held.texts)
        if self._held_bytes > _MOST_HELD_BYTES and not self._relayed.exchange.paused_since_s:
            self._relayed.exchange.pause()
        self._news.set()

    # -- the checker ----------------------------------------------------------------------------------------------

    async def _check(self) -> None:
        try:
            while True:
                await self._window()
                if await self._let_go():
                    return
        except GatewayError as error:
            self._refuse(error)
        except Exception as error:  # a bug here must end the answer, not leave the client waiting
            self._bug(error, "")
            self._refuse(Bug(type(error).__name__))

    async def _window(self) -> None:
        """Wait for enough to check, for the end, or for long enough."""
        windows = self._guard.windows
        end_s: float | None = None
        while not (self._held and (self._held[-1].is_last or self._held_chars >= windows.window_chars)):
            if self._held and not self._held_chars:
                return
            if self._held_chars and end_s is None:
                end_s = asyncio.get_running_loop().time() + windows.window_s
            self._news.clear()
            try:
                async with asyncio.timeout_at(end_s):
                    await self._news.wait()
            except TimeoutError:
                return

    async def _let_go(self) -> bool:
        """Check what is held and pass it on; True after the last."""
        held, self._held, self._held_bytes, self._held_chars = self._held, [], 0, 0
        if new := self._context.joined(text for one in held for text in one.texts):
            await self._guard.screen.check(self._guard.principal, new)
        for one in held:
            one.say()
            self._shown = True
        exchange = self._relayed.exchange
        if exchange.paused_since_s and not self._held_bytes:
            exchange.resume()
        return any(one.is_last for one in held)

    def _refuse(self, error: GatewayError) -> None:
        """Nothing more of the answer goes out: the error does, as HTTP or as the stream's last event."""
        self._relayed.exchange.withdraw(error)
        if self._shown:
            self._relayed.broke(error)
        else:
            self._relayed.failed(error, self._marks)


def _marks(lines: bytes) -> bytes:
    """Those header lines that an error carries as well."""
    return b"".join(line + b"\r\n" for line in lines.split(b"\r\n") if line.partition(b":")[0] in _MARKS)
