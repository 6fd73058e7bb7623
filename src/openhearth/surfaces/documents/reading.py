"""One call for documents: admitted, read on the first target that can, counted in pages, settled once."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from openhearth.config import Config
from openhearth.core.call import Principal, Usage
from openhearth.core.documents import (
    Block,
    Document,
    DocumentDriver,
    DocumentRequest,
    Made,
    Options,
    Page,
    Reading,
    Service,
    texts_of,
)
from openhearth.core.errors import RequestError
from openhearth.core.media import MadePicture
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.media.gallery import Gallery
from openhearth.media.gallery import Made as Origin
from openhearth.media.sources import Asker
from openhearth.relay.screen import Screen, checks_output
from openhearth.relay.work import Calls, Work

EMBEDDED = "rapid-ocr"
_WHOLE_UNREAD = 1


class Readings:
    """Opens and does calls. ``drivers`` read, each in its dialect. ``screen`` moderates for the keys that are held to
    it."""

    def __init__(
        self,
        calls: Calls,
        drivers: Mapping[Dialect, DocumentDriver],
        gallery: Gallery,
        config: Config,
        *,
        screen: Screen | None = None,
    ) -> None:
        self._screen = screen
        self._calls = calls
        self._drivers = drivers
        self._gallery = gallery
        self._config = config

    async def open(self, principal: Principal, model: str, documents: int = 1) -> Work:
        """Raises NotFound, Forbidden, BudgetSpent and NoTargetLeft."""
        worst = Usage(pages=self._config.documents.pages * documents)
        return await self._calls.open(principal, Operation.READ_DOCUMENT, model, dialects=self._drivers, worst=worst)

    async def read(
        self, work: Work, service: Service, documents: Sequence[Document], options: Options, asked: frozenset[str]
    ) -> list[Reading]:
        """Every document read, on one target. Raises GatewayErrors; cancelling stops the work there."""

        async def attempt(target: Target) -> list[Reading]:
            driver = self.driver(target)
            found = []
            for number, document in enumerate(documents, 1):
                try:
                    found.append(await driver.read(target, DocumentRequest(service, document, options, asked)))
                except RequestError as error:
                    if len(documents) > 1:
                        error.message = f"Document {number}: {error.message}"
                    raise
            return found

        readings = await work.one(attempt)
        self.count(work, sum(pages_of(reading) for reading in readings))
        await self.look_into(work, readings)
        return readings

    def looks_into(self, principal: Principal) -> bool:
        """Whether what is read for this caller is moderated."""
        return self._screen is not None and checks_output(principal)

    async def look_into(self, work: Work, readings: Sequence[Reading]) -> None:
        """Moderate texts and pictures of an answer, for a key that is held to it. Raises as ``Screen.after``."""
        if self._screen is None or not checks_output(work.call.principal):
            return
        texts = [text for reading in readings for text in await asyncio.to_thread(texts_of, reading)]
        await self._screen.after(work, texts, [made for reading in readings for made in reading.pictures])

    def driver(self, target: Target) -> DocumentDriver:
        """Who reads on ``target``."""
        return self._drivers[target.provider.speaks[Operation.READ_DOCUMENT]]

    def count(self, work: Work, pages: int) -> None:
        """Pages are what is paid for."""
        work.call.usage.pages = pages
        work.call.usage.source = "counted"

    async def link(self, made: Made, service: Service, asker: Asker, work: Work, model: str) -> str:
        """Keep a picture of an answer; the signed link to it."""
        picture = MadePicture(made.data, made.mime, made.width, made.height, ({"op": service.value},))
        origin = Origin(asker.owner, ("data",), service.value, model, work.target_id)
        return self._gallery.link(asker.home, await self._gallery.keep(picture, origin))


def pages_of(reading: Reading) -> int:
    """How many pages were read; a file without pages is one."""
    return len(reading.pages) or _WHOLE_UNREAD


def together(readings: Sequence[Reading]) -> Reading:
    """Several documents as one: pages counted on, pictures told apart."""
    whole = readings[0]
    for number, reading in enumerate(readings[1:], 2):
        pages_before = max((page.number for page in whole.pages), default=0)
        more = _moved(_renamed(reading, f"document{number}-"), pages_before, len(whole.tables))
        whole = Reading(
            text=f"{whole.text}\n\n{more.text}".strip(),
            markdown=f"{whole.markdown}\n\n{more.markdown}".strip(),
            pages=(*whole.pages, *more.pages),
            tables=(*whole.tables, *more.tables),
            bills=(*whole.bills, *more.bills),
            pictures=(*whole.pictures, *more.pictures),
            total_pages=whole.total_pages + more.total_pages,
            unread=whole.unread + more.unread,
            notes=tuple(dict.fromkeys((*whole.notes, *more.notes))),
            unused=tuple(dict.fromkeys((*whole.unused, *more.unused))),
        )
    return whole


def _renamed(reading: Reading, before: str) -> Reading:
    """Pictures with ``before`` in front of their ids, wherever those stand."""
    markdown = reading.markdown
    for made in reading.pictures:
        markdown = markdown.replace(f"]({made.id})", f"]({before}{made.id})")
    pages = tuple(
        _with_blocks(
            page,
            lambda block: (
                replace(
                    block,
                    picture=f"{before}{block.picture}",
                    text=block.text.replace(f"]({block.picture})", f"]({before}{block.picture})"),
                )
                if block.picture
                else block
            ),
        )
        for page in reading.pages
    )
    pictures = tuple(replace(made, id=before + made.id) for made in reading.pictures)
    return replace(reading, markdown=markdown, pages=pages, pictures=pictures)


def _moved(reading: Reading, pages: int, tables: int) -> Reading:
    """Numbers of pages and tables counted on."""
    return replace(
        reading,
        pages=tuple(
            _with_blocks(
                replace(page, number=page.number + pages),
                lambda block: replace(block, table=block.table + tables) if block.table >= 0 else block,
            )
            for page in reading.pages
        ),
        tables=tuple(replace(one, page=one.page + pages) for one in reading.tables),
        bills=tuple(replace(one, page=one.page + pages) for one in reading.bills),
        pictures=tuple(replace(one, page=one.page + pages) for one in reading.pictures),
    )


def _with_blocks(page: Page, changed: Callable[[Block], Block]) -> Page:
    return replace(page, blocks=tuple(changed(block) for block in page.blocks))
