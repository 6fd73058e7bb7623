"""Reading order, paragraphs, titles, lists and tables from pieces of text with places; no pixels, no networks."""

import pytest

from openhearth.core.documents import Block
from openhearth.engines.read_document.layout.blocks import Draft, Found, body_size, drafts_of
from openhearth.engines.read_document.layout.headings import levels_of, mark_margins
from openhearth.engines.read_document.layout.pieces import Piece, Place, in_rows, joined
from openhearth.engines.read_document.layout.regions import Region
from openhearth.engines.read_document.layout.writing import page_markdown, written
from openhearth.engines.read_document.tables.aligned import aligned
from openhearth.engines.read_document.tables.grids import Grid, GridCell, as_html, filled, markdown

NOWHERE = (0,) * 8


def piece(text: str, x: float, y: float, width: float, size: float = 20, *, bold: bool = False) -> Piece:
    return Piece(text, Place(x, y, x + width, y + size), size, bold)


def column(x: float, texts: list[str], *, y: float = 100, width: float = 400) -> list[Piece]:
    return [piece(text, x, y + 28 * number, width) for number, text in enumerate(texts)]


def told(pieces: list[Piece], **found: object) -> list[tuple[str, str]]:
    what = Found(tables=[], figures=[], **found)  # type: ignore[arg-type]
    return [(draft.kind, draft.text) for draft in drafts_of(pieces, what, body_size(pieces))]


PROSE = [f"these words fill the whole line number {number} up" for number in range(6)]


def test_columns_are_read_one_after_the_other_under_what_spans_them() -> None:
    left, right = column(50, [f"left {line}" for line in PROSE]), column(520, [f"right {line}" for line in PROSE])
    heading = piece("A title over both columns", 200, 40, 500, 44)
    mixed = [one for pair in zip(right, left, strict=True) for one in pair]
    assert told([*mixed, heading]) == [
        ("title", "A title over both columns"),
        ("paragraph", " ".join(one.text for one in left)),
        ("paragraph", " ".join(one.text for one in right)),
    ]


def test_a_wide_line_between_bands_keeps_both_bands_apart() -> None:
    upper = [*column(50, [f"a {line}" for line in PROSE]), *column(520, [f"b {line}" for line in PROSE])]
    lower = [*column(50, [f"c {line}" for line in PROSE], y=400), *column(520, [f"d {line}" for line in PROSE], y=400)]
    wide = piece("A sentence that goes right across the page, from margin to margin.", 50, 320, 870)
    firsts = [text.split()[0] for _, text in told([*lower, *upper, wide])]
    assert firsts == ["a", "b", "A", "c", "d"]


def test_names_and_values_side_by_side_are_rows_and_no_columns() -> None:
    pieces = [*column(50, ["Name", "Town", "Year"], width=80), *column(420, ["Li Wei", "Kunming", "1984"], width=90)]
    assert [text for _, text in told(pieces)] == ["Name Li Wei Town Kunming Year 1984"]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("an exam-", "ple", "an example"),
        ("state-of-the-", "Art", "state-of-the- Art"),
        ("增长主要", "来自", "增长主要来自"),
        ("one", "two", "one two"),
        ("共", "12 items", "共12 items"),
    ],
)
def test_lines_are_joined_as_their_language_does(before: str, after: str, wanted: str) -> None:
    assert joined(before, after) == wanted


def test_a_gap_an_indent_or_a_short_last_line_begins_a_paragraph() -> None:
    first = column(50, ["The first one goes on for a whole line here", "and stops."], width=400)
    first[1] = piece("and stops.", 50, 128, 90)
    second = column(50, ["The next begins after a line that ended early", "and goes on."], y=156)
    third = [piece("Far below stands the third.", 50, 300, 300)]
    assert [text.split()[1] for _, text in told([*first, *second, *third])] == ["first", "next", "below"]


def test_a_number_with_decimals_is_no_list() -> None:
    assert [kind for kind, _ in told([piece("0.98 of all reads were found", 50, 100, 380)])] == ["paragraph"]


def test_lists_keep_their_items_and_their_continued_lines() -> None:
    pieces = [
        piece("• The first point is long and", 50, 100, 380),
        piece("goes on below.", 76, 128, 200),
        piece("• The second.", 50, 156, 200),
        piece("1) A number too", 50, 184, 200),
    ]
    assert told(pieces) == [
        ("list", "• The first point is long and goes on below."),
        ("list", "• The second."),
        ("list", "1) A number too"),
    ]


def test_titles_are_larger_or_bold_and_their_levels_follow_size_and_numbering() -> None:
    pieces = [
        piece("Report", 50, 20, 200, 40),
        piece("1. First part", 50, 80, 200, 28),
        *column(50, PROSE, y=130),
        piece("1.1 Smaller part", 50, 320, 200, 28),
        *column(50, PROSE, y=370),
        piece("A bold line", 50, 560, 120, 20, bold=True),
        *column(50, PROSE, y=600),
    ]
    drafts = drafts_of(pieces, Found([], []), 20)
    levels = levels_of(drafts, has_scans=False)
    titles = [(draft.text, levels[id(draft)]) for draft in drafts if draft.kind == "title"]
    assert titles == [("Report", 1), ("1. First part", 2), ("1.1 Smaller part", 3), ("A bold line", 3)]


def test_the_network_advises_but_a_header_stands_at_the_top() -> None:
    everywhere = [Region("header", Place(0, 0, 1000, 1000), 0.9)]
    pieces = [piece("Running head", 50, 20, 200), *column(50, PROSE, y=300)]
    kinds = [kind for kind, _ in told(pieces, regions=everywhere, tall=1000.0)]
    assert kinds == ["header", "paragraph"]


def test_what_repeats_on_every_page_is_a_header_and_numbers_are_footers() -> None:
    pages = [
        (
            [
                Draft("paragraph", f"Annual report, page {number}", Place(0, 10, 100, 30), lines=1),
                Draft("paragraph", "Something else", Place(0, 400, 100, 420), lines=1),
                Draft("paragraph", f"- {number} -", Place(0, 970, 100, 990), lines=1),
            ],
            1000.0,
        )
        for number in (1, 2, 3)
    ]
    mark_margins(pages)
    assert [[draft.kind for draft in drafts] for drafts, _ in pages] == [["header", "paragraph", "footer"]] * 3


def test_markdown_leaves_headers_out_and_text_that_looks_like_marks_is_text() -> None:
    blocks = tuple(
        Block(kind, written(kind, text, 2), NOWHERE)
        for kind, text in (
            ("header", "Head"), ("title", "Title"), ("paragraph", "# no title"), ("list", "• one"), ("list", "2) two"),
            ("paragraph", "end"),
        )
    )  # fmt: skip
    assert page_markdown(blocks) == "## Title\n\n\\# no title\n\n- one\n2. two\n\nend"


def table_rows() -> list[Piece]:
    rows = (("Item", "Qty", "Price"), ("Tea", "2", "4.00"), ("Milk", "1", "1.20"))
    xs = (50, 300, 450)
    return [
        piece(text, x, 100 + 40 * number, 60)
        for number, row in enumerate(rows)
        for x, text in zip(xs, row, strict=True)
    ]


def test_texts_under_each_other_are_a_table() -> None:
    (grid,) = aligned(table_rows())
    full, rest = filled(grid, table_rows())
    assert rest == []
    assert markdown(full) == "| Item | Qty | Price |\n| --- | --- | --- |\n| Tea | 2 | 4.00 |\n| Milk | 1 | 1.20 |"


def test_a_missing_cell_stays_empty_and_prose_is_no_table() -> None:
    pieces = [one for one in table_rows() if one.text != "2"]
    (grid,) = aligned(pieces)
    assert markdown(filled(grid, pieces)[0]).splitlines()[2] == "| Tea |  | 4.00 |"
    assert aligned([*column(50, PROSE), *column(520, PROSE)]) == []
    assert aligned([*column(50, ["1.", "2.", "3."], width=20), *column(120, ["one", "two", "three"], width=60)]) == []


def grid_of(*cells: GridCell) -> Grid:
    return Grid(2, 2, cells, Place(0, 0, 200, 80), is_ruled=True)


def test_a_piece_across_two_cells_is_cut_at_the_line() -> None:
    grid = grid_of(
        GridCell(0, 0, 1, 1, Place(0, 0, 100, 40)), GridCell(0, 1, 1, 1, Place(100, 0, 200, 40)),
        GridCell(1, 0, 1, 2, Place(0, 40, 200, 80)),
    )  # fmt: skip
    full, _ = filled(grid, [piece("left right", 10, 10, 180), piece("both | <b>", 20, 50, 150)])
    assert [cell.text for cell in full.cells] == ["left", "right", "both | <b>"]
    assert markdown(full) == "| left | right |\n| --- | --- |\n| both \\| <b> |  |"
    assert (
        as_html(full)
        == '<table><tr><td>left</td><td>right</td></tr><tr><td colspan="2">both | &lt;b&gt;</td></tr></table>'
    )


def test_rows_do_not_swallow_what_stands_above() -> None:
    rows = in_rows([piece("b", 200, 103, 30), piece("a", 10, 100, 30), piece("c", 10, 124, 30)])
    assert [[one.text for one in row] for row in rows] == [["a", "b"], ["c"]]
