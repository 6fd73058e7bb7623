"""Files without pages, or with pages of their own kind (slides, sheets, chapters), as Markdown."""

from collections.abc import Callable, Sized

from openhearth.core.documents import DocumentRequest, Options, Page, Reading
from openhearth.core.errors import GatewayError
from openhearth.engines.read_document.faults import damaged, too_large
from openhearth.engines.read_document.files.kinds import Kind, kind_of, text_of
from openhearth.engines.read_document.files.leaves import chosen
from openhearth.engines.read_document.limits import MOST_TEXT_CHARS, Limits
from openhearth.engines.read_document.office.book import Book
from openhearth.engines.read_document.office.pictures import Collected
from openhearth.engines.read_document.office.sheets import Sheets, csv_markdown
from openhearth.engines.read_document.office.slides import Slides
from openhearth.engines.read_document.office.web import html_markdown
from openhearth.engines.read_document.office.word import word_markdown

_PAGED = frozenset({Kind.SLIDES, Kind.SHEETS, Kind.BOOK})
_WITH_PICTURES = frozenset({Kind.WORD, Kind.SLIDES})
_WITH_TABLES = frozenset({Kind.WORD, Kind.SLIDES, Kind.SHEETS, Kind.BOOK, Kind.WEB, Kind.CSV})


def convert(request: DocumentRequest, limits: Limits) -> Reading:
    """Raises RequestError, TooLarge and UnsupportedMedia."""
    kind = kind_of(request.document)
    pictures = Collected(request.options, limits.pictures)
    try:
        parts, total, unread = _parts(kind, request.document.data, request.options, limits, pictures)
    except (GatewayError, MemoryError):
        raise
    except RecursionError as error:
        raise too_large("The document nests too deeply.") from error
    except Exception as error:  # parsers of hostile files fail in every way there is
        raise damaged() from error
    text = "\n\n".join(part for part in parts if part)
    if len(text) > MOST_TEXT_CHARS:
        raise too_large(f"The document holds more than {MOST_TEXT_CHARS:,} characters.")
    first = request.options.page_start if kind in _PAGED else 1
    return Reading(
        text=text,
        markdown=text,
        pages=tuple(Page(first + number, 0, 0, 0, is_scan=False) for number in range(len(parts))),
        pictures=tuple(pictures.pictures),
        total_pages=total,
        unread=unread,
        notes=pictures.notes,
        unused=_unused(kind, request.asked),
    )


def _parts(
    kind: Kind, data: bytes, options: Options, limits: Limits, pictures: Collected
) -> tuple[list[str], int, int]:
    """Markdown of each part that is to be read, how many parts there are, and how many were too many."""
    if kind is Kind.SLIDES:
        slides = Slides(data)
        return _read(slides, options, limits, lambda number: slides.markdown(number, options, pictures))
    if kind is Kind.SHEETS:
        sheets = Sheets(data)
        return _read(sheets, options, limits, lambda number: sheets.markdown(number, options))
    if kind is Kind.BOOK:
        book = Book(data)
        return _read(book, options, limits, lambda number: book.markdown(number, options))
    whole = {
        Kind.WORD: lambda: word_markdown(data, options, pictures),
        Kind.WEB: lambda: html_markdown(text_of(data), options.tables),
        Kind.CSV: lambda: csv_markdown(data, options),
        Kind.MARKDOWN: lambda: text_of(data),
        Kind.TEXT: lambda: text_of(data),
    }
    return [whole[kind]()], 1, 0


def _read(parts: Sized, options: Options, limits: Limits, markdown: Callable[[int], str]) -> tuple[list[str], int, int]:
    if not len(parts) and options.page_start == 1:  # a presentation without slides holds nothing, and is read
        return [], 0, 0
    numbers, unread = chosen(len(parts), options, limits.pages)
    return [markdown(number) for number in numbers], len(parts), unread


def _unused(kind: Kind, asked: frozenset[str]) -> tuple[str, ...]:
    used = {"page_start", "page_count"} if kind in _PAGED else set()
    used |= {"pictures"} if kind in _WITH_PICTURES else set()
    used |= {"tables"} if kind in _WITH_TABLES else set()
    return tuple(sorted(asked - used))
