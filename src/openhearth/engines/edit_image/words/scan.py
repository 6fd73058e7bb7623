"""Words that no list can hold: numbers with their units, sizes, ratios, codes of colours, quoted text."""

import re
from collections.abc import Callable, Iterator

from openhearth.engines.edit_image.plan import Colour, Who
from openhearth.engines.edit_image.words.kinds import Kind, Meaning

MOST_QUOTED = 500
_PAIRS = {'"': '"', "“": "”", "”": "“", "「": "」", "『": "』", "《": "》", "'": "'", "„": "“", "«": "»", "`": "`"}
_DIGITS = {**{sign: at for at, sign in enumerate("零一二三四五六七八九")}, "两": 2}
_SMALL = "[零一二两三四五六七八九十百]{1,6}"
_AMOUNT = rf"(?:\d{{1,6}}(?:\.\d{{1,4}})?|{_SMALL})"
_TENS = {"十": 10, "百": 100}

Found = tuple[int, Meaning]  # where it ends, what it means
Reader = Callable[["re.Match[str]"], Meaning | None]


def number(text: str) -> float:
    """The value of Arabic or Chinese digits below 1,000."""
    if text[0].isdigit() and text.isascii():
        return float(text)
    total, last = 0, 0
    for sign in text:
        if sign in _TENS:
            total, last = total + (last or 1) * _TENS[sign], 0
        else:
            last = last * 10 + _DIGITS[sign]
    return float(total + last)


def readings(text: str, at: int) -> Iterator[Found]:
    """Every way to read a number, size, code or quotation that begins at a place."""
    sign = text[at]
    if sign in _PAIRS:
        yield from _quoted(text, at)
    if not _may_begin(sign):
        return
    after_letter = at > 0 and text[at - 1].isascii() and text[at - 1].isalnum()
    for pattern, read in _READERS:
        found = pattern.match(text, at)
        if found is None or (after_letter and text[at].isascii() and text[at].isalnum() and sign != "x"):
            continue
        meaning = read(found)
        if meaning is not None and not _cuts_word(text, found.end()):
            yield found.end(), meaning


def _may_begin(sign: str) -> bool:
    return sign in _DIGITS or sign in "十百第图图#rpix×*+-第分约①②③④⑤⑥⑦⑧⑨人" or (sign.isascii() and sign.isdigit())


def _cuts_word(text: str, end: int) -> bool:
    """Whether a word or number goes on right behind ``end``: 800x600y, 12a."""
    if end >= len(text) or not (text[end].isascii() and text[end].isalnum()):
        return False
    before = text[end - 1]
    return before.isascii() and before.isalnum() and (before.isdigit() == text[end].isdigit() or before.isalpha())


def _quoted(text: str, at: int) -> Iterator[Found]:
    close = _PAIRS[text[at]]
    if text[at] == "'" and at > 0 and text[at - 1].isalnum():
        return
    end = text.find(close, at + 1, at + MOST_QUOTED + 2)
    while text[at] == "'" and end != -1 and end + 1 < len(text) and text[end + 1].isalnum():
        end = text.find(close, end + 1, at + MOST_QUOTED + 2)
    if end > at + 1 and text[at + 1 : end].strip():
        yield end + 1, Meaning(Kind.QUOTED)


def _hexadecimal(found: "re.Match[str]") -> Meaning:
    digits = found[1] if len(found[1]) == 6 else "".join(digit * 2 for digit in found[1])
    rgb = (int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16))
    return Meaning(Kind.COLOUR, colour=Colour("#" + found[1], rgb))


def _rgb(found: "re.Match[str]") -> Meaning | None:
    red, green, blue = int(found[1]), int(found[2]), int(found[3])
    if max(red, green, blue) > 255:
        return None
    return Meaning(Kind.COLOUR, colour=Colour(f"rgb({red},{green},{blue})", (red, green, blue)))


def _pair(kind: Kind) -> Reader:
    def read(found: "re.Match[str]") -> Meaning | None:
        first, second = int(number(found[1])), int(number(found[2]))
        return Meaning(kind, pair=(first, second)) if first > 0 and second > 0 else None

    return read


def _value(kind: Kind) -> Reader:
    return lambda found: Meaning(kind, number=number(found[1]))


def _signed(found: "re.Match[str]") -> Meaning:
    value = float(found[2])
    return Meaning(Kind.PERCENT, note="signed", number=-value if found[1] == "-" else value)


def _share(found: "re.Match[str]") -> Meaning | None:
    below, above = number(found[1]), number(found[2])
    return Meaning(Kind.FRACTION, number=above / below) if 0 < above < below else None


def _nth(found: "re.Match[str]") -> Meaning | None:
    index = int(number(found[1]))
    if index < 1:
        return None
    what = found[2]
    if what in ("个", "位", "个人", "位人", "人", "个人物"):
        return Meaning(Kind.PERSON, name="nth", number=index, who=Who(index=index))
    if what.endswith("脸"):
        return Meaning(Kind.FACE, name="nth", number=index, who=Who(index=index))
    return Meaning(Kind.OTHER_PICTURE, number=index)


def _picture(found: "re.Match[str]") -> Meaning:
    return Meaning(Kind.OTHER_PICTURE, number=number(found[1]))


def _nth_person(found: "re.Match[str]") -> Meaning:
    index = int(number(found[1]))
    return Meaning(Kind.PERSON, name="nth", number=index, who=Who(index=index))


_RULES: tuple[tuple[str, Reader], ...] = (
    (r"#([0-9a-f]{6}|[0-9a-f]{3})(?![0-9a-z])", _hexadecimal),
    (r"rgb ?\( ?(\d{1,3}) ?[, ] ?(\d{1,3}) ?[, ] ?(\d{1,3}) ?\)", _rgb),
    (r"(\d{1,5}) ?(?:px|像素)? ?(?:x|×|\*|乘以?|by) ?(\d{1,5}) ?(?:px|像素|pixels?)?", _pair(Kind.SIZE)),
    (rf"(\d{{1,3}}|{_SMALL}) ?(?::|比|/) ?(\d{{1,3}}|{_SMALL})", _pair(Kind.RATIO)),
    (rf"({_AMOUNT}) ?(?:%|percent|per cent|个百分点)", _value(Kind.PERCENT)),
    (rf"百分之({_AMOUNT})", _value(Kind.PERCENT)),
    (rf"({_AMOUNT}) ?(?:°|度|degrees?|deg)", _value(Kind.DEGREES)),
    (rf"({_AMOUNT}) ?(?:倍|x|×|times)", _value(Kind.TIMES)),
    (r"(?:x|×|\*) ?(\d{1,3})", _value(Kind.TIMES)),
    (rf"({_SMALL})分之({_SMALL})", _share),
    (r"([+-]) ?(\d{1,4}(?:\.\d{1,2})?) ?(?:%|percent)?", _signed),
    (r"(\d{1,6}(?:\.\d{1,4})?) ?(?:px|像素|pixels?)?", _value(Kind.NUMBER)),
    (
        rf"第 ?(\d{{1,3}}|{_SMALL}) ?"
        r"((?:张|幅)(?:的?(?:人?脸|图片|图像|照片|相片|图))?|个人物|个人|个|位人|位|人|图片|图)",
        _nth,
    ),
    (r"(?:picture|image|photo|pic|img) ?(?:no\.?|number|#)? ?(\d{1,2})", _picture),
    (rf"(?:图片?|照片) ?(\d{{1,2}}|{_SMALL})", _picture),
    (r"person ?(?:no\.?|number|#)? ?(\d{1,2})", _nth_person),
)
_READERS = tuple((re.compile(pattern), read) for pattern, read in _RULES)
