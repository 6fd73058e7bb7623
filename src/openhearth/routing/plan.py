"""Step 4, plan: the order in which targets are tried. Lowest priority number first, weighted within it, sick last."""

import difflib
import random
from collections.abc import Callable

from openhearth.core.call import Principal
from openhearth.core.errors import Forbidden, NotFound, UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRejected
from openhearth.core.operations import Operation
from openhearth.core.provider import RELAYED, Target
from openhearth.routing.catalog import ANY, Catalog
from openhearth.routing.health import Health

_MOST_NAMES = 10_000


class Router:
    """Plans over a catalog and keeps the health of its targets."""

    def __init__(
        self,
        catalog: Catalog,
        health: Health,
        *,
        draw: Callable[[], float] = random.random,
        doubt: Callable[[str], None] = lambda _: None,
        refuse_unpriced: bool = False,
    ) -> None:
        """``doubt`` is told the name of an embedded engine whose connection broke. ``refuse_unpriced``: no call goes
        to a target of which nobody said what it costs."""
        self.catalog = catalog
        self.health = health
        self._doubt = doubt
        self._draw = draw
        self._refuse_unpriced = refuse_unpriced
        self._relayed: dict[tuple[Operation, str], list[Target]] = {}
        self._relayed_of = -1

    def relayable(self, operation: Operation, model: str) -> bool:
        """True when some target answers ``model`` in the operation's own wire form."""
        return bool(self.relayed(operation, model))

    def plan_relay(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Like ``plan``, of the targets that speak the operation's own wire form only."""
        targets = self.relayed(operation, model)
        if len(targets) == 1:
            return targets
        return sorted(targets, key=self._rank) if targets else self.plan(principal, operation, model)

    def plan(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Targets to try, best first.

        Raises NotFound (``model_not_found``), listing what exists, and Forbidden (``price_unknown``).
        """
        found = self.catalog.find(model)
        targets = [target for target in found if operation in target.provider.speaks]
        if not targets:
            raise self._unknown(operation, model, known=bool(found))
        targets = [target for target in targets if self._may_charge(target)]
        if not targets:
            raise Forbidden(
                f"Nobody said what the model '{model[:100]}' costs, and this server refuses such models. "
                "Its operator sets a price with 'openhearth price set'.",
                param="model",
                code="price_unknown",
            )
        return targets if len(targets) == 1 else sorted(targets, key=self._rank)

    def note(self, target: Target, error: UpstreamError | None) -> None:
        """An attempt ended. What the caller did wrong says nothing about the target."""
        if error is None:
            self.health.good(target.id)
            return
        if target.engine and isinstance(error, UpstreamDown):
            self._doubt(target.engine)
        if not isinstance(error, UpstreamRejected) and not (target.engine and isinstance(error, UpstreamBusy)):
            self.health.bad(target.id, error)

    def relayed(self, operation: Operation, model: str) -> list[Target]:
        """Targets that answer ``model`` in the operation's own wire form, in no order.

        Kept per name until the catalog changes: the hot path asks for every call.
        """
        version = self.catalog.version
        if self._relayed_of != version:
            self._relayed.clear()
            self._relayed_of = version
        targets = self._relayed.get((operation, model))
        if targets is None:
            own = RELAYED.get(operation)
            targets = [
                target
                for target in self.catalog.find(model)
                if own and target.speaks(operation) is own.dialect and self._may_charge(target)
            ]
            if len(self._relayed) < _MOST_NAMES:
                self._relayed[operation, model] = targets
        return targets

    def _may_charge(self, target: Target) -> bool:
        return target.price.is_known or not self._refuse_unpriced

    def _rank(self, target: Target) -> tuple[bool, int, float]:
        # Weighted order without replacement: Efraimidis and Spirakis, "Weighted random sampling" (2006).
        key = self._draw() ** (1.0 / target.weight) if target.weight > 0 else 0.0
        return self.health.cooling(target.id), target.priority, -key

    def _unknown(self, operation: Operation, model: str, *, known: bool) -> NotFound:
        shown = model[:100]
        models = self.catalog.models()
        names = [listed.id for listed in models if operation in listed.operations]
        if operation is Operation.CHAT:
            names += [listed.chat_name for listed in models if listed.chat_name]
        near = difflib.get_close_matches(model, names, n=3)
        some = ", ".join(near or names[:20]) or "none; attach a provider or fetch a pack"
        what = f"does not answer {operation.value}" if known else "does not exist"
        hint = "Did you mean: " if near else "There are: "
        providers = ", ".join(
            sorted({target.provider.name for target in self.catalog.targets() if target.model == ANY})
        )
        prefix = f" Any model of {providers} can be named as provider/model." if providers else ""
        return NotFound(f"The model '{shown}' {what}. {hint}{some}.{prefix}", param="model", code="model_not_found")
