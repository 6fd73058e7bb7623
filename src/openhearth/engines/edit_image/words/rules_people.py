"""Wishes about people: colours of garments, hair and lips, things to put on, hidden faces."""

from openhearth.engines.edit_image.plan import EVERYONE, Background, Colour, HideFaces, Op, Recolour, Wear
from openhearth.engines.edit_image.words.kinds import Kind, Token
from openhearth.engines.edit_image.words.part import (
    REFUSAL,
    Colouring,
    Doing,
    Found,
    Part,
    Refused,
    Rule,
    refusal,
    rule,
)

_LIST = "[j,]{1,2}"
_THINGS = f"[PG](?:{_LIST}[PG])*"
_ITEM = "(?:C?X|XC)"


def _personal(part: Part, steps: tuple[Op, ...]) -> Doing:
    return Doing(steps, personal=True, names_people=bool(part.people), says_it=part.says_it)


def _painted(part: Part, things: list[Token], colour: Colour) -> Found | None:
    if part.people is None:
        return None
    steps: list[Op] = []
    for thing in things:
        if thing.kind is Kind.BACKGROUND:
            if part.has_strangers or any(who != EVERYONE for who in part.people):
                return None
            steps.append(Background("colour", colour=colour))
        else:
            steps.extend(Recolour(thing.name, colour, who) for who in part.people or (EVERYONE,))
    return _personal(part, tuple(steps))


def _recolour(part: Part) -> Found | None:
    colour = part.colour()
    return _painted(part, part.of(Kind.PART, Kind.BACKGROUND), colour) if colour else None


def _from_colour(part: Part) -> Found | None:
    """For "from white to red": without such a word two colours contradict each other."""
    says_from = any(word.text in ("from", "从", "由") for word in part.all)
    between = part.said[-2].kind is Kind.SET
    return _recolour(part) if says_from or between else None


def _into_garment(part: Part) -> Found | None:
    """For "the shirt to a red shirt", one garment named twice; "to a red dress" asks for another one."""
    first, second = part.of(Kind.PART)
    colour = part.colour()
    if first.name != second.name or colour is None:
        return Refused("garment") if first.kind is second.kind else None
    if second.note == "made" and second.text != first.text:
        return Refused("garment")
    return _painted(part, [first], colour)


def _garment_in(part: Part) -> Found | None:
    """For "red clothes", which recolours; "a red dress" may not be what is worn."""
    thing = part.of(Kind.PART, Kind.BACKGROUND)[0]
    colour = part.colour()
    if thing.note == "made" or colour is None:
        return Refused("garment")
    return _painted(part, [thing], colour)


def _colouring(part: Part) -> Found | None:
    colour = part.colour()
    if colour is None or part.people is None or ("S" not in part.letters and not part.people):
        return None
    return Colouring(colour, part.people)


def _wear(part: Part) -> Found | None:
    if part.people is None or _swaps(part):
        return None
    steps: list[Op] = []
    for at, word in enumerate(part.said):
        if word.kind is Kind.ITEM:
            colour = _colour_beside(part.said, at)
            steps.extend(Wear(word.name, colour, who) for who in part.people or (EVERYONE,))
    return _personal(part, tuple(steps))


def _swaps(part: Part) -> bool:
    """Whether what is worn shall change ("make the hat red", "换成红色的帽子"), no word for putting on being there."""
    sets = part.of(Kind.SET)
    if not sets or part.of(Kind.WEAR, Kind.ADD):
        return False
    return any(word.name == "swap" for word in sets) or part.letters.endswith("C")


def _colour_beside(said: list[Token], at: int) -> Colour | None:
    before = said[at - 1].colour if at else None
    if before is not None:
        return before
    behind = next((word for word in said[at + 1 : at + 4] if word.kind not in (Kind.COMMA, Kind.SET, Kind.WITH)), None)
    follows_another = behind is not None and said.index(behind) + 1 < len(said)
    if behind is None or (follows_another and said[said.index(behind) + 1].kind is Kind.ITEM):
        return None
    return behind.colour


def _mask_over_face(part: Part) -> Found | None:
    if part.of(Kind.ITEM)[0].name != "mask" or part.people is None:
        return None
    return _personal(part, tuple(Wear("mask", part.colour(), who) for who in part.people or (EVERYONE,)))


def _hide(part: Part) -> Found | None:
    people = part.people
    if people is None:
        return None
    if not part.of(Kind.FACE) and not people:
        return Refused("face")
    if not part.of(Kind.FACE) and not part.of(Kind.PIXELATE):
        return Refused("body")
    kind = "pixelate" if part.of(Kind.PIXELATE) or not part.of(Kind.BLUR) else "blur"
    return _personal(part, tuple(HideFaces(kind, who) for who in people or (EVERYONE,)))


def _blurred_body(part: Part) -> Found | None:
    return Refused("body") if part.people else None


PEOPLE_RULES: tuple[Rule, ...] = (
    rule(f"S? {_THINGS} [Sh]{{0,2}} C", _recolour),
    rule(f"S? {_THINGS} S? , S{{1,2}} C", _recolour, 14),
    rule("S? C [PG] S{0,2} C", _recolour),
    rule("S? [PG] C S{0,2} C", _from_colour),
    rule("S? G S{0,2} C G", _recolour),
    rule("S? C? P [Sh]? C P", _into_garment),
    rule("[Sawv]{0,2} C P", _garment_in, 12),
    rule("[Sa]{0,2} C G", _recolour, 12),
    rule("S{0,2} h? C", _colouring, 290),
    rule(f"[Svawh]{{0,3}} {_ITEM} (?:[j,]{{0,2}} [vawh]{{0,2}} {_ITEM})* (?:,?[hS]?C)?", _wear, 12),
    rule("C? X [va]", _wear),
    rule("H F h? C? X", _mask_over_face),
    rule("[Sa]? [xbH] D? [xb]? F [xb]?", _hide),
    rule("F [Sa]? [xbH] D?", _hide),
    rule("F [Sha]* [bH]? [xb]", _hide),
    rule("[xbH] F h [xb]", _hide),
    rule("[Sa]? x [Sa]?", _hide),
    rule("S? [bH] D? S?", _blurred_body, REFUSAL),
    refusal("S? P", "what_colour"),
    refusal("[awv] P", "garment"),
    refusal(f"r C? P (?:{_LIST}P)* | P (?:{_LIST}P)* r", "erase"),
    refusal(f"S? C? P (?:{_LIST}P)* [jS+-]* [DJBbxRE$@Z+-]+ S? D* %?", "only_colour"),
    refusal("S? D* [JBbxHR+-]+ D* P", "only_colour"),
    refusal("S? C? X S* C? X? S? | S X J | X S* D* [JBbZ]", "worn"),
    refusal(f"r C? X (?:{_LIST}X)* | X (?:{_LIST}X)* r | ! C? X (?:{_LIST}!?X)*", "worn"),
    refusal("r F | F r | r C | r", "erase"),
)
