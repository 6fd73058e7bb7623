"""Documents: text, Markdown, tables, bills, pages made better."""

from starlette.routing import BaseRoute

from openhearth.app.parts import Parts
from openhearth.core.documents import DocumentDriver
from openhearth.core.provider import Dialect
from openhearth.providers.embedded.documents import LocalReadDriver
from openhearth.providers.textin.documents import TextinDriver
from openhearth.surfaces.documents.envelopes import Envelopes
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.intelligence import Intelligence
from openhearth.surfaces.documents.marks import Marks
from openhearth.surfaces.documents.ocr import Ocr
from openhearth.surfaces.documents.reading import Readings
from openhearth.surfaces.documents.textin import Textin


def routes(parts: Parts) -> list[BaseRoute]:
    """The drivers by wire form, and the three ways in."""
    relay, config = parts.relay, parts.config
    textin = TextinDriver(relay.client, parts.deadlines)
    drivers: dict[Dialect, DocumentDriver] = {
        Dialect.LOCAL_DOCUMENTS: LocalReadDriver(relay.client, relay.engines, parts.deadlines),
        Dialect.TEXTIN_DOCUMENTS: textin,
    }
    readings = Readings(parts.calls, drivers, parts.gallery, config, screen=parts.screen)
    finder = Finder(parts.sources, parts.library, parts.fetcher, most_bytes=config.documents.file_bytes)
    envelopes = Envelopes(readings, Marks(parts.pictures))
    return [
        *Ocr(relay.gate, readings, finder, config).routes(),
        *Intelligence(relay.gate, readings, envelopes, finder, config).routes(),
        *Textin(relay.gate, readings, envelopes, finder, textin, config).routes(),
    ]
