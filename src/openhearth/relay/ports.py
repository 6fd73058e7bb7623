"""What the relay asks of routing."""

from typing import Protocol

from openhearth.core.call import Principal
from openhearth.core.errors import UpstreamError
from openhearth.core.operations import Operation
from openhearth.core.provider import Target


class Router(Protocol):
    """``routing.plan.Router``."""

    def plan(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Targets to try, best first, at least one.

        Raises NotFound (``model_not_found``, listing what exists) and NoTargetLeft (all are cooling down).
        """

    def relayable(self, operation: Operation, model: str) -> bool:
        """True when some target answers ``model`` in the operation's own wire form."""

    def relayed(self, operation: Operation, model: str) -> list[Target]:
        """Those targets, in no order."""

    def plan_relay(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Like ``plan``, of the targets that speak the operation's own wire form only."""

    def note(self, target: Target, error: UpstreamError | None) -> None:
        """An attempt ended: health goes down on our or the upstream's fault, up on success (None)."""
