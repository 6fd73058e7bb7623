"""A chat that makes pictures: what the conversation asks, what the assistant says while it works, what it shows.

Knows no HTTP. The same pieces make the stream and the whole answer, so both hold the same text.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from openhearth.core.call import Principal
from openhearth.core.errors import GatewayError, RequestError
from openhearth.core.media import ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.pictures import size_of
from openhearth.media.conversation import Ask, Turn, read
from openhearth.media.directives import is_housekeeping
from openhearth.media.gallery import Gallery, Made
from openhearth.media.links import parse
from openhearth.media.mentions import find_pictures
from openhearth.media.sources import Asker, Sources
from openhearth.relay.pictures import Pictures, PictureWork

_ENCODER = msgspec.json.Encoder()
_UNFIT_FOR_ALT = re.compile(r"[\[\]()<>`!\\\r\n\t]+")
_QUOTED_TURN = re.compile(r"^(?:user|用户)[:：][ \t]*(.{1,2000})$", re.MULTILINE | re.IGNORECASE)
_LONGEST_READ = 20_000
_LONGEST_ALT = 80
_LONGEST_TITLE = 24
_LONGEST_SHOWN_SOURCE = 200


class ChatOrder(msgspec.Struct, frozen=True):
    """What a chat request says, free of its wire form.

    ``request`` holds everything but prompt, pictures and operation. ``asked_as`` is the model name the client wrote.
    """

    asked_as: str
    turns: tuple[Turn, ...]
    request: ImageRequest
    stream: bool


class Piece(msgspec.Struct, frozen=True):
    """Something the assistant says. ``links`` are the pictures this text shows, ``dropped`` fields without effect."""

    text: str
    links: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


class Talk(msgspec.Struct, frozen=True):
    """One answer under way. ``opening`` is said first; it costs nothing and asks nobody.

    Whoever has a Talk opens ``with talk.work:`` around the iteration over ``pieces``, so that the call is settled.
    """

    work: PictureWork
    opening: str
    pieces: AsyncGenerator[Piece, None]


class PictureChat:
    """Turns conversations into picture calls."""

    def __init__(self, pictures: Pictures, gallery: Gallery, sources: Sources) -> None:
        self._pictures = pictures
        self._gallery = gallery
        self._sources = sources

    async def begin(self, principal: Principal, order: ChatOrder, asker: Asker) -> Talk:
        """Understand the last turn and admit the call. The model of ``order`` is one that makes or edits pictures.

        Raises RequestError (nothing to undo, no picture, no words), NotFound, Forbidden and BudgetSpent.
        """
        if _is_housekeeping(order.turns):
            return await self._title(principal, order)
        ask = read(order.turns)
        if ask.back:
            source = await self._gallery.step_back(asker.owner, _id_of(ask.sources[0]), ask.back)
            ask = msgspec.structs.replace(ask, sources=(source,), back=0)
        if ask.show:
            work = await self._free(principal, order)
            return Talk(work, "", self._show(ask, asker))
        ask = self._without_history(principal, order, ask)
        operation = self._operation(principal, order, ask)
        request = msgspec.structs.replace(order.request, operation=operation, prompt=ask.instruction)
        opening = _opening(request, ask.sources)
        work = await self._pictures.open(
            principal, operation, request.model, n=request.n, stream=order.stream, asked_as=order.asked_as
        )
        return Talk(work, opening, self._make(work, request, ask, asker))

    def _without_history(self, principal: Principal, order: ChatOrder, ask: Ask) -> Ask:
        """A model that only makes pictures begins anew in each turn; it is not asked to change an earlier result.

        Raises RequestError (``picture_not_taken``) when the last turn itself gives a picture.
        """
        model = order.request.model
        if not ask.sources or self._pictures.answers(principal, Operation.IMAGE_EDIT, model):
            return ask
        if not self._pictures.answers(principal, Operation.IMAGE_GENERATE, model):
            return ask
        last = [turn for turn in order.turns if turn.role == "user"][-1]
        if last.pictures or find_pictures(last.text).sources:
            raise RequestError(
                f"'{order.asked_as}' makes pictures from words and takes none: name a model that edits.",
                param="messages",
                code="picture_not_taken",
            )
        return msgspec.structs.replace(ask, sources=())

    def _operation(self, principal: Principal, order: ChatOrder, ask: Ask) -> Operation:
        model = order.request.model
        if ask.sources:
            if not ask.instruction:
                raise RequestError("Say what to change in the picture.", param="messages", code="missing_instruction")
            return Operation.IMAGE_EDIT
        if self._pictures.answers(principal, Operation.IMAGE_GENERATE, model):
            if not ask.instruction:
                raise RequestError("Say what picture to make.", param="messages", code="missing_instruction")
            return Operation.IMAGE_GENERATE
        raise RequestError(
            f"'{order.asked_as}' edits pictures, and this conversation holds none yet. Put a picture's URL before "
            "the instruction, or attach one as image_url.",
            param="messages",
            code="missing_image",
        )

    async def _free(self, principal: Principal, order: ChatOrder) -> PictureWork:
        return await self._pictures.open_free(principal, Operation.IMAGE_EDIT, order.asked_as, stream=order.stream)

    async def _title(self, principal: Principal, order: ChatOrder) -> Talk:
        """A client's hidden prompt for a title or summary: a few words from the instruction, and no picture."""
        title = _short(_subject(order.turns) or "图片编辑 Picture editing", _LONGEST_TITLE)

        async def say() -> AsyncGenerator[Piece, None]:
            yield Piece(title)

        return Talk(await self._free(principal, order), "", say())

    async def _show(self, ask: Ask, asker: Asker) -> AsyncGenerator[Piece, None]:
        """A picture of this conversation once more, unchanged."""
        link = await self._link(ask.sources[0], asker)
        yield Piece("> ↩️ 回到这一张 back to this picture\n\n")
        yield Piece(f"![{_alt('')}]({link})\n\n", (link,))

    async def _link(self, source: str, asker: Asker) -> str:
        """Where a source can be looked at. What has no address of its own is kept as a picture."""
        own = parse(source)
        if own is not None and self._gallery.signed(own):
            return self._gallery.link(asker.home, await self._gallery.linked(own))
        if source.startswith("img_"):
            return self._gallery.link(asker.home, await self._gallery.own(asker.owner, source))
        if source.startswith(("http://", "https://")) and "/v1/files/" not in source:
            return source
        picture = await self._sources.picture(source, asker)
        width, height = size_of(picture.data) or (0, 0)
        parents = () if picture.source == "data" else (picture.source,)
        made = MadePicture(picture.data, picture.mime, width, height)
        return self._gallery.link(asker.home, await self._gallery.keep(made, Made(asker.owner, parents)))

    async def _make(
        self, work: PictureWork, request: ImageRequest, ask: Ask, asker: Asker
    ) -> AsyncGenerator[Piece, None]:
        pictures = tuple([await self._sources.picture(source, asker) for source in ask.sources])
        said = set()
        held: Piece | None = None  # the last picture waits for what is to be said about it
        made = 0
        async with aclosing(work.events(msgspec.structs.replace(request, pictures=pictures))) as events:
            try:
                async for event in events:
                    if held is not None and (isinstance(event, MadePicture) or made < request.n):
                        yield held
                        held = None
                    if isinstance(event, MadePicture):
                        made += 1
                        held = await self._shown(event, work, request, pictures, asker)
                    elif isinstance(event, ImageProgress):
                        said.add(event.text)
                        yield Piece(_progress(event))
                    elif closing := _closing(event, said):
                        yield Piece(closing, dropped=event.dropped)
            except GatewayError:
                if held is not None:
                    yield held
                raise
        if held is not None:
            yield held

    async def _shown(
        self, made: MadePicture, work: PictureWork, request: ImageRequest, pictures: tuple[Picture, ...], asker: Asker
    ) -> Piece:
        origin = Made(
            owner=asker.owner,
            parents=tuple(picture.source for picture in pictures),
            instruction=request.prompt,
            model=request.model,
            target_id=work.call.target_id,
        )
        link = self._gallery.link(asker.home, await self._gallery.keep(made, origin))
        return Piece(f"![{_alt(made.revised_prompt or request.prompt)}]({link})\n\n", (link,))


def _is_housekeeping(turns: tuple[Turn, ...]) -> bool:
    if not turns or turns[-1].role not in ("user", "system"):
        return False
    before = [turn.text for turn in turns[:-1] if turn.role == "system"][-1:]
    return is_housekeeping("\n".join([*before, turns[-1].text]))


def _subject(turns: tuple[Turn, ...]) -> str:
    """The first instruction of the conversation: a turn before the hidden prompt, or one quoted inside it."""
    earlier = (find_pictures(turn.text).text for turn in turns[:-1] if turn.role == "user")
    quoted = (find_pictures(match[1]).text for match in _QUOTED_TURN.finditer(turns[-1].text[:_LONGEST_READ]))
    return next(filter(None, (*earlier, *quoted)), "")


def _opening(request: ImageRequest, sources: tuple[str, ...]) -> str:
    """The seed's first lines: that work has begun, and the request in a fence."""
    shown: dict[str, object] = {"model": request.model, "prompt": request.prompt, "n": request.n}
    short = [_short_source(source) for source in sources]
    if short:
        shown["image"] = short[0] if len(short) == 1 else short
    if request.size != "auto":
        shown["size"] = request.size
    if request.seed is not None:
        shown["seed"] = request.seed
    if request.guidance is not None:
        shown["guidance_scale"] = request.guidance
    text = msgspec.json.format(_ENCODER.encode(shown), indent=2).decode()
    return f"> 🖌️正在绘画\n\n```json\n{text}\n```\n\n"


def _progress(event: ImageProgress) -> str:
    text = " ".join(event.text.split())
    return f"> {event.done}/{event.total} {text}\n\n" if event.total else f"> {text}\n\n"


def _closing(event: ImagesDone, said: set[str]) -> str:
    lines = []
    if event.note and event.note not in said:
        lines.append(f"> {' '.join(event.note.split())}\n\n")
    if event.dropped:
        names = ", ".join(f"`{name}`" for name in event.dropped)
        lines.append(f"> 未采用的参数 fields without effect here: {names}\n\n")
    return "".join(lines)


def _alt(text: str) -> str:
    return _short(_UNFIT_FOR_ALT.sub(" ", text), _LONGEST_ALT) or "picture"


def _short(text: str, most: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _short_source(source: str) -> str:
    if source[:5].lower() == "data:":
        head = source.partition(",")[0][:40]
        return f"{head},… ({len(source) * 3 // 4 // 1024} KB)"
    return source if len(source) <= _LONGEST_SHOWN_SOURCE else source[:_LONGEST_SHOWN_SOURCE] + "…"


def _id_of(source: str) -> str:
    link = parse(source)
    return link.picture_id if link else source
