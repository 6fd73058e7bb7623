"""Documents that have pages, opened page by page, each with what its file says about it."""

from collections.abc import Iterator

import msgspec

from openhearth.core.documents import Document, Options
from openhearth.core.errors import RequestError
from openhearth.engines.read_document.files.kinds import Kind, kind_of
from openhearth.engines.read_document.files.pdf import PdfFile, PdfPage
from openhearth.engines.read_document.files.picture import PictureFile
from openhearth.engines.read_document.layout.pieces import Piece
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.pages import Leaf

PAGED = frozenset({Kind.PDF, Kind.PICTURE})


class Opened(msgspec.Struct, frozen=True):
    """A document's pages that are to be read. ``unread`` are those left out because there are too many."""

    total: int
    unread: int
    leaves: Iterator[Leaf]


def open_pages(document: Document, options: Options, limits: Limits) -> Opened:
    """Raises RequestError, TooLarge and UnsupportedMedia, here or while the pages come."""
    if kind_of(document) is Kind.PDF:
        return _open_pdf(document, options, limits)
    picture = PictureFile(document.data, most_pixels=limits.pixels)
    numbers, unread = chosen(picture.pages, options, limits.pages)
    return Opened(picture.pages, unread, (Leaf(number + 1, picture.page(number), is_photo=True) for number in numbers))


def chosen(total: int, options: Options, most: int) -> tuple[range, int]:
    """Pages asked for, counted from 0, and how many of them are too many. Raises RequestError."""
    first = options.page_start - 1
    if first >= total:
        raise RequestError(
            f"The document has {total} pages; there is no page {options.page_start}. 页码超出范围。",
            code="page_out_of_range",
            param="page_start",
        )
    wanted = min(total - first, options.page_count or total)
    return range(first, first + min(wanted, most)), max(0, wanted - most)


def _open_pdf(document: Document, options: Options, limits: Limits) -> Opened:
    pdf = PdfFile(document.data, options.password, most_pixels=limits.pixels)
    try:
        numbers, unread = chosen(pdf.pages, options, limits.pages)
    except RequestError:
        pdf.close()
        raise
    return Opened(pdf.pages, unread, _leaves(pdf, numbers, options))


def _leaves(pdf: PdfFile, numbers: range, options: Options) -> Iterator[Leaf]:
    try:
        for number in numbers:
            with pdf.page(number, options.dpi) as page:
                yield _leaf(number + 1, page, options)
    finally:
        pdf.close()


def _leaf(number: int, page: PdfPage, options: Options) -> Leaf:
    notes: tuple[str, ...] = ()
    if page.is_reduced:
        notes = (f"Page {number} is so large that it was drawn at {page.scale * 72:.0f} dots per inch.",)
    text = [] if options.scan else page.text()
    turn = _turn_of(text)
    text = page.text(turn) if turn else text
    read, aside = [piece for piece in text if not piece.turn], [piece for piece in text if piece.turn]
    pictures = page.pictures(turn) if read else []
    is_scan = page.is_covered(pictures) if turn else page.is_stamped_scan(read, pictures)
    if is_scan or _letters(aside) > _letters(read):  # what turns and reads pictures can
        return Leaf(number, page.pixels(), notes=notes)
    figures = tuple(page.figures(pictures)) if read else ()
    return Leaf(number, page.pixels(), tuple(read), figures, notes=notes, aside=tuple(aside), turn=turn)


def _turn_of(pieces: list[Piece]) -> int:
    """By how many quarter turns, in degrees, most of a page's text stands turned: a wide table on a tall page."""
    letters = {turn: _letters([piece for piece in pieces if piece.turn == turn]) for turn in (0, 90, 180, 270)}
    return max(letters, key=lambda turn: letters[turn])


def _letters(pieces: list[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)
