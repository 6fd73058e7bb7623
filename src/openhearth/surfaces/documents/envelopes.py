"""Answers in Textin's envelope, for its own paths and for those of the platform we follow."""

from typing import Any

import msgspec

from openhearth.core.call import Principal
from openhearth.core.documents import Document, Options, Reading, Service
from openhearth.core.errors import RequestError
from openhearth.dialects.textin.answer import Show, bill_pages, envelope, in_base64, metrics, result_of
from openhearth.media.sources import Asker
from openhearth.relay.work import Work
from openhearth.surfaces.documents.marks import NOT_A_PAGE, Marks
from openhearth.surfaces.documents.reading import Readings, together
from openhearth.surfaces.http import Json

VERSION = "openhearth-1"
LINKS, BYTES = "url", "b64_json"


class Want(msgspec.Struct, frozen=True):
    """What is to be read and how the answer is to look. ``as_links``: pictures as links, not base64."""

    service: Service
    documents: list[Document]
    options: Options
    asked: frozenset[str]
    principal: Principal
    asker: Asker
    model: str
    as_links: bool
    dropped: tuple[str, ...] = ()
    page_details: bool = True
    markdown_details: bool = True


class Envelopes:
    """Reads and answers."""

    def __init__(self, readings: Readings, marks: Marks) -> None:
        self._readings = readings
        self._marks = marks

    async def answer(self, work: Work, want: Want) -> Json:
        """The whole answer of an admitted call. Raises GatewayErrors."""
        try:
            reading = together(await self._readings.read(work, want.service, want.documents, want.options, want.asked))
        except RequestError as error:
            reading = await self.without_page(work, want, error)
        return await self.shown(work, want, reading)

    async def shown(self, work: Work, want: Want, reading: Reading) -> Json:
        """A reading in its envelope."""
        show = await self._show(reading, work, want)
        result = result_of(
            want.service,
            reading,
            show,
            page_details=want.page_details,
            markdown_details=want.markdown_details,
        )
        more: dict[str, Any] = {"metrics": metrics(reading, want.options.dpi)}
        if want.service is Service.BILL:
            result, more["pages"] = {}, bill_pages(reading)
            more["pageNum"] = len(reading.pages)
        if reading.notes:
            more["notes"] = list(reading.notes)
        body = envelope(result, request_id=work.call.id, duration_ms=work.elapsed_ms, version=VERSION, **more)
        return Json(body, headers=work.headers((*want.dropped, *reading.unused)))

    async def without_page(self, work: Work, want: Want, error: RequestError) -> Reading:
        """What the picture tools make of a watermark on what is no page. Raises ``error`` when they are not asked."""
        if error.code != NOT_A_PAGE or len(want.documents) != 1:
            raise error
        reading = await self._marks.removed(want.principal, want.documents[0], error)
        self._readings.count(work, 1)
        return reading

    async def _show(self, reading: Reading, work: Work, want: Want) -> Show:
        """How pictures are written: as base64, or each kept and its link."""
        if not want.as_links:
            return in_base64
        links = {
            made.id: await self._readings.link(made, want.service, want.asker, work, want.model)
            for made in reading.pictures
        }
        return lambda made: links[made.id]


def wants_links(wanted: str | None) -> bool:
    """``response_format`` of these paths: ``url``, or ``b64_json`` and nothing for base64. Raises RequestError."""
    if wanted not in (None, "", LINKS, BYTES):
        raise RequestError(
            f"'response_format' is '{LINKS}' or '{BYTES}'.", param="response_format", code="invalid_value"
        )
    return wanted == LINKS
