"""Workbooks and CSV: every sheet a table, values as they were last calculated."""

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook, load_workbook

from openhearth.core.documents import Options
from openhearth.engines.read_document.faults import damaged, too_large
from openhearth.engines.read_document.files.archive import repacked, unpacked
from openhearth.engines.read_document.files.kinds import text_of
from openhearth.engines.read_document.layout.pieces import Place
from openhearth.engines.read_document.limits import MOST_CELLS
from openhearth.engines.read_document.tables.grids import Grid, GridCell, written

_NOWHERE = Place(0, 0, 0, 0)
_MOST_COLUMNS = 2_000
_MOST_FIELD_CHARS = 1_000_000
_NEVER_CALCULATED = re.compile(rb"<f(?:>[^<]*</f>|\s[^>]*(?:/>|>[^<]*</f>))\s*(?:<v\s*/>|<v></v>)?\s*</c>")


class Sheets:
    """An open workbook. A formula that was never calculated, as programs write them, is shown itself."""

    def __init__(self, data: bytes) -> None:
        members = unpacked(data)
        self._book = _opened(members, data_only=True)
        self._names = list(self._book.sheetnames)
        sheets = (content for name, content in members.items() if name.startswith("xl/worksheets/"))
        is_whole = not any(_NEVER_CALCULATED.search(content) for content in sheets)
        self._formulas = None if is_whole else _opened(members, data_only=False)

    def __len__(self) -> int:
        return len(self._names)

    def markdown(self, number: int, options: Options) -> str:
        """Sheet ``number``, counted from 0, under its name."""
        rows = _rows(self._book, self._names[number])
        if self._formulas is not None:
            rows = map(_completed, rows, _rows(self._formulas, self._names[number]))
        table = _table([[shown(value) for value in row] for row in _bounded(rows)], options)
        return f"## {self._names[number]}\n\n{table}".strip()


def _opened(members: dict[str, bytes], *, data_only: bool) -> Workbook:
    return load_workbook(repacked(members), read_only=True, data_only=data_only, keep_links=False)


def _rows(book: Workbook, name: str) -> Iterable[Sequence[object]]:
    """Every row of a sheet, whatever size the file says it has; none of a sheet that is a chart."""
    sheet: Any = book[name]
    if not hasattr(sheet, "reset_dimensions"):
        return ()
    sheet.reset_dimensions()
    rows: Iterable[Sequence[object]] = sheet.iter_rows(values_only=True)
    return rows


def _completed(values: Sequence[object], formulas: Sequence[object]) -> list[object]:
    """Values, and formulas where there is none."""
    pairs = zip(values, formulas, strict=True)
    return [getattr(formula, "text", formula) if value is None else value for value, formula in pairs]


def csv_markdown(data: bytes, options: Options) -> str:
    """A CSV or TSV file as one table. Raises TooLarge."""
    text = text_of(data)
    first = text.split("\n", 1)[0]
    delimiter = max(("\t", ";", ",", "|"), key=first.count)
    csv.field_size_limit(_MOST_FIELD_CHARS)
    try:
        rows = list(_bounded(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)))
    except csv.Error as error:
        raise damaged("CSV file") from error
    return _table([[shown(value) for value in row] for row in rows], options)


def _bounded(rows: Iterable[Iterable[object]]) -> Iterable[list[object]]:
    """Rows without what a sheet claims to hold beyond its last value. Raises TooLarge."""
    count = 0
    empty: list[list[object]] = []
    for row in rows:
        values = list(row)
        while values and values[-1] in (None, ""):
            values.pop()
        count += max(1, len(values))
        if count > MOST_CELLS or len(values) > _MOST_COLUMNS:
            raise too_large(f"The sheet has more than {MOST_CELLS:,} cells or {_MOST_COLUMNS:,} columns.")
        if not values:
            empty.append(values)
            continue
        yield from empty
        empty = []
        yield values


def shown(value: object) -> str:
    """A value of a cell as text: whole numbers without a fraction, days without a time."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    return " ".join(str(value).split())


def _table(rows: list[list[str]], options: Options) -> str:
    if not rows:
        return ""
    columns = max(1, *(len(row) for row in rows))
    cells = tuple(
        GridCell(number, column, 1, 1, _NOWHERE, row[column] if column < len(row) else "")
        for number, row in enumerate(rows)
        for column in range(columns)
    )
    return written(Grid(len(rows), columns, cells, _NOWHERE, is_ruled=True), options.tables)
