"""From wishes to a plan: what is carried over from clause to clause, what is said twice, what contradicts itself."""

from collections.abc import Sequence

import msgspec

from openhearth.engines.edit_image.plan import (
    EVERYONE,
    AddText,
    Adjust,
    Background,
    Crop,
    HideFaces,
    Op,
    Recolour,
    RemoveText,
    Style,
    Upscale,
    Vectorise,
    Wear,
    Who,
)
from openhearth.engines.edit_image.words.kinds import SEPARATORS, Kind, Token
from openhearth.engines.edit_image.words.part import (
    Avoiding,
    Colouring,
    Doing,
    Found,
    Keeping,
    Placing,
    Refused,
    Same,
)
from openhearth.engines.edit_image.words.reading import Wish

Personal = Recolour | Wear | HideFaces
_SAID_ONCE = (Recolour, Wear, Background, Style, HideFaces, AddText, RemoveText, Vectorise)
_OF_VERB: dict[Kind, tuple[type, ...]] = {
    Kind.WEAR: (Wear,),
    Kind.ADD: (Wear,),
    Kind.DRESS: (Recolour,),
    Kind.BLUR: (HideFaces, Background),
    Kind.PIXELATE: (HideFaces,),
}
_PASSED_OVER = frozenset({Kind.PICTURE, Kind.IT, Kind.ALSO})
# What an operation changes, by the names that "keep … as it is" uses.
_EVERYTHING = frozenset(
    {"face", "background", "worn", "person", "sky", "looks", "colours", "lighting", "hair", "lips"}
) | {
    "top",
    "trousers",
    "outfit",
    "picture",
    "quality",
}
_UNDER = {"hat": frozenset({"hair"}), "mask": frozenset({"lips"})}
_TOUCHED: dict[type, frozenset[str]] = {
    Style: _EVERYTHING,
    Vectorise: _EVERYTHING,
    Background: frozenset({"background", "sky"}),
    HideFaces: frozenset({"face", "looks", "lips", "person"}),
    AddText: frozenset({"text"}),
    RemoveText: frozenset({"text"}),
    Crop: frozenset({"size", "background"}),
}
_CLOTHES = {"top": {"top", "outfit"}, "trousers": {"trousers", "outfit"}, "outfit": {"top", "trousers", "outfit"}}


class Unplaced(msgspec.Struct, frozen=True):
    """Words that cannot be followed, and why (a key of ``limits``)."""

    words: tuple[Token, ...]
    reason: str


class Resolver:
    """Walks through the wishes once. ``steps`` and ``unplaced`` are the outcome."""

    def __init__(self) -> None:
        self.steps: list[Op] = []
        self.unplaced: list[Unplaced] = []
        self._loose: set[int] = set()
        self._people: tuple[Who, ...] = ()
        self._last: tuple[Op, ...] = ()
        self._between: list[Kind] = []
        self._after_dont = False
        self._limits: list[tuple[Wish, Found]] = []

    def walk(self, wishes: Sequence[Wish]) -> None:
        """Take in all wishes, then check what shall stay as it is."""
        for wish in wishes:
            if wish.words[0].kind in SEPARATORS and wish.found is None:
                self._separate(wish.words[0])
            elif wish.found is None:
                self._leave_out(wish.words)
            else:
                self._follow(wish, wish.found)
                self._between = []
        for wish, found in self._limits:
            self._check(wish, found)
        if not self.steps and not self.unplaced and self._limits:
            self.unplaced.append(Unplaced(self._limits[0][0].words, "nothing"))
        self.steps.sort(key=lambda step: isinstance(step, Vectorise))

    def _separate(self, word: Token) -> None:
        self._between.append(word.kind)
        if word.kind is Kind.STOP:
            self._people = ()

    def _leave_out(self, words: tuple[Token, ...]) -> None:
        if words[0].kind not in _PASSED_OVER:
            self.unplaced.append(Unplaced(words, ""))
            self._between = []

    def _refuse(self, wish: Wish, reason: str) -> None:
        self.unplaced.append(Unplaced(wish.words, reason))

    def _follow(self, wish: Wish, found: Found) -> None:
        if self._after_dont and self._between == [Kind.AND] and not isinstance(found, Refused):
            self._refuse(wish, "scope")
            return
        self._after_dont = isinstance(found, Avoiding) or (isinstance(found, Keeping) and _is_negated(wish))
        match found:
            case Refused(reason=reason):
                self._refuse(wish, reason)
            case Keeping() | Avoiding():
                self._limits.append((wish, found))
            case Doing():
                self._do(wish, found)
            case Same():
                self._repeat(wish, found)
            case Colouring():
                self._colour(wish, found)
            case Placing():
                self._place(wish, found)

    def _do(self, wish: Wish, found: Doing) -> None:
        if found.says_it and self._is_open(found):
            self._refuse(wish, "it")
            return
        steps = self._for_people(found)
        self._add(steps, is_loose=found.is_loose)

    def _is_open(self, found: Doing) -> bool:
        """Whether "it" could be the part changed before as well as the picture."""
        if not any(isinstance(step, Adjust) and step.region == "all" for step in found.steps) or not self._last:
            return False
        last = self._last[-1]
        return isinstance(last, Recolour | HideFaces) or (isinstance(last, Background) and last.action != "remove")

    def _for_people(self, found: Doing) -> tuple[Op, ...]:
        if not found.personal:
            return found.steps
        if found.names_people:
            self._people = _people_of(found.steps)
            return found.steps
        return _spread(found.steps, self._people)

    def _add(self, steps: Sequence[Op], *, is_loose: bool = False) -> None:
        for step in steps:
            if self._is_said(step, is_loose=is_loose):
                continue
            last = self.steps[-1] if self.steps else None
            if isinstance(step, Background) and step.action in ("colour", "replace") and last == Background("remove"):
                self.steps.pop()
            if is_loose:
                self._loose.add(len(self.steps))
            self.steps.append(step)
        self._last = tuple(steps)

    def _is_said(self, step: Op, *, is_loose: bool) -> bool:
        """Whether the step repeats an earlier one; a vaguer one adds nothing either."""
        if isinstance(step, Upscale):
            earlier = [at for at, other in enumerate(self.steps) if isinstance(other, Upscale)]
            if earlier and is_loose:
                return True
            if earlier and earlier[-1] in self._loose:
                self._loose.discard(earlier[-1])
                self.steps[earlier[-1]] = step
                return True
            return False
        if isinstance(step, Adjust):
            return self._mends_the_same(step, is_loose=is_loose)
        if isinstance(step, Wear) and step.colour is None:
            return any(
                isinstance(other, Wear) and (other.item, other.who) == (step.item, step.who) for other in self.steps
            )
        if not isinstance(step, _SAID_ONCE):
            return False
        alike = [other for other in self.steps if _target(other) == _target(step)]
        return bool(alike) and alike[-1] == step

    def _mends_the_same(self, step: Adjust, *, is_loose: bool) -> bool:
        """Whether a complaint and a wish are one ("too dark, brighten it"); the complaint gives way."""
        for at, other in enumerate(self.steps):
            same = isinstance(other, Adjust) and other.kind == step.kind and (other.amount > 0) == (step.amount > 0)
            if same and is_loose:
                return True
            if same and at in self._loose:
                self._loose.discard(at)
                self.steps[at] = step
                return True
        return False

    def _repeat(self, wish: Wish, found: Same) -> None:
        steps: list[Op] = []
        for step in self._last:
            if found.verb is None or isinstance(step, _OF_VERB[found.verb]):
                steps.extend(_alike(step, found))
        if not steps:
            self._refuse(wish, "repeat")
            return
        if found.people:
            self._people = found.people
        self._add(tuple(dict.fromkeys(steps)))

    def _colour(self, wish: Wish, found: Colouring) -> None:
        last = self._last[-1] if self._last else None
        if isinstance(last, Background) and last.action == "remove" and not found.people:
            self._add((Background("colour", colour=found.colour),))
        elif isinstance(last, Recolour | Wear) and found.people:
            self._people = found.people
            self._add(tuple(msgspec.structs.replace(last, colour=found.colour, who=who) for who in found.people))
        else:
            self._refuse(wish, "what")

    def _place(self, wish: Wish, found: Placing) -> None:
        if found.picture != 1 and self._last and isinstance(self._last[-1], Background):
            self._add((Background("replace", picture=found.picture),))
        else:
            self._refuse(wish, "how")

    def _check(self, wish: Wish, found: Found) -> None:
        if isinstance(found, Keeping):
            if any(_breaks(step, found) for step in self.steps):
                self._refuse(wish, "conflict")
        elif isinstance(found, Avoiding):
            targets = {_target(step) for step in self.steps}
            if any(_target(step) in targets for step in found.steps):
                self._refuse(wish, "against")


def _breaks(step: Op, kept: Keeping) -> bool:
    """Whether a step changes what shall stay."""
    if kept.people:
        if not isinstance(step, Personal):
            return "person" in _touched(step)
        if step.who != EVERYONE and step.who not in kept.people:
            return False
        return not kept.names or bool(_touched(step) & set(kept.names))
    return bool(_touched(step) & set(kept.names))


def _is_negated(wish: Wish) -> bool:
    return wish.words[0].kind in (Kind.NOT, Kind.UNCHANGED) and wish.words[0].text not in ("unchanged", "不变")


def _people_of(steps: Sequence[Op]) -> tuple[Who, ...]:
    named = (step.who for step in steps if isinstance(step, Personal))
    return tuple(dict.fromkeys(who for who in named if who != EVERYONE))


def _spread(steps: tuple[Op, ...], people: tuple[Who, ...]) -> tuple[Op, ...]:
    """The steps for each of the people named in a clause before."""
    if not people:
        return steps
    spread: list[Op] = []
    for step in steps:
        if isinstance(step, Personal) and step.who == EVERYONE:
            spread.extend(msgspec.structs.replace(step, who=who) for who in people)
        else:
            spread.append(step)
    return tuple(spread)


def _alike(step: Op, wanted: Same) -> list[Op]:
    """The step for other things or people; empty when it has no sense for them."""
    people = wanted.people or (_who_of(step),)
    if not wanted.things:
        return [msgspec.structs.replace(step, who=who) for who in people] if isinstance(step, Personal) else []
    colour = step.colour if isinstance(step, Recolour | Background) else None
    found: list[Op] = []
    for thing in wanted.things:
        if thing == "background" and colour is not None:
            found.append(Background("colour", colour=colour))
        elif thing == "background" and isinstance(step, HideFaces) and step.kind == "blur":
            found.append(Background("blur"))
        elif thing == "face" and isinstance(step, Background) and step.action == "blur":
            found.append(HideFaces("blur"))
        elif thing not in ("background", "face") and colour is not None:
            found.extend(Recolour(thing, colour, who) for who in people)
    return found if len(found) >= len(wanted.things) else []


def _who_of(step: Op) -> Who:
    return step.who if isinstance(step, Personal) else EVERYONE


def _target(step: Op) -> tuple[object, ...]:
    """What a step is about; two steps about the same thing either repeat or contradict each other."""
    match step:
        case Recolour(part=part, who=who):
            return "recolour", part, who
        case Wear(item=item, who=who):
            return "wear", item, who
        case HideFaces(who=who):
            return "hide", who
        case Adjust(kind=kind, region=region):
            return "adjust", kind, region
        case AddText(text=text):
            return "add text", text
        case RemoveText(only=only):
            return "remove text", only
        case Background(action=action):
            return ("background", action == "blur")
        case _:
            return (type(step).__name__,)


def _touched(step: Op) -> frozenset[str]:
    match step:
        case Recolour(part=part):
            return frozenset(_CLOTHES.get(part, {part}))
        case Wear(item=item):
            return _UNDER.get(item, frozenset())
        case Adjust(region="all"):
            return _EVERYTHING
        case Adjust(region=region):
            return frozenset({"background", region})
        case _:
            return _TOUCHED.get(type(step), frozenset({"size"}))
