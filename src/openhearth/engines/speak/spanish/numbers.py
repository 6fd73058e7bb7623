"""Spanish number words: cardinal, first ordinals, decimal with a comma."""

_SMALL_TEXT = """
cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete
dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete
veintiocho veintinueve
"""
_SMALL = tuple(_SMALL_TEXT.split())
_TENS_TEXT = """
- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa
"""
_TENS = tuple(_TENS_TEXT.split())
_HUNDREDS_TEXT = """
- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos
"""
_HUNDREDS = tuple(_HUNDREDS_TEXT.split())
_ORDINALS_TEXT = """
- primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo
"""
_ORDINALS = tuple(_ORDINALS_TEXT.split())
_MOST_DIGITS = 18


def cardinal(digits: str) -> str:
    """``1250`` as ``mil doscientos cincuenta``; more digits than have a name are read one by one."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return spelled(digits)
    number = int(digits)
    if number == 0:
        return _SMALL[0]
    trillions, rest = divmod(number, 10**12)
    millions, rest = divmod(rest, 10**6)
    parts = []
    if trillions:
        parts.append("un billón" if trillions == 1 else f"{_short(_thousands(trillions))} billones")
    if millions:
        parts.append("un millón" if millions == 1 else f"{_short(_thousands(millions))} millones")
    if rest:
        parts.append(_thousands(rest))
    return " ".join(parts)


def counted(digits: str) -> str:
    """Before a masculine noun: ``veintiún euros``."""
    return _short(cardinal(digits))


def of_things(digits: str, *, feminine: bool) -> str:
    """Before a noun: ``veintiún libros``, ``doscientas veintiuna páginas``. Millions stay masculine."""
    if not feminine:
        return counted(digits)
    said = cardinal(digits)
    millions, of, rest = said.rpartition("millones ") if "millones " in said else said.rpartition("millón ")
    rest = rest.replace("cientos", "cientas").replace("quinientos", "quinientas")
    return f"{millions}{of}{rest.removesuffix('uno')}{'una' if rest.endswith('uno') else ''}"


def ordinal(digits: str) -> str:
    """``primero`` … ``décimo``; higher ones are said as cardinals."""
    number = int(digits)
    return _ORDINALS[number] if 0 < number < len(_ORDINALS) else cardinal(digits)


def decimal(text: str) -> str:
    """``3,14`` or ``3.14`` as ``tres coma catorce``; a point before three digits groups thousands."""
    whole, comma, rest = _split(text)
    if not comma:
        return cardinal(whole)
    said = spelled(rest) if rest.startswith("0") or len(rest) > 2 else cardinal(rest)
    return f"{cardinal(whole)} coma {said}"


def whole(text: str) -> str | None:
    """The digits of a number without decimals, or ``None``."""
    digits, comma, _ = _split(text)
    return None if comma else digits


def spelled(digits: str) -> str:
    """Digit by digit."""
    return " ".join(_SMALL[int(digit)] for digit in digits)


def _split(text: str) -> tuple[str, bool, str]:
    if "," in text:
        before, _, after = text.replace(".", "").partition(",")
        return before, True, after
    groups = text.split(".")
    if len(groups) == 2 and len(groups[1]) != 3:
        return groups[0], True, groups[1]
    return "".join(groups), False, ""


def _thousands(number: int) -> str:
    thousands, rest = divmod(number, 1000)
    parts = []
    if thousands:
        parts.append("mil" if thousands == 1 else f"{_short(_hundreds(thousands))} mil")
    if rest:
        parts.append(_hundreds(rest))
    return " ".join(parts)


def _hundreds(number: int) -> str:
    if number == 100:
        return "cien"
    hundreds, rest = divmod(number, 100)
    parts = [_HUNDREDS[hundreds]] if hundreds else []
    if rest < 30:
        parts += [_SMALL[rest]] if rest else []
    else:
        tens, ones = divmod(rest, 10)
        parts.append(f"{_TENS[tens]} y {_SMALL[ones]}" if ones else _TENS[tens])
    return " ".join(parts)


def _short(said: str) -> str:
    if said.endswith("veintiuno"):
        return f"{said[:-3]}ún"
    return said.removesuffix("o") if said.endswith(" uno") or said == "uno" else said
