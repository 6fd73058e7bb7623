"""The picture surfaces over real relay, routing and media code, with stores in memory and drivers of the test."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from openhearth.config import Config
from openhearth.core.call import Call, Principal
from openhearth.core.errors import AccessError, NotFound
from openhearth.core.media import ImageDriver
from openhearth.core.money import FREE, Price
from openhearth.core.operations import Operation
from openhearth.core.permissions import Permission
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.doors import asgi
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.gate import Gate
from openhearth.relay.picture_chat import PictureChat
from openhearth.relay.pictures import Pictures
from openhearth.routing.catalog import Catalog
from openhearth.routing.health import Health
from openhearth.routing.plan import Router
from openhearth.surfaces.aitools.pictures import PictureTools
from openhearth.surfaces.http import Route, json_body, principal_of
from openhearth.surfaces.media import MediaPages
from openhearth.surfaces.openai.images import Images
from openhearth.surfaces.openai.picture_chat import PictureChatAnswers
from tests.fakes.access import Limits
from tests.fakes.asgi import Answer, ask
from tests.fakes.media import Clock, Editor, MemoryBlobs, MemoryFiles, MemoryPictures, Web, png

HOME = "http://gate.test"
PORTRAIT = "https://pictures.test/portrait.png"
EDITS = {Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT}
TOOLS = dict.fromkeys((Operation.IMAGE_EDIT, Operation.IMAGE_VARY, Operation.IMAGE_TOOL), Dialect.LOCAL_EDIT)
BOTH = {Operation.IMAGE_EDIT: Dialect.LOCAL_EDIT, Operation.IMAGE_GENERATE: Dialect.LOCAL_EDIT}


class TwoKeys:
    """``sk-a`` and ``sk-b`` belong to different owners; ``sk-c`` may use one model only."""

    def __init__(self) -> None:
        self._known = {
            b"sk-a": Principal("key_a", "owner_a", "a"),
            b"sk-b": Principal("key_b", "owner_b", "b"),
            b"sk-c": Principal("key_c", "owner_c", "c", models=("chat-seededit",)),
        }

    def find_cached(self, token: bytes) -> Principal | None:
        if token not in self._known:
            raise AccessError("This API key is not known.")
        return self._known[token]

    async def find(self, token: bytes) -> Principal:
        raise AccessError("This API key is not known.")


class Calls:
    """Finished calls."""

    def __init__(self) -> None:
        self.all: list[Call] = []

    def finished(self, call: Call) -> None:
        self.all.append(call)


def target(
    name: str = "editor",
    model: str = "seededit",
    *,
    speaks: Mapping[Operation, Dialect] = EDITS,
    priority: int = 0,
    price: Price = FREE,
) -> Target:
    """A place for picture work."""
    provider = Provider(name, name, "http://127.0.0.1:1/v1", speaks=dict(speaks), auth="none")
    origin = Origin("http", "127.0.0.1", 1)
    return Target(name, provider, origin, "/v1", model, priority=priority, price=price)


class PictureApp:
    """Everything a test needs to look at."""

    def __init__(
        self,
        targets: Sequence[Target] = (),
        *,
        drivers: Mapping[Dialect, ImageDriver] | None = None,
        config: Config | None = None,
    ) -> None:
        config = config or Config()
        self.editor = Editor()
        self.clock = Clock()
        self.web = Web()
        self.web.pages[PORTRAIT] = png(8, 6)
        self.files = MemoryFiles()
        self.records = MemoryPictures()
        self.blobs = MemoryBlobs()
        self.limits = Limits()
        self.calls = Calls()
        self.health = Health(15.0)
        router = Router(Catalog(targets or [target()]), self.health, draw=lambda: 0.5)
        gate = Gate(TwoKeys(), self.limits)
        self.pictures = Pictures(gate, router, drivers or {Dialect.LOCAL_EDIT: self.editor}, self.calls)
        self.gallery = Gallery(
            self.records, self.blobs, b"a secret of sixteen", keep_days=config.media.keep_days, now=self.clock
        )
        sources = Sources(self.gallery, self.files, self.web, most_bytes=config.fetch.bytes)
        chat = PictureChatAnswers(
            PictureChat(self.pictures, self.gallery, sources), self.pictures, config, now=self.clock
        )

        async def completions(request: Request) -> Response:
            principal = await principal_of(request, gate)
            envelope = await json_body(request, config.limits)
            answer = await chat.answer(request, envelope, principal)
            if answer is None:
                raise NotFound("No picture model.", code="model_not_found")
            return answer

        self.app: ASGIApp = asgi.app(
            [
                Route("/v1/chat/completions", completions, methods=["POST"], permission=Permission.CALL),
                *Images(gate, self.pictures, self.gallery, sources, config, now=self.clock).routes(),
                *PictureTools(gate, self.pictures, self.gallery, sources, config, now=self.clock).routes(),
                *MediaPages(gate, self.gallery, public_url=config.server.public_url, now=self.clock).routes(),
            ]
        )

    async def post(self, path: str, body: object, *, key: str = "sk-a", **headers: str) -> Answer:
        """POST JSON."""
        data = json.dumps(body).encode()
        return await ask(self.app, "POST", path, headers=json_headers(key, **headers), body=data)

    async def get(self, path: str, *, key: str = "", method: str = "GET", **headers: str) -> Answer:
        """GET a path or one of our own URLs."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        access = {"authorization": f"Bearer {key}"} if key else {}
        return await ask(self.app, method, path.removeprefix(HOME), headers={**access, **named})

    async def chat(self, *messages: object, key: str = "sk-a", **fields: object) -> Answer:
        """One chat request to ``chat-seededit``; a plain text is a message of the user."""
        return await self.chat_with(fields, *messages, key=key)

    async def chat_with(self, fields: Mapping[str, object], *messages: object, key: str = "sk-a") -> Answer:
        """The same with fields of any name."""
        said = [{"role": "user", "content": one} if isinstance(one, str) else one for one in messages]
        return await self.post("/v1/chat/completions", {"model": "chat-seededit", "messages": said, **fields}, key=key)


def json_headers(key: str = "sk-a", **headers: str) -> dict[str, str]:
    """Headers of a JSON request with a key."""
    return {"authorization": f"Bearer {key}", "content-type": "application/json", **headers}


def text_of(answer: Answer) -> str:
    """The final text of a chat answer, streamed or whole."""
    if answer.headers["content-type"].startswith("application/json"):
        content = answer.json()["choices"][0]["message"]["content"]
        assert isinstance(content, str)
        return content
    chunks = [event for event in answer.events() if isinstance(event, dict) and event.get("choices")]
    return "".join(chunk["choices"][0]["delta"]["content"] or "" for chunk in chunks)


def said(answer: Answer) -> dict[str, Any]:
    """The answer as the message a client sends back in the next turn."""
    return {"role": "assistant", "content": text_of(answer)}
