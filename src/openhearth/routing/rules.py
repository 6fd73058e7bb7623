"""What an operator says of models: how their targets are chosen, and which models may answer in their place.

The settings file says it at start; what is said at run time is data, kept in the store, and wins for the model that it
names.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from openhearth.config import ConfigError, Routing, Strategy
from openhearth.core.errors import NotFound, RequestError
from openhearth.routing.target_forms import AuditOf
from openhearth.stores.access_ports import Audit
from openhearth.telemetry.log import Log

MOST_FALLBACKS = 5
MOST_MODELS = 10_000
_KEPT_AS = "routing"


class ModelRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one model. ``strategy`` ``None``: the one for all models."""

    strategy: Strategy | None = None
    fallbacks: tuple[str, ...] = ()


NO_RULE = ModelRule()


class Settings(Protocol):
    """``stores.ports.Settings``."""

    async def setting(self, name: str) -> str | None: ...

    async def put_setting(self, name: str, value: str, audit: Audit | None = None) -> None: ...


class Rules:
    """Settings and data, asked by model name."""

    def __init__(self, routing: Routing | None = None, store: Settings | None = None) -> None:
        """Raises ConfigError for a model that stands in for itself."""
        routing = routing or Routing()
        self._store = store
        self._default: Strategy = routing.strategy
        names = {*routing.strategies, *routing.fallbacks}
        self._given = {name: ModelRule(routing.strategies.get(name), routing.fallbacks.get(name, ())) for name in names}
        self._kept: dict[str, ModelRule] = {}
        self._changed: Callable[[], None] = lambda: None
        for name, rule in self._given.items():
            try:
                _check(name, rule)
            except RequestError as error:
                raise ConfigError(f"routing: {error.message}") from error

    def listen(self, changed: Callable[[], None]) -> None:
        """``changed`` is called after every change."""
        self._changed = changed

    async def load(self) -> None:
        """Read what was said at run time."""
        text = await self._store.setting(_KEPT_AS) if self._store else None
        self._kept = msgspec.json.decode(text, type=dict[str, ModelRule]) if text else {}
        self._changed()

    async def look_on(self, every_s: float) -> None:
        """Take over what other processes say. Runs until it is cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.load()
            except Exception as error:
                # Whatever the store's trouble is, the rules we know stay in force.
                Log("routing").error("rules cannot be read", error=type(error).__name__)

    def strategy(self, model: str) -> Strategy:
        return self._rule(model).strategy or self._default

    def fallbacks(self, model: str) -> tuple[str, ...]:
        return self._rule(model).fallbacks

    def all(self) -> dict[str, tuple[ModelRule, bool]]:
        """Every rule in force, and whether it was said at run time."""
        found = {name: (rule, False) for name, rule in self._given.items()}
        found |= {name: (rule, True) for name, rule in self._kept.items()}
        return dict(sorted(found.items()))

    async def put(self, model: str, rule: ModelRule, audit: AuditOf | None = None) -> None:
        """From now on, and after a restart. Raises RequestError."""
        _check(model, rule)
        if len(self._kept) >= MOST_MODELS and model not in self._kept:
            raise RequestError(f"There are rules for {MOST_MODELS} models; remove one first.")
        set_ = msgspec.structs.asdict(rule)
        await self._keep({**self._kept, model: rule}, audit(model, set_) if audit else None)

    async def remove(self, model: str, audit: AuditOf | None = None) -> None:
        """Back to what the settings say. Raises NotFound (``rule_not_found``)."""
        if model not in self._kept:
            raise NotFound(f"Nothing was said at run time of the model '{model[:100]}'.", code="rule_not_found")
        kept = {name: rule for name, rule in self._kept.items() if name != model}
        await self._keep(kept, audit(model, {}) if audit else None)

    async def _keep(self, kept: dict[str, ModelRule], audit: Audit | None) -> None:
        if self._store is not None:
            await self._store.put_setting(_KEPT_AS, msgspec.json.encode(kept).decode(), audit)
        self._kept = kept
        self._changed()

    def _rule(self, model: str) -> ModelRule:
        return self._kept.get(model) or self._given.get(model, NO_RULE)


def _check(model: str, rule: ModelRule) -> None:
    if not 0 < len(model) <= 256 or any(not 0 < len(name) <= 256 for name in rule.fallbacks):
        raise RequestError("A model's name has 1 to 256 characters.", param="fallbacks")
    if model in rule.fallbacks or len(set(rule.fallbacks)) < len(rule.fallbacks):
        raise RequestError(f"'fallbacks' of '{model}' names it, or another model twice.", param="fallbacks")
    if len(rule.fallbacks) > MOST_FALLBACKS:
        raise RequestError(f"At most {MOST_FALLBACKS} fallbacks.", param="fallbacks")
