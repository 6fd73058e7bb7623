"""Wishes about light, colour, sharpness and style."""

from openhearth.engines.edit_image.plan import Adjust, Style, Upscale
from openhearth.engines.edit_image.words.kinds import Kind, Token
from openhearth.engines.edit_image.words.part import Doing, Found, Part, Refused, Rule, refusal, rule
from openhearth.engines.edit_image.words.rules_ground import blur_amount

_PLAIN = 0.3
_SLIGHT = 0.15
_SHARPER = 2  # "too blurry" is the same wish as "clearer"
_ANY = "[SaDJB%+Z-]"
_REGION = {Kind.BACKGROUND: "background", Kind.SKY: "sky"}
_LIST = "[j,]{1,2}"


def _does(part: Part, *steps: Adjust) -> Doing:
    return Doing(steps, says_it=part.says_it)


def _region(part: Part) -> str:
    named = part.of(Kind.BACKGROUND, Kind.SKY)
    return _REGION[named[0].kind] if named else "all"


def _amount(words: list[Token]) -> float | None:
    """How much is asked, 0 … 1 (-1 … 1 for signed numbers); None when the numbers are out of bounds or too many."""
    numbers = [word.number for word in words if word.kind in (Kind.PERCENT, Kind.NUMBER)]
    if len(numbers) > 1:
        return None
    if numbers:
        return numbers[0] / 100
    degrees = [word.number for word in words if word.kind is Kind.DEGREE]
    if not degrees:
        return _PLAIN
    return _SLIGHT if _SLIGHT in degrees else max(degrees)


def _sign(words: list[Token]) -> float | None:
    """+1 or -1 as the words say, 0 without a word, None for contradicting ones."""
    signs = {1.0 if word.kind is Kind.MORE else -1.0 for word in words if word.kind in (Kind.MORE, Kind.LESS)}
    signs |= {1.0 if word.number > 0.05 else -1.0 for word in words if word.kind is Kind.LETTER_SIZE}
    return None if len(signs) > 1 else (signs.pop() if signs else 0.0)


def _by_adjective(part: Part) -> Found | None:
    """Brighter, sharpen, 亮一点, less vivid."""
    said = part.of(Kind.ADJECTIVE, Kind.ADJUSTING)
    amount, sign = _amount(part.said), _sign(part.said)
    if len(said) != 1 or part.of(Kind.LETTER_SIZE) or amount is None or sign is None:
        return None
    if not 0 < amount <= 1:
        return Refused("amount")
    if sign < 0 and said[0].kind is Kind.ADJUSTING:
        return None
    return _does(part, Adjust(said[0].name, _limited(amount * said[0].number * (sign or 1)), _region(part)))


def _by_quality(part: Part) -> Found | None:
    """More contrast, 亮度提高20%, brightness and contrast up."""
    amount, sign = _amount(part.said), _sign(part.said)
    adjectives = part.of(Kind.ADJECTIVE, Kind.ADJUSTING)
    kinds = {word.name for word in part.of(Kind.QUALITY)}
    if amount is None or sign is None or len(adjectives) > 1 or any(word.name not in kinds for word in adjectives):
        return None
    if adjectives:
        sign = adjectives[0].number * (sign or 1)
    if not sign:
        sign = _sign_alone(part, amount)
        if not sign:
            return Refused("how")
    if _to_value(part):
        return Refused("level")
    if not 0 < abs(amount) <= 1:
        return Refused("amount")
    signed = _limited(amount * sign)
    return _does(part, *(Adjust(word.name, signed, _region(part)) for word in part.of(Kind.QUALITY)))


def _sign_alone(part: Part, amount: float) -> float:
    """Without "more" or "less": a number says it itself, so do "add" and "to the maximum"."""
    has_number = bool(part.of(Kind.PERCENT, Kind.NUMBER))
    strongest = any(word.number == 1 for word in part.of(Kind.DEGREE))
    return 1.0 if (has_number and amount) or part.of(Kind.ADD) or strongest else 0.0


def _to_value(part: Part) -> bool:
    """Brightness "to" 50 % is a level, not a step."""
    for at, word in enumerate(part.all[1:], 1):
        if word.kind in (Kind.PERCENT, Kind.NUMBER) and word.note != "signed":
            before = part.all[at - 1].text
            return before in ("to", "at", "到", "至", "为", "成") or before.endswith(("到", "至", "为", "成"))
    return False


def _limited(amount: float) -> float:
    return max(-1.0, min(1.0, round(amount, 4)))


def _together(part: Part) -> Found | None:
    """Several changes of one background: "blurry and dark", "brighten and sharpen the background"."""
    region = _region(part)
    steps: list[Adjust] = []
    clause: list[Token] = []
    for word in [*part.said, None]:
        if word is not None and word.kind not in (Kind.AND, Kind.COMMA):
            clause.append(word)
            continue
        step = _one_of(clause, region)
        if step is None:
            return None
        steps.append(step)
        clause = []
    return _does(part, *steps)


def _one_of(clause: list[Token], region: str) -> Adjust | None:
    said = [word for word in clause if word.kind in (Kind.ADJECTIVE, Kind.ADJUSTING, Kind.BLUR)]
    amount = _amount(clause)
    if len(said) != 1 or amount is None or not 0 < amount <= 1:
        return None
    if said[0].kind is Kind.BLUR:
        return Adjust("blur", _limited(amount), region)
    return Adjust(said[0].name, _limited(amount * said[0].number), region)


def _blurred(part: Part) -> Found | None:
    if any(word.name == "bokeh" for word in part.of(Kind.BLUR)):
        return None
    return _does(part, Adjust("blur", blur_amount(part)))


def _mends(part: Part, step: Adjust | Upscale) -> Doing:
    """What a complaint asks for; the wish itself, when it is said too, goes before it."""
    return Doing((step,), says_it=part.says_it, is_loose=True)


def _complaint(part: Part) -> Found | None:
    """Too dark: brighter. Not bright enough: brighter."""
    words = part.of(Kind.ADJECTIVE, Kind.BLUR)
    if words and words[0].kind is Kind.BLUR:
        return _mends(part, Upscale(_SHARPER)) if _region(part) == "all" else None
    wanted = -1.0 if part.of(Kind.TOO) else 1.0
    if words:
        return _mends(part, Adjust(words[0].name, _limited(_PLAIN * wanted * words[0].number), _region(part)))
    sign = _sign(part.said)
    if not sign:
        return None
    return _mends(part, Adjust(part.of(Kind.QUALITY)[0].name, _limited(_PLAIN * wanted * sign), _region(part)))


def _style(part: Part) -> Found | None:
    names = {word.name for word in part.of(Kind.STYLE)}
    return Doing((Style(names.pop()),), says_it=part.says_it) if len(names) == 1 else None


def _clearer(part: Part) -> Found | None:
    amount = _amount(part.said)
    return _does(part, Adjust("sharpen", _limited(amount))) if amount is not None and 0 < amount <= 1 else None


TONE_RULES: tuple[Rule, ...] = (
    rule(
        rf"S? [GY]? {_ANY}{{0,4}} [JB] {_ANY}{{0,4}} | {_ANY}{{0,4}} [JB] {_ANY}{{0,3}} [GY] {_ANY}{{0,3}}",
        _by_adjective,
    ),
    rule(rf"S? [GY]? [SaDJ#+%-]{{0,3}} K (?:{_LIST}K)* [SaDJ#%+BZ-]{{0,4}} [GY]?", _by_quality),
    rule(rf"S? D? [+]? K {_LIST} [+]? K (?:{_LIST}[+]?K)*", _by_quality, 11),
    rule(r"S? [GY] S? D{0,2} [Jb] D? (?:j S? D{0,2} J D?)+", _together),
    rule(r"[Bb] (?:j[Bb])+ D? [GY]", _together),
    rule(r"[Sa]? D{0,2} b D{0,2}", _blurred),
    rule(r"[GY]? (?:\$D?|D\$) [Jb] | [GY]? !? @ J | [GY]? ! J @ | K \$ [+-] | K @ [+]", _complaint),
    rule(r"[Saw]{0,2} R{1,2} S?", _style),
    rule(r"[Sa]? [+]? D{1,3} E D? | [Sa]? E D{1,2}", _clearer),
    refusal(r"[WFX] [Saj+-]* D* [+-]? (?:J|B|K|E) [SDaj+%-]* | S? D* [JB] [WF]", "region"),
    refusal(r"S? [PFWGYX] [Sa]{0,2} R | R [FWGYX]", "style"),
    refusal(r"S? <", "shade"),
)
