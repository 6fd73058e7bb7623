"""Drives Recraft's picture tools: one call, one picture, aborted when the client leaves."""

from collections.abc import AsyncGenerator

from openhearth.core.errors import RequestError, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageRequest, ImagesDone, MadePicture
from openhearth.core.picture_tools import tool_of
from openhearth.core.pictures import Fetcher, from_base64, made_from, unheeded
from openhearth.core.provider import Target
from openhearth.dialects.recraft_tools import PATHS, Shown, encode, read_answer, refusal
from openhearth.transport.collect import collect
from openhearth.transport.post import outgoing, retry_after_s
from openhearth.transport.wire import Client, Deadlines

_MOST_ANSWER_BYTES = 256 * 1024 * 1024
_STRUCTURAL = frozenset({"task", "file"})


class RecraftToolsDriver:
    """``core.media.ImageDriver`` for ``Dialect.RECRAFT_TOOLS``."""

    def __init__(self, client: Client, fetcher: Fetcher, deadlines: Deadlines) -> None:
        self._client = client
        self._fetcher = fetcher
        self._deadlines = deadlines

    async def make(self, target: Target, request: ImageRequest) -> AsyncGenerator[ImageEvent, None]:
        """See ``ImageDriver``. Raises RequestError for a tool that Recraft does not offer."""
        tool = tool_of(request)
        if tool not in PATHS:
            offered = ", ".join(PATHS)
            raise RequestError(f"Recraft offers {offered}; not {tool}.", param="model", code="tool_not_offered")
        if request.mask is not None:
            raise RequestError("This tool of Recraft takes no mask.", param="mask", code="mask_not_taken")
        form = encode(request.pictures[0])
        call = outgoing(target, PATHS[tool], form.content_type, form.body, self._deadlines)
        answer = await collect(self._client, call, most_bytes=_MOST_ANSWER_BYTES)
        if answer.status != 200:
            raise refusal(answer.status, answer.body, call.name, retry_after_s(answer.headers))
        yield await self._picture(read_answer(answer.body, call.name), call.name)
        yield ImagesDone(dropped=unheeded(request, _STRUCTURAL))

    async def _picture(self, shown: Shown, name: str) -> MadePicture:
        if shown.b64_json:
            return made_from(from_base64(shown.b64_json, name), name)
        if not shown.url:
            raise UpstreamGarbled(f"{name} answered without a picture.", target=name)
        try:
            fetched = await self._fetcher.get(shown.url)
        except RequestError as error:
            raise UpstreamGarbled(f"{name} gave a link we may not follow: {error.message}", target=name) from error
        return made_from(fetched.data, name)
