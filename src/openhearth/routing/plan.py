"""Step 4, plan: the order in which targets are tried, and the way into those where not every call may go at once."""

import difflib
import random
import time
from collections.abc import Callable

import msgspec

from openhearth.config import Routing
from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.core.errors import Forbidden, NotFound, UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRejected
from openhearth.core.operations import Operation
from openhearth.core.provider import RELAYED, Target
from openhearth.routing.catalog import ANY, Catalog
from openhearth.routing.entrance import Entrance, Wish
from openhearth.routing.health import Health, State
from openhearth.routing.order import by_latency, by_session, by_weight
from openhearth.routing.retries import RetryBudget
from openhearth.routing.rooms import Place
from openhearth.routing.rules import Rules
from openhearth.routing.session import session_of
from openhearth.telemetry.log import Log

_MOST_NAMES = 10_000


class Router:
    """Plans over a catalog and keeps the health of its targets. ``entrance`` is where watched targets are entered,
    ``retries`` says whether a call may be tried again."""

    def __init__(
        self,
        catalog: Catalog,
        health: Health,
        *,
        draw: Callable[[], float] = random.random,
        doubt: Callable[[str], None] = lambda _: None,
        refuse_unpriced: bool = False,
        routing: Routing | None = None,
        rules: Rules | None = None,
        may_use: Callable[[Principal, str], bool] = lambda _, __: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``doubt`` is told the name of an embedded engine whose connection broke. ``refuse_unpriced``: no call goes
        to a target of which nobody said what it costs. ``may_use``: whether a caller may use a model that stands in."""
        routing = routing or Routing()
        self.catalog = catalog
        self.health = health
        self.rules = rules or Rules(routing)
        self.entrance = Entrance(
            health, queue_calls=routing.queue_calls, queue_s=routing.queue_s, clock=clock, draw=draw
        )
        self.retries = RetryBudget(
            health.ended, percent=routing.retry_percent, always=routing.retries_always, clock=clock
        )
        self._doubt = doubt
        self._draw = draw
        self._may_use = may_use
        self._refuse_unpriced = refuse_unpriced
        self._first_token_s = routing.first_token_s
        self._relayed: dict[tuple[Operation, str], list[Target]] = {}
        self._relayed_of = -1
        self._log = Log("routing")
        health.listen(self._circuit_changed)
        self.rules.listen(self._relayed.clear)

    def relayable(self, operation: Operation, model: str) -> bool:
        """True when some target answers ``model`` in the operation's own wire form."""
        return bool(self.relayed(operation, model))

    def plan_relay(
        self, principal: Principal, operation: Operation, model: str, envelope: Envelope | None = None
    ) -> list[Target]:
        """Like ``plan``, of the targets that speak the operation's own wire form only."""
        targets = self.relayed(operation, model)
        if len(targets) == 1:
            return targets
        return self._ordered(principal, model, targets, envelope) if targets else self.plan(principal, operation, model)

    def plan(self, principal: Principal, operation: Operation, model: str) -> list[Target]:
        """Targets to try, best first, those of models that may stand in after all of its own.

        Raises NotFound (``model_not_found``), listing what exists, and Forbidden (``price_unknown``).
        """
        found = self.catalog.find(model)
        targets = [target for target in found if operation in target.provider.speaks]
        if not targets:
            raise self._unknown(principal, operation, model, known=bool(found))
        targets = [self._bound(target, model) for target in targets if self._may_charge(target)]
        if not targets:
            raise Forbidden(
                f"Nobody said what the model '{model[:100]}' costs, and this server refuses such models. "
                "Its operator sets a price with 'openhearth price set'.",
                param="model",
                code="price_unknown",
            )
        targets += self._standing_in(model, lambda target: operation in target.provider.speaks)
        return self._ordered(principal, model, targets, None)

    def note(self, target: Target, error: UpstreamError | None) -> None:
        """An attempt ended. What the caller did wrong says nothing about the target."""
        if error is None:
            self.health.good(target.id)
            return
        if target.engine and isinstance(error, UpstreamDown):
            self._doubt(target.engine)
        if not isinstance(error, UpstreamRejected) and not (target.engine and isinstance(error, UpstreamBusy)):
            # An engine's host starts it again by itself: it needs no circuit.
            self.health.bad(target.id, error, breaks=not target.engine)

    def relayed(self, operation: Operation, model: str) -> list[Target]:
        """Targets that answer ``model`` in the operation's own wire form, its own before those of models that may stand
        in, otherwise in no order.

        Kept per name until the catalog changes: the hot path asks for every call.
        """
        version = self.catalog.version
        if self._relayed_of != version:
            self._relayed.clear()
            self._relayed_of = version
        targets = self._relayed.get((operation, model))
        if targets is None:
            targets = self._find_relayed(operation, model)
            if len(self._relayed) < _MOST_NAMES:
                self._relayed[operation, model] = targets
        return targets

    def enter(self, targets: list[Target], tried: int, wish: Wish) -> Place | None:
        """See ``Entrance.enter``."""
        place = self.entrance.enter(targets, tried, wish)
        if place is not None and tried:
            self.retries.take()
        return place

    async def wait(self, targets: list[Target], tried: int, wish: Wish) -> Place:
        """See ``Entrance.wait``."""
        place = await self.entrance.wait(targets, tried, wish)
        if tried:
            self.retries.take()
        return place

    def may_retry(self) -> bool:
        """Whether one more call may be tried again now; ``enter`` and ``wait`` count it."""
        return self.retries.has_room()

    def changed(self, target_id: str) -> None:
        """A target is another now, or gone: whoever waits for it goes in, or elsewhere."""
        target = self.catalog.target(target_id)
        if target is None:
            self.health.forget(target_id)
            self.entrance.forget(target_id)
        else:
            self.entrance.room(target)
            self.entrance.changed(target_id)

    def _find_relayed(self, operation: Operation, model: str) -> list[Target]:
        own = RELAYED.get(operation)
        if own is None:
            return []
        dialect = own.dialect
        targets = [
            self._bound(target, model)
            for target in self.catalog.find(model)
            if target.speaks(operation) is dialect and self._may_charge(target)
        ]
        return targets + self._standing_in(model, lambda target: target.speaks(operation) is dialect) if targets else []

    def _standing_in(self, model: str, fits: Callable[[Target], bool]) -> list[Target]:
        """The targets of the models that may answer in ``model``'s place, in the operator's order."""
        return [
            self._bound(
                msgspec.structs.replace(target, fallback=name, upstream_model=target.upstream_model or name), name
            )
            for name in self.rules.fallbacks(model)
            for target in self.catalog.find(name)
            if fits(target) and self._may_charge(target)
        ]

    def _bound(self, target: Target, model: str) -> Target:
        """``target``, marked when calls to it are to be let in one by one, or its first token is waited for."""
        limits = target.limits
        if self._first_token_s and not limits.first_token_s and not target.engine:
            limits = msgspec.structs.replace(limits, first_token_s=self._first_token_s)
        is_watched = (
            limits.may_be_full
            or limits.first_token_s > 0
            or self.health.state(target.id) is not State.CLOSED
            or self.rules.strategy(model) == "latency"
        )
        return msgspec.structs.replace(target, limits=limits, watched=True) if is_watched else target

    def _ordered(
        self, principal: Principal, model: str, targets: list[Target], envelope: Envelope | None
    ) -> list[Target]:
        if len(targets) == 1:
            return targets
        models: dict[str, list[Target]] = {}
        for target in targets:
            models.setdefault(target.fallback, []).append(target)
        ordered: list[Target] = []
        for name, group in models.items():
            if not name or self._may_use(principal, name):
                ordered += self._chosen(principal, name or model, group, envelope)
        return ordered

    def _chosen(
        self, principal: Principal, model: str, targets: list[Target], envelope: Envelope | None
    ) -> list[Target]:
        strategy = self.rules.strategy(model)
        if strategy == "affinity" and len(targets) > 1:
            return by_session(targets, self.health, session_of(principal.owner, envelope))
        if strategy == "latency":
            return by_latency(targets, self.health, lambda id_: self.entrance.looked_at(id_)[0], self._draw)
        return by_weight(targets, self.health, self._draw)

    def _circuit_changed(self, target_id: str) -> None:
        self._relayed.clear()
        state = self.health.state(target_id)
        self._log.info("circuit", target=target_id, state=state.value, error=self.health.seen(target_id).last_error)
        self.entrance.changed(target_id)

    def _may_charge(self, target: Target) -> bool:
        return target.price.is_known or not self._refuse_unpriced

    def _unknown(self, principal: Principal, operation: Operation, model: str, *, known: bool) -> NotFound:
        shown = model[:100]
        models = self.catalog.models()
        names = [listed.id for listed in models if operation in listed.operations]
        if operation is Operation.CHAT:
            names += [listed.chat_name for listed in models if listed.chat_name]
        names = [name for name in names if self._may_use(principal, name)]
        near = difflib.get_close_matches(model, names, n=3)
        some = ", ".join(near or names[:20]) or "none; attach a provider or fetch a pack"
        what = f"does not answer {operation.value}" if known else "does not exist"
        hint = "Did you mean: " if near else "There are: "
        providers = ", ".join(
            sorted({target.provider.name for target in self.catalog.targets() if target.model == ANY})
        )
        prefix = f" Any model of {providers} can be named as provider/model." if providers else ""
        return NotFound(f"The model '{shown}' {what}. {hint}{some}.{prefix}", param="model", code="model_not_found")
