"""The picture tools: ``/aitools/v1/images`` (the task picks), ``/aitools/v1/images/edits`` (the model picks), Recraft's
own paths, and ``GET /beta/image`` for a picture by its address.

A tool runs on the embedded editor unless the client names another model: one with tools of its own, or one that edits
by words, which is then told in words.
"""

import time
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from typing_extensions import override

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.errors import NotFound, RequestError
from openhearth.core.media import ImageRequest
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.picture_tools import STYLES, Tool, with_options
from openhearth.dialects import openai_errors
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.gate import Gate
from openhearth.relay.pictures import Pictures
from openhearth.surfaces.aitools.tools import INSTRUCTIONS, read_options, tool_named
from openhearth.surfaces.family import Renamed, told_by
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Json, Route, principal_of
from openhearth.surfaces.picture_bodies import STRUCTURAL, Fields, Order, read_order
from openhearth.surfaces.picture_fields import PICTURE_FIELDS, prompt_of, read_request, unknown
from openhearth.surfaces.picture_jobs import Job, Jobs, wants_bytes
from openhearth.surfaces.work_answers import whole

EDITOR = "local-edit"
POSTER = "local-poster"
RECRAFT = "recraftv3"
_RECRAFT_TOOLS = {
    "vectorize": Tool.VECTORIZE,
    "generativeUpscale": Tool.SUPER_RESOLUTION,
    "crispUpscale": Tool.CLARITY,
    "removeBackground": Tool.MATTING,
}
_ALSO = ("file",)
_OPTIONS = frozenset(
    {"scale", "left", "right", "top", "bottom", "fill", "text", "width", "height", "rotate", "flip", "task"}
)  # fmt: skip
_USED = STRUCTURAL - {"stream", "prompt"} | _OPTIONS | {
    "style", "aspect_ratio", "size", "output_format", "output_compression", "file",
}  # fmt: skip
_LINK = frozenset({"url", "output_format", "output_compression"}) | _OPTIONS | {
    "style", "aspect_ratio", "size", "model",
}  # fmt: skip
_SHORT = {"output_format": "format", "output_compression": "quality"}
"""Names that are shorter in a link."""
_LONG = {short: long for long, short in _SHORT.items()}
_LINK_ERRORS = Renamed(openai_errors, {**_SHORT, "image": "url"})
_WANT = TypeVar("_WANT")


class PictureTools:
    """All routes. ``now`` is unix seconds."""

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
        recraft = "/aitools/v1/recraft/v1/images"
        return [
            Route("/aitools/v1/images", self._by_task, methods=["POST"], permission=Permission.CALL),
            Route("/aitools/v1/images/edits", self._by_model, methods=["POST"], permission=Permission.CALL),
            Route(f"{recraft}/generations", self._recraft_generations, methods=["POST"], permission=Permission.CALL),
            Route(f"{recraft}/{{tool}}", self._recraft, methods=["POST"], permission=Permission.CALL),
            Route("/beta/image", told_by(_LINK_ERRORS, self._by_link), methods=["GET"], permission=Permission.CALL),
        ]

    async def _by_task(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config.limits, also=_ALSO)
        task = order.fields.get("task", str)
        if not task:
            raise RequestError("Field 'task' is required.", param="task", code="missing_field")
        model = order.fields.get("model", str) or EDITOR
        job = await self._job(request, principal, order, tool_named(task, "task"), model)
        return await self._jobs.whole(request, job)

    async def _by_model(self, request: Request) -> Response:
        """``model`` is a tool's name, or ``model/tool`` for the tool of another model."""
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config.limits, also=_ALSO)
        named = order.fields.get("model", str)
        if not named:
            raise RequestError("Field 'model' is required: it picks the tool.", param="model", code="missing_field")
        model, _, tool = named.rpartition("/")
        job = await self._job(request, principal, order, tool_named(tool, "model"), model or EDITOR)
        return await self._jobs.whole(request, job)

    async def _recraft(self, request: Request) -> Response:
        """Recraft's form: a file in, ``{"image": {"url": …}}`` out."""
        principal = await principal_of(request, self._gate)
        name = request.path_params["tool"]
        if name not in _RECRAFT_TOOLS:
            raise NotFound(f"There is no tool '{name[:64]}' here: {', '.join(_RECRAFT_TOOLS)}.")
        order = await read_order(request, self._config.limits, also=_ALSO)
        attached = self._pictures.answers(principal, Operation.IMAGE_TOOL, RECRAFT)
        job = await self._job(request, principal, order, _RECRAFT_TOOLS[name], RECRAFT if attached else EDITOR)

        async def make() -> Response:
            results, done = await self._jobs.results(job)
            made = results[0].made
            shown = {"b64_json": b64encode(made.data).decode()} if job.as_bytes else {
                "url": self._jobs.link(results[0], job)
            }  # fmt: skip
            return Json({"image": shown}, headers=job.work.headers(_lost(job, done.dropped)))

        return await whole(request, job.work, make())

    async def _recraft_generations(self, request: Request) -> Response:
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config.limits, also=_ALSO)
        if order.pictures:
            raise RequestError(
                "This path makes pictures from words alone.", param=order.picture_field, code="picture_not_taken"
            )
        operation = Operation.IMAGE_GENERATE
        attached = self._pictures.answers(principal, operation, RECRAFT)
        model = order.fields.get("model", str) or (RECRAFT if attached else POSTER)
        asked = self._asked(order, model, operation)
        asked = msgspec.structs.replace(asked, prompt=prompt_of(order.fields), n=asked.n)
        dropped = unknown(order.names, STRUCTURAL | PICTURE_FIELDS, strict=self._config.strict_fields)
        work = await self._pictures.open(principal, operation, model, n=asked.n, stream=False)
        asker = asker_of(request, principal, self._config.server.public_url)
        as_bytes = wants_bytes(order.fields, model)
        lost = () if work.passes_on(operation) else dropped
        return await self._jobs.whole(request, Job(order, asked, work, asker, as_bytes, int(self._now()), lost))

    async def _by_link(self, request: Request) -> Response:
        """The picture behind ``url``, changed as the query says, as bytes."""
        principal = await principal_of(request, self._gate)
        query = _Query(dict(request.query_params))
        url = query.get("url", str)
        if not url:
            raise RequestError("Give the picture's address as 'url'.", param="url", code="missing_field")
        order = Order(query, tuple(_LONG.get(name, name) for name in request.query_params), {}, (url,))
        tool = tool_named(query.get("task", str) or "convert", "task")
        job = await self._job(request, principal, order, tool, query.get("model", str) or EDITOR, known=_LINK)

        async def make() -> Response:
            results, done = await self._jobs.results(job)
            made = results[0].made
            headers = job.work.headers(tuple(_SHORT.get(name, name) for name in _lost(job, done.dropped)))
            return Response(made.data, media_type=made.mime, headers={**headers, **_SAFE})

        return await whole(request, job.work, make(), _LINK_ERRORS)

    async def _job(
        self,
        request: Request,
        principal: Principal,
        order: Order,
        tool: Tool,
        model: str,
        *,
        known: frozenset[str] = _USED,
    ) -> Job:
        """The admitted job of one tool on one picture. Raises RequestError, NotFound and what ``open`` raises."""
        if len(order.pictures) != 1:
            raise RequestError(
                "Give one picture as 'image'.",
                param=order.picture_field,
                code="too_many_images" if order.pictures else "missing_image",
            )
        operation = self._operation(principal, tool, model)
        asked = self._asked(order, model, operation)
        asked = _for_tool(asked, tool, order.fields, has_words=operation is Operation.IMAGE_EDIT, model=model)
        dropped = unknown(order.names, known, strict=self._config.strict_fields)
        as_bytes = wants_bytes(order.fields, "")
        asker = asker_of(request, principal, self._config.server.public_url)
        work = await self._pictures.open(principal, operation, model, n=1, stream=False)
        return Job(order, asked, work, asker, as_bytes, int(self._now()), dropped)

    def _operation(self, principal: Principal, tool: Tool, model: str) -> Operation:
        """How ``model`` does the tool: as a tool, or told in words."""
        if self._pictures.answers(principal, Operation.IMAGE_TOOL, model):
            return Operation.IMAGE_TOOL
        if tool in INSTRUCTIONS and self._pictures.answers(principal, Operation.IMAGE_EDIT, model):
            return Operation.IMAGE_EDIT
        raise NotFound(f"The model '{model[:100]}' does not offer '{tool}'.", param="model", code="tool_not_offered")

    def _asked(self, order: Order, model: str, operation: Operation) -> ImageRequest:
        request = read_request(order.fields, model, names=order.names, per_call=self._config.media.per_call,
                               extras=order.extras if operation is Operation.IMAGE_GENERATE else {})  # fmt: skip
        return msgspec.structs.replace(request, operation=operation)


def _for_tool(asked: ImageRequest, tool: Tool, fields: Fields, *, has_words: bool, model: str) -> ImageRequest:
    """The request of one tool, or its instruction for a model that edits by words."""
    style = asked.style
    if tool is Tool.STYLE and (not style or (not has_words and model == EDITOR and style not in STYLES)):
        raise RequestError(f"Field 'style' is one of: {', '.join(STYLES)}.", param="style", code="invalid_value")
    heard = asked.asked - {"url", "file", "task"}
    if has_words:
        return msgspec.structs.replace(
            asked, n=1, prompt=INSTRUCTIONS[tool].format(style=style), style="", asked=heard - {"style"}
        )
    return with_options(msgspec.structs.replace(asked, n=1, tool=str(tool), asked=heard), read_options(fields))


def _lost(job: Job, dropped: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*job.dropped, *dropped)))


class _Query(Fields):
    """A query string as fields: ``format`` and ``quality`` are this path's names for format and compression."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = {_LONG.get(name, name): text for name, text in texts.items()}

    @override
    def get(self, name: str, want: type[_WANT]) -> _WANT | None:
        text = self._texts.get(name)
        if not text:
            return None
        try:
            return msgspec.convert(text, want, strict=False)
        except msgspec.ValidationError as error:
            raise RequestError(f"'{name}': {error}", param=name, code="invalid_type") from error


_SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "private, no-store",
}
