"""Watermarks on what is no page of text: overlaid words on a photograph are for the picture tools, if there are any."""

from contextlib import aclosing

from openhearth.core.call import Principal
from openhearth.core.documents import Document, Made, Page, Reading
from openhearth.core.errors import RequestError
from openhearth.core.media import ImageRequest, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import Options, Tool, with_options
from openhearth.core.pictures import kind_of, size_of
from openhearth.relay.pictures import Pictures

_EDITOR = "local-edit"
NOT_A_PAGE = "not_a_page"


class Marks:
    """The picture tool that takes overlaid text away."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    async def removed(self, principal: Principal, document: Document, refusal: RequestError) -> Reading:
        """The picture without its text. Raises ``refusal`` when nothing here can do that, and what the tool raises."""
        mime = kind_of(document.data)
        if mime is None or not self._pictures.answers(principal, Operation.IMAGE_TOOL, _EDITOR):
            raise refusal
        asked = ImageRequest(
            Operation.IMAGE_TOOL,
            _EDITOR,
            "",
            (Picture(document.data, mime, "data"),),
            tool=str(Tool.REMOVE_WATERMARK),
            asked=frozenset({"tool"}),
        )
        with await self._pictures.open(principal, Operation.IMAGE_TOOL, _EDITOR, n=1, stream=False) as work:
            async with aclosing(work.events(with_options(asked, Options()))) as events:
                made = [event async for event in events if isinstance(event, MadePicture)]
        width, height = size_of(document.data) or (made[0].width, made[0].height)
        box = (0, 0, width, 0, width, height, 0, height)
        result = Made("result1", "result", made[0].data, made[0].mime, made[0].width, made[0].height, 1, box)
        return Reading(
            pages=(Page(1, width, height, 0, is_scan=True),),
            pictures=(result,),
            total_pages=1,
            notes=(
                "No page of text: overlaid text was removed by the picture editor. 非文档页面，已由图片编辑器处理。",
            ),
        )
