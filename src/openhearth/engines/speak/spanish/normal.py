"""Spanish as it is written, turned into Spanish as it is said: numbers, dates, times, money, units, signs."""

import re

from openhearth.engines.speak.marked import Marked, either
from openhearth.engines.speak.spanish import numbers

_MONTHS_TEXT = """
enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
"""
_MONTHS = tuple(_MONTHS_TEXT.split())
_SHORT = {
    "Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores", "Dr.": "doctor", "Dra.": "doctora",
    "D.": "don", "Dña.": "doña", "Ud.": "usted", "Uds.": "ustedes", "Vd.": "usted", "Prof.": "profesor",
    "Ing.": "ingeniero", "Lic.": "licenciado", "Gral.": "general", "Avda.": "avenida", "Av.": "avenida",
    "C/": "calle", "pág.": "página", "págs.": "páginas", "núm.": "número", "n.º": "número", "nº": "número",
    "N.º": "número", "tel.": "teléfono", "Tel.": "teléfono", "aprox.": "aproximadamente", "etc.": "etcétera",
    "p. ej.": "por ejemplo", "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "EEUU": "Estados Unidos",
    "a. C.": "antes de Cristo", "d. C.": "después de Cristo", "art.": "artículo", "cap.": "capítulo",
    "vol.": "volumen", "dpto.": "departamento", "izda.": "izquierda", "dcha.": "derecha", "Cía.": "compañía",
}  # fmt: skip
_FEMININE_TEXT = """
persona semana hora vez veces mujer mujeres noche noches tarde tardes clase clases calle calles parte partes llave
llaves casa niña página cosa mesa silla caja palabra vuelta libra tonelada clave claves nube nubes flor flores
"""
_FEMININE = frozenset(_FEMININE_TEXT.split())
_MASCULINE_TEXT = """
año mes día días minuto segundo hombre niño libro kilo litro metro euro punto grado problema problemas programa
programas sistema sistemas mapa mapas tema temas idioma idiomas planeta planetas poema poemas millones billones
corazones aviones camiones botones balones ratones leones limones melones
"""
_MASCULINE = frozenset(_MASCULINE_TEXT.split())
_NUMBERED = ("siglo", "siglos", "capítulo", "tomo", "volumen", "artículo")
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50}
_MONEY = {"€": ("euro", "euros"), "$": ("dólar", "dólares"), "US$": ("dólar", "dólares"), "£": ("libra", "libras"),
          "¥": ("yen", "yenes"), "EUR": ("euro", "euros"), "USD": ("dólar", "dólares")}  # fmt: skip
_UNITS = {
    "km/h": ("kilómetro por hora", "kilómetros por hora"), "m/s": ("metro por segundo", "metros por segundo"),
    "km": ("kilómetro", "kilómetros"), "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
    "m²": ("metro cuadrado", "metros cuadrados"), "km²": ("kilómetro cuadrado", "kilómetros cuadrados"),
    "m": ("metro", "metros"), "kg": ("kilo", "kilos"), "mg": ("miligramo", "miligramos"), "g": ("gramo", "gramos"),
    "l": ("litro", "litros"), "ml": ("mililitro", "mililitros"), "h": ("hora", "horas"),
    "min": ("minuto", "minutos"), "s": ("segundo", "segundos"), "ms": ("milisegundo", "milisegundos"),
    "%": ("por ciento", "por ciento"), "°C": ("grado centígrado", "grados centígrados"),
    "ºC": ("grado centígrado", "grados centígrados"), "℃": ("grado centígrado", "grados centígrados"),
    "°": ("grado", "grados"), "GB": ("gigabyte", "gigabytes"), "MB": ("megabyte", "megabytes"),
    "kW": ("kilovatio", "kilovatios"), "Hz": ("hercio", "hercios"),
}  # fmt: skip
_SIGNS = {
    "&": " y ", "+": " más ", "=": " igual a ", "@": " arroba ", "<": " menor que ", ">": " mayor que ",
    "×": " por ", "÷": " entre ", "±": " más menos ", "≈": " aproximadamente ", "~": " aproximadamente ",
    "%": " por ciento ", "€": " euros ", "$": " dólares ", "£": " libras ", "§": " sección ", "°": " grados ",
    "º": "", "ª": "", "#": " almohadilla ", "*": " ", "_": " ", "|": ", ", "/": " ", "\\": " ", "^": " ", "`": "",
    "•": " ", "™": "", "®": "", "©": " copyright ", "→": " a ", "½": " un medio ", "¼": " un cuarto ",
}  # fmt: skip
_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?"

_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SLASH_DATE = re.compile(r"\b(\d{1,2})[/-](\d{1,2})[/-](\d{4})\b")
_FIRST_OF = re.compile(rf"\b1(?= de (?:{either(_MONTHS)})\b)", re.IGNORECASE)
_TIME = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s?h\b)?")
_HALF_DAY = re.compile(r"\b([ap])\. ?m\.", re.IGNORECASE)
_AMOUNT = re.compile(rf"({either(_MONEY)})\s?({_NUMBER})|({_NUMBER})\s?({either(_MONEY)})")
_UNIT = re.compile(rf"([-−]?)({_NUMBER})\s?({either(_UNITS)})(?![\w²/])")
_ORDINAL = re.compile(r"\b(\d{1,3})(?:\.?([ºª])|\.?(er|do|to|mo|vo|no|ra|da|ta)\b)")
_PHONE = re.compile(r"(?<!\d)(?:\+?\d{2} )?\d{3}[ -]\d{2,3}[ -]\d{2,3}(?:[ -]\d{2})?(?!\d)")
_FRACTION = re.compile(r"\b(\d{1,2})/(\d{1,2})\b(?!/)")
_VERSION = re.compile(r"(?<![\d.])\d{1,2}(?:\.\d{1,2}){2,}(?!\d)")
_RANGE = re.compile(r"(?<=\d)\s?[-–]\s?(?=\d)")
_NEGATIVE = re.compile(r"(?<![\w.])[-−](?=\d)")
_OF_THINGS = re.compile(rf"(?<![\w.,])({_NUMBER}) (?=([a-záéíóúñ]+))")
_ROMAN_NUMBER = re.compile(r"(?<=[a-záéíóúñ] )[IVXL]{1,7}\b(?![.'’])")
_LONG = re.compile(r"(?<![\d.,])0\d+(?![\d.,])")
_ANY = re.compile(_NUMBER)
_ABBREVIATION = re.compile(rf"(?<![\w.])(?:{either(_SHORT)})(?!\w)")
_SIGN = re.compile(f"[{re.escape(''.join(_SIGNS))}]")
_SPACE = re.compile(r"\s{2,}|[\t\n\r\u00a0]")
_BEFORE_MARK = re.compile(r"\s+(?=[,.;:!?)])")


def normal(text: Marked) -> Marked:
    """Spanish text with everything written out as words."""
    text = text.sub(_URL, _url).table(_ABBREVIATION, _SHORT).sub(_PHONE, _phone)
    text = text.sub(_ISO_DATE, lambda match: _date(match[3], match[2], match[1], match[0]))
    text = text.sub(_SLASH_DATE, lambda match: _date(match[1], match[2], match[3], match[0]))
    text = text.sub(_FIRST_OF, lambda match: "primero").sub(_TIME, _time)
    text = text.sub(_HALF_DAY, lambda match: "de la mañana" if match[1] in "aA" else "de la tarde")
    text = text.sub(_VERSION, lambda match: " punto ".join(numbers.cardinal(part) for part in match[0].split(".")))
    text = text.sub(_RANGE, lambda match: " a ")  # before units, which would take the hyphen of 5-10 km for a minus
    text = text.sub(_ORDINAL, _ordinal).sub(_AMOUNT, _amount).sub(_UNIT, _unit).sub(_FRACTION, _fraction)
    text = text.sub(_NEGATIVE, lambda match: "menos ").sub(_ROMAN_NUMBER, _roman)
    text = text.sub(_OF_THINGS, _of_things).sub(_LONG, lambda match: numbers.spelled(match[0]))
    text = text.sub(_ANY, lambda match: f" {numbers.decimal(match[0])} ")
    return text.table(_SIGN, _SIGNS).sub(_SPACE, lambda match: " ").sub(_BEFORE_MARK, lambda match: "")


def _url(match: re.Match[str]) -> str:
    address = re.sub(r"^https?://", "", match[0], flags=re.IGNORECASE)
    tail = address[len(address.rstrip(".,;:!?)/")) :].replace("/", "")
    address = address.rstrip(".,;:!?)/")
    signs = {".": " punto ", "/": " barra ", "@": " arroba ", "-": " guion ", "_": " guion bajo ",
             "?": " interrogación ", "=": " igual ", "&": " y ", ":": " dos puntos "}  # fmt: skip
    said = re.sub(r"\bwww\b", "uve doble uve doble uve doble", address, flags=re.IGNORECASE)
    return re.sub(r"[./@_?=&:-]", lambda sign: signs[sign[0]], said) + tail


def _date(day: str, month: str, year: str, written: str) -> str:
    if not 1 <= int(month) <= 12:
        return written
    said = "primero" if int(day) == 1 else numbers.cardinal(day)
    return f"{said} de {_MONTHS[int(month) - 1]} de {numbers.cardinal(year)}"


def _time(match: re.Match[str]) -> str:
    hour, minute = match[1], match[2]
    if int(hour) > 24 or int(minute) > 59:
        return f"{numbers.cardinal(hour)} a {numbers.cardinal(minute)}"
    said = "una" if int(hour) == 1 else numbers.cardinal(hour)
    if int(minute):
        said += {"15": " y cuarto", "30": " y media"}.get(minute) or f" y {numbers.cardinal(minute)}"
    elif not match[3]:
        said += " en punto"
    return f"{said} y {numbers.counted(match[3])} segundos" if match[3] else said


def _phone(match: re.Match[str]) -> str:
    return ", ".join(numbers.spelled(part) for part in re.findall(r"\d+", match[0]))


def _amount(match: re.Match[str]) -> str:
    one, many = _MONEY[match[1] or match[4]]
    number = match[2] or match[3]
    whole, _, cents = number.rpartition("," if "," in number else ".")
    if whole and len(cents) == 2 and whole.replace(".", "").isdigit():
        digits = whole.replace(".", "")
        said = f"{_counted(digits, one)} {one if digits == '1' else many}"
        return f"{said} con {numbers.cardinal(cents)}" if int(cents) else said
    digits = numbers.whole(number) or ""
    if not digits:
        return f"{numbers.decimal(number)} {many}"
    return f"{_counted(digits, one)} {one if digits == '1' else many}"


def _counted(digits: str, noun: str) -> str:
    """Libras and horas are feminine: ``una libra``."""
    said = numbers.counted(digits)
    return f"{said}a" if noun in ("libra", "hora") and said.endswith("un") and digits == "1" else said


def _unit(match: re.Match[str]) -> str:
    one, many = _UNITS[match[3]]
    digits = numbers.whole(match[2])
    said = numbers.decimal(match[2]) if digits is None else _counted(digits, one)
    if match[3] == "%":
        said = numbers.decimal(match[2])
    return f"{'menos ' if match[1] else ''}{said} {one if digits == '1' else many}"


def _ordinal(match: re.Match[str]) -> str:
    said = numbers.ordinal(match[1])
    if match[3] == "er":
        return said.removesuffix("o")
    return f"{said[:-1]}a" if (match[2] == "ª" or (match[3] or "").endswith("a")) and said.endswith("o") else said


def _of_things(match: re.Match[str]) -> str:
    """A number agrees with the things it counts: ``una persona``, ``veintiuna páginas``, ``doscientas casas``."""
    digits, noun = numbers.whole(match[1]), match[2]
    is_known = noun in _FEMININE or noun in _MASCULINE
    is_plural = noun.endswith("s") and len(noun) > 3 and not noun.endswith("mos")
    if digits is None or digits.startswith("0") or not (is_known or (digits != "1" and is_plural)):
        return match[0]
    is_feminine = noun in _FEMININE or (noun.endswith(("as", "ones", "dades")) and noun not in _MASCULINE)
    return f"{numbers.of_things(digits, feminine=is_feminine)} "


def _roman(match: re.Match[str]) -> str:
    """``siglo veintiuno``, ``Felipe segundo``: only after a word that is followed by a number, or a name."""
    values = [_ROMAN[letter] for letter in match[0]]
    pairs = zip(values, [*values[1:], 0], strict=True)
    digits = str(sum(-value if value < following else value for value, following in pairs))
    before = match.string[: match.start()].split()[-1]
    if before.lower() in _NUMBERED:
        return numbers.cardinal(digits)
    is_ruler = before[0].isupper() and "L" not in match[0] and match[0] != "X"
    return numbers.ordinal(digits) if is_ruler else match[0]


def _fraction(match: re.Match[str]) -> str:
    above, below = match[1], match[2]
    names = {"2": "medio", "3": "tercio", "4": "cuarto", "5": "quinto", "6": "sexto", "7": "séptimo", "8": "octavo",
             "9": "noveno", "10": "décimo"}  # fmt: skip
    name = names.get(below)
    if name is None:
        return f"{numbers.cardinal(above)} partido por {numbers.cardinal(below)}"
    return f"{numbers.counted(above)} {name if above == '1' else f'{name}s'}"
