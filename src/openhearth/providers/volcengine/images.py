"""Drives Ark's picture models: one call per picture, whole or as a stream, aborted at once when the client leaves."""

from base64 import b64encode
from collections.abc import AsyncGenerator

from openhearth.core.errors import RequestError, TooLarge, UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import Fetcher, from_base64, made_from
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.dialects.ark_images.answer import Event, Item, Usage, error_of, read_answer, read_event, refusal
from openhearth.dialects.ark_images.request import abilities, check, dropped, encode
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
        """See ``ImageDriver``."""
        model = target.upstream_model or request.model
        check(request, model)
        images = [_image(picture) for picture in request.pictures]
        output_tokens = 0
        for number in range(request.n):
            body = encode(request, model, images, number)
            call = outgoing(target, _PATH, "application/json", body, self._deadlines)
            item, usage = await (self._streamed(call) if abilities(model).streams else self._whole(call))
            yield await self._picture(item, target.id, _seed(request, model, number))
            output_tokens += usage.output_tokens
            if number + 1 < request.n:
                yield ImageProgress(number + 1, request.n, f"第 {number + 1} 张完成 picture {number + 1} done")
        yield ImagesDone(output_tokens=output_tokens, dropped=dropped(request, model))

    async def _whole(self, call: Outgoing) -> tuple[Item, Usage]:
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, call.name, retry_after_s(answer.headers))
        return _first(answer.body, call.name)

    async def _streamed(self, call: Outgoing) -> tuple[Item, Usage]:
        async with stream(self._client, call) as answer:
            is_stream = any(
                name == b"content-type" and value.startswith(b"text/event-stream") for name, value in answer.headers
            )
            if answer.status == 200 and is_stream:
                return await _result(answer, call.name)
            most = _MOST_ANSWER_BYTES if answer.status == 200 else _MOST_ERROR_BYTES
            body = await _bounded(answer, most, call.name)
            if answer.status != 200:
                raise refusal(answer.status, body, call.name, retry_after_s(answer.headers))
            return _first(body, call.name)

    async def _picture(self, item: Item, name: str, seed: int | None) -> MadePicture:
        if item.b64_json:
            return made_from(from_base64(item.b64_json, name), name, seed=seed)
        try:
            fetched = await self._fetcher.get(item.url)
        except RequestError as error:
            raise UpstreamGarbled(f"{name} gave a link we may not follow: {error.message}", target=name) from error
        return made_from(fetched.data, name, seed=seed)


async def _result(answer: Streamed, name: str) -> tuple[Item, Usage]:
    """The picture and usage of one stream. It is whole only with ``completed`` or ``[DONE]``."""
    splitter = Splitter(_MOST_ANSWER_BYTES)
    item = Item()
    usage = Usage()
    finished = False
    async for piece in answer:
        for event in splitter.feed(piece):
            if event.data is None:
                continue
            if event.data.strip() == "[DONE]":
                finished = True
                continue
            said = read_event(event.data.encode(), name)
            if said.error is not None:
                raise error_of(200, said.error, name)
            finished = finished or said.type.endswith(".completed")
            usage = said.usage or usage
            item = _of(said) or item
    if not finished:
        raise UpstreamDown(f"{name}: the stream ended early.", code="upstream_truncated", target=name)
    return _held(item, name), usage


def _of(event: Event) -> Item | None:
    return Item(url=event.url, b64_json=event.b64_json) if event.url or event.b64_json else None


def _first(body: bytes, name: str) -> tuple[Item, Usage]:
    answer = read_answer(body, name)
    item = answer.data[0] if answer.data else Item()
    if item.error is not None:
        raise error_of(200, item.error, name)
    return _held(item, name), answer.usage or Usage()


def _held(item: Item, name: str) -> Item:
    if not (item.url or item.b64_json):
        raise UpstreamGarbled(f"{name} answered without a picture.", target=name)
    return item


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
