"""Downloads: CSV that no spreadsheet runs, Parquet that others can read, both as long as the ledger."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from openhearth.surfaces.usage import csv_rows
from openhearth.surfaces.usage.parquet import ParquetWriter
from openhearth.surfaces.usage.shown import Column, call_sheet
from tests.usage.made import many
from tests.usage.parquet_reader import read

_COLUMNS = (Column("name", "text"), Column("count", "whole"), Column("on", "flag"), Column("at", "moment"))
_ROWS = st.lists(
    st.tuples(
        st.text(st.characters(codec="utf-8"), max_size=20),
        st.integers(-(2**63), 2**63 - 1),
        st.booleans(),
        st.integers(0, 4 * 10**15).map(lambda micros: micros / 1_000_000),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_ROWS, max_size=4))
def test_parquet_holds_every_row_of_every_group(groups: list[list[tuple[str, int, bool, float]]]) -> None:
    writer = ParquetWriter(_COLUMNS)
    columns, rows = read(b"".join([writer.start(), *map(writer.group, groups), writer.end()]))
    assert [column[4] for column in columns] == [b"name", b"count", b"on", b"at"]
    assert [(column[1], column.get(6)) for column in columns] == [(6, 0), (2, None), (0, None), (2, 10)]
    assert [tuple(row.values()) for row in rows] == [
        (name, count, on, round(at * 1_000_000)) for group in groups for name, count, on, at in group
    ]


def test_parquet_has_the_calls_with_all_their_columns() -> None:
    sheet = call_sheet(inside=True)
    writer = ParquetWriter(sheet.columns)
    entries = many(300)
    _, rows = read(writer.start() + writer.group([sheet.cells(one) for one in entries]) + writer.end())
    assert [row["id"] for row in rows] == [one.effect for one in entries]
    assert [row["stream"] for row in rows] == [one.stream for one in entries]
    assert sum(row["charge_nanos"] for row in rows) == sum(one.charge_nanos for one in entries)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30))
def test_a_cell_of_csv_is_read_back_and_is_never_a_formula(text: str) -> None:
    written = csv_rows.lines([list(csv_rows.cells([text, 5, True, 0.5], [False, False, False, True]))])
    ((cell, number, flag, moment),) = csv.reader(io.StringIO(written.decode(), newline=""))
    assert cell in (text, f"'{text}")
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%"))
    assert (number, flag, moment) == ("5", "true", "1970-01-01T00:00:00.500000+00:00")


def test_numbers_of_csv_stay_numbers() -> None:
    assert csv_rows.lines([list(csv_rows.cells([-5, "-5"], [False, False]))]) == b"-5,'-5\r\n"
