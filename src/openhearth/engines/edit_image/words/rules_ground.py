"""Wishes about the background, and about text and watermarks."""

from openhearth.engines.edit_image.plan import EVERYONE, AddText, Adjust, Background, HideFaces, Op, RemoveText
from openhearth.engines.edit_image.words.kinds import Kind, Token
from openhearth.engines.edit_image.words.part import Doing, Found, Part, Placing, Refused, Rule, refusal, rule
from openhearth.engines.edit_image.words.scan import MOST_QUOTED

_LIST = "[j,]{1,2}"
_WRITTEN = "(?:[Ldj]{0,3}(?:[TM]{1,2}Q?[TM]?|QT?)L?)"
_REMOVABLE = f"(?:W?C?GW?|{_WRITTEN})"
_PICTURE_OTHER = frozenset({Kind.OTHER_PICTURE})
_MARK_OPACITY = 0.5
_BLUR_PLAIN = 0.5
_BLUR = {0.15: 0.2, 0.3: 0.35, 0.6: 0.75, 0.8: 0.9, 1.0: 1.0}


def blur_amount(part: Part) -> float:
    """How strongly a background is blurred."""
    degrees = [word.number for word in part.of(Kind.DEGREE)]
    return _BLUR.get(min(degrees) if 0.15 in degrees else max(degrees), _BLUR_PLAIN) if degrees else _BLUR_PLAIN


def _does(part: Part, *steps: Op) -> Doing:
    return Doing(steps, says_it=part.says_it)


def _only_generic_people(part: Part) -> bool:
    return all(who == EVERYONE for who in part.people or ()) and part.people is not None


def _remove(part: Part) -> Found | None:
    if not _only_generic_people(part) or part.has_strangers or part.of(Kind.SIDE):
        return None
    steps: list[Op] = []
    place, only = "", ""
    things = [
        word for word in part.said if word.kind in (Kind.BACKGROUND, Kind.TEXT, Kind.MARK, Kind.QUOTED, Kind.POSITION)
    ]
    for at, word in enumerate(things):
        if word.kind is Kind.BACKGROUND:
            steps.append(Background("remove"))
            continue
        only = quoted(word) if word.kind is Kind.QUOTED else only
        place = word.name if word.kind is Kind.POSITION else place
        following = things[at + 1].kind if at + 1 < len(things) else None
        if _ends_one(part, word, following):
            steps.append(RemoveText(only, place))
            place, only = "", ""
    return _does(part, *dict.fromkeys(steps))


def _ends_one(part: Part, word: Token, following: Kind | None) -> bool:
    """Whether this is the last word of one text to remove."""
    if following is None or following is Kind.BACKGROUND:
        return True
    at = part.said.index(word)
    return (
        at + 1 < len(part.said) and part.said[at + 1].kind in (Kind.AND, Kind.COMMA) and word.kind is not Kind.POSITION
    )


def quoted(word: Token) -> str:
    """What stands between the quotation marks, as it was written."""
    return word.name


def _cut_out(part: Part) -> Found | None:
    return _does(part, Background("remove")) if _only_generic_people(part) else None


def _coloured(part: Part) -> Found | None:
    colour = part.colour()
    if colour is None or not _only_generic_people(part):
        return None
    return _does(part, Background("colour", colour=colour))


def _replaced(part: Part) -> Found | None:
    picture = int(part.of(Kind.OTHER_PICTURE)[-1].number)
    return _does(part, Background("replace", picture=picture)) if picture != 1 else None


def _placing(part: Part) -> Found | None:
    return Placing(int(part.of(Kind.OTHER_PICTURE)[0].number))


def _blurred(part: Part) -> Found | None:
    """Background, and faces when both are named."""
    if not _only_generic_people(part) or part.has_strangers:
        return None
    steps: list[Op] = []
    for word in part.of(Kind.BACKGROUND, Kind.FACE, Kind.SKY):
        if word.kind is Kind.BACKGROUND:
            steps.append(Background("blur", amount=blur_amount(part)))
        elif word.kind is Kind.FACE:
            steps.append(HideFaces("blur"))
        else:
            steps.append(Adjust("blur", blur_amount(part), "sky"))
    return _does(part, *steps)


def _bokeh(part: Part) -> Found | None:
    blurs = part.of(Kind.BLUR)
    if not any(word.name == "bokeh" for word in blurs):
        return None
    return _does(part, Background("blur", amount=blur_amount(part)))


def _add_text(part: Part) -> Found | None:
    """One quotation and what is said about it, in any order."""
    if part.count(Kind.QUOTED) != 1 or max(part.count(Kind.COLOUR), part.count(Kind.LETTER_SIZE)) > 1:
        return None
    if not part.of(Kind.ADD, Kind.TEXT, Kind.MARK):
        return None
    places = [word for word in part.said if word.kind in (Kind.POSITION, Kind.SIDE) or _is_top(word)]
    if len(places) > 1 or any(word.kind is Kind.SIDE and word.name != "middle" for word in places):
        return Refused("position")
    if any(word.kind is Kind.PART and not _is_top(word) for word in part.said):
        return None
    text = quoted(part.of(Kind.QUOTED)[0])
    if len(text) > MOST_QUOTED:
        return None
    is_mark = bool(part.of(Kind.MARK))
    position = _position(places[0]) if places else ("bottom_right" if is_mark else "bottom")
    size = part.of(Kind.LETTER_SIZE)
    letter = size[0].number if size else (0.04 if is_mark else 0.06)
    return _does(part, AddText(text, position, part.colour(), letter, _opacity(part, is_mark=is_mark)))


def _is_top(word: Token) -> bool:
    return word.kind is Kind.PART and word.text == "top"


def _position(word: Token) -> str:
    if word.kind is Kind.SIDE:
        return "centre"
    return "top" if _is_top(word) else word.name


def _opacity(part: Part, *, is_mark: bool) -> float:
    return _MARK_OPACITY if is_mark or part.of(Kind.OPACITY) else 1.0


GROUND_RULES: tuple[Rule, ...] = (
    rule(f"r{{1,2}} {_REMOVABLE} (?:{_LIST}r?{_REMOVABLE})* S?", _remove),
    rule(f"{_REMOVABLE} (?:{_LIST}{_REMOVABLE})* r", _remove),
    rule("! (?:G|[TM]{1,2}) (?:[j,]{1,2}!?(?:G|[TM]{1,2}))*", _remove, 12),
    rule("[Sa]? W? k{1,2} [WG]? | W G k", _cut_out),
    rule("[Sar]? G S{0,2} a? t | [Sar]{0,2} t G | [Sar]? t", _cut_out),
    rule("r G S C | S C G a?", _coloured),
    rule("[Sa] W h? [Sh]? C G", _coloured),
    rule("[Sr]? G [Sha]{0,2} N G? | [Sah]{0,2} N [Sah]{0,2} G S?", _replaced),
    rule("S N", _placing, 20),
    rule("S? D{0,2} b D{0,2} W? [GY] [D+]? | S? D? W? [GY] [Sa]{0,2} D{0,2} b D{0,2}", _blurred),
    rule(f"b [GF] (?:{_LIST}b?[GF])+ | [GF] (?:{_LIST}[GF])+ S? b", _blurred),
    rule("[Sa]? D? b{1,2} D?", _bokeh),
    rule("[aTMQLdCoSjhDZP,]{2,14}", _add_text),
    refusal("[Sh]{0,2} G S?", "background"),
    refusal("[aS]{1,2} [TML]{1,3}", "quotes"),
    refusal("[TM]{1,2} [L]? [aS]", "quotes"),
    refusal("S? T? Q S{1,2} Q", "replace_text"),
    refusal("r W | W r | r Y | Y r", "erase"),
)
