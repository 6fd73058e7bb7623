"""The driver for OpenAI's images API, against a server that reads the bodies as OpenAI would."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import msgspec
import pytest

from openhearth.core.errors import (
    GatewayError,
    Moderated,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.multipart import Event, Field, FileBegin, FileData, FormReader, boundary_of
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Provider, Secret, Target
from openhearth.providers.openai_images.images import OpenAIImagesDriver
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.media import Web, png
from tests.fakes.upstream import Fault, Reply, Upstream
from tests.fakes.upstream_answers import ABORT_S

PHOTO = Picture(png(8, 8), "image/png", "data")
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
SPEAKS = {Operation.IMAGE_GENERATE: Dialect.OPENAI_IMAGES, Operation.IMAGE_EDIT: Dialect.OPENAI_IMAGES}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with Upstream() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    made = H1Client()
    yield made
    await made.close()


def target(upstream: Upstream) -> Target:
    provider = Provider("openai", "OpenAI", upstream.base_url, speaks=SPEAKS)
    origin = Origin("http", "127.0.0.1", upstream.port)
    return Target("up", provider, origin, "/v1", "any", secret=Secret("sk-up"))


def request(**changes: object) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_GENERATE, "gpt-image-2", "a red fox")
    return msgspec.structs.replace(base, **changes)


async def run(client: H1Client, place: Target, asked: ImageRequest, web: Web | None = None) -> list[ImageEvent]:
    driver = OpenAIImagesDriver(client, web or Web(), Deadlines(first_byte_s=2, idle_s=2, total_s=5))
    return [event async for event in driver.make(place, asked)]


def answer(*pictures: bytes, **more: object) -> Reply:
    data = [{"b64_json": base64.b64encode(picture).decode()} for picture in pictures]
    return Reply(json.dumps({"created": 1, "data": data, **more}).encode())


def read_form(content_type: str, body: bytes) -> list[Event]:
    reader = FormReader(boundary_of(content_type))
    events = reader.feed(body)
    reader.close()
    return events


async def test_a_picture_is_made_by_json(upstream: Upstream, client: H1Client) -> None:
    upstream.add(GENERATIONS, answer(png(3, 2), usage={"input_tokens": 4, "output_tokens": 9}))
    events = await run(client, target(upstream), request(n=1, size="1024x1024", quality="high", user="u"))
    seen = await upstream.saw(1)
    assert seen.headers["authorization"] == "Bearer sk-up"
    assert seen.json() == {
        "model": "gpt-image-2", "prompt": "a red fox", "size": "1024x1024", "quality": "high", "user": "u",
    }  # fmt: skip
    assert events == [MadePicture(png(3, 2), "image/png", 3, 2), ImagesDone(4, 9)]


async def test_other_servers_get_the_fields_they_know(upstream: Upstream, client: H1Client) -> None:
    upstream.add(GENERATIONS, answer(png()))
    await run(client, target(upstream), request(model="flux", seed=5, guidance=2.5, watermark=False, n=2))
    assert (await upstream.saw(1)).json() == {
        "model": "flux", "prompt": "a red fox", "n": 2, "response_format": "b64_json", "seed": 5,
        "guidance_scale": 2.5, "watermark": False,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["steps", "num_inference_steps"])
async def test_steps_go_to_other_servers_under_the_name_they_came_with(
    upstream: Upstream, client: H1Client, name: str
) -> None:
    upstream.add(GENERATIONS, answer(png()))
    events = await run(client, target(upstream), request(model="flux", steps=20, asked=frozenset({name, "mask"})))
    assert (await upstream.saw(1)).json()[name] == 20
    assert events[-1] == ImagesDone(dropped=("mask",))
    upstream.add(GENERATIONS, answer(png()))
    events = await run(client, target(upstream), request(steps=20, asked=frozenset({name, "mask"})))
    assert events[-1] == ImagesDone(dropped=tuple(sorted(("mask", name))))


async def test_fewer_pictures_than_asked_for_are_reported(upstream: Upstream, client: H1Client) -> None:
    upstream.add(GENERATIONS, answer(png(), png()))
    events = await run(client, target(upstream), request(model="flux", n=3))
    assert [type(event) for event in events] == [MadePicture, MadePicture, ImagesDone]
    assert events[-1] == ImagesDone(dropped=("n",))
    assert (await run(client, target(upstream), request(model="flux", n=2)))[-1] == ImagesDone()


async def test_a_picture_is_changed_by_a_form(upstream: Upstream, client: H1Client) -> None:
    upstream.add(EDITS, answer(png(), png()))
    asked = request(
        operation=Operation.IMAGE_EDIT, pictures=(PHOTO, Picture(b"\xff\xd8\xff\xe0", "image/jpeg", "data")),
        mask=PHOTO, n=2, output_format="webp", output_compression=50, seed=1,
        asked=frozenset({"output_format", "seed"}),
    )  # fmt: skip
    events = await run(client, target(upstream), asked)
    seen = await upstream.saw(1)
    parts = read_form(seen.headers["content-type"], seen.body)
    fields = {part.name: part.value for part in parts if isinstance(part, Field)}
    assert fields == {
        "model": "gpt-image-2", "prompt": "a red fox", "n": "2", "output_format": "webp", "output_compression": "50",
    }  # fmt: skip
    files = [(part.name, part.filename, part.mime) for part in parts if isinstance(part, FileBegin)]
    assert files == [
        ("image[]", "image-1.png", "image/png"),
        ("image[]", "image-2.jpg", "image/jpeg"),
        ("mask", "mask.png", "image/png"),
    ]
    assert b"".join(part.data for part in parts if isinstance(part, FileData)).startswith(PHOTO.data)
    assert events[-1] == ImagesDone(dropped=("seed",))


async def test_links_are_fetched_and_prompts_kept(upstream: Upstream, client: H1Client) -> None:
    upstream.add(GENERATIONS, Reply(b'{"created":1,"data":[{"url":"https://up.test/x.png","revised_prompt":"fox!"}]}'))
    web = Web()
    web.pages["https://up.test/x.png"] = png(6, 5)
    events = await run(client, target(upstream), request(model="flux"), web)
    assert events[0] == MadePicture(png(6, 5), "image/png", 6, 5, revised_prompt="fox!")


async def test_partial_pictures_pass_on(upstream: Upstream, client: H1Client) -> None:
    def event(kind: str, picture: bytes, **more: object) -> bytes:
        body = {"type": f"image_generation.{kind}", "b64_json": base64.b64encode(picture).decode(), **more}
        return f"event: {body['type']}\ndata: {json.dumps(body)}\n\n".encode()

    pieces = (
        event("partial_image", png(2, 2), partial_image_index=0),
        event("completed", png(4, 4), usage={"input_tokens": 1, "output_tokens": 2}),
    )
    upstream.add(GENERATIONS, Reply(headers={"content-type": "text/event-stream"}, pieces=pieces))
    events = await run(client, target(upstream), request(partial_images=1))
    assert (await upstream.saw(1)).json()["partial_images"] == 1
    partial, picture, done = events
    assert isinstance(partial, ImageProgress)
    assert partial.partial == Picture(png(2, 2), "image/png", "partial")
    assert isinstance(picture, MadePicture)
    assert done == ImagesDone(1, 2)
    upstream.add(GENERATIONS, Reply(headers={"content-type": "text/event-stream"}, pieces=pieces[:1]))
    with pytest.raises(UpstreamDown):
        await run(client, target(upstream), request(partial_images=1))


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "moderation_blocked", Moderated),
        (400, "content_policy_violation", Moderated),
        (400, "invalid_size", UpstreamRejected),
        (404, "model_not_found", UpstreamRejected),
        (401, "invalid_api_key", UpstreamRefusedUs),
        (429, "rate_limit_exceeded", UpstreamBusy),
        (500, "", UpstreamDown),
        (504, "", UpstreamTimeout),
        (200, "server_error", UpstreamGarbled),
    ],
)
async def test_errors_are_read_by_status_and_code(
    upstream: Upstream, client: H1Client, status: int, code: str, expected: type[GatewayError]
) -> None:
    upstream.add(GENERATIONS, Reply(json.dumps({"error": {"message": "no", "code": code}}).encode(), status))
    with pytest.raises(GatewayError) as caught:
        await run(client, target(upstream), request())
    assert type(caught.value) is expected


@pytest.mark.parametrize("body", [b"<html>", b'{"data":[{}]}', b'{"data":[{"b64_json":"Zm9v"}]}', b'{"data":7}'])
async def test_what_is_no_picture_is_garbled(upstream: Upstream, client: H1Client, body: bytes) -> None:
    upstream.add(GENERATIONS, Reply(body))
    with pytest.raises(UpstreamGarbled):
        await run(client, target(upstream), request())


async def test_cancelling_hangs_up_at_once(upstream: Upstream, client: H1Client) -> None:
    upstream.script(Fault(silent=True))
    working = asyncio.create_task(run(client, target(upstream), request()))
    seen = await upstream.saw(1)
    left_s = asyncio.get_running_loop().time()
    working.cancel()
    assert await seen.aborted() - left_s < ABORT_S
