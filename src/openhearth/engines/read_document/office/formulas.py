"""What mammoth passes over in a Word document, put as plain runs: formulas in one line, and letters below readings.

Formulas are those of ECMA-376, part 1, section 22.1, written as people type them: (a+b)/2, x^2, a_(i+1), √(x).
"""

from collections.abc import Callable

from lxml import etree

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_M = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SUM = "∫"  # where the file names no other sign (22.1.2.20)


def plain(tree: etree._Element) -> None:
    """Change ``tree`` in place."""
    for ruby in list(tree.iter(f"{{{_W}}}ruby")):
        for text in ruby.findall(f"{{{_W}}}rubyBase//{{{_W}}}t"):
            ruby.addprevious(text)
        _removed(ruby)
    for formula in list(tree.iter(f"{{{_M}}}oMath")):
        run = etree.Element(f"{{{_W}}}r")
        text = etree.SubElement(run, f"{{{_W}}}t")
        text.text = written(formula)
        text.set(_SPACE, "preserve")
        place = formula.getparent()
        if place is not None:
            (place if place.tag == f"{{{_M}}}oMathPara" else formula).addprevious(run)
            _removed(formula)


def written(element: etree._Element) -> str:
    """A formula, or a part of one, in one line."""
    write = _WRITERS.get(_name(element))
    if write is not None:
        return write(element)
    if _name(element) == "t":
        return element.text or ""
    return "".join(
        written(child) for child in element if isinstance(child.tag, str) and not _name(child).endswith("Pr")
    )


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _removed(element: etree._Element) -> None:
    above = element.getparent()
    if above is not None:
        above.remove(element)


def _part(element: etree._Element, name: str) -> str:
    found = element.find(f"{{{_M}}}{name}")
    return "" if found is None else written(found)


def _grouped(text: str) -> str:
    return text if len(text) < 2 or text.isalnum() else f"({text})"


def _raised(element: etree._Element) -> str:
    low, high = _part(element, "sub"), _part(element, "sup")
    return f"{f'_{_grouped(low)}' if low else ''}{f'^{_grouped(high)}' if high else ''}"


def _sign(element: etree._Element, name: str, usual: str) -> str:
    found = element.find(f"{{{_M}}}{_name(element)}Pr/{{{_M}}}{name}")
    return usual if found is None else found.get(f"{{{_M}}}val", "")


def _bracketed(element: etree._Element) -> str:
    inner = _sign(element, "sepChr", "|").join(written(part) for part in element.findall(f"{{{_M}}}e"))
    return f"{_sign(element, 'begChr', '(')}{inner}{_sign(element, 'endChr', ')')}"


def _matrix(element: etree._Element) -> str:
    rows = (", ".join(written(cell) for cell in row) for row in element.findall(f"{{{_M}}}mr"))
    return f"[{'; '.join(rows)}]"


_WRITERS: dict[str, Callable[[etree._Element], str]] = {
    "f": lambda one: f"{_grouped(_part(one, 'num'))}/{_grouped(_part(one, 'den'))}",
    "sSup": lambda one: f"{_grouped(_part(one, 'e'))}{_raised(one)}",
    "sSub": lambda one: f"{_grouped(_part(one, 'e'))}{_raised(one)}",
    "sSubSup": lambda one: f"{_grouped(_part(one, 'e'))}{_raised(one)}",
    "rad": lambda one: f"{_part(one, 'deg')}√({_part(one, 'e')})",
    "nary": lambda one: f"{_sign(one, 'chr', _SUM)}{_raised(one)} {_part(one, 'e')}",
    "func": lambda one: f"{_part(one, 'fName')} {_part(one, 'e')}",
    "d": _bracketed,
    "m": _matrix,
}
