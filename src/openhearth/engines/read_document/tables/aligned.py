"""Tables without lines: rows whose texts stand under each other in the same columns, with nothing crossing."""

from statistics import median

from openhearth.engines.read_document.layout.pieces import CAPTION, Piece, Place, around, in_rows
from openhearth.engines.read_document.tables.grids import Grid, GridCell

_LEAST_ROWS = 3
_LEAST_ROWS_IF_WIDE = 2  # with three columns or more
_MOST_CHARS = 26  # in the middle cell: longer ones are prose in columns
_LEAST_FULL = 0.6
_MOST_GAP = 2.6  # between rows, in heights of a line
_LEAST_GUTTER = 0.8  # between columns, in heights of a line


def aligned(pieces: list[Piece]) -> list[Grid]:
    """Tables among ``pieces``, from the top."""
    grids = []
    for stretch in _stretches(in_rows([piece for piece in pieces if not CAPTION.match(piece.text)])):
        grid = _grid(stretch)
        if grid is not None:
            grids.append(grid)
    return grids


def _stretches(rows: list[list[Piece]]) -> list[list[list[Piece]]]:
    """Runs of neighbouring rows that have two texts or more and could share columns."""
    found: list[list[list[Piece]]] = []
    run: list[list[Piece]] = []
    for row in rows:
        if len(row) < 2 or (run and not _fits(run, row)):
            found.append(run)
            run = []
        if len(row) >= 2:
            run.append(row)
    return [run for run in [*found, run] if len(run) >= _LEAST_ROWS_IF_WIDE]


def _fits(run: list[list[Piece]], row: list[Piece]) -> bool:
    before, here = around([piece.place for piece in run[-1]]), around([piece.place for piece in row])
    size = median(piece.place.height for piece in row)
    if here.y0 - before.y1 > _MOST_GAP * size:
        return False
    columns = _columns([*run, row])
    return len(columns) >= 2 and all(_distinct(one, columns) for one in [*run, row])


def _columns(rows: list[list[Piece]]) -> list[tuple[float, float]]:
    """Spans of x that texts cover, with gutters between them that nothing crosses."""
    size = median(piece.place.height for row in rows for piece in row)
    spans: list[tuple[float, float]] = []
    for x0, x1 in sorted((piece.place.x0, piece.place.x1) for row in rows for piece in row):
        if spans and x0 < spans[-1][1] + _LEAST_GUTTER * size:
            spans[-1] = (spans[-1][0], max(spans[-1][1], x1))
        else:
            spans.append((x0, x1))
    return spans


def _distinct(row: list[Piece], columns: list[tuple[float, float]]) -> bool:
    """Every text of the row has a column to itself."""
    homes = [_column(piece, columns) for piece in row]
    return len(set(homes)) == len(homes)


def _column(piece: Piece, columns: list[tuple[float, float]]) -> int:
    return next(number for number, (x0, x1) in enumerate(columns) if x0 <= piece.place.middle[0] <= x1)


def _grid(rows: list[list[Piece]]) -> Grid | None:
    columns = _columns(rows)
    texts = [piece for row in rows for piece in row]
    enough = _LEAST_ROWS_IF_WIDE if len(columns) >= 3 else _LEAST_ROWS
    if len(columns) < 2 or len(rows) < enough or len(texts) < _LEAST_FULL * len(rows) * len(columns):
        return None
    if median(len(piece.text) for piece in texts) > _MOST_CHARS or _is_list(rows, columns):
        return None
    whole = around([piece.place for piece in texts])
    cells = []
    for number, row in enumerate(rows):
        span = around([piece.place for piece in row])
        homes = {_column(piece, columns): piece for piece in row}
        for column, (x0, x1) in enumerate(columns):
            place = homes[column].place if column in homes else Place(x0, span.y0, x1, span.y1)
            cells.append(GridCell(number, column, 1, 1, place))
    return Grid(len(rows), len(columns), tuple(cells), whole, is_ruled=False)


def _is_list(rows: list[list[Piece]], columns: list[tuple[float, float]]) -> bool:
    """Numbers or bullets before their text are a list, not a table of two columns."""
    return len(columns) == 2 and all(len(row[0].text.strip("•·-.、()（）")) <= 2 for row in rows)
