"""A stretch of an instruction as the rules of the grammar see it, and what a rule can make of it."""

import functools
import itertools
import re
from collections.abc import Callable, Sequence

import msgspec

from openhearth.engines.edit_image.plan import EVERYONE, Colour, Op, Who
from openhearth.engines.edit_image.words.kinds import Kind, Token

_PASSED_OVER = frozenset({Kind.FILLER, Kind.PICTURE, Kind.IT, Kind.ALSO})
_PASSED_OVER_BY_ECHOES = _PASSED_OVER - {Kind.ALSO}
_PEOPLE = frozenset({Kind.PERSON, Kind.SIDE})
_POSSESSIVE = frozenset({"的", "'s", "s'"})
_AROUND = frozenset({"from", "around", "of", "behind"})
_JOINING = frozenset({Kind.AND, Kind.COMMA})


class Doing(msgspec.Struct, frozen=True):
    """Operations. ``personal`` ones take over the people named before, unless ``names_people``."""

    steps: tuple[Op, ...]
    personal: bool = False
    names_people: bool = False
    says_it: bool = False
    is_loose: bool = False  # "clearer" beside "2x" is the same wish, not another one


class Keeping(msgspec.Struct, frozen=True):
    """Things that shall stay as they are, by name; without names, people as a whole."""

    names: tuple[str, ...]
    people: tuple[Who, ...] = ()  # theirs only


class Avoiding(msgspec.Struct, frozen=True):
    """What shall not be done."""

    steps: tuple[Op, ...]


class Same(msgspec.Struct, frozen=True):
    """The change before, for other things or other people."""

    things: tuple[str, ...] = ()
    people: tuple[Who, ...] = ()
    verb: Kind | None = None  # what is said to be done again, when it is said


class Colouring(msgspec.Struct, frozen=True):
    """A colour for what was spoken of before."""

    colour: Colour
    people: tuple[Who, ...] = ()


class Placing(msgspec.Struct, frozen=True):
    """Another picture for what was spoken of before (the background)."""

    picture: int


class Refused(msgspec.Struct, frozen=True):
    """Understood, and not possible; ``reason`` is a key of ``limits``."""

    reason: str


Found = Doing | Keeping | Avoiding | Same | Colouring | Placing | Refused


class Part:
    """Words of one wish. ``said`` are those that count, ``letters`` their kinds, one letter each."""

    def __init__(self, words: Sequence[Token], said: list[Token], named: list[Token]) -> None:
        self.all = words
        self.said = said
        self._named = named
        self.letters = "".join(word.kind.value for word in said)

    @functools.cached_property
    def says_it(self) -> bool:
        return any(word.kind is Kind.IT for word in self.all)

    @functools.cached_property
    def people(self) -> tuple[Who, ...] | None:
        """Who is meant; empty when nobody is named, None when the words contradict each other."""
        named = [at for at, word in enumerate(self._named) if word.kind in _PEOPLE]
        found = [_who(self._named[at]) for at in named]
        nth_face = [word.who for word in self._named if word.kind is Kind.FACE and word.who is not None]
        some = [who for who in (*found, *nth_face) if who != EVERYONE]
        if len(some) > 1 and not _is_list(self._named, named):
            return None
        return tuple(dict.fromkeys(some)) or tuple(found[:1])

    @functools.cached_property
    def has_strangers(self) -> bool:
        """Whether people and background are named other than as theirs: "the people in the background"."""
        at = [place for place, word in enumerate(self.all) if word.kind in (Kind.PERSON, Kind.BACKGROUND)]
        for first, second in itertools.pairwise(at):
            between = {word.text for word in self.all[first + 1 : second]}
            theirs = between <= _POSSESSIVE if self.all[first].kind is Kind.PERSON else bool(between & _AROUND)
            if self.all[first].kind is not self.all[second].kind and not theirs:
                return True
        return False

    def of(self, *kinds: Kind) -> list[Token]:
        """The words of some kinds, in order."""
        return [word for word in self.said if word.kind in kinds]

    def count(self, *kinds: Kind) -> int:
        return len(self.of(*kinds))

    def colour(self) -> Colour | None:
        """The last colour named: in "the red shirt blue" it is the wanted one."""
        colours = [word.colour for word in self.said if word.colour is not None]
        return colours[-1] if colours else None


def whole(words: Sequence[Token]) -> Part:
    """The part as it is."""
    said = [word for word in words if word.kind not in _PASSED_OVER]
    return Part(words, said, said)


def impersonal(words: Sequence[Token]) -> Part:
    """The part without the words for people, which it still knows."""
    named = [word for word in words if word.kind not in _PASSED_OVER]
    return Part(words, _without_people(named), named)


def echoing(words: Sequence[Token]) -> Part:
    """The part without people, with words like "also" left in."""
    named = [word for word in words if word.kind not in _PASSED_OVER_BY_ECHOES]
    return Part(words, _without_people(named), named)


def _who(word: Token) -> Who:
    return Who(side=word.name) if word.kind is Kind.SIDE else word.who or EVERYONE


def _is_list(said: list[Token], named: list[int]) -> bool:
    """Whether every two neighbouring people are joined by "and" alone."""
    between = [{word.kind for word in said[a + 1 : b]} for a, b in itertools.pairwise(named)]
    return all(kinds and kinds <= _JOINING for kinds in between)


def _without_people(words: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    for at, word in enumerate(words):
        inside = 0 < at < len(words) - 1 and words[at - 1].kind in _PEOPLE and words[at + 1].kind in _PEOPLE
        if word.kind in _PEOPLE or (word.kind in _JOINING and inside):
            continue
        kept.append(word)
    return kept


Build = Callable[[Part], Found | None]


class Rule(msgspec.Struct, frozen=True):
    """``pattern`` over the letters of a part, and what it means. ``price`` decides between several readings."""

    pattern: "re.Pattern[str]"
    build: Build
    price: int = 10
    stands_alone: bool = False  # a clause of its own: a bare "50%" right behind another wish belongs to that


class Rules(msgspec.Struct, frozen=True):
    """Rules that look at the same letters."""

    rules: tuple[Rule, ...]

    def fitting(self, letters: str) -> tuple[Rule, ...]:
        """Rules whose pattern the letters follow."""
        return tuple(rule for rule in self.rules if rule.pattern.fullmatch(letters))


def rule(pattern: str, build: Build, price: int = 10) -> Rule:
    """A rule; blanks in the pattern are for the eye."""
    return Rule(re.compile(pattern.replace(" ", "")), build, price)


def lonely(pattern: str, build: Build, price: int = 10) -> Rule:
    """A rule for a value without a verb, which must be a clause of its own."""
    return msgspec.structs.replace(rule(pattern, build, price), stands_alone=True)


REFUSAL = 300  # dearer than any reading that works, cheaper than leaving a word out


def refusal(pattern: str, reason: str) -> Rule:
    """A rule for what is understood and cannot be done."""
    return rule(pattern, lambda part: Refused(reason), REFUSAL)
