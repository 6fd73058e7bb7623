"""A call's way to the target that takes it: the next one, a turn in a line, another model where the operator says so.

What relayed calls and calls of our own code have in common here; both try targets one after another.
"""

from collections.abc import Callable, Sequence

import msgspec

from openhearth.core.errors import LimitError, NoTargetLeft, UpstreamError
from openhearth.core.provider import Target
from openhearth.relay.ports import Router
from openhearth.relay.retry import exhausted
from openhearth.routing.entrance import Wish, skip_model
from openhearth.routing.rooms import Place


class Way(msgspec.Struct):
    """``targets`` is the call's own list: those tried stand first, in their order."""

    router: Router
    targets: list[Target]
    wish: Wish

    def now(self, tried: int, errors: Sequence[UpstreamError]) -> Place | None:
        """The next place, or ``None`` when the call must wait for ``turn``.

        Raises what the client is told when none is left: how its attempts ended, or NoTargetLeft (``circuit_open``).
        """
        if tried >= len(self.targets) or (tried and not self.router.may_retry()):
            raise exhausted(errors)
        try:
            return self.router.enter(self.targets, tried, self.wish)
        except NoTargetLeft:
            if errors:
                raise exhausted(errors) from None
            raise

    async def turn(self, tried: int, is_seen: Callable[[], bool]) -> Place:
        """The place that the call gets when its turn comes; without one in time, another model's.

        ``is_seen``: whether the head of the answer has gone out. A model that stands in is named there, so that then it
        is too late for one. Raises LimitError (``queue_full``, ``queue_timeout``) and NoTargetLeft.
        """
        place: Place | None = None
        while place is None:
            try:
                place = await self.router.wait(self.targets, tried, self.wish)
            except (LimitError, NoTargetLeft):
                if is_seen() or not skip_model(self.targets, tried):
                    raise
                place = self.router.enter(self.targets, tried, self.wish)
        return place


def stand_in(model: str, asked: str) -> str:
    """What the header ``x-openhearth-model`` says of an answer of ``model`` in place of ``asked``."""
    return f"{_printable(model)}; fallback-for={_printable(asked)}"


def _printable(name: str) -> str:
    return "".join(letter if "!" <= letter <= "~" else "?" for letter in name)
