"""Tables with lines across only: their columns, heads over several columns, and what between lines is no table."""

import numpy as np
import pytest

from openhearth.engines.read_document.layout.pieces import Gap, Piece, Place, parted
from openhearth.engines.read_document.tables.aligned import aligned
from openhearth.engines.read_document.tables.grids import Grid, filled, markdown
from openhearth.engines.read_document.tables.lined import lined
from tests.papers.drawing import Pixels

LEFT, RIGHT = 500, 940


def page(*rules: int, left: int = LEFT, right: int = RIGHT) -> Pixels:
    pixels = np.full((1400, 1000, 3), 255, np.uint8)
    for y in rules:
        pixels[y : y + 2, left:right] = 0
    return pixels


def row(y: float, *texts: tuple[float, str]) -> list[Piece]:
    return [Piece(text, Place(x, y, x + 9 * len(text), y + 16), 18) for x, text in texts]


HEAD = row(112, (640, "one"), (740, "two"), (840, "three"))
BODY = [
    *row(152, (510, "# reads"), (640, "103"), (740, "104"), (840, "26")),
    *row(172, (510, "% exact"), (640, "83.8%"), (740, "94.0%"), (840, "55.2%")),
    *row(192, (510, "novel"), (640, "1904"), (840, "0")),
]
BESIDE = [piece for y in range(100, 220, 20) for piece in row(y, (60, "a line of the other column here"))]


def found(pixels: Pixels, pieces: list[Piece]) -> list[Grid]:
    return [filled(grid, pieces)[0] for grid in lined(pixels, pieces)]


def test_texts_between_three_lines_are_a_table_beside_a_column_of_text() -> None:
    (table,) = found(page(100, 140, 220), [*HEAD, *BODY, *BESIDE])
    assert not table.is_ruled
    assert markdown(table).splitlines() == [
        "|  | one | two | three |", "| --- | --- | --- | --- |", "| # reads | 103 | 104 | 26 |",
        "| % exact | 83.8% | 94.0% | 55.2% |", "| novel | 1904 |  | 0 |",
    ]  # fmt: skip


def test_a_head_over_several_columns_is_one_cell() -> None:
    over = Piece("both of these", Place(640, 92, 790, 108), 18)
    (table,) = found(page(80, 140, 220), [over, *HEAD, *BODY])
    cell = next(cell for cell in table.cells if cell.text == "both of these")
    assert (cell.row, cell.column, cell.columns) == (0, 1, 2)


def test_numbers_written_in_one_run_come_apart_at_its_wide_spaces() -> None:
    run = Piece("104 26", Place(740, 152, 858, 168), 18, gaps=(Gap(4, 767, 840),))
    assert [(part.text, part.place.x0, part.place.x1) for part in parted(run)] == [("104", 740, 767), ("26", 840, 858)]
    body = [*row(152, (510, "# reads"), (640, "103")), run, *BODY[4:]]
    (table,) = found(page(100, 140, 220), [*HEAD, *body])
    assert "| # reads | 103 | 104 | 26 |" in markdown(table)


@pytest.mark.parametrize(
    "pieces",
    [
        [piece for y in range(110, 210, 22) for piece in row(y, (510, "prose that fills its line from end to end."))],
        [piece for y in range(150, 210, 20) for piece in row(y, (510, f"{y // 20}:"), (560, "do what must be done"))],
        HEAD,
    ],
    ids=["prose", "algorithm", "head only"],
)  # fmt: skip
def test_what_has_lines_and_no_columns_is_no_table(pieces: list[Piece]) -> None:
    assert lined(page(100, 140, 220), [*row(112, (510, "Title of a box")), *pieces]) == []


def test_two_lines_or_lines_of_different_length_are_none() -> None:
    assert lined(page(100, 220), [*HEAD, *BODY]) == []
    uneven = page(100, 220)
    uneven[140:142, LEFT : RIGHT - 150] = 0
    assert lined(uneven, [*HEAD, *BODY]) == []


def test_a_caption_is_no_cell() -> None:
    pieces = [
        *row(100, (60, "(a)"), (260, "(b)"), (520, "Table 1. Accuracy of junctions")),
        *row(120, (60, "1"), (260, "1")),
    ]
    assert aligned(pieces) == []
