"""Drives the embedded editor: one edit over its private socket, killed there as soon as the caller leaves."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from openhearth.core.errors import (
    Bug,
    EngineNotInstalled,
    GatewayError,
    RequestError,
    TooLarge,
    UnsupportedMedia,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import from_base64
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.engines.edit_image.plan import EditRequest
from openhearth.engines.ports import EngineHost
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines

_MOST_EVENT_BYTES = 512 * 1024 * 1024
_MOST_ERROR_BYTES = 256 * 1024
_ABSTRACT_SIZES = frozenset({"1K", "2K", "4K", "adaptive"})
_USUAL_QUALITY = 90
_REPLACE = ("background", "replace")  # the only operation that uses a further picture
_DEADLINES = Deadlines()

_ENCODER = msgspec.msgpack.Encoder()


class LocalEditDriver:
    """``core.media.ImageDriver`` for ``Dialect.LOCAL_EDIT``. ``engines`` starts the editor when it is not running."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines = _DEADLINES) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. What the editor notes about a result is said before it: a chat ends with the picture.

        Raises RequestError for what the editor refuses, with the editor's own code.
        """
        _check(request)
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        body = _ENCODER.encode(_edit_request(request))
        call = outgoing(target, "/edit", "application/msgpack", body, self._deadlines)
        result: _Result | None = None
        has_shown = False
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await _refusal(answer, target.id)
            async for event in _events(answer, target.id):
                if isinstance(event, _Result):
                    result, made = event, _made(event, target.id)
                    if event.note:
                        yield ImageProgress(0, 0, event.note)
                    yield made
                else:
                    has_shown = has_shown or bool(event.data)
                    yield _progress(event, target.id)
        if result is None:
            raise UpstreamDown(f"{target.id}: the edit ended early.", code="upstream_truncated", target=target.id)
        yield ImagesDone(dropped=_dropped(request, result, has_shown=has_shown), note=result.note)


class _Progress(msgspec.Struct, frozen=True):
    done: int
    total: int
    text: str
    mime: str = ""
    data: str = ""


class _Result(msgspec.Struct, frozen=True):
    mime: str
    width: int
    height: int
    data: str
    operations: tuple[dict[str, Any], ...] = ()
    note: str = ""
    seed: int | None = None


class _Fault(msgspec.Struct, frozen=True):
    message: str
    code: str
    type: str = ""
    param: str | None = None
    status: int = 0


class _Body(msgspec.Struct, frozen=True):
    error: _Fault


_PROGRESS = msgspec.json.Decoder(_Progress)
_RESULT = msgspec.json.Decoder(_Result)
_BODY = msgspec.json.Decoder(_Body)


def _check(request: ImageRequest) -> None:
    if request.n > 1:
        raise RequestError(
            "The embedded editor always gives the same result for the same request, so 'n' can only be 1. "
            "内置编辑器的结果是确定的，n 只能为 1。",
            code="n_not_supported",
            param="n",
        )


def _edit_request(request: ImageRequest) -> EditRequest:
    quality = request.output_compression
    return EditRequest(
        instruction=request.prompt,
        pictures=tuple(picture.data for picture in request.pictures),
        mask=request.mask.data if request.mask is not None else None,
        size="auto" if request.size in _ABSTRACT_SIZES else request.size,
        seed=request.seed,
        output_format=request.output_format,
        quality=_USUAL_QUALITY if quality is None else max(1, min(100, quality)),
        partial_images=request.partial_images,
    )


def _dropped(request: ImageRequest, result: _Result, *, has_shown: bool) -> tuple[str, ...]:
    """What was sent and had no effect: it means nothing to an editor that works by rules, or nothing used it."""
    ignored = {
        "size": request.size in _ABSTRACT_SIZES - {"adaptive"},
        "guidance": request.guidance is not None,
        "watermark": bool(request.watermark),
        "quality": request.quality not in ("", "auto"),
        "background": request.background not in ("", "auto"),
        "partial_images": request.partial_images > 0 and not has_shown,
        "seed": request.seed is not None,
    }
    return (*(name for name, is_ignored in ignored.items() if is_ignored), *_unused(request, result))


def _unused(request: ImageRequest, result: _Result) -> tuple[str, ...]:
    """Further pictures that became nobody's background, counted from 0 as in the list the caller sent."""
    replacing = [done for done in result.operations if (done.get("op"), done.get("action")) == _REPLACE]
    used = {done.get("picture") for done in replacing}
    return tuple(f"image[{index}]" for index in range(1, len(request.pictures)) if index + 1 not in used)


async def _events(answer: Streamed, name: str) -> AsyncGenerator[_Progress | _Result, None]:
    splitter = Splitter(_MOST_EVENT_BYTES)
    async for piece in answer:
        for event in splitter.feed(piece):
            if event.data is None:
                continue
            try:
                if event.event == "progress":
                    yield _PROGRESS.decode(event.data)
                elif event.event == "result":
                    yield _RESULT.decode(event.data)
                elif event.event == "error":
                    raise _error(_BODY.decode(event.data).error, 0, name, None)
            except msgspec.DecodeError as error:
                raise UpstreamGarbled(f"{name} sent an event we cannot read.", target=name) from error


def _progress(stage: _Progress, name: str) -> ImageProgress:
    partial = Picture(from_base64(stage.data, name), stage.mime, "partial") if stage.data else None
    return ImageProgress(stage.done, stage.total, stage.text, partial)


def _made(result: _Result, name: str) -> MadePicture:
    data = from_base64(result.data, name)
    return MadePicture(data, result.mime, result.width, result.height, result.operations, result.seed)


async def _refusal(answer: Streamed, name: str) -> GatewayError:
    body = bytearray()
    async for piece in answer:
        body += piece
        if len(body) > _MOST_ERROR_BYTES:
            raise UpstreamGarbled(f"{name}: the error is too large.", code="upstream_too_large", target=name)
    try:
        fault = _BODY.decode(bytes(body)).error
    except msgspec.DecodeError:
        return UpstreamGarbled(f"{name} answered {answer.status} without saying why.", target=name)
    return _error(fault, answer.status, name, retry_after_s(answer.headers))


def _error(fault: _Fault, status: int, name: str, retry_s: float | None) -> GatewayError:
    """The editor's error as the platform's own: what the editor refuses, the caller asked wrongly."""
    status = status or fault.status
    refused: dict[int, type[RequestError]] = {413: TooLarge, 415: UnsupportedMedia}
    if status == 429:
        return UpstreamBusy(fault.message, code=fault.code, retry_after_s=retry_s, target=name)
    if status == 504:
        return UpstreamTimeout(fault.message, code=fault.code, target=name)
    if fault.code == EngineNotInstalled.code:
        return EngineNotInstalled(fault.message)
    if 400 <= status < 500:
        return refused.get(status, RequestError)(fault.message, code=fault.code, param=fault.param)
    if status == 500:
        return Bug(fault.message)
    return UpstreamDown(fault.message, code=fault.code, target=name)
