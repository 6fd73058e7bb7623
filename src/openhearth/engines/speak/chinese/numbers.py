"""Chinese number words: 一千二百五十, 二零二四, 三点一四."""

_DIGITS = "零一二三四五六七八九"
_PLACES = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿", "亿亿")
_MOST_DIGITS = 20


def cardinal(digits: str) -> str:
    """``1250`` as 一千二百五十; more digits than have a name are read one by one."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return spelled(digits)
    if digits == "0":
        return _DIGITS[0]
    groups = [digits[max(0, end - 4) : end] for end in range(len(digits), 0, -4)]
    said = ""
    has_gap = False
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if not int(group):
            has_gap = bool(said)
            continue
        if said and (has_gap or (len(group) == 4 and group[0] == "0")):
            said += _DIGITS[0]
        said += _group(group.lstrip("0")) + _GROUPS[place]
        has_gap = False
    return said.removeprefix("一") if said.startswith("一十") else said


def counted(digits: str) -> str:
    """Before a measure word: 两个, not 二个."""
    return "两" if digits == "2" else cardinal(digits)


def decimal(text: str) -> str:
    """``3.14`` as 三点一四; a comma groups thousands."""
    whole, point, rest = text.replace(",", "").partition(".")
    said = cardinal(whole or "0")
    return f"{said}点{spelled(rest)}" if point and rest else said


def spelled(digits: str) -> str:
    """Digit by digit, as years are."""
    return "".join(_DIGITS[int(digit)] for digit in digits)


def telephone(digits: str) -> str:
    """Digit by digit with 幺 for one."""
    return spelled(digits).replace("一", "幺")


def _group(digits: str) -> str:
    said = ""
    has_gap = False
    for at, digit in enumerate(digits):
        if digit == "0":
            has_gap = True
            continue
        said += (_DIGITS[0] if has_gap and said else "") + _DIGITS[int(digit)] + _PLACES[len(digits) - at - 1]
        has_gap = False
    return said
