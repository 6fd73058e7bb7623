"""What the relay asks of routing, of the doors, and of whoever counts."""

from typing import Protocol

from openhearth.core.call import Call, Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import GatewayError, UpstreamError
from openhearth.core.operations import Operation
from openhearth.core.provider import Target
from openhearth.routing.entrance import Wish
from openhearth.routing.rooms import Place


class Router(Protocol):
    """``routing.plan.Router``."""

    def plan(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Targets to try, best first, at least one; those of models that may stand in (``Target.fallback``) at the end.

        Raises NotFound (``model_not_found``, listing what exists) and Forbidden (``price_unknown``).
        """

    def relayable(self, operation: Operation, model: str) -> bool:
        """True when some target answers ``model`` in the operation's own wire form."""

    def relayed(self, operation: Operation, model: str) -> list[Target]:
        """Those targets, in no order. Not to be changed: the list is kept."""

    def plan_relay(
        self, principal: Principal, operation: Operation, model: str, envelope: Envelope | None = None
    ) -> list[Target]:
        """Like ``plan``, of the targets that speak the operation's own wire form only. Not to be changed."""

    def enter(self, targets: list[Target], tried: int, wish: Wish) -> Place | None:
        """A place at the first of ``targets[tried:]`` that takes the call now, which is then ``targets[tried]``: the
        list is changed. ``None``: all are full, and ``wait`` may be awaited.

        Raises NoTargetLeft (``circuit_open``) when nothing is sent to any of them for now.
        """

    async def wait(self, targets: list[Target], tried: int, wish: Wish) -> Place:
        """A place at one of the targets that ``enter`` found full, when its turn comes. Cancelling leaves the line.

        Raises LimitError (``queue_full``, ``queue_timeout``) and NoTargetLeft (``circuit_open``).
        """

    def may_retry(self) -> bool:
        """Whether one more call may be tried again now; ``enter`` and ``wait`` count it."""

    def note(self, target: Target, error: UpstreamError | None) -> None:
        """An attempt ended: health goes down on our or the upstream's fault, up on success (None)."""


class ClientSide(Protocol):
    """What a door gives an exchange: either one ``answer``, or ``start``, ``data``…, ``end``.

    ``lines`` are header lines ready for the wire, each ended by CRLF: most are written in one go for every call.
    ``failed`` takes an error before anything was sent; ``broke`` one after the stream has begun (an error event, then
    the end). None of them blocks; a slow reader makes the door call ``Exchange.pause`` and ``resume``. ``pass_on`` is
    for keys whose traffic is moderated: a side that cannot do that hands the request to one that can, and says True.
    """

    def answer(self, status: int, lines: bytes, body: bytes) -> None: ...

    def start(self, status: int, lines: bytes) -> None: ...

    def data(self, data: bytes) -> None: ...

    def end(self) -> None: ...

    def failed(self, error: GatewayError, lines: bytes) -> None: ...

    def broke(self, error: GatewayError) -> None: ...

    def pass_on(self, body: bytes) -> bool: ...


class Meter(Protocol):
    """Who is told of every finished call: metrics and log. ``text`` is the page of metrics."""

    def finished(self, call: Call) -> None: ...

    def bug(self, error: Exception, call_id: str) -> None: ...

    def text(self) -> bytes: ...
