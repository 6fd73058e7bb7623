"""Every target there is, and which of them a model name means.

A name is looked up as: an alias of the operator; the exact public name of a target; ``provider/name`` of an attached
provider; a pattern of names an attached provider is known for. Embedded engines and attached targets are equal here.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from openhearth.core.operations import Operation
from openhearth.core.provider import Target

ANY = "*"


class Model(msgspec.Struct, frozen=True):
    """One public model name, for lists."""

    id: str
    owned_by: str
    operations: tuple[Operation, ...]
    target_ids: tuple[str, ...]
    alias_of: str = ""


class Catalog:
    """The targets, indexed by name. Reads are dictionary look-ups; a change clears what was derived."""

    def __init__(self, targets: Iterable[Target] = (), aliases: dict[str, str] | None = None) -> None:
        self._targets = {target.id: target for target in targets}
        self._aliases = aliases or {}
        self._found: dict[str, list[Target]] = {}

    def add(self, target: Target) -> None:
        self._targets[target.id] = target
        self._found.clear()

    def remove(self, target_id: str) -> bool:
        self._found.clear()
        return self._targets.pop(target_id, None) is not None

    def target(self, target_id: str) -> Target | None:
        return self._targets.get(target_id)

    def targets(self) -> list[Target]:
        return list(self._targets.values())

    def resolve(self, name: str) -> str:
        """The model an alias stands for, or the name itself."""
        return self._aliases.get(name, name)

    def find(self, name: str) -> list[Target]:
        """All targets that answer ``name``, wildcard targets bound to it. Empty when there are none."""
        found = self._found.get(name)
        if found is None:
            if len(self._found) > 10_000:
                self._found.clear()
            found = self._look_up(self.resolve(name))
            self._found[name] = found
        return found

    def models(self) -> list[Model]:
        """Every exact name and alias, in order of name."""
        listed: dict[str, Model] = {}
        for target in self._targets.values():
            if target.model != ANY:
                listed[target.model] = _model(target.model, self.find(target.model))
        for alias, name in self._aliases.items():
            targets = self.find(alias)
            if targets:
                listed[alias] = _model(alias, targets, alias_of=name)
        return [listed[name] for name in sorted(listed)]

    def _look_up(self, name: str) -> list[Target]:
        targets = self._targets.values()
        exact = [target for target in targets if target.model == name]
        if exact:
            return exact
        wild = [target for target in targets if target.model == ANY]
        prefix, slash, rest = name.partition("/")
        if slash and rest:
            named = [target for target in wild if target.provider.name == prefix]
            if named:
                return [msgspec.structs.replace(target, upstream_model=rest) for target in named]
        return [
            msgspec.structs.replace(target, upstream_model=name)
            for target in wild
            if any(fnmatchcase(name, pattern) for pattern in target.provider.models)
        ]


def _model(name: str, targets: list[Target], alias_of: str = "") -> Model:
    operations = {operation: None for target in targets for operation in target.provider.speaks}
    return Model(
        id=name,
        owned_by=targets[0].provider.name,
        operations=tuple(operations),
        target_ids=tuple(target.id for target in targets),
        alias_of=alias_of,
    )
