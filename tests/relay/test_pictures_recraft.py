"""Recraft's picture tools, against a server that reads its forms."""

import base64
import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from openhearth.core.errors import (
    GatewayError,
    Moderated,
    RequestError,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.multipart import Field, FileBegin, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import Tool
from openhearth.core.provider import Origin, Secret, Target
from openhearth.providers import builtin
from openhearth.providers.recraft.tools import RecraftToolsDriver
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.media import Web, png
from tests.fakes.upstream import Reply, Upstream

PHOTO = Picture(png(8, 8), "image/png", "data")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="5" height="4"></svg>'


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    made = H1Client()
    yield made
    await made.close()


def request(tool: Tool, **changes: object) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_TOOL, "recraftv3", "", (PHOTO,), tool=str(tool))
    return msgspec.structs.replace(base, **changes)


async def run(client: H1Client, upstream: Upstream, asked: ImageRequest, web: Web | None = None) -> list[ImageEvent]:
    origin = Origin("http", "127.0.0.1", upstream.port)
    place = Target("recraft", builtin()["recraft"], origin, "/v1", "recraftv3", secret=Secret("rk"))
    driver = RecraftToolsDriver(client, web or Web(), Deadlines(first_byte_s=5, idle_s=5, total_s=10))
    return [event async for event in driver.make(place, asked)]


@pytest.mark.parametrize(
    ("tool", "path"),
    [
        (Tool.VECTORIZE, "vectorize"),
        (Tool.CLARITY, "crispUpscale"),
        (Tool.SUPER_RESOLUTION, "generativeUpscale"),
        (Tool.MATTING, "removeBackground"),
    ],
)
async def test_a_tool_is_a_form_with_the_file(upstream: Upstream, client: H1Client, tool: Tool, path: str) -> None:
    shown = {"image": {"b64_json": base64.b64encode(SVG).decode()}}
    upstream.add(f"/v1/images/{path}", Reply(json.dumps(shown).encode()))
    events = await run(client, upstream, request(tool, style="oil", asked=frozenset({"style", "task"})))
    seen = await upstream.saw(1)
    reader = FormReader(boundary_of(seen.headers["content-type"]))
    parts = reader.feed(seen.body)
    reader.close()
    assert seen.headers["authorization"] == "Bearer rk"
    assert {part.name: part.value for part in parts if isinstance(part, Field)} == {"response_format": "b64_json"}
    assert [part.name for part in parts if isinstance(part, FileBegin)] == ["file"]
    assert events == [MadePicture(SVG, "image/svg+xml", 5, 4), ImagesDone(dropped=("style",))]


async def test_a_link_is_fetched(upstream: Upstream, client: H1Client) -> None:
    upstream.add("/v1/images/vectorize", Reply(b'{"image":{"url":"https://r.test/x.png"}}'))
    web = Web()
    web.pages["https://r.test/x.png"] = png(3, 3)
    made = (await run(client, upstream, request(Tool.VECTORIZE), web))[0]
    assert isinstance(made, MadePicture)
    assert made.data == png(3, 3)


@pytest.mark.parametrize(
    ("asked", "param"),
    [(request(Tool.EXPAND), "model"), (request(Tool.MATTING, mask=PHOTO), "mask"), (request(Tool.STYLE), "model")],
)
async def test_what_it_does_not_offer_is_refused(
    upstream: Upstream, client: H1Client, asked: ImageRequest, param: str
) -> None:
    with pytest.raises(RequestError) as caught:
        await run(client, upstream, asked)
    assert caught.value.param == param
    assert upstream.seen == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"code": "content_policy_violation", "message": "no"}, Moderated),
        (400, {"code": "bad_image", "message": "no"}, UpstreamRejected),
        (401, {}, UpstreamRefusedUs),
        (429, {}, UpstreamBusy),
        (500, {}, UpstreamDown),
        (504, [], UpstreamTimeout),
        (200, {}, UpstreamGarbled),
        (200, {"image": {}}, UpstreamGarbled),
        (200, {"image": {"b64_json": "Zm9v"}}, UpstreamGarbled),
    ],
)
async def test_errors_are_read_by_status_and_code(
    upstream: Upstream, client: H1Client, status: int, body: object, expected: type[GatewayError]
) -> None:
    upstream.add("/v1/images/removeBackground", Reply(json.dumps(body).encode(), status))
    with pytest.raises(GatewayError) as caught:
        await run(client, upstream, request(Tool.MATTING))
    assert type(caught.value) is expected
