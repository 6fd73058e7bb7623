"""Canonical reading of documents: one request and one answer for every way in and every engine or provider behind.

Positions are eight whole numbers, x and y of four corners clockwise from the top left as the text stands, in pixels of
the page as it was given or, for a PDF, as it was drawn at ``dpi``.
"""

from enum import StrEnum
from typing import Literal, Protocol

import msgspec

from openhearth.core.provider import Target
from openhearth.core.texts import unrepeated

DPIS = (72, 144, 216)
USUAL_DPI = 144
Box = tuple[int, int, int, int, int, int, int, int]


class Service(StrEnum):
    """What is wanted of a document."""

    TEXT = "text"
    MARKDOWN = "markdown"
    TABLES = "tables"
    BILL = "bill"
    ENHANCE = "enhance"
    DEWARP = "dewarp"
    WATERMARK = "watermark"


class Mode(StrEnum):
    """How a cropped page is made better to read."""

    NONE = "none"
    BRIGHTEN = "brighten"
    SHARPEN = "sharpen"
    BLACK_WHITE = "black_white"
    GREY = "grey"
    NO_SHADOW = "no_shadow"


class Document(msgspec.Struct, frozen=True):
    """A file to read. ``name`` and ``mime`` are what the client said; only text files are told apart by them."""

    data: bytes
    name: str = ""
    mime: str = ""


class Options(msgspec.Struct, frozen=True):
    """How to read. Pages count from 1; ``page_count`` 0 is as many as may be read. ``scan`` reads pictures of pages
    even where there is text in the file. ``pictures``: which to give back. ``titles`` off leaves headings as text."""

    password: str = ""
    page_start: int = 1
    page_count: int = 0
    dpi: int = USUAL_DPI
    scan: bool = False
    tables: Literal["markdown", "html"] = "markdown"
    pictures: Literal["none", "figures", "pages", "both"] = "none"
    titles: bool = True
    mode: Mode = Mode.NONE
    crop: bool = True
    quality: int = 90
    output_format: Literal["png", "jpeg"] = "jpeg"


class DocumentRequest(msgspec.Struct, frozen=True):
    """What is asked. ``asked`` are the names of all options the client sent."""

    service: Service
    document: Document
    options: Options = Options()
    asked: frozenset[str] = frozenset()


class Line(msgspec.Struct, frozen=True):
    """A line of text as it stands on the page. ``score`` is 1 where the text was in the file."""

    text: str
    score: float
    box: Box
    angle: int = 0


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table, counted from 0; ``rows`` and ``columns`` are how many it goes over."""

    row: int
    column: int
    rows: int
    columns: int
    text: str
    box: Box


class Table(msgspec.Struct, frozen=True):
    """A table of a page. ``is_ruled``: found by its lines, else by how its texts stand."""

    page: int
    rows: int
    columns: int
    cells: tuple[Cell, ...]
    box: Box
    is_ruled: bool
    markdown: str
    html: str


class Block(msgspec.Struct, frozen=True):
    """A part of a page in reading order.

    ``kind`` is title, paragraph, list, table, figure, caption, header, footer or formula. ``text`` is Markdown.
    ``level`` is that of a title, else 0. ``table`` is its place in the answer's ``tables``, ``picture`` an id.
    """

    kind: str
    text: str
    box: Box
    level: int = 0
    table: int = -1
    picture: str = ""


class Page(msgspec.Struct, frozen=True):
    """A page that was read. ``angle``: how far it lies turned clockwise. ``is_scan``: read from its picture."""

    number: int
    width: int
    height: int
    angle: int
    is_scan: bool
    lines: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()
    took_ms: int = 0


class Field(msgspec.Struct, frozen=True):
    """One thing a bill says. ``text`` is as printed, ``value`` in one form for all (dates 2024-03-18, sums 128.50)."""

    name: str
    value: str
    text: str
    score: float
    box: Box


class Bill(msgspec.Struct, frozen=True):
    """A receipt, invoice or ticket. What it does not say, or we did not find, is not there."""

    page: int
    kind: str
    kind_score: float
    fields: tuple[Field, ...]
    items: tuple[tuple[Field, ...], ...]
    width: int
    height: int
    angle: int
    box: Box


class Made(msgspec.Struct, frozen=True):
    """A picture of the answer. ``what`` is figure, page or result; ``box`` is where on its page it comes from."""

    id: str
    what: str
    data: bytes
    mime: str
    width: int
    height: int
    page: int
    box: Box
    angle: int = 0


class Reading(msgspec.Struct, frozen=True):
    """The answer. ``total_pages`` is how many the document has; ``unread`` those that were left out for a limit.

    ``notes`` are for people: what could not be done or is doubtful. ``unused`` names options that had no effect.
    """

    text: str = ""
    markdown: str = ""
    pages: tuple[Page, ...] = ()
    tables: tuple[Table, ...] = ()
    bills: tuple[Bill, ...] = ()
    pictures: tuple[Made, ...] = ()
    total_pages: int = 0
    unread: int = 0
    notes: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


def texts_of(reading: Reading) -> list[str]:
    """Every text in a reading, each once."""
    lines = [line.text for page in reading.pages for line in page.lines]
    blocks = [block.text for page in reading.pages for block in page.blocks]
    cells = [cell.text for table in reading.tables for cell in table.cells]
    tables = [text for table in reading.tables for text in (table.markdown, table.html)]
    fields = [field for bill in reading.bills for group in (bill.fields, *bill.items) for field in group]
    bills = [text for field in fields for text in (field.text, field.value)]
    return unrepeated(
        [reading.text, reading.markdown, *("\n".join(texts) for texts in (lines, blocks, cells, tables, bills))]
    )


class DocumentDriver(Protocol):
    """How one dialect reads documents on a target (``providers/<name>/documents.py``)."""

    async def read(self, target: Target, request: DocumentRequest) -> Reading:
        """Raises GatewayErrors. Cancelling stops the work there at once."""
