"""POST /v1/images/generations, /v1/images/edits and /v1/images/variations: pictures by JSON or form, whole or streamed.

A result is a link to our own storage unless ``response_format`` is ``b64_json`` or the model is one of OpenAI's GPT
image models, which always answer bytes.
"""

import re
import time
from collections.abc import Callable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.gate import Gate
from openhearth.relay.pictures import Pictures
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Route, principal_of
from openhearth.surfaces.picture_bodies import STRUCTURAL, Order, read_order
from openhearth.surfaces.picture_fields import PICTURE_FIELDS, prompt_of, read_request, unknown
from openhearth.surfaces.picture_jobs import Job, Jobs, wants_bytes

_DEFAULTS: Mapping[Operation, str] = {
    Operation.IMAGE_GENERATE: "local-poster",
    Operation.IMAGE_EDIT: "local-edit",
    Operation.IMAGE_VARY: "local-edit",
}
_KNOWN = STRUCTURAL | PICTURE_FIELDS
_VARIED = STRUCTURAL - {"prompt", "mask", "stream"} | {
    "n", "size", "user", "seed", "output_format", "output_compression", "image_size", "batch_size",
}  # fmt: skip
_SUFFIX = re.compile(r"(.+)[_-]([124])k", re.IGNORECASE)
_PATHS = ("generations", "edits", "variations")


class Images:
    """The three routes. ``now`` is unix seconds."""

    def __init__(
        self,
        gate: Gate,
        pictures: Pictures,
        gallery: Gallery,
        sources: Sources,
        config: Config,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._gate = gate
        self._pictures = pictures
        self._jobs = Jobs(gallery, sources, config.limits)
        self._config = config
        self._now = now

    def routes(self) -> list[BaseRoute]:
        answers = (self._generate, self._edit, self._vary)
        return [
            Route(f"/v1/images/{path}", answer, methods=["POST"], permission=Permission.CALL)
            for path, answer in zip(_PATHS, answers, strict=True)
        ]

    async def _generate(self, request: Request) -> Response:
        return await self._answer(request, Operation.IMAGE_GENERATE)

    async def _edit(self, request: Request) -> Response:
        return await self._answer(request, Operation.IMAGE_EDIT)

    async def _vary(self, request: Request) -> Response:
        return await self._answer(request, Operation.IMAGE_VARY)

    async def _answer(self, request: Request, path_operation: Operation) -> Response:
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config.limits)
        operation = _operation(order, path_operation)
        asked = self._request(principal, order, operation)
        self._check_picture(principal, order, asked)
        as_bytes = wants_bytes(order.fields, asked.model)
        known = _VARIED if operation is Operation.IMAGE_VARY else _KNOWN
        dropped = unknown(order.names, known, strict=self._config.strict_fields)
        stream = operation is not Operation.IMAGE_VARY and (order.fields.get("stream", bool) or False)
        asker = asker_of(request, principal, self._config.server.public_url)
        work = await self._pictures.open(principal, operation, asked.model, n=asked.n, stream=stream)
        if work.passes_on(operation):
            dropped = tuple(name for name in dropped if name in STRUCTURAL)  # these are never passed on as they are
        job = Job(order, asked, work, asker, as_bytes, int(self._now()), dropped)
        return await self._jobs.answer(request, job, stream=stream)

    def _check_picture(self, principal: Principal, order: Order, asked: ImageRequest) -> None:
        """Raises RequestError when a picture is missing for a model that only edits."""
        if order.pictures or self._pictures.answers(principal, Operation.IMAGE_GENERATE, asked.model):
            return
        if self._pictures.answers(principal, Operation.IMAGE_EDIT, asked.model):
            raise RequestError(
                f"The model '{asked.model[:100]}' edits pictures: give one as 'image'.",
                param="image",
                code="missing_image",
            )

    def _request(self, principal: Principal, order: Order, operation: Operation) -> ImageRequest:
        model = order.fields.get("model", str) or _DEFAULTS[operation]
        prompt = prompt_of(order.fields, is_needed=operation is not Operation.IMAGE_VARY)
        request = read_request(
            order.fields, model, names=order.names, per_call=self._config.media.per_call, extras=order.extras
        )
        model, size = self._sized(principal, operation, request)
        return msgspec.structs.replace(request, operation=operation, prompt=prompt, model=model, size=size)

    def _sized(self, principal: Principal, operation: Operation, request: ImageRequest) -> tuple[str, str]:
        """Model and size, where a name such as ``seedream_4k`` holds both."""
        match = _SUFFIX.fullmatch(request.model)
        if match is None or self._pictures.answers(principal, operation, request.model):
            return request.model, request.size
        size = f"{match[2]}K" if request.size in ("auto", "adaptive") else request.size
        return match[1], size


def _operation(order: Order, path_operation: Operation) -> Operation:
    """What is asked: a picture given to ``generations`` is edited. Raises RequestError for a wrong number of them."""
    if path_operation is Operation.IMAGE_GENERATE:
        return Operation.IMAGE_EDIT if order.pictures else path_operation
    if not order.pictures:
        what = "vary" if path_operation is Operation.IMAGE_VARY else "edit"
        raise RequestError(f"Give the picture to {what} as 'image'.", param="image", code="missing_image")
    if path_operation is Operation.IMAGE_VARY and len(order.pictures) > 1:
        raise RequestError("A variation is made of one picture.", param="image", code="too_many_images")
    return path_operation
