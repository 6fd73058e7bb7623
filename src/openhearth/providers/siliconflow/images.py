"""Drives SiliconFlow's picture models: calls until enough pictures have come, their links fetched at once."""

from base64 import b64encode
from collections.abc import AsyncGenerator

from openhearth.core.errors import RequestError, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.pictures import Fetcher, from_base64, made_from
from openhearth.core.provider import Target
from openhearth.dialects.siliconflow_images.answer import Answer, read_answer, refusal
from openhearth.dialects.siliconflow_images.request import check, dropped, encode, per_call
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines, Outgoing

_PATH = "/images/generations"
_MOST_ANSWER_BYTES = 96 * 1024 * 1024


class SiliconFlowImagesDriver:
    """``core.media.ImageDriver`` for ``Dialect.SILICONFLOW_IMAGES``."""

    def __init__(self, client: Client, fetcher: Fetcher, deadlines: Deadlines) -> None:
        self._client = client
        self._fetcher = fetcher
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. Of a model that makes fewer pictures than it was asked for, ``n`` is reported."""
        model = target.upstream_model or request.model
        check(request, model)
        images = [_uri(picture) for picture in request.pictures]
        made = came = 0
        for n in per_call(request, model):
            body = encode(request, model, images, n=n, first=made)
            call = outgoing(target, _PATH, "application/json", body, self._deadlines)
            answer = await self._asked(call)
            found = answer.images or answer.data or []
            if not found:
                raise UpstreamGarbled(f"{target.id} answered without a picture.", target=target.id)
            for number, item in enumerate(found):
                seed = answer.seed if number == 0 else None
                yield await self._picture(item.url, target.id, seed)
            made += n
            came += len(found)
            if made < request.n:
                yield ImageProgress(made, request.n, f"已完成 {made} 张 {made} picture(s) done")
        short = ("n",) if came < request.n else ()
        yield ImagesDone(dropped=(*dropped(request, model), *short))

    async def _asked(self, call: Outgoing) -> Answer:
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, call.name, retry_after_s(answer.headers))
        return read_answer(answer.body, call.name)

    async def _picture(self, url: str, name: str, seed: int | None) -> MadePicture:
        if not url:
            raise UpstreamGarbled(f"{name} answered without a picture.", target=name)
        if url.startswith("data:"):
            return made_from(from_base64(url, name), name, seed=seed)
        try:
            fetched = await self._fetcher.get(url)
        except RequestError as error:
            raise UpstreamGarbled(f"{name} gave a link we may not follow: {error.message}", target=name) from error
        return made_from(fetched.data, name, seed=seed)


def _uri(picture: Picture) -> str:
    """A data URI: what we checked is what is sent."""
    return f"data:{picture.mime};base64,{b64encode(picture.data).decode()}"
