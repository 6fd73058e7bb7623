"""Carrying out an understood order: find its pictures, do the work, keep the results, answer in OpenAI's form.

Whole or as a stream; both settle the call once and stop the work upstream when the client leaves.
"""

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.config import Limits
from openhearth.core.errors import RequestError
from openhearth.core.media import ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.dialects.openai_images.objects import Image, ImagesResponse, StreamEvent, Usage, event_bytes, usage_of
from openhearth.media.gallery import Gallery, Made
from openhearth.media.sources import Asker, Sources
from openhearth.relay.pictures import PictureWork
from openhearth.stores.ports import PictureRecord
from openhearth.surfaces.http import Json
from openhearth.surfaces.picture_bodies import Fields, Order
from openhearth.surfaces.work_answers import Streamed, timing, whole

_ANSWER_BYTES = ("gpt-image", "chatgpt-image")
_ANSWER_FORMS = ("url", "b64_json")
_MASKED = frozenset({Operation.IMAGE_EDIT, Operation.IMAGE_TOOL})
"""What a mask means something to; for anything else it is not even fetched."""


class Job(msgspec.Struct, frozen=True):
    """One order, understood and admitted. ``as_bytes`` answers base64, not links; ``created`` is unix seconds."""

    order: Order
    request: ImageRequest
    work: PictureWork
    asker: Asker
    as_bytes: bool
    created: int
    dropped: tuple[str, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """A picture that was made and kept."""

    made: MadePicture
    record: PictureRecord


class Jobs:
    """Does jobs with the pictures of one server."""

    def __init__(self, gallery: Gallery, sources: Sources, limits: Limits) -> None:
        self._gallery = gallery
        self._sources = sources
        self._limits = limits

    async def answer(self, request: Request, job: Job, *, stream: bool) -> Response:
        """The images object, or its stream."""
        if not stream:
            return await self.whole(request, job)
        return Streamed(
            job.work,
            self._events(job),
            opening=b"",
            marks=lambda: job.work.headers(job.dropped),
            timing=timing(job.work, self._limits),
        )

    async def whole(self, request: Request, job: Job) -> Response:
        """The images object."""

        async def make() -> Response:
            results, done = await self.results(job)
            return self._shown(results, done, job)

        return await whole(request, job.work, make())

    async def results(self, job: Job) -> tuple[list[Result], ImagesDone]:
        """All pictures of a job, kept. Raises what ``Sources.picture`` and ``PictureWork.events`` raise."""
        results: list[Result] = []
        done = ImagesDone()
        ready = msgspec.structs.replace(await self._ready(job), partial_images=0)
        async with aclosing(job.work.events(ready)) as events:
            async for event in events:
                if isinstance(event, MadePicture):
                    results.append(await self._keep(event, ready, job))
                elif isinstance(event, ImagesDone):
                    done = event
        return results, done

    def link(self, result: Result, job: Job) -> str:
        """Where a result can be looked at."""
        return self._gallery.link(job.asker.home, result.record)

    async def _ready(self, job: Job) -> ImageRequest:
        """The request with its pictures."""
        fields = job.order.given_as or ("image",) * len(job.order.pictures)
        named = zip(job.order.pictures, fields, strict=True)
        pictures = tuple([await self._picture(given, job.asker, field) for given, field in named])
        given = job.order.mask if job.request.operation in _MASKED else None
        mask = None if given is None else await self._picture(given, job.asker, "mask")
        return msgspec.structs.replace(job.request, pictures=pictures, mask=mask)

    async def _picture(self, given: str | bytes, asker: Asker, field: str) -> Picture:
        try:
            if isinstance(given, bytes):
                return self._sources.checked(given, "data")
            return await self._sources.picture(given.strip(), asker)
        except RequestError as error:
            if error.param in (None, "image"):
                error.param = field
            raise

    async def _keep(self, made: MadePicture, request: ImageRequest, job: Job) -> Result:
        origin = Made(
            owner=job.asker.owner,
            parents=tuple(picture.source for picture in request.pictures),
            instruction=request.prompt,
            model=request.model,
            target_id=job.work.call.target_id,
        )
        return Result(made, await self._gallery.keep(made, origin))

    def _shown(self, results: list[Result], done: ImagesDone, job: Job) -> Response:
        first = results[0].made
        only_in_streams = ("partial_images",) if job.request.partial_images else ()
        lost = tuple(dict.fromkeys((*job.dropped, *only_in_streams, *done.dropped)))
        answer = ImagesResponse(
            created=job.created,
            data=[self._image(result, job) for result in results],
            usage=usage_of(done.input_tokens, done.output_tokens),
            background=_given("background", job.request.background, lost),
            output_format=_format(first),
            quality=_given("quality", job.request.quality, lost),
            size=_size(first),
            note=done.note or None,
        )
        return Json(answer, headers=job.work.headers(lost))

    def _image(self, result: Result, job: Job) -> Image:
        return Image(
            url=None if job.as_bytes else self.link(result, job),
            b64_json=b64encode(result.made.data).decode() if job.as_bytes else None,
            revised_prompt=result.made.revised_prompt or None,
            id=result.record.id,
            seed=result.made.seed,
        )

    async def _events(self, job: Job) -> AsyncGenerator[bytes, None]:
        """Stream events. The last picture waits for the end of the work: its event carries usage and dropped fields."""
        ready = await self._ready(job)
        waiting: Result | None = None
        partials = made = 0
        async with aclosing(job.work.events(ready)) as events:
            async for event in events:
                if waiting is not None and not (isinstance(event, ImageProgress) and made >= job.request.n):
                    yield self._completed(waiting, job, event if isinstance(event, ImagesDone) else None)
                    waiting = None
                if isinstance(event, ImageProgress):
                    if event.partial is not None and partials < job.request.partial_images:
                        yield event_bytes(_partial(event.partial, job, partials))
                        partials += 1
                    else:
                        yield _comment(event)
                elif isinstance(event, MadePicture):
                    waiting = await self._keep(event, ready, job)
                    partials = 0
                    made += 1
        if waiting is not None:
            yield self._completed(waiting, job, ImagesDone())

    def _completed(self, result: Result, job: Job, done: ImagesDone | None) -> bytes:
        """``done`` is None when further pictures follow."""
        lost = tuple(dict.fromkeys((*job.dropped, *done.dropped))) if done else ()
        event = StreamEvent(
            type=_type(job, "completed"),
            b64_json=b64encode(result.made.data).decode(),
            created_at=job.created,
            background=_given("background", job.request.background, lost) or "auto",
            output_format=_format(result.made),
            quality=_given("quality", job.request.quality, lost) or "auto",
            size=_size(result.made),
            usage=usage_of(done.input_tokens, done.output_tokens) if done else Usage(),
            url=self.link(result, job),
            id=result.record.id,
            seed=result.made.seed,
            revised_prompt=result.made.revised_prompt or None,
            note=(done.note or None) if done else None,
            dropped=lost,
        )
        return event_bytes(event)


def wants_bytes(fields: Fields, model: str) -> bool:
    """Whether results are answered as base64. Raises RequestError for another ``response_format``."""
    wanted = fields.get("response_format", str)
    if wanted not in (None, "", *_ANSWER_FORMS):
        raise RequestError(
            "Field 'response_format' is 'url' or 'b64_json'.", param="response_format", code="invalid_value"
        )
    return wanted == "b64_json" or (wanted != "url" and model.startswith(_ANSWER_BYTES))


def _partial(picture: Picture, job: Job, number: int) -> StreamEvent:
    return StreamEvent(
        type=_type(job, "partial_image"),
        b64_json=b64encode(picture.data).decode(),
        created_at=job.created,
        background=job.request.background,
        output_format=picture.mime.removeprefix("image/").removesuffix("+xml"),
        quality=job.request.quality,
        size=job.request.size,
        partial_image_index=number,
    )


def _type(job: Job, stage: str) -> str:
    return f"{job.request.operation}.{stage}".replace("image_generate", "image_generation")


def _comment(event: ImageProgress) -> bytes:
    """Progress for whoever reads the raw stream; clients skip comments."""
    count = f"{event.done}/{event.total} " if event.total else ""
    return f": {count}{' '.join(event.text.split())}\n\n".encode()


def _given(name: str, value: str, lost: tuple[str, ...]) -> str | None:
    """What the client asked for, unless it had no effect: the answer describes the pictures."""
    return None if value == "auto" or name in lost else value


def _format(made: MadePicture) -> str:
    return made.mime.removeprefix("image/").removesuffix("+xml")


def _size(made: MadePicture) -> str:
    return f"{made.width}x{made.height}"
