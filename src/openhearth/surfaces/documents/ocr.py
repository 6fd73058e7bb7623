"""POST /v1/ocr: the text of pictures and pages, line by line with places, and as Markdown."""

from base64 import b64encode
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.documents import Box, Reading, Service
from openhearth.core.errors import RequestError
from openhearth.core.permissions import Permission
from openhearth.dialects import openai_errors
from openhearth.relay.gate import Gate
from openhearth.relay.work import Work
from openhearth.surfaces.documents.bodies import Order, read_order
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.options import Chosen, read_options
from openhearth.surfaces.documents.reading import EMBEDDED, Readings, together
from openhearth.surfaces.family import Renamed
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Json, Route, principal_of
from openhearth.surfaces.work_answers import whole

_LONGEST_NAME = 256


class Ocr:
    """The route."""

    def __init__(self, gate: Gate, readings: Readings, finder: Finder, config: Config) -> None:
        self._gate = gate
        self._readings = readings
        self._finder = finder
        self._config = config

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/ocr", self._ocr, methods=["POST"], permission=Permission.CALL)]

    async def _ocr(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config)
        chosen = read_options(order.fields, strict=self._config.strict_fields)
        model = model_of(order)
        asker = asker_of(request, principal, self._config.server.public_url)
        documents = await self._finder.all(order.sources, asker)
        work = await self._readings.open(principal, model, len(documents))

        async def make() -> Response:
            readings = await self._readings.read(work, Service.TEXT, documents, chosen.options, chosen.asked)
            return _shown(together(readings), model, work, chosen)

        return await whole(request, work, make(), Renamed(openai_errors, order.renamed))


def model_of(order: Order) -> str:
    """The model that was named, else the embedded one. Raises RequestError."""
    model = order.fields.get("model", str) or EMBEDDED
    if len(model) > _LONGEST_NAME:
        raise RequestError("Field 'model' has at most 256 characters.", param="model", code="invalid_value")
    return model


def _shown(reading: Reading, model: str, work: Work, chosen: Chosen) -> Response:
    lines = [
        {
            "text": line.text,
            "score": round(line.score, 4),
            "box": _points(line.box),
            "page": page.number,
        }
        for page in reading.pages
        for line in page.lines
    ]
    pages = [
        {"page": page.number, "width": page.width, "height": page.height, "angle": page.angle, "is_scan": page.is_scan}
        for page in reading.pages
    ]
    body: dict[str, Any] = {
        "object": "ocr",
        "model": model,
        "text": reading.text,
        "lines": lines,
        "markdown": reading.markdown,
        "pages": pages,
        "total_pages": reading.total_pages,
        "usage": {"pages": work.call.usage.pages},
    }
    if reading.pictures:
        body["images"] = [
            {
                "id": made.id,
                "page": made.page,
                "box": _points(made.box),
                "width": made.width,
                "height": made.height,
                "mime": made.mime,
                "b64_json": b64encode(made.data).decode(),
            }
            for made in reading.pictures
        ]
    if reading.notes:
        body["notes"] = list(reading.notes)
    return Json(body, headers=work.headers((*chosen.dropped, *reading.unused)))


def _points(box: Box) -> list[list[int]]:
    """Four corners, x and y."""
    return [list(box[at : at + 2]) for at in range(0, 8, 2)]
