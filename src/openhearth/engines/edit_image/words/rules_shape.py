"""Wishes about the frame: crop, rotate, flip, size, enlargement, vectors."""

from openhearth.engines.edit_image.plan import EVERYONE, Crop, Flip, Op, Resize, Rotate, Upscale, Vectorise
from openhearth.engines.edit_image.words.kinds import Kind, Token
from openhearth.engines.edit_image.words.part import Doing, Found, Part, Refused, Rule, lonely, refusal, rule

_FACTORS = (2, 4)
_PLAIN_FACTOR = 2
_MOST_SIDE = 20_000  # pixels; the executor has the exact limit
_SMALL_PAIR = 32  # "crop to 4x3" is a ratio, "crop to 400x300" a size


def _does(part: Part, *steps: Op) -> Doing:
    return Doing(steps, says_it=part.says_it)


def _around(part: Part) -> str | None:
    """What is kept in view; None when one of several people is meant, which cropping cannot do."""
    if part.people is None or any(who != EVERYONE for who in part.people):
        return None
    if part.of(Kind.FACE, Kind.HEADSHOT):
        return "face"
    return "person" if part.of(Kind.PERSON) else "centre"


def _crop(part: Part) -> Found | None:
    around = _around(part)
    if around is None or any(word.name != "centre" for word in part.of(Kind.POSITION)):
        return None
    ratios = part.of(Kind.RATIO)
    if part.of(Kind.HEADSHOT) and not ratios:
        return _does(part, Crop((1, 1), around))
    if not ratios:
        return _does(part, Crop(None, around)) if around != "centre" else None
    pair = ratios[0].pair
    return _does(part, Crop(pair, around)) if max(pair) <= 1000 else None


def _crop_to_size(part: Part) -> Found | None:
    width, height = part.of(Kind.SIZE)[0].pair
    if max(width, height) <= _SMALL_PAIR:
        return _does(part, Crop((width, height), "centre"))
    if max(width, height) > _MOST_SIDE:
        return Refused("size")
    return _does(part, Crop((width, height), "centre"), Resize(width, height))


def _rotate(part: Part) -> Found | None:
    degrees = [word.number for word in part.of(Kind.DEGREES, Kind.NUMBER)]
    signs = {word.number for word in part.of(Kind.CLOCK)}
    signs |= {-1.0 if word.name == "left" else 1.0 for word in part.of(Kind.SIDE)}
    if len(signs) > 1 or any(word.name == "middle" for word in part.of(Kind.SIDE)) or len(degrees) > 1:
        return None
    if not degrees and not signs:
        return Refused("turn")
    turned = (degrees[0] if degrees else 90.0) * (signs.pop() if signs else 1.0)
    turned = (turned + 180) % 360 - 180 if abs(turned) > 360 else turned
    return _does(part, Rotate(turned)) if turned % 360 else Refused("nothing")


def _upside_down(part: Part) -> Found | None:
    return _does(part, Flip("vertical") if part.of(Kind.FLIP) else Rotate(180.0))


def _flip(part: Part) -> Found | None:
    axes = part.of(Kind.AXIS)
    if not axes and not any(word.name == "mirror" for word in part.of(Kind.FLIP)):
        return Refused("flip")
    return _does(part, Flip(axes[0].name if axes else "horizontal"))


def _to_size(part: Part) -> Found | None:
    width, height = part.of(Kind.SIZE)[0].pair
    return _does(part, Resize(width, height)) if max(width, height) <= _MOST_SIDE else Refused("size")


def _to_lengths(part: Part) -> Found | None:
    names = [word.name for word in part.of(Kind.LENGTH)]
    values = [int(word.number) for word in part.of(Kind.NUMBER)]
    if len(names) != len(values) or len(set(names)) != len(names):
        return None
    if not all(0 < value <= _MOST_SIDE for value in values):
        return Refused("size")
    sides = dict(zip(names, values, strict=True))
    return _does(part, Resize(sides.get("width"), sides.get("height")))


def _says_to(part: Part, kind: Kind) -> bool:
    """Whether the number is the size to reach ("缩小到30%") and not the step ("缩小30%")."""
    place = next(at for at, word in enumerate(part.all) if word.kind is kind)
    before: list[str] = []
    for word in reversed(part.all[:place]):
        before.append(word.text)
        if word.kind is not Kind.FILLER:
            break
    return part.said[0].kind is kind or any(
        text in ("to", "at") or text.endswith(("到", "为", "成", "至")) for text in before
    )


def _shrunk(part: Part) -> Found | None:
    share = part.of(Kind.PERCENT, Kind.FRACTION, Kind.TIMES)[0]
    scale = _share(share)
    if share.kind is not Kind.TIMES and part.of(Kind.SHRINK) and not _says_to(part, share.kind):
        scale = 1 - scale
    return _does(part, Resize(scale=round(scale, 4))) if 0.001 <= scale < 1 else _enlarged_to(part, scale)


def _share(word: Token) -> float:
    if word.kind is Kind.TIMES:
        return 1 / word.number if word.number else 0.0
    return word.number / 100 if word.kind is Kind.PERCENT else word.number


def _enlarged_to(part: Part, factor: float) -> Found:
    return _does(part, Upscale(int(factor))) if factor in _FACTORS else Refused("factor" if factor > 1 else "size")


def _enlarged(part: Part) -> Found | None:
    values = part.of(Kind.TIMES, Kind.PERCENT, Kind.FRACTION, Kind.NUMBER)
    if not values:
        return _clear(part)
    value = values[0]
    if value.kind in (Kind.TIMES, Kind.NUMBER):
        factor = 2.0 if value.text == "一倍" else value.number
    elif value.kind is Kind.PERCENT and (value.number == 100 or any(word.text == "by" for word in part.all)):
        factor = 1 + value.number / 100
    else:
        factor = value.number / 100 if value.kind is Kind.PERCENT else 0.0
    return _enlarged_to(part, factor) if factor else Refused("factor")


def _clear(part: Part) -> Found | None:
    return Doing((Upscale(_PLAIN_FACTOR),), says_it=part.says_it, is_loose=True)


def _vectors(part: Part) -> Found | None:
    return _does(part, Vectorise())


SHAPE_RULES: tuple[Rule, ...] = (
    rule("L? [zSea]{1,2} q [zS]? L? | q [zS] L?", _crop),
    lonely("q", _crop),
    rule("[zS]{1,2} q? [FWA] h? q? | [FW]{1,2} z q? | q z [FWA] | [zSa]{0,2} A q?", _crop),
    rule("[zS]{1,2} [FW] j? q", _crop),
    rule("[zS]{0,2} z s", _crop_to_size),
    rule("S? [cd]? u{1,2} [cd]? [°#]? [cd]? u?", _rotate),
    rule("S [cd]? ° [cd]? u? | [cd] ° u? | ° [cd] u? | ° u", _rotate),
    lonely("°", _rotate),
    rule("[Su]{0,2} U [Sufy]{0,2} | f U", _upside_down),
    rule("S? y S? f | [Sa]? f S? y?", _flip),
    rule("[eSnm]{1,3} s e? | s e", _to_size),
    lonely("s", _to_size, 12),
    rule("[eSnm]{0,3} (?:l[Se+-]?#|#l) (?:[j,]{0,2} (?:lS?#|#l))?", _to_lengths),
    rule("[eSn]{1,2} e? [%/*] e? | [%/] e | n e? [%/*]", _shrunk),
    lonely("[%/]", _shrunk),
    rule("S? - e? [%/] | [eS] - [%/]", _shrunk, 14),
    rule("[SaE]{0,2} m{1,2} [eE]? [*%/#]? | [*%] m", _enlarged),
    rule("[Sa]? E? e? [S+]{1,2} \\* [Ee]? | [Sa]? [Ee]{1,2} \\* | \\* [Ee]", _enlarged, 14),
    lonely("\\*", _enlarged, 14),
    rule("E? m s", _to_size),
    rule("[Sa+]{0,2} E{1,2} S?", _clear, 12),
    rule("[Sa]{0,2} V{1,2} S?", _vectors),
    refusal("S? z", "crop"),
    refusal("S? [en]{1,2} | [Se]? Z", "size"),
)
