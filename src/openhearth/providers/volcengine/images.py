"""Drives Ark's picture models: whole answers or streams, aborted at once when the client leaves."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing

from openhearth.core.errors import RequestError, TooLarge, UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import Fetcher, from_base64, made_from
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.dialects.ark_images.answer import (
    Answer,
    Event,
    Fault,
    Item,
    Usage,
    error_of,
    read_answer,
    read_event,
    refusal,
)
from openhearth.dialects.ark_images.request import abilities, check, dropped, encode, is_series
from openhearth.transport.collect import Streamed, collect, stream
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines, Outgoing

_PATH = "/images/generations"
_MOST_PICTURE_BYTES = 10 * 1024 * 1024  # Ark API reference: a picture given in base64 has at most 10 MB
_MOST_ANSWER_BYTES = 96 * 1024 * 1024
_MOST_ERROR_BYTES = 256 * 1024


class ArkImagesDriver:
    """``core.media.ImageDriver`` for ``Dialect.ARK_IMAGES``."""

    def __init__(self, client: Client, fetcher: Fetcher, deadlines: Deadlines) -> None:
        self._client = client
        self._fetcher = fetcher
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. Each picture is a call of its own, except those of a series the client asked for."""
        model = target.upstream_model or request.model
        check(request, model)
        images = [_image(picture) for picture in request.pictures]
        calls = 1 if is_series(request, model) else request.n
        told = _Told()
        for number in range(calls):
            body = encode(request, model, images, number)
            call = outgoing(target, _PATH, "application/json", body, self._deadlines)
            items = self._streamed(call, told) if abilities(model).streams else self._whole(call, told)
            async with aclosing(items):
                async for item in items:
                    yield await self._picture(item, target.id, _seed(request, model, number))
            if number + 1 < calls:
                yield ImageProgress(number + 1, calls, f"第 {number + 1} 张完成 picture {number + 1} done")
        yield ImagesDone(output_tokens=told.output_tokens, dropped=dropped(request, model), note=told.note())

    async def _whole(self, call: Outgoing, told: "_Told") -> AsyncGenerator[Item, None]:
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, call.name, retry_after_s(answer.headers))
        for item in told.all_of(read_answer(answer.body, call.name), call.name):
            yield item

    async def _streamed(self, call: Outgoing, told: "_Told") -> AsyncGenerator[Item, None]:
        async with stream(self._client, call) as answer:
            if answer.status != 200 or not _is_stream(answer):
                most = _MOST_ANSWER_BYTES if answer.status == 200 else _MOST_ERROR_BYTES
                body = await _bounded(answer, most, call.name)
                if answer.status != 200:
                    raise refusal(answer.status, body, call.name, retry_after_s(answer.headers))
                for item in told.all_of(read_answer(body, call.name), call.name):
                    yield item
                return
            async with aclosing(_results(answer, call.name, told)) as results:
                async for item in results:
                    yield item

    async def _picture(self, item: Item, name: str, seed: int | None) -> MadePicture:
        if item.b64_json:
            return made_from(from_base64(item.b64_json, name), name, seed=seed)
        try:
            fetched = await self._fetcher.get(item.url)
        except RequestError as error:
            raise UpstreamGarbled(f"{name} gave a link we may not follow: {error.message}", target=name) from error
        return made_from(fetched.data, name, seed=seed)


class _Told:
    """What the calls of one request said beside pictures: tokens, and results that failed."""

    def __init__(self) -> None:
        self.output_tokens = 0
        self._failed: list[str] = []

    def use(self, usage: Usage | None) -> None:
        self.output_tokens += usage.output_tokens if usage else 0

    def failed(self, fault: Fault | None) -> None:
        if fault is not None:
            self._failed.append(fault.code)

    def note(self) -> str:
        """One line on results that are missing, empty when all came."""
        if not self._failed:
            return ""
        codes = ", ".join(dict.fromkeys(self._failed))
        return f"有 {len(self._failed)} 张图片未能生成 {len(self._failed)} picture(s) could not be made: {codes}"

    def all_of(self, answer: Answer, name: str) -> list[Item]:
        """The pictures of a whole answer. Raises the first failure when there is none."""
        self.use(answer.usage)
        faults = [item.error for item in answer.data if item.error is not None]
        pictures = [item for item in answer.data if item.url or item.b64_json]
        if not pictures:
            if faults:
                raise error_of(200, faults[0], name)
            raise UpstreamGarbled(f"{name} answered without a picture.", target=name)
        for fault in faults:
            self.failed(fault)
        return pictures


async def _results(answer: Streamed, name: str, told: _Told) -> AsyncGenerator[Item, None]:
    """Pictures of a stream as they come. It is whole only with ``completed`` or ``[DONE]``."""
    made = 0
    finished = False
    failed: Fault | None = None
    async for said in _events(answer, name):
        finished = finished or said is None or said.type.endswith(".completed")
        if said is None:
            continue
        if said.error is not None and not said.type.endswith(".partial_failed"):
            raise error_of(200, said.error, name)
        failed = said.error or failed
        told.failed(said.error)
        told.use(said.usage)
        if said.url or said.b64_json:
            made += 1
            yield Item(url=said.url, b64_json=said.b64_json)
    if failed is not None and not made:
        raise error_of(200, failed, name)
    if not finished:
        raise UpstreamDown(f"{name}: the stream ended early.", code="upstream_truncated", target=name)
    if not made:
        raise UpstreamGarbled(f"{name} answered without a picture.", target=name)


async def _events(answer: Streamed, name: str) -> AsyncGenerator[Event | None, None]:
    """The stream's events; None is ``[DONE]``."""
    splitter = Splitter(_MOST_ANSWER_BYTES)
    async for piece in answer:
        for event in splitter.feed(piece):
            if event.data is not None:
                yield None if event.data.strip() == "[DONE]" else read_event(event.data.encode(), name)


def _is_stream(answer: Streamed) -> bool:
    return any(name == b"content-type" and value.startswith(b"text/event-stream") for name, value in answer.headers)


async def _bounded(answer: Streamed, most_bytes: int, name: str) -> bytes:
    pieces = bytearray()
    async for piece in answer:
        pieces += piece
        if len(pieces) > most_bytes:
            raise UpstreamGarbled(f"{name}: the answer is too large.", code="upstream_too_large", target=name)
    return bytes(pieces)


def _image(picture: Picture) -> str:
    """A data URI: what we checked is what is sent. A larger picture goes as its own public address, if it has one."""
    if len(picture.data) <= _MOST_PICTURE_BYTES:
        return f"data:{picture.mime};base64,{b64encode(picture.data).decode()}"
    if picture.source.startswith(("http://", "https://")):
        return picture.source
    raise TooLarge(f"This model takes pictures up to {_MOST_PICTURE_BYTES // 1024**2} MB.", param="image")


def _seed(request: ImageRequest, model: str, number: int) -> int | None:
    return request.seed + number if request.seed is not None and abilities(model).seed else None
