"""Sums, dates and numbers as bills print them, in one form for all. What is not certain is left as printed."""

import re
from decimal import Decimal, InvalidOperation

_SUM = re.compile(
    r"(?P<sign>[¥￥$€£]|RMB|CNY|USD|EUR|GBP)?\s*(?P<number>-?\d{1,3}(?:[,，]\d{3})+(?:\.\d{1,2})?|-?\d+(?:\.\d{1,2})?)(?![\d%])\s*(?P<yuan>元)?"
)
_DECIMALS = re.compile(r"\.\d{2}$")
_YEAR_FIRST = re.compile(r"((?:19|20)\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_YEAR_LAST = re.compile(r"\b(\d{1,2})[-/.](\d{1,2})[-/.]((?:19|20)\d{2})\b")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = "|".join(_MONTHS)
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+({_MONTH})[a-z]*\.?,?\s+((?:19|20)\d{{2}})\b", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"\b({_MONTH})[a-z]*\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d{{2}})\b", re.IGNORECASE)
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-3])[:：]([0-5]\d)(?:[:：]([0-5]\d))?(?!\d)(?:\s*([ap])\.?m\b)?", re.IGNORECASE)
_WORDS = re.compile(r"[零〇一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖拾佰仟十百千万萬亿億圆元圓角分整正]{3,}")
_DIGITS = {
    char: value
    for chars, value in (
        ("零〇", 0),
        ("一壹", 1),
        ("二贰貳", 2),
        ("三叁參", 3),
        ("四肆", 4),
        ("五伍", 5),
        ("六陆陸", 6),
        ("七柒", 7),
        ("八捌", 8),
        ("九玖", 9),
    )
    for char in chars
}
_UNITS = {char: value for chars, value in (("十拾", 10), ("百佰", 100), ("千仟", 1000)) for char in chars}
_LARGE = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_CURRENCIES = {"¥": "CNY", "￥": "CNY", "RMB": "CNY", "元": "CNY", "$": "USD", "€": "EUR", "£": "GBP"}


def sum_in(text: str, *, surely: bool = False) -> tuple[str, str] | None:
    """The last sum in ``text`` as (``128.50``, as printed). ``surely``: only with a currency or two decimals."""
    found = [match for match in _SUM.finditer(text) if not surely or _is_sum(match)]
    if not found:
        return None
    best = next((match for match in reversed(found) if _is_sum(match)), found[-1])
    try:
        value = Decimal(best["number"].replace(",", "").replace("，", ""))
    except InvalidOperation:
        return None
    return f"{value:.2f}", best[0].strip()


def currency_in(text: str) -> str:
    """The currency's code (ISO 4217) if ``text`` shows one."""
    return next((code for sign, code in _CURRENCIES.items() if sign in text), "")


def date_in(text: str) -> tuple[str, str, float] | None:
    """A date as (``2024-03-18``, as printed, certainty). Where day and month look alike it stays as printed."""
    for pattern, order in ((_YEAR_FIRST, "ymd"), (_DAY_MONTH, "dmy"), (_MONTH_DAY, "mdy"), (_YEAR_LAST, "??y")):
        match = pattern.search(text)
        if match is None:
            continue
        if order == "??y":
            return _unordered(match)
        parts = dict(zip(order, match.groups(), strict=True))
        month = _MONTHS[parts["m"][:3].lower()] if parts["m"][0].isalpha() else int(parts["m"])
        value = _date(int(parts["y"]), month, int(parts["d"]))
        if value:
            return value, match[0].strip(), 1.0
    return None


def time_in(text: str) -> tuple[str, str] | None:
    """A time of day as (``14:25:36``, as printed)."""
    match = _TIME.search(text)
    if match is None:
        return None
    hours, minutes, seconds, half = match.groups()
    hour = int(hours)
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half in "pP" else 0)
    return f"{hour:02d}:{minutes}" + (f":{seconds}" if seconds else ""), match[0]


def words_in(text: str) -> tuple[str, str] | None:
    """A sum in Chinese words, 壹佰贰拾捌元伍角 as (``128.50``, as printed)."""
    for match in _WORDS.finditer(text):
        value = _spelled(match[0])
        if value is not None:
            return f"{value:.2f}", match[0]
    return None


def _is_sum(match: re.Match[str]) -> bool:
    return bool(match["sign"] or match["yuan"] or _DECIMALS.search(match["number"]))


def _unordered(match: re.Match[str]) -> tuple[str, str, float] | None:
    first, second, year = (int(part) for part in match.groups())
    if first > 12 >= second:
        value = _date(year, second, first)
    elif second > 12 >= first or first == second:
        value = _date(year, first, second)
    else:
        return match[0], match[0], 0.6
    return (value, match[0], 1.0) if value else None


def _date(year: int, month: int, day: int) -> str:
    is_one = 1 <= month <= 12 and 1 <= day <= 31 and not (month == 2 and day > 29)
    return f"{year:04d}-{month:02d}-{day:02d}" if is_one else ""


def _spelled(words: str) -> Decimal | None:
    if not any(char in words for char in "元圆圓"):
        return None
    whole, _, rest = re.sub("[圆圓]", "元", words).partition("元")
    value = Decimal(_integer(whole))
    digit = 0
    for char in rest:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in "角分":
            value += Decimal(digit) / (10 if char == "角" else 100)
    return value


def _integer(words: str) -> int:
    total = part = digit = 0
    for char in words:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            part += (digit or 1) * _UNITS[char]
            digit = 0
        elif char in _LARGE:
            total += (part + digit) * _LARGE[char]
            part = digit = 0
    return total + part + digit
