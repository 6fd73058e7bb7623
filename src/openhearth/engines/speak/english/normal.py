"""English as it is written, turned into English as it is said: numbers, dates, money, units, addresses, signs."""

import re

from openhearth.engines.speak.english import numbers
from openhearth.engines.speak.marked import Marked, either

_MONTHS = {
    "jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May", "jun": "June", "jul": "July",
    "aug": "August", "sep": "September", "sept": "September", "oct": "October", "nov": "November", "dec": "December",
}  # fmt: skip
_MONTH_LIST = tuple(name for short, name in _MONTHS.items() if short != "sept")
_SHORT = {
    "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Mizz", "Dr.": "Doctor", "Prof.": "Professor", "Sr.": "Senior",
    "Jr.": "Junior", "Gen.": "General", "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative",
    "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Rev.": "Reverend", "Hon.": "Honorable",
    "Mt.": "Mount", "Ft.": "Fort", "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road", "Hwy.": "Highway",
    "Apt.": "Apartment", "Bldg.": "Building", "Inc.": "Incorporated", "Ltd.": "Limited", "Corp.": "Corporation",
    "Bros.": "Brothers", "Dept.": "Department", "Univ.": "University", "approx.": "approximately", "vs.": "versus",
    "vs": "versus", "etc.": "etcetera", "e.g.": "for example", "i.e.": "that is", "vol.": "volume", "Vol.": "Volume",
    "Fig.": "Figure", "fig.": "figure", "Nos.": "Numbers", "Mon.": "Monday", "Tue.": "Tuesday", "Tues.": "Tuesday",
    "Wed.": "Wednesday", "Thu.": "Thursday", "Thurs.": "Thursday", "Fri.": "Friday", "a.k.a.": "also known as",
    "w/o": "without", "w/": "with",
}  # fmt: skip
_MONEY = {
    "$": ("dollar", "cent"), "US$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent"),
    "¥": ("yen", ""), "￥": ("yen", ""), "₹": ("rupee", "paisa"), "₩": ("won", ""), "USD": ("dollar", "cent"),
    "EUR": ("euro", "cent"), "GBP": ("pound", "penny"), "CNY": ("yuan", ""), "RMB": ("yuan", ""),
}  # fmt: skip
_PLURALS = {
    "penny": "pence", "yen": "yen", "won": "won", "yuan": "yuan", "foot": "feet", "inch": "inches",
    "square foot": "square feet", "hertz": "hertz", "kilohertz": "kilohertz", "megahertz": "megahertz",
    "gigahertz": "gigahertz", "percent": "percent", "degree Celsius": "degrees Celsius",
    "degree Fahrenheit": "degrees Fahrenheit", "kilometer per hour": "kilometers per hour",
    "mile per hour": "miles per hour", "meter per second": "meters per second",
    "megabyte per second": "megabytes per second", "gigabyte per second": "gigabytes per second",
    "megabit per second": "megabits per second", "gigabit per second": "gigabits per second",
}  # fmt: skip
_UNITS = {
    "km/h": "kilometer per hour", "kmh": "kilometer per hour", "mph": "mile per hour", "m/s": "meter per second",
    "MB/s": "megabyte per second", "GB/s": "gigabyte per second",
    "Mbps": "megabit per second", "Gbps": "gigabit per second", "km": "kilometer", "cm": "centimeter",
    "mm": "millimeter", "nm": "nanometer", "µm": "micrometer", "kg": "kilogram", "mg": "milligram", "lb": "pound",
    "lbs": "pound", "oz": "ounce", "ft": "foot", "mi": "mile", "ml": "milliliter", "mL": "milliliter",
    "Hz": "hertz", "kHz": "kilohertz", "MHz": "megahertz", "GHz": "gigahertz", "KB": "kilobyte", "kB": "kilobyte",
    "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "hr": "hour", "hrs": "hour", "min": "minute",
    "mins": "minute", "sec": "second", "secs": "second", "ms": "millisecond", "kWh": "kilowatt hour",
    "kW": "kilowatt", "MW": "megawatt", "sq ft": "square foot", "%": "percent", "°C": "degree Celsius",
    "℃": "degree Celsius", "°F": "degree Fahrenheit", "°": "degree",
}  # fmt: skip
_SIGNS = {
    "&": " and ", "+": " plus ", "=": " equals ", "@": " at ", "<": " less than ", ">": " greater than ",
    "≈": " about ", "~": " about ", "×": " times ", "÷": " divided by ", "±": " plus or minus ", "√": " root ",
    "°": " degrees ", "§": " section ", "©": " copyright ", "→": " to ", "%": " percent ", "½": " one half ",
    "¼": " one quarter ", "¾": " three quarters ", "²": " squared ", "³": " cubed ", "#": " hash ", "*": " ",
    "_": " ", "|": ", ", "\\": " backslash ", "^": " ", "™": "", "®": "", "•": " ", "`": "", "/": " ",
    "α": " alpha ", "β": " beta ", "γ": " gamma ", "δ": " delta ", "λ": " lambda ", "μ": " mu ", "µ": " micro ",
    "π": " pi ", "σ": " sigma ", "Ω": " ohm ", "ω": " omega ", "$": " dollar ", "£": " pound ", "€": " euro ",
}  # fmt: skip
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_MONTH = rf"\b({either([*_MONTHS, *(name.lower() for name in _MONTH_LIST)])})\b\.?"

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b(?:[a-z0-9-]+\.)+(?:com|org|net|io|ai|dev|cn|edu|gov)\b(?:/[^\s<>\"]*)?", re.IGNORECASE)  # fmt: skip  # noqa: E501
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASH_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_MONTH_DAY = re.compile(rf"{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?\b(?![:.]\d)", re.IGNORECASE)
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?{_MONTH}(?:,? (\d{{4}})\b)?", re.IGNORECASE)
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?([AaPp])\.?[Mm]\b\.?)?")
_HOUR = re.compile(r"\b(\d{1,2})\s?([AaPp])\.?[Mm]\b\.?")
_AMOUNT = re.compile(
    rf"(?:({either(_MONEY)})\s?)({_NUMBER})(?:\s?(thousand|million|billion|trillion|[kKmMbB])\b)?", re.IGNORECASE
)
_UNIT = re.compile(rf"(-?)({_NUMBER})\s?({either(_UNITS)})(?![\w°])")
_YEARS = re.compile(r"\b(1\d|20)(\d)0s\b")
_PHONE = re.compile(r"(?<![\d-])(?:\+?\d{1,3}[- ])?\(?\d{3}\)?[- ]\d{3}[- ]\d{4}\b")
_FRACTION = re.compile(r"\b(\d{1,2})/(\d{1,2})\b(?!/)")
_ORDINAL = re.compile(r"\b(\d{1,3}(?:,\d{3})*|\d+)(st|nd|rd|th)\b")
_RANGE = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")
_NEGATIVE = re.compile(r"(?<![\w.])[-−](?=\d)")
_YEAR = re.compile(r"(?<![\d.,])(1[1-9]\d\d|20\d\d)(?![\d,.]\d|\d)")
_VERSION = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}(?![\d.]*\d)")
_ANY = re.compile(_NUMBER)
_NO = re.compile(r"\b[Nn]o\. ?(?=\d)|№ ?|#(?=\d)")
_STREET = re.compile(r"\bSt\.(?=\s+[A-Z][a-z])")
_STREET_END = re.compile(r"(?<=[a-z] )St\.")
_KINGS = re.compile(r"(?<=[a-z] )([IVX]{2,6})\b(?!['’])")
_ABBREVIATION = re.compile(rf"(?<![\w.])(?:{either(_SHORT)})(?![\w])")
_SIGN = re.compile(f"[{re.escape(''.join(_SIGNS))}]")
_SPACE = re.compile(r"\s{2,}|[\t\n\r\u00a0]")
_BEFORE_MARK = re.compile(r"\s+(?=[,.;:!?)])")


def normal(text: Marked) -> Marked:
    """English text with everything written out as words."""
    text = text.sub(_URL, _url).sub(_ISO_DATE, _iso_date).sub(_SLASH_DATE, _slash_date)
    text = text.sub(_MONTH_DAY, _month_day).sub(_DAY_MONTH, _day_month).sub(_TIME, _time).sub(_HOUR, _hour)
    text = text.sub(_PHONE, _phone).sub(_VERSION, _version)
    text = text.sub(_RANGE, lambda match: " to ")  # before units, which would take the hyphen of 5-10 km for a minus
    text = text.sub(_AMOUNT, _amount).sub(_UNIT, _unit)
    text = text.sub(_NO, lambda match: "number ")
    text = text.sub(_STREET, lambda match: "Saint").sub(_STREET_END, lambda match: "Street")
    text = text.table(_ABBREVIATION, _SHORT).sub(_KINGS, _roman)
    text = text.sub(_YEARS, _decade).sub(_ORDINAL, _ordinal).sub(_FRACTION, _fraction)
    text = text.sub(_NEGATIVE, lambda match: "minus ")
    text = text.sub(_YEAR, lambda match: f" {numbers.year(match[1])} ").sub(_ANY, lambda match: f" {_said(match[0])} ")
    return text.table(_SIGN, _SIGNS).sub(_SPACE, lambda match: " ").sub(_BEFORE_MARK, lambda match: "")


def _said(number: str) -> str:
    if number.startswith("0") and number.isdigit() and len(number) > 1:
        return numbers.spelled(number)
    return numbers.decimal(number)


def _url(match: re.Match[str]) -> str:
    """An address as one would read it out: ``example dot com slash docs``."""
    address = re.sub(r"^https?://", "", match[0], flags=re.IGNORECASE)
    tail = address[len(address.rstrip(".,;:!?)/")) :].replace("/", "")
    address = address.rstrip(".,;:!?)/")
    signs = {".": " dot ", "/": " slash ", "@": " at ", "-": " dash ", "_": " underscore ", "?": " question mark ",
             "=": " equals ", "&": " and ", ":": " colon ", "#": " hash ", "%": " percent ", "+": " plus "}  # fmt: skip
    said = re.sub(r"\bwww\b", "double u double u double u", address, flags=re.IGNORECASE)
    return re.sub(r"[./@_?=&:#%+-]", lambda sign: signs[sign[0]], said) + tail


def _month(number: str) -> str:
    return _MONTH_LIST[int(number) - 1]


def _date(month: str, day: str, year: str | None) -> str:
    said = f"{month} {numbers.ordinal(day)}"
    return f"{said}, {numbers.year(year)}" if year else said


def _iso_date(match: re.Match[str]) -> str:
    return _date(_month(match[2]), match[3], match[1]) if 1 <= int(match[2]) <= 12 else match[0]


def _slash_date(match: re.Match[str]) -> str:
    """Month first, as in the United States, unless that is no month."""
    month, day = (match[1], match[2]) if int(match[1]) <= 12 else (match[2], match[1])
    return _date(_month(month), day, match[3]) if 1 <= int(month) <= 12 else match[0]


def _month_day(match: re.Match[str]) -> str:
    return match[0] if not match[1][0].isupper() else _date(_named(match[1]), match[2], match[3])


def _day_month(match: re.Match[str]) -> str:
    return match[0] if not match[2][0].isupper() else _date(_named(match[2]), match[1], match[3])


def _named(month: str) -> str:
    return _MONTHS.get(month.lower(), month)


def _time(match: re.Match[str]) -> str:
    hour, minute, second, half = match[1], match[2], match[3], match[4]
    if int(hour) > 24 or int(minute) > 59:
        return match[0].replace(":", " to ")
    said = numbers.cardinal(hour)
    if int(minute):
        said += f" {'oh ' if minute[0] == '0' else ''}{numbers.cardinal(minute)}"
    elif not half:
        said += " o'clock" if 0 < int(hour) <= 12 else " hundred hours"
    if second:
        said += f" and {numbers.cardinal(second)} seconds"
    return f"{said} {half.upper()}.M" + _stop(match) if half else said


def _hour(match: re.Match[str]) -> str:
    return f"{numbers.cardinal(match[1])} {match[2].upper()}.M" + _stop(match)


def _stop(match: re.Match[str]) -> str:
    """A full stop that ends the abbreviation ends the sentence as well when nothing follows."""
    return "." if match[0].endswith(".") and not match.string[match.end() :].strip() else ""


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    return ", ".join(numbers.spelled(group) for group in groups)


def _version(match: re.Match[str]) -> str:
    return f" {' point '.join(numbers.cardinal(part) for part in match[0].split('.'))} "


def _amount(match: re.Match[str]) -> str:
    unit, small = _MONEY.get(match[1]) or _MONEY.get(match[1].upper(), ("", ""))
    number, scale = match[2], match[3]
    if not unit:
        return match[0]
    if scale:
        scale = {"k": "thousand", "m": "million", "b": "billion"}.get(scale.lower(), scale)
        return f"{numbers.decimal(number)} {scale} {_plural(unit)}"
    whole, _, cents = number.replace(",", "").partition(".")
    if not small or len(cents) != 2:
        return f"{numbers.decimal(number)} {unit if number == '1' else _plural(unit)}"
    parts = [_counted(whole, unit)] if int(whole or "0") or not int(cents) else []
    return " and ".join([*parts, *([_counted(cents, small)] if int(cents) else [])])


def _unit(match: re.Match[str]) -> str:
    unit = _UNITS[match[3]]
    said = numbers.decimal(match[2])
    return f"{' minus ' if match[1] else ''}{said} {unit if match[2] == '1' else _plural(unit)}"


def _counted(digits: str, unit: str) -> str:
    return f"{numbers.cardinal(digits or '0')} {unit if int(digits or '0') == 1 else _plural(unit)}"


def _plural(unit: str) -> str:
    return _PLURALS.get(unit) or f"{unit}s"


def _decade(match: re.Match[str]) -> str:
    said = numbers.cardinal(match[2] + "0") if match[2] != "0" else "hundred"
    said = f"{said[:-1]}ies" if said.endswith("y") else f"{said}s"
    return f"{numbers.cardinal(match[1])} {said}"


def _ordinal(match: re.Match[str]) -> str:
    return numbers.ordinal(match[1].replace(",", ""))


def _fraction(match: re.Match[str]) -> str:
    above, below = match[1], match[2]
    names = {"2": "half", "4": "quarter"}
    if int(below) < 2 or int(above) >= int(below):
        return f"{numbers.cardinal(above)} over {numbers.cardinal(below)}"
    name = names.get(below) or numbers.ordinal(below)
    plural = "halves" if name == "half" else f"{name}s"
    return f"{numbers.cardinal(above)} {name if above == '1' else plural}"


def _roman(match: re.Match[str]) -> str:
    """``Henry VIII``, ``Chapter IV``: after a capitalised word only."""
    before = match.string[: match.start()].split()[-1]
    value = 0
    for letter, following in zip(match[1], [*match[1][1:], "I"], strict=True):
        value += -_ROMAN[letter] if _ROMAN[letter] < _ROMAN[following] else _ROMAN[letter]
    if not before[:1].isupper():
        return match[0]
    counted = {
        "Chapter",
        "Part",
        "Act",
        "Scene",
        "Section",
        "Volume",
        "Book",
        "War",
        "Phase",
        "Type",
        "Level",
        "Article",
    }
    return numbers.cardinal(str(value)) if before in counted else f"the {numbers.ordinal(str(value))}"
