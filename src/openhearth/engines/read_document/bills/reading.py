"""Bills by rules: a name and the value beside, behind or below it; each value with where it stands and how sure it is.

Nothing is filled in. A field without a name on the paper is given only where the value speaks for itself (a date, the
shop's name in large letters on top), and then with a low score.
"""

import re
from collections.abc import Callable

import msgspec

from openhearth.core.documents import Bill, Field
from openhearth.engines.read_document.bills.items import items_of
from openhearth.engines.read_document.bills.labels import KINDS, LABELS, Label
from openhearth.engines.read_document.bills.values import currency_in, date_in, sum_in, time_in, words_in
from openhearth.engines.read_document.layout.pieces import Piece, Place, around, in_rows
from openhearth.engines.read_document.ocr.upright import Upright
from openhearth.engines.read_document.pages import Leaf

Row = list[Piece]
Value = tuple[str, str, float]  # in one form, as printed, certainty

_BEHIND, _BESIDE, _BELOW, _UNNAMED, _TOPMOST = 1.0, 0.97, 0.8, 0.6, 0.5
_CODE = re.compile(r"[A-Z0-9][A-Z0-9/-]{3,39}", re.IGNORECASE)
_OF_SHOPS = frozenset({"shop_receipt", "receipt"})
_TAX_ID = re.compile(r"[0-9A-Z]{9,20}")
_NO_NAME = re.compile(r"^[\W\d_]*$")
_SIDES = (
    ("buyer", re.compile(r"购|买方|buyer|bill|customer", re.IGNORECASE)),
    ("seller", re.compile(r"销|卖方|seller|vendor", re.IGNORECASE)),
)


class _Found(msgspec.Struct, frozen=True):
    value: Value
    piece: Piece
    weight: float


def bill_of(leaf: Leaf, upright: Upright) -> Bill:
    """What the page says as a bill; ``kind`` is ``other`` when nothing tells which."""
    rows = in_rows(list(upright.pieces))
    found: dict[str, _Found] = {}
    for label in LABELS:
        for name, hit in _hits(label, rows):
            found.setdefault(name, hit)
    if "total" in found and "subtotal" in found and found["total"].piece is found["subtotal"].piece:
        del found["subtotal"]  # named by a word that means either, and no other total is there
    kind, kind_score = _kind(rows)
    _unnamed(rows, found, kind)
    fields = [_field(name, hit, upright) for name, hit in found.items()]
    items = items_of(rows)
    height, width = leaf.pixels.shape[:2]
    place = around([piece.place for piece in upright.pieces]) if upright.pieces else Place(0, 0, width, height)
    return Bill(
        page=leaf.number,
        kind=kind,
        kind_score=kind_score,
        fields=tuple(fields),
        items=tuple(
            tuple(
                Field(name, value, piece.text, round(piece.score, 4), upright.box(piece.place))
                for name, value, piece in item
            )
            for item in items
        ),
        width=width,
        height=height,
        angle=upright.angle,
        box=upright.box(place),
    )


def _hits(label: Label, rows: list[Row]) -> list[tuple[str, _Found]]:
    """Values of the first tier of names that has any. A sum is the lowest one: totals come last."""
    for tier in label.tiers:
        hits = [hit for number, row in enumerate(rows) for hit in _in_row(label.kind, tier, row, rows, number)]
        if not hits:
            continue
        if label.kind == "tax_id":
            return _sided(hits, rows)
        return [(label.field, hits[-1] if label.kind in ("sum", "words") else hits[0])]
    return []


def _in_row(kind: str, tier: re.Pattern[str], row: Row, rows: list[Row], number: int) -> list[_Found]:
    """Values of the names in a row: behind the name, beside it, or below it."""
    read = _READ[kind]
    found = []
    for index, piece in enumerate(row):
        for match in tier.finditer(piece.text):
            behind = piece.text[match.end() :].lstrip(" :：.#)）(（")
            value = read(behind) if behind else None
            if value:
                found.append(_Found(value, piece, _BEHIND))
                continue
            beside = _beside(read, row[index + 1 :])
            if beside is not None:
                found.append(_Found(beside[0], beside[1], _BESIDE))
                continue
            below = _below(read, piece, rows[number + 1 : number + 3]) if not behind else None
            if below is not None:
                found.append(_Found(below[0], below[1], _BELOW))
    return found


def _beside(read: Callable[[str], Value | None], pieces: list[Piece]) -> tuple[Value, Piece] | None:
    """The value to the right; for sums the last one of the row."""
    order = reversed(pieces) if read is _sum else pieces[:2]
    for piece in order:
        value = read(piece.text.lstrip(" :："))
        if value:
            return value, piece
    return None


def _below(read: Callable[[str], Value | None], name: Piece, rows: list[Row]) -> tuple[Value, Piece] | None:
    """The value under a name, as in a table's head."""
    for row in rows:
        for piece in row:
            overlap = min(piece.place.x1, name.place.x1) - max(piece.place.x0, name.place.x0)
            is_near = piece.place.y0 - name.place.y1 < 1.6 * name.place.height
            if is_near and overlap > 0.5 * min(piece.place.width, name.place.width):
                value = read(piece.text)
                if value:
                    return value, piece
    return None


def _sum(text: str) -> Value | None:
    found = sum_in(text, surely=True)
    return (*found, 1.0) if found else None


def _words(text: str) -> Value | None:
    found = words_in(text)
    return (*found, 1.0) if found else None


def _code(text: str) -> Value | None:
    match = _CODE.match(text.strip())
    if match is None or not any(char.isdigit() for char in match[0]):
        return None
    return match[0], match[0], 1.0


def _tax_id(text: str) -> Value | None:
    match = _TAX_ID.match(text.strip().replace(" ", ""))
    return (match[0], match[0], 1.0) if match and any(char.isdigit() for char in match[0]) else None


def _name(text: str) -> Value | None:
    """A name of somebody: not a number, not another label."""
    said = text.strip(" :：")
    if said.startswith(("名称", "名 称")):
        said = said.replace(" ", "").removeprefix("名称").strip(" :：")
    if (
        len(said) < 2
        or len(said) > 80
        or _NO_NAME.match(said)
        or any(tier.match(said) for label in LABELS for tier in label.tiers)
    ):
        return None
    return said, said, 1.0


_READ: dict[str, Callable[[str], Value | None]] = {
    "code": _code,
    "date": date_in,
    "sum": _sum,
    "words": _words,
    "name": _name,
    "tax_id": _tax_id,
}


def _sided(hits: list[_Found], rows: list[Row]) -> list[tuple[str, _Found]]:
    """Whose tax number it is: the party named last above it or on its left; else it stays a number of nobody."""
    named = []
    for hit in hits:
        side = ""
        for row in rows:
            for piece in row:
                is_before = piece.place.y1 <= hit.piece.place.y1 and piece.place.x0 <= hit.piece.place.x1
                for name, pattern in _SIDES:
                    if is_before and pattern.search(piece.text):
                        side = name
        named.append((f"{side}_tax_id" if side else "tax_id", hit))
    return named


def _unnamed(rows: list[Row], found: dict[str, _Found], kind: str) -> None:
    """What speaks for itself. A till that prints all in one size puts the shop's name first."""
    pieces = [piece for row in rows for piece in row]
    for piece in pieces:
        if "date" not in found and (date := date_in(piece.text)):
            found["date"] = _Found(date, piece, _UNNAMED)
        if "time" not in found and (time := time_in(piece.text)):
            found["time"] = _Found((*time, 1.0), piece, _BESIDE)
        if "currency" not in found and (code := currency_in(piece.text)) and sum_in(piece.text, surely=True):
            found["currency"] = _Found((code, piece.text, 1.0), piece, _BESIDE)
    if "seller" not in found and (seller := _heading(pieces)):
        found["seller"] = _Found((seller.text, seller.text, 1.0), seller, _UNNAMED)
    elif "seller" not in found and kind in _OF_SHOPS and (first := _first_line(rows)):
        found["seller"] = _Found((first.text, first.text, 1.0), first, _TOPMOST)


def _heading(pieces: list[Piece]) -> Piece | None:
    """The large line in the top quarter that says no more than a name."""
    if len(pieces) < 3:
        return None
    top, bottom = min(piece.place.y0 for piece in pieces), max(piece.place.y1 for piece in pieces)
    usual = sorted(piece.size for piece in pieces)[len(pieces) // 2]
    large = [
        piece
        for piece in pieces
        if piece.place.y0 < top + 0.25 * (bottom - top)
        and piece.size > 1.2 * usual
        and _name(piece.text)
        and not any(pattern.search(piece.text) for _, pattern in KINDS)
    ]
    return max(large, key=lambda piece: piece.size, default=None)


def _first_line(rows: list[Row]) -> Piece | None:
    """The topmost text, if it stands alone on its line and can be a name."""
    if len(rows) < 5 or len(rows[0]) > 1:
        return None
    (first,) = rows[0]
    is_name = _name(first.text) and not (date_in(first.text) or sum_in(first.text, surely=True))
    return first if is_name and not any(pattern.search(first.text) for _, pattern in KINDS) else None


def _kind(rows: list[Row]) -> tuple[str, float]:
    for name, pattern in KINDS:
        scores = [piece.score for row in rows for piece in row if pattern.search(piece.text)]
        if scores:
            return name, round(max(scores), 4)
    return "other", 0.0


def _field(name: str, hit: _Found, upright: Upright) -> Field:
    value, text, certainty = hit.value
    score = round(hit.piece.score * hit.weight * certainty, 4)
    return Field(name, value, text, score, upright.box(hit.piece.place))
