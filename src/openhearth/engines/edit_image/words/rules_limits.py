"""What shall stay as it is, what shall not be done, and "the same again"."""

from openhearth.engines.edit_image.plan import EVERYONE
from openhearth.engines.edit_image.words.kinds import Kind
from openhearth.engines.edit_image.words.part import (
    Avoiding,
    Doing,
    Found,
    Keeping,
    Part,
    Refused,
    Rule,
    Same,
    rule,
)

_GUARD = "[FPGXWdYTMO^Ee]"
_GUARDS = f"{_GUARD}{{1,2}}(?:[j,]{{1,2}}{_GUARD}{{1,2}})*"
_VERBS = frozenset({Kind.WEAR, Kind.BLUR, Kind.PIXELATE, Kind.ADD, Kind.DRESS})
_NAMES = {
    Kind.FACE: "face",
    Kind.BACKGROUND: "background",
    Kind.ITEM: "worn",
    Kind.PERSON: "person",
    Kind.SIDE: "person",
    Kind.SKY: "sky",
    Kind.TEXT: "text",
    Kind.MARK: "text",
    Kind.GUARDED: "looks",
    Kind.REST: "rest",
    Kind.CLEAR: "quality",
    Kind.RESIZE: "size",
    Kind.PICTURE: "picture",
}


def _keeping(part: Part) -> Found | None:
    if part.people is None:
        return None
    names = [word.name if word.kind is Kind.PART else _NAMES[word.kind] for word in part.said if word.kind in _kept()]
    people = tuple(who for who in part.people if who != EVERYONE)
    if people:
        names = [name for name in names if name != "person"]
    return Keeping(tuple(dict.fromkeys(names)), people)


def _kept() -> frozenset[Kind]:
    return frozenset(_NAMES) | {Kind.PART}


def _keeping_picture(part: Part) -> Found | None:
    """For "keep the colours", which speaks of the picture, a word that other rules pass over."""
    pictures = [word for word in part.all if word.kind is Kind.PICTURE]
    return Keeping(tuple(word.name or "picture" for word in pictures)) if pictures else None


def _same(part: Part) -> Found | None:
    things = tuple(
        word.name if word.kind is Kind.PART else _NAMES[word.kind]
        for word in part.said
        if word.kind in (Kind.PART, Kind.BACKGROUND, Kind.FACE)
    )
    if part.people is None or not (things or part.people):
        return None
    verbs = {word.kind for word in part.said} & _VERBS
    return Same(things, part.people, verbs.pop() if len(verbs) == 1 else None)


LIMIT_RULES: tuple[Rule, ...] = (
    rule(f"={{1,2}} {_GUARDS} [~S]? | {_GUARDS} =? ~ | ~ {_GUARDS} S? | {_GUARDS} =", _keeping),
    rule(f"! [S=] {_GUARDS} ~? | {_GUARDS} ! S | ! [bxHrSBJ] \\^", _keeping),
    rule("= ~? | = S | ~ | ! S", _keeping_picture),
)
# These look at "also" as well, which other rules pass over.
ECHO_RULES: tuple[Rule, ...] = (
    rule("(?:[PGF] (?:[j,]{1,2}[PGF])*)? S? & S?", _same),
    rule("& [vwabxS]? | S & [vwabx]? | [vabx] &", _same),
    rule("& (?:[PGF] (?:[j,]{1,2}[PGF])*)", _same),
)


def avoided(found: Found | None) -> Found | None:
    """What "don't" makes of a wish."""
    if isinstance(found, Doing):
        return Avoiding(found.steps)
    return Refused("scope") if found is not None else None
