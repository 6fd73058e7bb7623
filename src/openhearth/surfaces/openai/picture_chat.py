"""POST /v1/chat/completions with ``chat-M``: the image model M in a conversation, streamed or whole."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from openhearth.config import Config
from openhearth.core.call import Principal, Usage
from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.ids import new_id
from openhearth.core.operations import Operation
from openhearth.dialects.openai_chat.chunks import DONE, ChunkWriter, ImageUrl, ShownImage, TokenUsage, completion
from openhearth.dialects.openai_chat.messages import read_messages
from openhearth.media.conversation import Turn
from openhearth.relay.picture_chat import ChatOrder, PictureChat, Talk
from openhearth.relay.pictures import Pictures
from openhearth.surfaces.home import asker_of
from openhearth.surfaces.http import Json
from openhearth.surfaces.picture_fields import PICTURE_FIELDS, read_request, unknown
from openhearth.surfaces.work_answers import Streamed, timing, whole

_PREFIX = "chat-"
_TYPED_ONLY: dict[str, Any] = {
    "temperature": float,
    "top_p": float,
    "stop": str | list[str],
    "max_tokens": int,
    "max_completion_tokens": int,
    "presence_penalty": float,
    "frequency_penalty": float,
    "logit_bias": dict[str, float],
    "response_format": dict[str, msgspec.Raw],
    "tools": list[msgspec.Raw],
    "tool_choice": str | dict[str, msgspec.Raw],
    "parallel_tool_calls": bool,
    "logprobs": bool,
    "top_logprobs": int,
}
_KNOWN = frozenset({"model", "messages", "stream", "stream_options", *PICTURE_FIELDS, *_TYPED_ONLY})


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class PictureChatAnswers:
    """Answers picture chats. ``now`` is unix seconds."""

    def __init__(
        self, chat: PictureChat, pictures: Pictures, config: Config, *, now: Callable[[], float] = time.time
    ) -> None:
        self._chat = chat
        self._pictures = pictures
        self._config = config
        self._now = now

    async def answer(self, request: Request, envelope: Envelope, principal: Principal) -> Response | None:
        """The answer, or ``None`` when the model is no ``chat-M`` of an image model M.

        Raises GatewayErrors as long as nothing was sent; after that they are events in the stream.
        """
        asked_as = envelope.require("model", str)
        model = asked_as.removeprefix(_PREFIX)
        if model == asked_as or not self._has(principal, model):
            return None
        self._pictures.check_model(principal, asked_as)
        stream = envelope.get("stream", bool) or False
        order = self._order(envelope, asked_as, model, stream=stream)
        dropped = self._dropped(envelope)
        wants_usage = _wants_usage(envelope)
        asker = asker_of(request, principal, self._config.server.public_url)
        talk = await self._chat.begin(principal, order, asker)
        created = int(self._now())
        if not stream:
            return await self._whole(request, talk, asked_as, created, dropped)
        writer = ChunkWriter(new_id("chatcmpl-"), created, asked_as)
        opening = writer.role() + (writer.text(talk.opening) if talk.opening else b"")
        return Streamed(
            talk.work,
            _chunks(talk, writer, wants_usage=wants_usage),
            opening=opening,
            marks=lambda: talk.work.headers(dropped),
            timing=timing(talk.work, self._config.limits),
        )

    def _has(self, principal: Principal, model: str) -> bool:
        return any(
            self._pictures.answers(principal, operation, model)
            for operation in (Operation.IMAGE_EDIT, Operation.IMAGE_GENERATE)
        )

    def _order(self, envelope: Envelope, asked_as: str, model: str, *, stream: bool) -> ChatOrder:
        raw = envelope.fields.get("messages")
        if raw is None:
            raise RequestError("Field 'messages' is required.", param="messages", code="missing_field")
        turns = tuple(Turn(said.role, said.text, said.pictures) for said in read_messages(bytes(raw)))
        known = {name: raw for name, raw in envelope.fields.items() if name in PICTURE_FIELDS}
        request = read_request(envelope, model, names=known, per_call=self._config.media.per_call, extras=known)
        return ChatOrder(asked_as, turns, request, stream)

    def _dropped(self, envelope: Envelope) -> tuple[str, ...]:
        """Fields without effect on a picture: checked for their type all the same, and reported."""
        idle = tuple(name for name, want in _TYPED_ONLY.items() if envelope.get(name, want) is not None)
        return idle + unknown(envelope.fields, _KNOWN, strict=self._config.strict_fields)

    async def _whole(
        self, request: Request, talk: Talk, asked_as: str, created: int, dropped: tuple[str, ...]
    ) -> Response:
        texts = [talk.opening]
        links: list[str] = []
        lost = list(dropped)

        async def make() -> Response:
            async with aclosing(talk.pieces) as pieces:
                async for piece in pieces:
                    texts.append(piece.text)
                    links.extend(piece.links)
                    lost.extend(piece.dropped)
            answer = completion(
                new_id("chatcmpl-"),
                created,
                asked_as,
                "".join(texts),
                images=_shown(tuple(links), 0),
                usage=_tokens(talk.work.call.usage),
            )
            return Json(answer, headers=talk.work.headers(tuple(lost)))

        return await whole(request, talk.work, make())


async def _chunks(talk: Talk, writer: ChunkWriter, *, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    """Everything after the opening, each piece as soon as it is known."""
    count = 0
    async with aclosing(talk.pieces) as pieces:
        async for piece in pieces:
            yield writer.text(piece.text, _shown(piece.links, count))
            count += len(piece.links)
    end = writer.stop()
    if wants_usage:
        end += writer.usage(_tokens(talk.work.call.usage))
    yield end + DONE


def _shown(links: tuple[str, ...], first: int) -> list[ShownImage]:
    return [ShownImage(ImageUrl(link), number) for number, link in enumerate(links, first)]


def _tokens(usage: Usage) -> TokenUsage:
    return TokenUsage(usage.input_tokens, usage.output_tokens, usage.input_tokens + usage.output_tokens)


def _wants_usage(envelope: Envelope) -> bool:
    options = envelope.get("stream_options", _StreamOptions)
    return bool(options and options.include_usage)
