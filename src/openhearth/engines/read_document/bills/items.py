"""The things a bill lists: rows between a head that names columns and the first sum."""

import re

import msgspec

from openhearth.engines.read_document.bills.labels import COLUMNS, ENDS_ITEMS
from openhearth.engines.read_document.bills.values import sum_in
from openhearth.engines.read_document.layout.pieces import Piece

Row = list[Piece]
Item = list[tuple[str, str, Piece]]

_MOST_ITEMS = 500


def items_of(rows: list[Row]) -> list[Item]:
    """Each item as (column, value, where); only columns that the bill has."""
    for number, row in enumerate(rows):
        columns = _columns(row)
        if len(columns) >= 2 and "name" in columns:
            return _listed(rows[number + 1 :], columns)
    return []


def _columns(row: Row) -> dict[str, Piece]:
    """Where each column stands, by the words of the head."""
    columns: dict[str, Piece] = {}
    for piece in [part for whole in row for part in _heads(whole)]:
        name = next((name for name, pattern in COLUMNS if name not in columns and pattern.search(piece.text)), None)
        if name is not None and len(piece.text) <= 24:
            columns[name] = piece
    return columns


def _heads(piece: Piece) -> list[Piece]:
    """Heads that were read as one text though a line stands between them."""
    parts = [match.span() for match in re.finditer(r"[^|｜]*[^|｜\s][^|｜]*", piece.text)]
    step = piece.place.width / max(1, len(piece.text))
    return [
        msgspec.structs.replace(
            piece,
            text=piece.text[start:end].strip(),
            place=msgspec.structs.replace(
                piece.place, x0=piece.place.x0 + start * step, x1=piece.place.x0 + end * step
            ),
        )
        for start, end in parts
    ]


def _listed(rows: list[Row], columns: dict[str, Piece]) -> list[Item]:
    items: list[Item] = []
    for row in rows:
        if any(ENDS_ITEMS.search(piece.text) for piece in row) or len(items) >= _MOST_ITEMS:
            break
        item = _item(row, columns)
        if item:
            items.append(item)
    return items


def _item(row: Row, columns: dict[str, Piece]) -> Item:
    """A row as an item: it has a name and a number. Otherwise it is a note, and nothing is returned."""
    placed: dict[str, Piece] = {}
    for piece in row:
        column = min(columns, key=lambda name: _apart(piece, columns[name]))
        placed.setdefault(column, piece)
    if "name" not in placed or len(placed.keys() - {"line"}) < 2:
        return []
    placed.pop("line", None)
    item: Item = []
    for column, piece in placed.items():
        value = piece.text
        if column != "name":
            found = sum_in(piece.text)
            if found is None:
                return []
            value = found[0] if column != "quantity" else found[0].removesuffix(".00")
        item.append((column, value, piece))
    return item


def _apart(piece: Piece, head: Piece) -> float:
    """Columns are set left, right or centred: the nearest of the three counts."""
    return min(
        abs(piece.place.x0 - head.place.x0),
        abs(piece.place.x1 - head.place.x1),
        abs(piece.place.middle[0] - head.place.middle[0]),
    )
