"""Moderations are relayed as they are; pictures only we can see are put into the body."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from starlette.routing import BaseRoute

from openhearth.config import Config
from openhearth.core.media import MadePicture
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Target
from openhearth.media.gallery import Gallery, Made
from openhearth.media.sources import Sources
from openhearth.providers import builtin
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.surfaces.openai.moderations import EMBEDDED, Moderations
from tests.fakes.media import MemoryBlobs, MemoryFiles, MemoryPictures, Web, png
from tests.fakes.upstream import Reply, Seen, Upstream
from tests.surfaces.routed import Routed, routed

PATH = "/v1/moderations"
MODERATE = {Operation.MODERATE: Dialect.OPENAI_MODERATIONS}
PAGE = "https://pictures.test/cat.png"
RESULT = {"flagged": False, "categories": {"hate": False}, "category_scores": {"hate": 0.1}, "more": [1]}


def _judged(seen: Seen) -> Reply:
    return Reply(json.dumps({"id": "modr-1", "model": seen.json()["model"], "results": [RESULT]}).encode())


class Served(msgspec.Struct):
    """The surface over one upstream, and what it knows of pictures."""

    app: Routed
    up: Upstream
    files: MemoryFiles
    web: Web
    gallery: Gallery

    async def post(self, body: object) -> Any:
        return await self.app.post(PATH, body)

    def sent(self, number: int = 0) -> Any:
        return self.up.seen[number].json()


@asynccontextmanager
async def serving(model: str = EMBEDDED, *, engine: str = "") -> AsyncIterator[Served]:
    files, web = MemoryFiles(), Web()
    gallery = Gallery(MemoryPictures(), MemoryBlobs(), b"a secret of sixteen", keep_days=30)
    sources = Sources(gallery, files, web, most_bytes=1_000_000)
    web.pages[PAGE] = png(8, 6)

    def make(relay: Relay, _: Calls) -> list[BaseRoute]:
        return Moderations(relay, sources, Config()).routes()

    async with Upstream() as up:
        up.add(PATH, _judged)
        provider = Provider("up", "up", up.base_url, speaks=MODERATE, auth="none")
        target = Target("up", provider, Origin("http", "127.0.0.1", up.port), "/v1", model, engine=engine)
        async with routed(make, [target]) as app:
            yield Served(app, up, files, web, gallery)


def picture(url: object) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}, "extra": 1}


def uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


async def test_every_field_goes_out_and_every_byte_comes_back() -> None:
    async with serving("omni-moderation-latest") as served:
        body = {"input": ["a", "b"], "model": "omni-moderation-latest", "stream": True, "more": {"x": [1]}}
        answer = await served.post(body)
        assert answer.status == 200
        assert served.sent() == body
        assert answer.json()["results"] == [RESULT]
        assert answer.headers["x-openhearth-target"] == "up"


async def test_no_model_means_the_embedded_one() -> None:
    async with serving() as served:
        for body in ({"input": "a"}, {"input": "a", "model": None}):
            assert (await served.post(body)).status == 200
        assert [served.sent(at)["model"] for at in (0, 1)] == [EMBEDDED] * 2


async def test_the_embedded_engine_gets_bytes_whatever_the_source() -> None:
    async with serving(engine="local-moderation") as served:
        served.files.put("owner_1", "file_1", png(5, 5))
        kept = await served.gallery.keep(MadePicture(png(7, 7), "image/png", 7, 7), Made("owner_1", ()))
        ours = served.gallery.link("http://gate.test", kept)
        given = [PAGE, "file_1", kept.id, ours, "http://gate.test/v1/files/file_1/content", uri(png(3, 3))]
        parts = [{"type": "text", "text": "image_url"}, *map(picture, given)]
        assert (await served.post({"input": parts})).status == 200
        sent = served.sent()["input"]
        assert sent[0] == parts[0]
        pixels = [png(8, 6), png(5, 5), png(7, 7), png(7, 7), png(5, 5), png(3, 3)]
        assert [part["image_url"]["url"] for part in sent[1:]] == [uri(data) for data in pixels]
        assert all(part["image_url"]["detail"] == "low" and part["extra"] == 1 for part in sent[1:])


async def test_a_remote_one_fetches_public_pictures_itself_and_gets_ours() -> None:
    async with serving("omni-moderation-latest") as served:
        served.files.put("owner_1", "file_1", png(5, 5))
        parts = [picture(PAGE), picture("file_1")]
        assert (await served.post({"input": parts, "model": "omni-moderation-latest"})).status == 200
        assert [part["image_url"]["url"] for part in served.sent()["input"]] == [PAGE, uri(png(5, 5))]
        assert served.web.asked == []


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("file_2", 404, "file_not_found"), ("img_2", 404, "picture_not_found"), ("nonsense", 400, "invalid_image"),
        ("https://pictures.test/page.html", 415, "not_a_picture"), ("ftp://a.test/b.png", 400, "invalid_image"),
    ],
)  # fmt: skip
async def test_pictures_that_cannot_be_had_are_named(url: str, status: int, code: str) -> None:
    async with serving(engine="local-moderation") as served:
        served.files.put("owner_2", "file_2", png())
        served.web.pages["https://pictures.test/page.html"] = b"<!doctype html><p>no picture"
        answer = await served.post({"input": [{"type": "text", "text": "a"}, picture(url)]})
        error = answer.json()["error"]
        assert (answer.status, error["code"], error["param"]) == (status, code, "input[1].image_url.url")
        assert served.up.seen == []


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        (b"[]", 400, None), (b"", 400, None), ({"input": "a", "model": 3}, 400, "model"),
        ({"input": "a", "model": ""}, 400, "model"), ({"input": "a", "model": "unknown"}, 404, "model"),
        ({"input": [{"type": "image_url", "image_url": "x"}]}, 400, "input[0].image_url"),
        ({"input": [{"type": "image_url", "image_url": {"url": 1}}]}, 400, "input[0].image_url"),
        ({"input": [picture("data:,")] * 9}, 400, "input"),
        ({"input": [picture(PAGE)], "model": "unknown"}, 404, "model"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(body: object, status: int, param: str | None) -> None:
    async with serving(engine="local-moderation") as served:
        answer = await served.post(body)
        assert (answer.status, answer.json()["error"]["param"]) == (status, param)
        assert served.up.seen == []


@pytest.mark.parametrize(
    "given", ["image_url", 5, [], ["image_url", 1], [{"type": 3}, "image_url"], {"image_url": 1}, None]
)
async def test_what_is_no_picture_is_left_to_whoever_moderates(given: object) -> None:
    async with serving(engine="local-moderation") as served:
        assert (await served.post({"input": given})).status == 200
        assert served.sent()["input"] == given


async def test_a_key_is_needed() -> None:
    async with serving() as served:
        assert (await served.app.post(PATH, {"input": "a"}, key="sk-wrong")).status == 401


def test_openai_is_attached_with_its_own_names() -> None:
    found = {provider.name for provider in builtin().values() if Operation.MODERATE in provider.speaks}
    assert found == {"openai"}
    assert {"omni-moderation-*", "text-moderation-*"} <= set(builtin()["openai"].models)
