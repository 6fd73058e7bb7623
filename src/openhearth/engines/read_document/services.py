"""What is asked of a document, done: each service from opened pages to an answer."""

import importlib
import time
from collections.abc import Callable, Iterator

import msgspec

from openhearth.core.documents import DocumentRequest, Options, Reading, Service
from openhearth.core.errors import UnsupportedMedia
from openhearth.engines.read_document.answers import Answer
from openhearth.engines.read_document.bills.reading import bill_of
from openhearth.engines.read_document.files.kinds import Kind, kind_of
from openhearth.engines.read_document.files.leaves import PAGED, Opened, open_pages
from openhearth.engines.read_document.files.picture import Pixels
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.ocr.reader import Reader
from openhearth.engines.read_document.pages import Eyes, Leaf
from openhearth.engines.read_document.paper.cleaning import Cleaned, improved, unwarped, without_watermark

_CONVERTING = "openhearth.engines.read_document.office.converting"
_OF_PAGES = frozenset({"page_start", "page_count"})
_OF_PDFS = frozenset({"dpi", "scan", "password"})
_OF_TEXT = frozenset({"tables", "titles", "pictures", "quality", "output_format"})
_OF_PICTURES = frozenset({"mode", "crop", "quality", "output_format"})

Work = Callable[[Pixels, Options, Reader], Cleaned]


class Services:
    """Everything this engine does. ``turned`` is told the number of each page before it is read."""

    def __init__(self, eyes: Eyes, limits: Limits, turned: Callable[[int], None] = lambda page: None) -> None:
        self._eyes = eyes
        self._turned = turned
        self._limits = limits
        self._by_name: dict[Service, Callable[[DocumentRequest], Reading]] = {
            Service.TEXT: self._text,
            Service.MARKDOWN: self._markdown,
            Service.TABLES: self._tables,
            Service.BILL: self._bill,
            Service.ENHANCE: self._enhance,
            Service.DEWARP: self._dewarp,
            Service.WATERMARK: self._watermark,
        }

    def do(self, request: DocumentRequest) -> Reading:
        """Raises RequestError, TooLarge and UnsupportedMedia."""
        return self._by_name[request.service](request)

    def _text(self, request: DocumentRequest) -> Reading:
        answer = self._seen(request)
        return answer.reading(unused=_unused(request, _OF_PAGES | _OF_TEXT))

    def _markdown(self, request: DocumentRequest) -> Reading:
        if kind_of(request.document) not in PAGED:
            converting = importlib.import_module(_CONVERTING)  # its parsers are heavy, and most documents are pages
            reading: Reading = converting.convert(request, self._limits)
            return reading
        return self._text(request)

    def _tables(self, request: DocumentRequest) -> Reading:
        answer = self._seen(request)
        return answer.tables_only(unused=_unused(request, _OF_PAGES | {"tables"}))

    def _bill(self, request: DocumentRequest) -> Reading:
        opened = self._opened(request)
        answer = Answer(request.options, opened.total, opened.unread, self._limits.pictures)
        for leaf in opened.leaves:
            began = time.monotonic()
            upright = self._eyes.text(leaf, flatten=True)
            answer.bills.append(bill_of(leaf, upright))
            answer.add_text(leaf, upright, _ms_since(began))
        return answer.reading(unused=_unused(request, _OF_PAGES))

    def _enhance(self, request: DocumentRequest) -> Reading:
        return self._pictures(request, improved, _OF_PAGES | _OF_PICTURES)

    def _dewarp(self, request: DocumentRequest) -> Reading:
        return self._pictures(request, unwarped, _OF_PAGES | {"quality", "output_format"})

    def _watermark(self, request: DocumentRequest) -> Reading:
        return self._pictures(request, without_watermark, _OF_PAGES | {"quality", "output_format"})

    def _pictures(self, request: DocumentRequest, work: Work, used: frozenset[str]) -> Reading:
        opened = self._opened(request)
        answer = Answer(request.options, opened.total, opened.unread, self._limits.pictures)
        for leaf in opened.leaves:
            began = time.monotonic()
            cleaned = work(leaf.pixels, request.options, self._eyes.reader)
            answer.add_result(leaf, cleaned, _ms_since(began))
        return answer.reading(unused=_unused(request, used))

    def _seen(self, request: DocumentRequest) -> Answer:
        opened = self._opened(request)
        answer = Answer(request.options, opened.total, opened.unread, self._limits.pictures)
        for leaf in opened.leaves:
            answer.add_seen(leaf, self._eyes.see(leaf))
        return answer

    def _opened(self, request: DocumentRequest) -> Opened:
        kind = kind_of(request.document)
        if kind not in PAGED:
            raise UnsupportedMedia(
                f"This service reads pictures and PDFs; for {kind.upper()} ask pdf_to_markdown. "
                "此服务只支持图片和 PDF，其他文件请用 pdf_to_markdown。",
                code="document_unsupported",
                param="file",
            )
        opened = open_pages(request.document, request.options, self._limits)
        return msgspec.structs.replace(opened, leaves=self._told(opened.leaves))

    def _told(self, leaves: Iterator[Leaf]) -> Iterator[Leaf]:
        for leaf in leaves:
            self._turned(leaf.number)
            yield leaf


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _unused(request: DocumentRequest, used: frozenset[str]) -> tuple[str, ...]:
    """Options that were sent and have no meaning here."""
    heeded = used | _OF_PDFS if kind_of(request.document) is Kind.PDF else used
    return tuple(sorted(request.asked - heeded))
