"""Pages that were read, put together as the answer: blocks with levels, Markdown, pictures, what was left out."""

import msgspec

from openhearth.core.documents import Bill, Block, Box, Cell, Made, Options, Page, Reading, Table
from openhearth.engines.read_document.files.picture import Pixels, encoded
from openhearth.engines.read_document.layout.blocks import Draft, body_size, drafts_of
from openhearth.engines.read_document.layout.headings import levels_of, mark_margins
from openhearth.engines.read_document.layout.order import Item, in_order
from openhearth.engines.read_document.layout.pieces import Piece, Place, in_rows
from openhearth.engines.read_document.layout.writing import page_markdown, written
from openhearth.engines.read_document.ocr.upright import Upright
from openhearth.engines.read_document.pages import Leaf, Seen
from openhearth.engines.read_document.paper.cleaning import Cleaned
from openhearth.engines.read_document.tables.grids import Grid, as_html, markdown


class Answer:
    """Collects pages; ``reading`` is the whole. At most ``most_pictures`` pictures are given back."""

    def __init__(self, options: Options, total: int, unread: int, most_pictures: int) -> None:
        self._options = options
        self._total = total
        self._unread = unread
        self._most_pictures = most_pictures
        self._seen: list[Seen] = []
        self._pages: list[Page] = []
        self._texts: list[str] = []
        self._pictures: list[Made] = []
        self._tables: list[Table] = []
        self._notes: list[str] = []
        self.bills: list[Bill] = []

    def add_seen(self, leaf: Leaf, seen: Seen) -> None:
        """A page with its layout. Its pixels are not kept: pictures are cut out of them now."""
        self._notes += leaf.notes
        if self._options.pictures in ("pages", "both"):
            self._add_picture("page", f"page{leaf.number}", leaf.pixels, leaf.number, _whole(leaf.pixels))
        if self._options.pictures in ("figures", "both"):
            for number, place in enumerate(seen.figures):
                self._add_figure(seen, number, place)
        empty = seen.upright.pixels[:1, :1]
        seen.upright = msgspec.structs.replace(seen.upright, pixels=empty)
        self._seen.append(seen)

    def add_text(self, leaf: Leaf, upright: Upright, took_ms: int) -> None:
        """A page of which only the text is wanted."""
        self._notes += leaf.notes
        self._add_page(leaf.number, leaf.pixels.shape[:2], upright, is_scan=not leaf.text, took_ms=took_ms)

    def add_result(self, leaf: Leaf, cleaned: Cleaned, took_ms: int) -> None:
        """A picture made of a page."""
        self._notes += [*leaf.notes, *cleaned.notes]
        height, width = leaf.pixels.shape[:2]
        self._pages.append(Page(leaf.number, width, height, cleaned.angle, is_scan=not leaf.text, took_ms=took_ms))
        made = self._add_picture("result", f"result{leaf.number}", cleaned.pixels, leaf.number, cleaned.box)
        if made:
            self._pictures[-1] = msgspec.structs.replace(self._pictures[-1], angle=cleaned.angle)

    def reading(self, *, unused: tuple[str, ...]) -> Reading:
        """The whole answer."""
        bodies = self._blocks()
        if self._unread:
            self._notes.append(
                f"{self._unread} more pages were not read: one call reads at most {self._total_read()} of them. "
                "Ask for the rest with page_start. 其余页未读取，请用 page_start 继续。"
            )
        return Reading(
            text="\n\n".join(text for text in self._texts if text),
            markdown="\n\n".join(body for body in bodies if body),
            pages=tuple(self._pages),
            tables=tuple(self._tables),
            bills=tuple(self.bills),
            pictures=tuple(self._pictures),
            total_pages=self._total,
            unread=self._unread,
            notes=tuple(self._notes),
            unused=unused,
        )

    def tables_only(self, *, unused: tuple[str, ...]) -> Reading:
        """The answer when only tables were wanted: their Markdown or HTML, one after the other."""
        whole = self.reading(unused=unused)
        form = "html" if self._options.tables == "html" else "markdown"
        together = "\n\n".join(getattr(table, form) for table in whole.tables)
        pages = tuple(msgspec.structs.replace(page, blocks=()) for page in whole.pages)
        return msgspec.structs.replace(whole, markdown=together, pages=pages)

    def _total_read(self) -> int:
        return len(self._pages)

    def _blocks(self) -> list[str]:
        """Finish the pages with layout; their Markdown."""
        born = body_size([piece for seen in self._seen if not seen.is_scan for piece in seen.loose])
        for seen in self._seen:
            body = body_size(seen.loose) if seen.is_scan else born
            seen.drafts = drafts_of(seen.loose, seen.found, body)
        mark_margins([(seen.drafts, seen.tall) for seen in self._seen])
        levels: dict[int, int] = {}
        for is_scan in (False, True):
            drafts = [draft for seen in self._seen if seen.is_scan is is_scan for draft in seen.drafts]
            levels |= levels_of(drafts, has_scans=is_scan)
        bodies = []
        for seen in self._seen:
            first = len(self._tables)
            self._tables += [_table(grid, seen) for grid in seen.tables]
            blocks = tuple(self._block(draft, seen, levels, first) for draft in seen.drafts)
            size = (seen.height, seen.width)
            self._add_page(seen.number, size, seen.upright, is_scan=seen.is_scan, blocks=blocks, took_ms=seen.took_ms)
            bodies.append(page_markdown(blocks))
        return bodies

    def _block(self, draft: Draft, seen: Seen, levels: dict[int, int], first_table: int) -> Block:
        box = seen.upright.box(draft.place)
        if draft.kind == "table":
            number = first_table + draft.number
            table = self._tables[number]
            return Block("table", table.html if self._options.tables == "html" else table.markdown, box, table=number)
        if draft.kind == "figure":
            name = f"page{seen.number}-figure{draft.number + 1}"
            is_given = any(made.id == name for made in self._pictures)
            return Block("figure", f"![]({name})" if is_given else "", box, picture=name if is_given else "")
        level = levels.get(id(draft), 0) if draft.kind == "title" else 0
        kind = "paragraph" if draft.kind == "title" and not self._options.titles else draft.kind
        return Block(kind, written(kind, draft.text, level), box, level=level if kind == "title" else 0)

    def _add_page(
        self,
        number: int,
        size: tuple[int, ...],
        upright: Upright,
        *,
        is_scan: bool,
        blocks: tuple[Block, ...] = (),
        took_ms: int = 0,
    ) -> None:
        rows = [*_rows(list(upright.pieces)), *([piece] for piece in upright.aside)]
        lines = tuple(upright.line(piece) for row in rows for piece in row)
        self._texts.append("\n".join(" ".join(piece.text for piece in row) for row in rows))
        self._pages.append(Page(number, size[1], size[0], upright.angle, is_scan, lines, blocks, took_ms))

    def _add_figure(self, seen: Seen, number: int, place: Place) -> None:
        pixels = seen.upright.pixels
        height, width = pixels.shape[:2]
        rows = slice(max(0, int(place.y0)), min(height, int(place.y1) + 1))
        columns = slice(max(0, int(place.x0)), min(width, int(place.x1) + 1))
        name = f"page{seen.number}-figure{number + 1}"
        self._add_picture("figure", name, pixels[rows, columns], seen.number, seen.upright.box(place))

    def _add_picture(self, what: str, name: str, pixels: Pixels, page: int, box: Box) -> bool:
        if len(self._pictures) >= self._most_pictures or pixels.size == 0:
            note = f"Only the first {self._most_pictures} pictures are given back."
            self._notes += [note] if note not in self._notes else []
            return False
        form = self._options.output_format
        data = encoded(pixels, form, self._options.quality)
        height, width = pixels.shape[:2]
        self._pictures.append(Made(name, what, data, f"image/{form}", width, height, page, box))
        return True


def _rows(pieces: list[Piece]) -> list[list[Piece]]:
    """Texts in reading order, those side by side together."""
    stacks = in_order([Item(piece.place, piece) for piece in pieces])
    return [row for stack in stacks for row in in_rows([item.piece for item in stack if item.piece is not None])]


def _table(grid: Grid, seen: Seen) -> Table:
    cells = tuple(
        Cell(cell.row, cell.column, cell.rows, cell.columns, cell.text, seen.upright.box(cell.place))
        for cell in grid.cells
    )
    return Table(
        seen.number,
        grid.rows,
        grid.columns,
        cells,
        seen.upright.box(grid.place),
        grid.is_ruled,
        markdown(grid),
        as_html(grid),
    )


def _whole(pixels: Pixels) -> Box:
    height, width = pixels.shape[:2]
    return 0, 0, width, 0, width, height, 0, height
