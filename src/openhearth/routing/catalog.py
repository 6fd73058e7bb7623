"""Every target there is, and which of them a model name means.

A name is looked up as: an alias (of one model, or of several, each for what it does); the exact public name of a
target; ``provider/name`` of an attached provider; a pattern of names an attached provider is known for. Embedded
engines and attached targets are equal here.
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
        aliases: Mapping[str, tuple[str, ...]] | None = None,
        stand_ins: Mapping[str, str] | None = None,
        *,
        listed: Callable[[Target], bool] = lambda _: True,
        priced: Callable[[Target], Target] = lambda target: target,
    ) -> None:
        """``aliases``: the models behind a name, which answers whatever any of them does.
        ``stand_ins``: what a name means while no provider offers it (``seededit`` → ``local-edit``).
        ``listed``: whether a target's name is shown now (an engine without its pack is not).
        ``priced``: a target with its price of now; asked again after ``reprice``."""
        self._targets = {target.id: target for target in targets}
        self._aliases = dict(aliases or {})
        self._stand_ins = dict(stand_ins or {})
        self._listed = listed
        self._priced = priced
        self._found: dict[str, list[Target]] = {}
        self._lists: dict[str, frozenset[str]] = {}
        self.version = 0

    def add(self, target: Target) -> None:
        self._targets[target.id] = target
        self._found.clear()
        self.version += 1

    def remove(self, target_id: str) -> bool:
        self._found.clear()
        self.version += 1
        self._lists.pop(target_id, None)
        return self._targets.pop(target_id, None) is not None

    def know(self, target_id: str, names: Iterable[str]) -> None:
        """A target's own list of models was read."""
        known = frozenset(names)
        if self._lists.get(target_id) != known:
            self._lists[target_id] = known
            self._found.clear()
            self.version += 1

    def reprice(self) -> None:
        """Prices changed: whoever kept targets looks them up again."""
        self._found.clear()
        self.version += 1

    def target(self, target_id: str) -> Target | None:
        return self._targets.get(target_id)

    def targets(self) -> list[Target]:
        return list(self._targets.values())

    def alias_of(self, name: str) -> str:
        """The models that an alias or a stand-in names, separated by commas; empty for a name of its own."""
        stand_in = self._stand_ins.get(name, "")
        is_needed = all(target.model == stand_in for target in self.find(name))
        return ", ".join(self._aliases.get(name, ())) or (stand_in if is_needed else "")

    def find(self, name: str) -> list[Target]:
        """All targets that answer ``name``, wildcard targets bound to it. Empty when there are none."""
        found = self._found.get(name)
        if found is None:
            if len(self._found) > 10_000:
                self._found.clear()
            meant = [target for model in self._aliases.get(name, (name,)) for target in self._look_up(model)]
            found = [_told_its_name(self._priced(target), name) for target in meant]
            self._found[name] = found
        return found

    def models(self, *, hidden: bool = False) -> list[Model]:
        """Every exact name and alias, in order of name; ``hidden`` adds those that are not listed now."""
        listed: dict[str, Model] = {}
        for target in self._targets.values():
            for name in (target.model,) if target.model != ANY else _public_names(target):
                if hidden or self._listed(target):
                    listed[name] = _model(name, self.find(name))
        for alias in (*self._stand_ins, *self._aliases):
            targets = self.find(alias)
            if any(hidden or self._listed(target) for target in targets):
                listed.setdefault(alias, _model(alias, targets, alias_of=self.alias_of(alias)))
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
        return known or (self._look_up(stand_in) if stand_in else self._unclaimed(name))

    def _unclaimed(self, name: str) -> list[Target]:
        """The targets for a name that nobody claims; ``chat-M`` of an image model M is claimed, as M's other name."""
        if name.startswith("chat-") and _makes_pictures(self._look_up(name.removeprefix("chat-"))):
            return []
        open_ones = [target for target in self._targets.values() if is_open(target)]
        answering = [target for target in open_ones if name in self._lists.get(target.id, ())]
        if not answering:
            answering = [target for target in open_ones if target.id not in self._lists]
            if len({(target.origin, target.base_path) for target in answering}) > 1:
                return []
        return [msgspec.structs.replace(target, upstream_model=name) for target in answering]


def is_open(target: Target) -> bool:
    """Whether a target answers names that nobody can know beforehand: it was attached by base URL alone."""
    return target.model == ANY and not target.provider.models and not target.provider.public_models


def _makes_pictures(targets: list[Target]) -> bool:
    """Whether one of ``targets`` is known to make pictures; of an open one nothing is known."""
    pictures = (Operation.IMAGE_EDIT, Operation.IMAGE_GENERATE)
    return any(not is_open(target) and any(map(target.speaks, pictures)) for target in targets)


def _told_its_name(target: Target, asked: str) -> Target:
    """A target asked by another name (an alias, a stand-in) is sent its own: ours would mean nothing to it."""
    if target.upstream_model or target.model in (ANY, asked):
        return target
    return msgspec.structs.replace(target, upstream_model=target.model)


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
