"""Drives ``/images/generations`` and ``/images/edits`` of an upstream; partial pictures pass on as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from openhearth.core.errors import RequestError, UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import Fetcher, from_base64, kind_of, made_from
from openhearth.core.provider import Target
from openhearth.core.sse import Splitter
from openhearth.dialects.openai_images.answer import Event, Item, Usage, read_answer, read_event, refusal
from openhearth.dialects.openai_images.request import Sent, encode, per_call
from openhearth.transport.collect import Streamed, collect, stream
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines, Outgoing

_MOST_ANSWER_BYTES = 256 * 1024 * 1024
_MOST_EVENT_BYTES = 96 * 1024 * 1024
_MOST_ERROR_BYTES = 256 * 1024


class OpenAIImagesDriver:
    """``core.media.ImageDriver`` for ``Dialect.OPENAI_IMAGES``."""

    def __init__(self, client: Client, fetcher: Fetcher, deadlines: Deadlines) -> None:
        self._client = client
        self._fetcher = fetcher
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. A model that makes one picture at a time is called several times; of one that makes
        fewer than it was asked for, ``n`` is reported."""
        model, quirks = target.upstream_model or request.model, target.provider.image_quirks
        totals = Usage()
        dropped: tuple[str, ...] = ()
        first = made = 0
        for n in per_call(request, model, quirks):
            sent = encode(request, model, quirks, n=n, first=first)
            call = outgoing(target, sent.path, sent.content_type, sent.body, self._deadlines)
            events = self._streamed(call, sent, request) if sent.streams else self._whole(call, sent, request, first)
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, ImagesDone):
                        totals = Usage(totals.input_tokens + event.input_tokens,
                                       totals.output_tokens + event.output_tokens)  # fmt: skip
                        dropped = event.dropped
                    else:
                        made += isinstance(event, MadePicture)
                        yield event
            first += n
        short = ("n",) if made < request.n else ()
        yield ImagesDone(totals.input_tokens, totals.output_tokens, (*dropped, *short))

    async def _whole(
        self, call: Outgoing, sent: Sent, request: ImageRequest, first: int
    ) -> AsyncGenerator[ImageEvent, None]:
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, call.name, retry_after_s(answer.headers))
        read = read_answer(answer.body, call.name)
        seed = None if request.seed is None or "seed" in sent.dropped else request.seed + first
        for number, item in enumerate(read.data or read.images):
            yield await self._picture(item, call.name, None if seed is None else seed + number)
        yield _done(read.usage, sent)

    async def _streamed(self, call: Outgoing, sent: Sent, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        usage: Usage | None = None
        finished = 0
        async with stream(self._client, call) as answer:
            if answer.status != 200:
                body = await _bounded(answer)
                raise refusal(answer.status, body, call.name, retry_after_s(answer.headers))
            async for event in _events(answer, call.name):
                if event.type.endswith(".partial_image"):
                    yield _partial(event, request, call.name)
                elif event.type.endswith(".completed"):
                    finished += 1
                    usage = event.usage or usage
                    yield made_from(from_base64(event.b64_json, call.name), call.name)
        if finished < sent.n:
            raise UpstreamDown(f"{call.name}: the stream ended early.", code="upstream_truncated", target=call.name)
        yield _done(usage, sent)

    async def _picture(self, item: Item, name: str, seed: int | None) -> MadePicture:
        said = item.revised_prompt or ""
        if item.b64_json:
            return made_from(from_base64(item.b64_json, name), name, seed=seed, revised_prompt=said)
        if not item.url:
            raise UpstreamGarbled(f"{name} answered a result without a picture.", target=name)
        if item.url.startswith("data:"):
            return made_from(from_base64(item.url, name), name, seed=seed, revised_prompt=said)
        try:
            fetched = await self._fetcher.get(item.url)
        except RequestError as error:
            raise UpstreamGarbled(f"{name} gave a link we may not follow: {error.message}", target=name) from error
        return made_from(fetched.data, name, seed=seed, revised_prompt=said)


async def _events(answer: Streamed, name: str) -> AsyncGenerator[Event, None]:
    splitter = Splitter(_MOST_EVENT_BYTES)
    async for piece in answer:
        for event in splitter.feed(piece):
            if event.data is not None and event.data.strip() != "[DONE]":
                yield read_event(event.data.encode(), name)


def _partial(event: Event, request: ImageRequest, name: str) -> ImageProgress:
    data = from_base64(event.b64_json, name)
    number = event.partial_image_index + 1
    picture = Picture(data, kind_of(data) or "image/png", "partial")
    return ImageProgress(number, request.partial_images + 1, f"草图 {number} partial picture", picture)


def _done(usage: Usage | None, sent: Sent) -> ImagesDone:
    counted = usage or Usage()
    return ImagesDone(counted.input_tokens, counted.output_tokens, sent.dropped)


async def _bounded(answer: Streamed) -> bytes:
    """The start of an error body; what is beyond the bound says nothing."""
    pieces = bytearray()
    async for piece in answer:
        pieces += piece
        if len(pieces) > _MOST_ERROR_BYTES:
            break
    return bytes(pieces)
