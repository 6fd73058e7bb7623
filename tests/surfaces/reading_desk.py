"""The document surfaces over real relay, sources and gallery, with a driver that says what it was asked."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.documents import (
    Bill,
    Block,
    Cell,
    Document,
    DocumentRequest,
    Field,
    Line,
    Made,
    Page,
    Reading,
    Service,
    Table,
)
from openhearth.core.errors import GatewayError, RequestError
from openhearth.core.media import ImageDriver
from openhearth.core.money import Price
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.providers.textin.documents import TextinDriver
from openhearth.relay.pictures import Pictures
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.surfaces.documents.envelopes import Envelopes
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.intelligence import Intelligence
from openhearth.surfaces.documents.marks import Marks
from openhearth.surfaces.documents.ocr import Ocr
from openhearth.surfaces.documents.reading import Readings
from openhearth.surfaces.documents.textin import Textin
from openhearth.surfaces.media import MediaPages
from openhearth.transport.fetch import Fetched
from openhearth.transport.wire import Deadlines
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import Answer, ask
from tests.fakes.media import Editor, MemoryBlobs, MemoryFiles, MemoryPictures, png
from tests.surfaces.routed import Routed, routed

OWNER = "owner_1"
BOX = (10, 20, 110, 20, 110, 40, 10, 40)
PDF = b"%PDF-1.4 a document"
URL = "https://papers.test/report.pdf"


def page(number: int = 1) -> Page:
    """A page of one line, a title and a table."""
    line = Line("Report 报告", 0.98, BOX)
    blocks = (
        Block("title", "# Report 报告", BOX, level=1),
        Block("table", "| a |", BOX, table=0),
        Block("footer", "7", BOX),
        Block("figure", f"![](page{number}-figure1)", BOX, picture=f"page{number}-figure1"),
    )
    return Page(number, 600, 800, 0, True, (line,), blocks, took_ms=12)


TABLE = Table(1, 1, 2, (Cell(0, 0, 1, 2, "a", BOX),), BOX, True, "| a |", "<table></table>")
FIGURE = Made("page1-figure1", "figure", png(5, 4), "image/png", 5, 4, 1, BOX)
BILL = Bill(
    1, "shop_receipt", 0.9, (Field("total", "128.50", "¥128.50", 0.97, BOX),),
    ((Field("name", "茶", "茶", 0.9, BOX), Field("amount", "5.00", "5.00", 0.9, BOX)),), 600, 800, 90, BOX,
)  # fmt: skip


def reading(request: DocumentRequest) -> Reading:
    """A reading that fits the service."""
    if request.service in (Service.ENHANCE, Service.DEWARP, Service.WATERMARK):
        made = Made("result1", "result", png(6, 7), "image/png", 6, 7, 1, BOX, 90)
        return Reading(pages=(Page(1, 600, 800, 90, True),), pictures=(made,), total_pages=1, notes=("a note",))
    if request.service is Service.BILL:
        return Reading("Report", "", (Page(1, 600, 800, 0, True),), bills=(BILL,), total_pages=1)
    return Reading(
        "Report 报告", "# Report 报告\n\n![](page1-figure1)", (page(),), (TABLE,), pictures=(FIGURE,), total_pages=3,
        unused=("mode",) if "mode" in request.asked else (),
    )  # fmt: skip


class Driver:
    """Reads as ``reading`` says, or fails."""

    def __init__(self) -> None:
        self.requests: list[DocumentRequest] = []
        self.fails: GatewayError | None = None
        self.refuses = b""

    async def read(self, target: Target, request: DocumentRequest) -> Reading:
        self.requests.append(request)
        if self.fails is not None:
            raise self.fails
        if request.document.data == self.refuses:
            raise RequestError("Broken.", code="document_damaged", param="file")
        return reading(request)


class Web:
    """A fetcher with a few known addresses."""

    def __init__(self) -> None:
        self.pages: dict[str, Fetched] = {URL: Fetched(PDF, "application/pdf", URL)}

    async def get(self, url: str, *, most_bytes: int | None = None) -> Fetched:
        if url not in self.pages:
            raise RequestError("That address may not be fetched.", code="url_refused")
        return self.pages[url]


class Desk:
    """Everything a test looks at."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.driver = Driver()
        self.editor = Editor()
        self.files = MemoryFiles()
        self.web = Web()
        self.app: Routed

    def make(self, relay: Relay, calls: Calls) -> list[BaseRoute]:
        gallery = Gallery(MemoryPictures(), MemoryBlobs(), b"a secret of sixteen")
        sources = Sources(gallery, self.files, self.web, most_bytes=1_000_000)
        drivers: dict[Dialect, ImageDriver] = {Dialect.LOCAL_EDIT: self.editor}
        pictures = Pictures(relay.gate, relay.router, drivers, relay.meter)
        textin = TextinDriver(relay.client, Deadlines())
        readings = Readings(
            calls, {Dialect.LOCAL_DOCUMENTS: self.driver, Dialect.TEXTIN_DOCUMENTS: textin}, gallery, self.config
        )
        finder = Finder(sources, self.files, self.web, most_bytes=self.config.documents.file_bytes)
        envelopes = Envelopes(readings, Marks(pictures))
        gate = relay.gate
        return [
            *Ocr(gate, readings, finder, self.config).routes(),
            *Intelligence(gate, readings, envelopes, finder, self.config).routes(),
            *Textin(gate, readings, envelopes, finder, textin, self.config).routes(),
            *MediaPages(gate, gallery, public_url="").routes(),
        ]

    async def post(self, path: str, body: object, *, key: str = GOOD_KEY, **headers: str) -> Answer:
        """JSON, or bytes of a declared kind."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"content-type": "application/json"} if not isinstance(body, bytes) else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        access = {"authorization": f"Bearer {key}"} if key else {}
        return await ask(self.app.app, "POST", path, headers={**access, **kind, **named}, body=data)

    async def get(self, url: str) -> Answer:
        return await ask(self.app.app, "GET", url.partition("gate.test")[2])

    @property
    def asked(self) -> DocumentRequest:
        """The last request of the driver."""
        return self.driver.requests[-1]

    @property
    def document(self) -> Document:
        return self.asked.document


def local(model: str = "rapid-ocr", **changes: Any) -> Target:
    """The embedded reader."""
    speaks: Mapping[Operation, Dialect] = {Operation.READ_DOCUMENT: Dialect.LOCAL_DOCUMENTS}
    provider = Provider("reader", "reader", "unix:", speaks=dict(speaks), auth="none")
    return Target(changes.pop("id", "rapid-ocr"), provider, Origin("http", "127.0.0.1", 1), "", model, **changes)


def editor() -> Target:
    """The embedded picture editor."""
    provider = Provider("editor", "editor", "unix:", speaks={Operation.IMAGE_TOOL: Dialect.LOCAL_EDIT}, auth="none")
    return Target("local-edit", provider, Origin("http", "127.0.0.1", 1), "", "local-edit")


@asynccontextmanager
async def desk(
    *targets: Target, config: Config | None = None, stand_ins: Mapping[str, str] | None = None
) -> AsyncIterator[Desk]:
    made = Desk(config)
    catalog: dict[str, Any] = {"stand_ins": stand_ins} if stand_ins else {}
    async with routed(
        made.make, targets or (local(price=Price(request_micros=7)),), config=made.config, **catalog
    ) as app:
        made.app = app
        yield made


def data_uri(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{b64encode(data).decode()}"
