"""Every target there is, and which of them a model name means.

A name is looked up as: an alias of the operator; the exact public name of a target; ``provider/name`` of an attached
provider; a pattern of names an attached provider is known for. Embedded engines and attached targets are equal here.
"""

from collections.abc import Callable, Iterable, Mapping
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

    @property
    def chat_name(self) -> str:
        """``chat-M`` of an image model M, empty for all others: what chats by itself needs no second name."""
        pictures = Operation.IMAGE_EDIT in self.operations or Operation.IMAGE_GENERATE in self.operations
        return f"chat-{self.id}" if pictures and Operation.CHAT not in self.operations else ""


class Catalog:
    """The targets, indexed by name. Reads are dictionary look-ups; a change clears what was derived."""

    def __init__(
        self,
        targets: Iterable[Target] = (),
        aliases: Mapping[str, str] | None = None,
        stand_ins: Mapping[str, str] | None = None,
        *,
        listed: Callable[[Target], bool] = lambda _: True,
    ) -> None:
        """``stand_ins``: what a name means while no provider offers it (``seededit`` → ``local-edit``).
        ``listed``: whether a target's name is shown now (an engine without its pack is not)."""
        self._targets = {target.id: target for target in targets}
        self._aliases = dict(aliases or {})
        self._stand_ins = dict(stand_ins or {})
        self._listed = listed
        self._found: dict[str, list[Target]] = {}
        self.version = 0

    def add(self, target: Target) -> None:
        self._targets[target.id] = target
        self._found.clear()
        self.version += 1

    def remove(self, target_id: str) -> bool:
        self._found.clear()
        self.version += 1
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
            for name in (target.model,) if target.model != ANY else _public_names(target):
                if self._listed(target):
                    listed[name] = _model(name, self.find(name))
        for alias, name in {**self._stand_ins, **self._aliases}.items():
            targets = self.find(alias)
            if any(self._listed(target) for target in targets):
                listed.setdefault(alias, _model(alias, targets, alias_of=name))
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
        public = [_as_public(target, name) for target in wild if name in _public_names(target)]
        if public:
            return public
        known = [
            msgspec.structs.replace(target, upstream_model=name)
            for target in wild
            if any(fnmatchcase(name, pattern) for pattern in target.provider.models)
        ]
        stand_in = self._stand_ins.get(name)
        return known or (self._look_up(stand_in) if stand_in else [])


def _public_names(target: Target) -> list[str]:
    return [public.model for public in target.provider.public_models]


def _as_public(target: Target, name: str) -> Target:
    """``target`` bound to the model its provider offers under ``name``, for that model's operations only."""
    public = next(model for model in target.provider.public_models if model.model == name)
    speaks = {operation: target.provider.speaks[operation] for operation in public.operations}
    provider = msgspec.structs.replace(target.provider, speaks=speaks)
    return msgspec.structs.replace(target, provider=provider, upstream_model=public.upstream_model)


def _model(name: str, targets: list[Target], alias_of: str = "") -> Model:
    operations = {operation: None for target in targets for operation in target.provider.speaks}
    return Model(
        id=name,
        owned_by=targets[0].provider.name,
        operations=tuple(operations),
        target_ids=tuple(target.id for target in targets),
        alias_of=alias_of,
    )
