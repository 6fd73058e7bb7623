"""POST /aitools/v1/document-intelligence/{service}: one path per service, answers in Textin's envelope.

``response_format=url`` gives pictures as links in place of base64.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.documents import Service
from openhearth.core.errors import NotFound
from openhearth.core.permissions import Permission
from openhearth.dialects import openai_errors
from openhearth.relay.gate import Gate
from openhearth.surfaces.documents.bodies import read_order
from openhearth.surfaces.documents.envelopes import Envelopes, Want, wants_links
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.ocr import model_of
from openhearth.surfaces.documents.options import IN_ENVELOPES, read_options
from openhearth.surfaces.documents.reading import Readings
from openhearth.surfaces.family import Renamed
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Route, principal_of
from openhearth.surfaces.work_answers import whole

SERVICES = {
    "pdf_to_markdown": Service.MARKDOWN,
    "text_recognize_3d1": Service.TEXT,
    "table": Service.TABLES,
    "bill_recognize_v2": Service.BILL,
    "crop_enhance_image": Service.ENHANCE,
    "dewarp": Service.DEWARP,
    "watermark-remove": Service.WATERMARK,
}


class Intelligence:
    """The route."""

    def __init__(self, gate: Gate, readings: Readings, envelopes: Envelopes, finder: Finder, config: Config) -> None:
        self._gate = gate
        self._readings = readings
        self._envelopes = envelopes
        self._finder = finder
        self._config = config

    def routes(self) -> list[BaseRoute]:
        return [
            Route(
                "/aitools/v1/document-intelligence/{service}", self._serve, methods=["POST"], permission=Permission.CALL
            )
        ]

    async def _serve(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        service = SERVICES.get(request.path_params["service"])
        if service is None:
            raise NotFound(f"There is no such service. Services: {', '.join(SERVICES)}.", code="unknown_service")
        order = await read_order(request, self._config)
        chosen = read_options(order.fields, strict=self._config.strict_fields, also=IN_ENVELOPES)
        asker = asker_of(request, principal, self._config.server.public_url)
        as_links = wants_links(order.fields.get("response_format", str))
        model = model_of(order)
        documents = await self._finder.all(order.sources, asker)
        work = await self._readings.open(principal, model, len(documents))
        want = Want(
            service=service,
            documents=documents,
            options=chosen.options,
            asked=chosen.asked,
            principal=principal,
            asker=asker,
            model=model,
            as_links=as_links,
            dropped=chosen.dropped,
            page_details=chosen.page_details,
            markdown_details=chosen.markdown_details,
        )
        told = Renamed(openai_errors, order.renamed)
        return await whole(request, work, self._envelopes.answer(work, want), told)
