"""POST /v1/images/generations and /v1/images/edits: pictures by JSON or form, whole or streamed.

A result is a link to our own storage unless ``response_format`` is ``b64_json`` or the model is one of OpenAI's GPT
image models, which always answer bytes.
"""

import time
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from openhearth.config import Config
from openhearth.core.call import Principal
from openhearth.core.errors import RequestError
from openhearth.core.media import ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.dialects.openai_images.objects import Image, ImagesResponse, StreamEvent, Usage, event_bytes, usage_of
from openhearth.media.gallery import Gallery, Made
from openhearth.media.sources import Asker, Sources
from openhearth.relay.gate import Gate
from openhearth.relay.pictures import Pictures, PictureWork
from openhearth.stores.ports import PictureRecord
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Json, principal_of
from openhearth.surfaces.openai.picture_bodies import Order, read_order
from openhearth.surfaces.openai.picture_fields import PICTURE_FIELDS, read_request, unknown
from openhearth.surfaces.work_answers import Streamed, timing, whole

_DEFAULT_EDITOR = "local-edit"
_ANSWER_BYTES = ("gpt-image", "chatgpt-image")
_KNOWN = frozenset({"model", "prompt", "image", "images", "mask", "stream", "response_format", *PICTURE_FIELDS})


class _Job(msgspec.Struct, frozen=True):
    """One order, understood and admitted."""

    order: Order
    request: ImageRequest
    work: PictureWork
    asker: Asker
    dropped: tuple[str, ...]
    as_bytes: bool
    created: int


class _Result(msgspec.Struct, frozen=True):
    made: MadePicture
    record: PictureRecord


class Images:
    """The two routes. ``now`` is unix seconds."""

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
        self._gallery = gallery
        self._sources = sources
        self._config = config
        self._now = now

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/images/generations", self._generate, methods=["POST"]),
            Route("/v1/images/edits", self._edit, methods=["POST"]),
        ]

    async def _generate(self, request: Request) -> Response:
        return await self._answer(request, Operation.IMAGE_GENERATE)

    async def _edit(self, request: Request) -> Response:
        return await self._answer(request, Operation.IMAGE_EDIT)

    async def _answer(self, request: Request, path_operation: Operation) -> Response:
        principal = await principal_of(request, self._gate)
        order = await read_order(request, self._config.limits)
        operation = Operation.IMAGE_EDIT if order.pictures else path_operation
        if operation is Operation.IMAGE_EDIT and not order.pictures:
            raise RequestError("Give the picture to edit as 'image'.", param="image", code="missing_image")
        asked = self._request(order, operation)
        self._check_picture(principal, order, asked.model)
        as_bytes = _wants_bytes(order, asked.model)
        dropped = unknown(order.names, _KNOWN, strict=self._config.strict_fields)
        stream = order.fields.get("stream", bool) or False
        asker = asker_of(request, principal, self._config.server.public_url)
        work = self._pictures.open(principal, operation, asked.model, n=asked.n, stream=stream)
        job = _Job(order, asked, work, asker, dropped, as_bytes, int(self._now()))
        if not stream:
            return await self._whole(request, job)
        return Streamed(
            work,
            self._events(job),
            opening=b"",
            marks=lambda: work.headers(dropped),
            timing=timing(work, self._config.limits),
        )

    def _check_picture(self, principal: Principal, order: Order, model: str) -> None:
        """Raises RequestError when a picture is missing for a model that only edits."""
        if order.pictures or self._pictures.answers(principal, Operation.IMAGE_GENERATE, model):
            return
        if self._pictures.answers(principal, Operation.IMAGE_EDIT, model):
            raise RequestError(
                f"The model '{model[:100]}' edits pictures: give one as 'image'.", param="image", code="missing_image"
            )

    def _request(self, order: Order, operation: Operation) -> ImageRequest:
        model = order.fields.get("model", str) or (_DEFAULT_EDITOR if operation is Operation.IMAGE_EDIT else "")
        if not model:
            raise RequestError("Field 'model' is required to make a picture.", param="model", code="missing_field")
        prompt = (order.fields.get("prompt", str) or "").strip()
        if not prompt:
            raise RequestError("Field 'prompt' is required.", param="prompt", code="missing_field")
        request = read_request(order.fields, model, names=order.names, per_call=self._config.media.per_call)
        asked = request.asked | ({"mask"} if order.mask is not None else set())
        return msgspec.structs.replace(request, operation=operation, prompt=prompt, asked=frozenset(asked))

    async def _ready(self, job: _Job) -> ImageRequest:
        """The request with its pictures. Raises what ``Sources.picture`` raises."""
        pictures = tuple([await self._picture(given, job.asker) for given in job.order.pictures])
        mask = None if job.order.mask is None else await self._picture(job.order.mask, job.asker)
        return msgspec.structs.replace(job.request, pictures=pictures, mask=mask)

    async def _picture(self, given: str | bytes, asker: Asker) -> Picture:
        if isinstance(given, bytes):
            return self._sources.checked(given, "data")
        return await self._sources.picture(given.strip(), asker)

    async def _keep(self, made: MadePicture, request: ImageRequest, job: _Job) -> _Result:
        origin = Made(
            owner=job.asker.owner,
            parents=tuple(picture.source for picture in request.pictures),
            instruction=request.prompt,
            model=request.model,
            target_id=job.work.call.target_id,
        )
        return _Result(made, await self._gallery.keep(made, origin))

    async def _whole(self, request: Request, job: _Job) -> Response:
        async def make() -> Response:
            results: list[_Result] = []
            done = ImagesDone()
            ready = msgspec.structs.replace(await self._ready(job), partial_images=0)
            async with aclosing(job.work.events(ready)) as events:
                async for event in events:
                    if isinstance(event, MadePicture):
                        results.append(await self._keep(event, ready, job))
                    elif isinstance(event, ImagesDone):
                        done = event
            return self._shown(results, done, job)

        return await whole(request, job.work, make())

    def _shown(self, results: list[_Result], done: ImagesDone, job: _Job) -> Response:
        first = results[0].made
        answer = ImagesResponse(
            created=job.created,
            data=[self._image(result, job) for result in results],
            usage=usage_of(done.input_tokens, done.output_tokens),
            background=_given(job.request.background),
            output_format=_format(first),
            quality=_given(job.request.quality),
            size=_size(first),
            note=done.note or None,
        )
        only_in_streams = ("partial_images",) if job.request.partial_images else ()
        return Json(answer, headers=job.work.headers((*job.dropped, *only_in_streams, *done.dropped)))

    def _image(self, result: _Result, job: _Job) -> Image:
        return Image(
            url=None if job.as_bytes else self._gallery.link(job.asker.home, result.record),
            b64_json=b64encode(result.made.data).decode() if job.as_bytes else None,
            revised_prompt=result.made.revised_prompt or None,
            id=result.record.id,
        )

    async def _events(self, job: _Job) -> AsyncGenerator[bytes, None]:
        """Stream events. A finished picture waits for the next event: the last one carries usage and dropped fields."""
        ready = await self._ready(job)
        waiting: _Result | None = None
        partials = 0
        async with aclosing(job.work.events(ready)) as events:
            async for event in events:
                if isinstance(event, ImageProgress):
                    if event.partial is not None and partials < job.request.partial_images:
                        yield event_bytes(_partial(event.partial, job, partials))
                        partials += 1
                    else:
                        yield _comment(event)
                    continue
                if waiting is not None:
                    yield self._completed(waiting, job, event if isinstance(event, ImagesDone) else None)
                    waiting = None
                if isinstance(event, MadePicture):
                    waiting = await self._keep(event, ready, job)
        if waiting is not None:
            yield self._completed(waiting, job, ImagesDone())

    def _completed(self, result: _Result, job: _Job, done: ImagesDone | None) -> bytes:
        """``done`` is None when further pictures follow."""
        event = StreamEvent(
            type=f"{job.request.operation}.completed".replace("image_generate", "image_generation"),
            b64_json=b64encode(result.made.data).decode(),
            created_at=job.created,
            background=job.request.background,
            output_format=_format(result.made),
            quality=job.request.quality,
            size=_size(result.made),
            usage=usage_of(done.input_tokens, done.output_tokens) if done else Usage(),
            url=self._gallery.link(job.asker.home, result.record),
            id=result.record.id,
            dropped=tuple(dict.fromkeys((*job.dropped, *done.dropped))) if done else (),
        )
        return event_bytes(event)


def _partial(picture: Picture, job: _Job, number: int) -> StreamEvent:
    return StreamEvent(
        type=f"{job.request.operation}.partial_image".replace("image_generate", "image_generation"),
        b64_json=b64encode(picture.data).decode(),
        created_at=job.created,
        background=job.request.background,
        output_format=picture.mime.removeprefix("image/"),
        quality=job.request.quality,
        size=job.request.size,
        partial_image_index=number,
    )


def _comment(event: ImageProgress) -> bytes:
    """Progress for whoever reads the raw stream; clients skip comments."""
    count = f"{event.done}/{event.total} " if event.total else ""
    return f": {count}{' '.join(event.text.split())}\n\n".encode()


def _wants_bytes(order: Order, model: str) -> bool:
    wanted = order.fields.get("response_format", str)
    if wanted not in (None, "", "url", "b64_json"):
        raise RequestError(
            "Field 'response_format' is 'url' or 'b64_json'.", param="response_format", code="invalid_value"
        )
    return wanted == "b64_json" or (wanted != "url" and model.startswith(_ANSWER_BYTES))


def _given(value: str) -> str | None:
    return None if value == "auto" else value


def _format(made: MadePicture) -> str:
    return made.mime.removeprefix("image/").removesuffix("+xml")


def _size(made: MadePicture) -> str:
    return f"{made.width}x{made.height}"
