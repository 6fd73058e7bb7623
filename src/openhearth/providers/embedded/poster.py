"""Drives the embedded poster engine: pictures as they are finished, stopped as soon as the caller leaves."""

from collections.abc import AsyncGenerator

import msgspec

from openhearth.core.errors import UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import from_base64, kind_of, unheeded, wanted_box
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.engines.ports import EngineHost
from openhearth.providers.embedded.faults import event_error, refusal
from openhearth.transport.collect import Streamed, stream
from openhearth.transport.post import outgoing
from openhearth.transport.wire import Client, Deadlines

_MOST_EVENT_BYTES = 256 * 1024 * 1024
_DEADLINES = Deadlines()
_ENCODER = msgspec.json.Encoder()
_HEEDED = frozenset(
    {"n", "size", "aspect_ratio", "resolution", "quality", "background", "output_format", "output_compression", "style",
     "seed", "seen", "negative_prompt", "partial_images"}
)  # fmt: skip
_STYLES = ("vivid", "natural")


class LocalPosterDriver:
    """``core.media.ImageDriver`` for ``Dialect.LOCAL_POSTER``. ``engines`` starts the engine when it is not running."""

    def __init__(self, client: Client, engines: EngineHost, deadlines: Deadlines = _DEADLINES) -> None:
        self._client = client
        self._engines = engines
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. What the engine notes is said before the last picture: a chat ends with the picture."""
        if target.engine and not self._engines.ready(target.engine):
            await self._engines.ensure(target.engine)
        call = outgoing(target, "/images/generations", "application/json", _body(request), self._deadlines)
        notes: list[str] = []
        made = 0
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                raise await refusal(answer, target.id)
            async for event in _events(answer, target.id):
                if event.type.endswith(".partial_image"):
                    yield _partial(event, request, target.id)
                    continue
                if event.note and event.note not in notes:
                    notes.append(event.note)
                    yield ImageProgress(0, 0, event.note)
                made += 1
                yield _made(event, target.id)
        if made < request.n:
            raise UpstreamDown(f"{target.id}: the stream ended early.", code="upstream_truncated", target=target.id)
        yield ImagesDone(dropped=_dropped(request), note=" ".join(notes))


class _Event(msgspec.Struct, frozen=True):
    type: str = ""
    b64_json: str = ""
    index: int = 0
    partial_image_index: int = 0
    size: str = ""
    revised_prompt: str = ""
    seed: int | None = None
    note: str = ""


_EVENT = msgspec.json.Decoder(_Event)


def _body(request: ImageRequest) -> bytes:
    box = wanted_box(request.size, request.aspect_ratio, multiple=8)
    body: dict[str, object] = {
        "prompt": request.prompt,
        "n": request.n,
        "size": None if box is None else f"{box[0]}x{box[1]}",
        "quality": request.quality,
        "background": request.background,
        "output_format": request.output_format,
        "output_compression": request.output_compression,
        "style": request.style if request.style in _STYLES else None,
        "seed": request.seed,
        "negative_prompt": request.negative_prompt or None,
        "stream": True,
        "partial_images": request.partial_images,
    }
    return _ENCODER.encode({name: value for name, value in body.items() if value is not None})


def _dropped(request: ImageRequest) -> tuple[str, ...]:
    """A style that is not one of OpenAI's two has no effect; nor has compression on a PNG or SVG."""
    lost = set(unheeded(request, _HEEDED))
    if request.style and request.style not in _STYLES:
        lost.add("style")
    if request.output_compression is not None and request.output_format in ("png", "svg"):
        lost.add("output_compression")
    return tuple(sorted(lost))


async def _events(answer: Streamed, name: str) -> AsyncGenerator[_Event, None]:
    splitter = Splitter(_MOST_EVENT_BYTES)
    async for piece in answer:
        for event in splitter.feed(piece):
            if event.data is None:
                continue
            try:
                if event.event == "error":
                    raise event_error(event.data, name)
                yield _EVENT.decode(event.data)
            except msgspec.DecodeError as error:
                raise UpstreamGarbled(f"{name} sent an event we cannot read.", target=name) from error


def _partial(event: _Event, request: ImageRequest, name: str) -> ImageProgress:
    data = from_base64(event.b64_json, name)
    picture = Picture(data, kind_of(data) or "image/png", "partial")
    done = event.index * (request.partial_images + 1) + event.partial_image_index + 1
    return ImageProgress(done, request.n * (request.partial_images + 1), "正在绘制 drawing", picture)


def _made(event: _Event, name: str) -> MadePicture:
    data = from_base64(event.b64_json, name)
    width, _, height = event.size.partition("x")
    kind = kind_of(data)
    if kind is None or not (width.isdecimal() and height.isdecimal()):
        raise UpstreamGarbled(f"{name} sent something that is not a picture.", target=name)
    return MadePicture(
        data, kind, int(width), int(height), ({"op": "poster", "how": event.revised_prompt},), event.seed,
        event.revised_prompt,
    )  # fmt: skip
