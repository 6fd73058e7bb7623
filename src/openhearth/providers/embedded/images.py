"""Drives the embedded editor over its private socket: edits by words, variations and picture tools by fixed steps.

An edit is killed there as soon as the caller leaves.
"""

import secrets
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from openhearth.core.errors import RequestError, UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import TAKES, Tool, tool_of
from openhearth.core.pictures import from_base64, unheeded
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.engines.edit_image.plan import EditRequest
from openhearth.engines.edit_image.vary import variation
from openhearth.engines.ports import EngineHost
from openhearth.providers.embedded.faults import event_error, refusal
from openhearth.providers.embedded.tools import steps_of
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines

_MOST_EVENT_BYTES = 512 * 1024 * 1024
_ABSTRACT_SIZES = frozenset({"1K", "2K", "4K", "adaptive"})
_USUAL_QUALITY = 90
_SAID_ABOVE = frozenset(
    {"size", "guidance", "guidance_scale", "watermark", "quality", "background", "partial_images", "seed", "seen",
     "output_format", "output_compression", "mask"}
)  # fmt: skip
_SPELLINGS = {"size": ("size", "resolution"), "seed": ("seed", "seen"), "guidance": ("guidance", "guidance_scale")}
_COMPRESSED = ("image/jpeg", "image/webp")
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
        dropped: dict[str, None] = {}
        note = ""
        for number in range(request.n):
            seen = _Seen()
            seed = _seed(request, number)
            try:
                async with aclosing(self._edited(target, request, seed, seen)) as events:
                    async for event in events:
                        if not (isinstance(event, ImageProgress) and event.text == note):
                            yield event
            except RequestError as error:
                if error.param == "prompt" and request.operation is not Operation.IMAGE_EDIT:
                    error.param = _at_fault(request)  # there are no words to blame
                raise
            assert seen.result is not None
            note = seen.result.note
            dropped |= dict.fromkeys(_dropped(request, seen.result, has_shown=seen.has_shown))
        yield ImagesDone(dropped=tuple(dropped), note=note)

    async def _edited(
        self, target: Target, request: ImageRequest, seed: int | None, seen: "_Seen"
    ) -> AsyncGenerator[ImageEvent, None]:
        """One edit: its progress, its note, its picture. What else is known of it goes into ``seen``."""
        body = _ENCODER.encode(_edit_request(request, seed))
        call = outgoing(target, "/edit", "application/msgpack", body, self._deadlines)
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await refusal(answer, target.id)
            async for event in _events(answer, target.id):
                if isinstance(event, _Result):
                    seen.result, made = event, _made(event, request, target.id)
                    if event.note:
                        yield ImageProgress(0, 0, event.note)
                    yield made
                else:
                    seen.has_shown = seen.has_shown or bool(event.data)
                    yield _progress(event, target.id)
        if seen.result is None:
            raise UpstreamDown(f"{target.id}: the edit ended early.", code="upstream_truncated", target=target.id)


class _Seen(msgspec.Struct):
    """What one edit gave beside its picture."""

    result: "_Result | None" = None
    has_shown: bool = False


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


_PROGRESS = msgspec.json.Decoder(_Progress)
_RESULT = msgspec.json.Decoder(_Result)


def _check(request: ImageRequest) -> None:
    """Raises RequestError for what the editor cannot do, whatever the words."""
    if request.n > 1 and request.operation is not Operation.IMAGE_VARY:
        raise RequestError(
            "The embedded editor always gives the same result for the same request, so 'n' can only be 1. "
            "内置编辑器的结果是确定的，n 只能为 1。",
            code="n_not_supported",
            param="n",
        )


def _at_fault(request: ImageRequest) -> str:
    """The field that decides how large or where the result of fixed steps is."""
    if request.tool == Tool.CONVERT:
        return "width"
    if request.tool == Tool.EXPAND:
        return "aspect_ratio" if request.aspect_ratio else "left"
    return "image"


def _seed(request: ImageRequest, number: int) -> int | None:
    """Variations differ by their seeds; an edit has no use for one and gives it back."""
    if request.operation is not Operation.IMAGE_VARY:
        return request.seed
    return (secrets.randbelow(2**31) if request.seed is None else request.seed) + number


def _edit_request(request: ImageRequest, seed: int | None) -> EditRequest:
    quality = request.output_compression
    steps = None
    if request.operation is Operation.IMAGE_VARY:
        steps = variation(seed or 0)
    elif request.operation is Operation.IMAGE_TOOL:
        steps = steps_of(request)
    return EditRequest(
        instruction=request.prompt,
        pictures=tuple(picture.data for picture in request.pictures),
        mask=request.mask.data if request.mask is not None else None,
        size=_size(request),
        seed=seed,
        output_format=request.output_format,
        quality=_USUAL_QUALITY if quality is None else max(1, min(100, quality)),
        partial_images=request.partial_images,
        steps=steps,
    )


def _size(request: ImageRequest) -> str:
    """The size the result is fitted into. Words and ratios mean nothing to an editor that keeps what it is given."""
    return "auto" if request.size in _ABSTRACT_SIZES else request.size


def _dropped(request: ImageRequest, result: "_Result", *, has_shown: bool) -> tuple[str, ...]:
    """What was sent and had no effect: it means nothing to an editor that works by rules, or nothing used it."""
    ignored = {
        "size": request.size in _ABSTRACT_SIZES - {"adaptive"},
        "guidance": request.guidance is not None,
        "watermark": bool(request.watermark),
        "quality": request.quality not in ("", "auto"),
        "background": request.background not in ("", "auto"),
        "partial_images": request.partial_images > 0 and not has_shown,
        "seed": request.seed is not None and request.operation is not Operation.IMAGE_VARY,
        "output_format": "output_format" in request.asked and request.output_format not in result.mime,
        "output_compression": request.output_compression is not None and result.mime not in _COMPRESSED,
    }
    named = tuple(
        spelled for name, is_ignored in ignored.items() if is_ignored for spelled in _as_asked(name, request.asked)
    )
    heeded = TAKES[tool_of(request)] if request.operation is Operation.IMAGE_TOOL else frozenset()
    further = unheeded(request, _SAID_ABOVE | heeded)
    return (*named, *further, *_unused(request, result))


def _as_asked(name: str, asked: Collection[str]) -> Sequence[str]:
    """A field as the client spelled it."""
    return [spelled for spelled in _SPELLINGS.get(name, ()) if spelled in asked] or [name]


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
                    raise event_error(event.data, name)
            except msgspec.DecodeError as error:
                raise UpstreamGarbled(f"{name} sent an event we cannot read.", target=name) from error


def _progress(stage: _Progress, name: str) -> ImageProgress:
    partial = Picture(from_base64(stage.data, name), stage.mime, "partial") if stage.data else None
    return ImageProgress(stage.done, stage.total, stage.text, partial)


def _made(result: _Result, request: ImageRequest, name: str) -> MadePicture:
    data = from_base64(result.data, name)
    said = _varied(result) if request.operation is Operation.IMAGE_VARY else ""
    return MadePicture(data, result.mime, result.width, result.height, result.operations, result.seed, said)


def _varied(result: _Result) -> str:
    """What a variation did, for the client to read."""
    said = []
    for done in result.operations:
        if done.get("op") == "zoom":
            said.append("edges cut")
        elif done.get("op") == "flip":
            said.append("mirrored")
        elif done.get("op") == "adjust":
            said.append(f"{done['kind']} {done['amount']:+.2f}")
    return f"Procedural variation, no generative model: {', '.join(said)}."
