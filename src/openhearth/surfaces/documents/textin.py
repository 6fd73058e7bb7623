"""Textin's own paths: pdf_to_markdown, image/watermark_remove and crop_enhance_image, its query and its envelope.

Where Textin itself is attached its answers go through as they came. The body is the file, a bare URL, or JSON with
``data`` (``image`` for the watermark) as a link or base64, as the platform we follow takes it.
"""

from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.documents import DocumentRequest, Made, Reading, Service
from openhearth.core.errors import NotTranslatable, RequestError, UpstreamGarbled
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.pictures import from_base64, made_from
from openhearth.core.provider import Dialect, Target
from openhearth.dialects.textin import errors
from openhearth.dialects.textin.errors import SUCCESS
from openhearth.dialects.textin.options import read_options
from openhearth.dialects.textin.upstream import PATHS, fault
from openhearth.relay.gate import Gate
from openhearth.relay.work import Work
from openhearth.surfaces.documents.bodies import Order, read_order
from openhearth.surfaces.documents.envelopes import Envelopes, Want, wants_links
from openhearth.surfaces.documents.finding import Finder
from openhearth.surfaces.documents.reading import Readings
from openhearth.surfaces.family import Endpoint, Renamed, told_by
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Json, Route, identified, principal_of
from openhearth.surfaces.work_answers import whole

_MODEL = "textin"
_OURS = frozenset({"model", "response_format"})
_SECRET = "x-ti-secret-code"


class Relay(Protocol):
    """``providers.textin.documents.TextinDriver``."""

    async def relay(self, target: Target, path: str, data: bytes) -> bytes: ...


class Textin:
    """The routes. ``relay`` hands a call to Textin as it is."""

    def __init__(
        self, gate: Gate, readings: Readings, envelopes: Envelopes, finder: Finder, relay: Relay, config: Config
    ) -> None:
        self._gate = gate
        self._readings = readings
        self._envelopes = envelopes
        self._finder = finder
        self._relay = relay
        self._config = config

    def routes(self) -> list[BaseRoute]:
        return [
            Route(
                f"/textin/v1/{path}",
                told_by(errors, self._endpoint(service)),
                methods=["POST"],
                permission=Permission.CALL,
            )
            for path, service in (
                ("pdf_to_markdown", Service.MARKDOWN),
                ("image/watermark_remove", Service.WATERMARK),
                ("crop_enhance_image", Service.ENHANCE),
            )
        ]

    def _endpoint(self, service: Service) -> Endpoint:
        async def serve(request: Request) -> Response:
            return await self._serve(request, service)

        return serve

    async def _serve(self, request: Request, service: Service) -> Response:
        principal = await self._principal(request)
        order = await read_order(request, self._config, named="data")
        texts = order.fields.texts()
        asked = read_options({name: text for name, text in texts.items() if name not in _OURS})
        if asked.dropped and self._config.strict_fields:
            raise NotTranslatable(f"'{asked.dropped[0][:64]}' has no meaning here.", param=asked.dropped[0][:64])
        asker = asker_of(request, principal, self._config.server.public_url)
        if len(order.sources) != 1:
            raise RequestError("One document in one call.", param="data", code="too_many_images")
        documents = await self._finder.all(order.sources, asker)
        model = order.fields.get("model", str) or _MODEL
        want = Want(
            service=service,
            documents=documents,
            options=asked.options,
            asked=asked.asked,
            principal=principal,
            asker=asker,
            model=model,
            as_links=wants_links(order.fields.get("response_format", str)),
            dropped=asked.dropped,
            page_details=asked.page_details,
            markdown_details=asked.markdown_details,
        )
        work = await self._readings.open(principal, model)
        told = Renamed(errors, {**order.renamed, "password": "pdf_pwd"})
        return await whole(request, work, self._answer(work, want, _query(order)), told)

    async def _principal(self, request: Request) -> Principal:
        """Our key as any other client sends it, or where Textin's clients put their secret code."""
        secret = request.headers.get(_SECRET, "")
        if secret and "authorization" not in request.headers:
            return await identified(request, self._gate, secret.encode("latin-1"))
        return await principal_of(request, self._gate)

    async def _answer(self, work: Work, want: Want, query: str) -> Response:
        is_relayed = not self._readings.looks_into(want.principal)  # what is moderated must be understood

        async def attempt(target: Target) -> Reading | bytes:
            if target.speaks(Operation.READ_DOCUMENT) is Dialect.TEXTIN_DOCUMENTS and is_relayed:
                return await self._relayed(target, want, query)
            asked = DocumentRequest(want.service, want.documents[0], want.options, want.asked)
            return await self._readings.driver(target).read(target, asked)

        try:
            found = await work.one(attempt)
            if isinstance(found, Reading):
                self._readings.count(work, max(1, len(found.pages)))
                await self._readings.look_into(work, [found])
        except RequestError as error:
            found = await self._envelopes.without_page(work, want, error)
        if isinstance(found, Reading):
            return await self._envelopes.shown(work, want, found)
        return await self._passed_on(found, work, want)

    async def _relayed(self, target: Target, want: Want, query: str) -> bytes:
        """Textin's answer as it came. Raises what it says went wrong."""
        body = await self._relay.relay(target, PATHS[want.service] + query, want.documents[0].data)
        said = _decoded(body, target.id)
        if said.get("code") != SUCCESS:
            raise fault(said, body, target.id)
        return body

    async def _passed_on(self, body: bytes, work: Work, want: Want) -> Response:
        """The bytes as they are, unless pictures are wanted as links."""
        said = _decoded(body, work.target_id)
        result = said.get("result") or {}
        pages = result.get("success_count") or result.get("valid_page_number") or 1
        self._readings.count(work, pages if isinstance(pages, int) else 1)
        if not want.as_links:
            return Response(body, media_type="application/json", headers=work.headers())
        for holder in [result, *(result.get("image_list") or [])]:
            if isinstance(holder, dict) and isinstance(holder.get("image"), str):
                holder["image"] = await self._link(holder["image"], work, want)
        return Json(said, headers=work.headers())

    async def _link(self, data: str, work: Work, want: Want) -> str:
        picture = made_from(from_base64(data, work.target_id), work.target_id)
        made = Made(
            "result", "result", picture.data, picture.mime, picture.width, picture.height, 1, (0, 0, 0, 0, 0, 0, 0, 0)
        )
        return await self._readings.link(made, want.service, want.asker, work, want.model)


def _query(order: Order) -> str:
    """What goes on to Textin: everything but what is ours."""
    pairs = [(name, text) for name, text in order.fields.texts().items() if name not in _OURS]
    return f"?{urlencode(pairs)}" if pairs else ""


def _decoded(body: bytes, name: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} sent an answer we cannot read.", target=name) from error
