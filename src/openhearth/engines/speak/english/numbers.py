"""English number words: cardinal, ordinal, year, decimal."""

_SMALL_TEXT = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_SMALL = tuple(_SMALL_TEXT.split())
_TENS_TEXT = """
- - twenty thirty forty fifty sixty seventy eighty ninety
"""
_TENS = tuple(_TENS_TEXT.split())
_LARGE = ("", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion")
_ORDINAL = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_MOST_DIGITS = 21


def cardinal(digits: str) -> str:
    """``1250`` as words; more digits than have a name are read one by one."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return spelled(digits)
    if digits == "0":
        return _SMALL[0]
    groups = [int(digits[max(0, end - 3) : end]) for end in range(len(digits), 0, -3)]
    said = [f"{_hundreds(group)} {_LARGE[place]}".strip() for place, group in enumerate(groups) if group]
    return " ".join(reversed(said))


def ordinal(digits: str) -> str:
    """``21`` as ``twenty first``."""
    *rest, last = cardinal(digits).split()
    last = f"{last[:-1]}ieth" if last.endswith("y") else _ORDINAL.get(last, f"{last}th")
    return " ".join([*rest, last])


def year(digits: str) -> str:
    """A year of four digits as it is spoken: ``1999``, ``2005``, ``1900``."""
    century, rest = int(digits[:2]), int(digits[2:])
    if century % 10 == 0 and rest < 10:
        return cardinal(digits)
    if rest == 0:
        return f"{cardinal(digits[:2])} hundred"
    if rest < 10:
        return f"{cardinal(digits[:2])} oh {_SMALL[rest]}"
    return f"{cardinal(digits[:2])} {cardinal(digits[2:])}"


def decimal(text: str) -> str:
    """``3.14`` as words; a comma groups thousands."""
    whole, point, rest = text.replace(",", "").partition(".")
    said = cardinal(whole or "0")
    return f"{said} point {spelled(rest)}" if point and rest else said


def spelled(digits: str) -> str:
    """Digit by digit."""
    return " ".join(_SMALL[int(digit)] for digit in digits)


def _hundreds(number: int) -> str:
    words = [_SMALL[number // 100], "hundred"] if number >= 100 else []
    rest = number % 100
    if rest >= 20:
        words.append(_TENS[rest // 10])
        rest %= 10
    if rest:
        words.append(_SMALL[rest])
    return " ".join(words)
