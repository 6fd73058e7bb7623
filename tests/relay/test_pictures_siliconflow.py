"""The SiliconFlow driver against a fake that follows the published protocol."""

import asyncio
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
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Origin, Secret, Target
from openhearth.providers import builtin
from openhearth.providers.siliconflow.images import SiliconFlowImagesDriver
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.media import Web, png
from tests.fakes.siliconflow import KEY, KOLORS, QWEN, QWEN_EDIT, SiliconFlow
from tests.fakes.upstream import Fault
from tests.fakes.upstream_answers import ABORT_S

PHOTO = Picture(png(8, 8), "image/png", "data")


@pytest.fixture
async def flow() -> AsyncIterator[SiliconFlow]:
    async with SiliconFlow() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    made = H1Client()
    yield made
    await made.close()


def target(flow: SiliconFlow, model: str = KOLORS, key: str = KEY) -> Target:
    origin = Origin("http", "127.0.0.1", flow.port)
    return Target("sf", builtin()["siliconflow"], origin, "/v1", model, secret=Secret(key))


def request(model: str = KOLORS, **changes: object) -> ImageRequest:
    return msgspec.structs.replace(ImageRequest(Operation.IMAGE_GENERATE, model, "一只狐狸"), **changes)


async def run(client: H1Client, flow: SiliconFlow, asked: ImageRequest, key: str = KEY) -> list[ImageEvent]:
    web = Web()
    web.pages |= {flow.link(number): png(3 + number, 2) for number in range(8)}
    driver = SiliconFlowImagesDriver(client, web, Deadlines(first_byte_s=5, idle_s=5, total_s=10))
    return [event async for event in driver.make(target(flow, asked.model, key), asked)]


def made(events: list[ImageEvent]) -> list[MadePicture]:
    return [event for event in events if isinstance(event, MadePicture)]


def test_the_catalogue_gives_pictures_to_this_driver() -> None:
    for name in ("siliconflow", "siliconflow-intl"):
        speaks = builtin()[name].speaks
        assert speaks[Operation.IMAGE_GENERATE] is speaks[Operation.IMAGE_EDIT] is Dialect.SILICONFLOW_IMAGES


async def test_a_picture_is_asked_as_published(flow: SiliconFlow, client: H1Client) -> None:
    asked = frozenset({"seed", "negative_prompt", "guidance_scale", "steps", "quality", "size"})
    events = await run(
        client, flow, request(seed=5, negative_prompt="雾", guidance=7.5, steps=20, quality="high", asked=asked)
    )
    assert flow.bodies == [
        {
            "model": KOLORS, "prompt": "一只狐狸", "negative_prompt": "雾", "image_size": "1024x1024", "batch_size": 1,
            "seed": 5, "num_inference_steps": 20, "guidance_scale": 7.5,
        }
    ]  # fmt: skip
    assert made(events) == [MadePicture(png(3, 2), "image/png", 3, 2, seed=5)]
    assert events[-1] == ImagesDone(dropped=("quality",))


async def test_more_than_a_batch_are_several_calls_and_a_seed_goes_on(flow: SiliconFlow, client: H1Client) -> None:
    pictures = made(await run(client, flow, request(n=6, seed=10)))
    assert [body["batch_size"] for body in flow.bodies] == [4, 2]
    assert [body["seed"] for body in flow.bodies] == [10, 14]
    assert len(pictures) == 6
    assert [picture.seed for picture in pictures] == [10, None, None, None, 14, None]


async def test_fewer_pictures_than_asked_for_are_reported(flow: SiliconFlow, client: H1Client) -> None:
    flow.answer({"images": [{"url": flow.link(0)}], "timings": {"inference": 1.5}, "seed": 3})
    events = await run(client, flow, request(n=3))
    assert len(made(events)) == 1
    assert events[-1] == ImagesDone(dropped=("n",))
    assert (await run(client, flow, request(n=3)))[-1] == ImagesDone()


async def test_models_of_one_picture_are_called_once_each(flow: SiliconFlow, client: H1Client) -> None:
    await run(client, flow, request(QWEN, n=2, aspect_ratio="16:9"))
    assert [body["image_size"] for body in flow.bodies] == ["1664x928", "1664x928"]
    assert all("batch_size" not in body for body in flow.bodies)


async def test_an_exact_size_goes_as_it_is(flow: SiliconFlow, client: H1Client) -> None:
    await run(client, flow, request(size="720x1280"))
    assert flow.bodies[0]["image_size"] == "720x1280"
    with pytest.raises(UpstreamRejected) as caught:
        await run(client, flow, request(size="333x333"))
    assert "20015" in caught.value.message


async def test_several_pictures_are_edited_together(flow: SiliconFlow, client: H1Client) -> None:
    asked = request(QWEN_EDIT, pictures=(PHOTO, PHOTO), size="512x512", asked=frozenset({"size"}))
    events = await run(client, flow, asked)
    (body,) = flow.bodies
    assert body["image"] == body["image2"]
    assert body["image"].startswith("data:image/png;base64,")
    assert "image3" not in body
    assert events[-1] == ImagesDone(dropped=("size",))


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (QWEN_EDIT, {}),
        (QWEN_EDIT, {"pictures": (PHOTO,) * 4}),
        (QWEN, {"pictures": (PHOTO,)}),
        (KOLORS, {"pictures": (PHOTO,), "mask": PHOTO}),
    ],
)
async def test_what_would_change_the_meaning_is_refused(
    flow: SiliconFlow, client: H1Client, model: str, changes: dict[str, object]
) -> None:
    with pytest.raises(RequestError):
        await run(client, flow, request(model, **changes))
    assert flow.bodies == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"code": 20012, "message": "no"}, UpstreamRejected),
        (403, {"code": 30001, "message": "no money"}, UpstreamRefusedUs),
        (404, "404 page not found", UpstreamRejected),
        (429, {"message": "slow", "data": ""}, UpstreamBusy),
        (451, {"code": 451, "message": "no"}, Moderated),
        (503, {"code": 50505, "message": "overloaded"}, UpstreamBusy),
        (500, {"code": 1}, UpstreamDown),
        (504, None, UpstreamTimeout),
        (200, {"images": []}, UpstreamGarbled),
        (200, {"images": [{"url": ""}]}, UpstreamGarbled),
        (200, [1], UpstreamGarbled),
    ],
)
async def test_errors_are_read_by_status_and_code(
    flow: SiliconFlow, client: H1Client, status: int, body: object, expected: type[GatewayError]
) -> None:
    flow.answer(body, status)
    with pytest.raises(GatewayError) as caught:
        await run(client, flow, request())
    assert type(caught.value) is expected


async def test_a_wrong_key_is_ours_and_a_wait_is_kept(flow: SiliconFlow, client: H1Client) -> None:
    with pytest.raises(UpstreamRefusedUs):
        await run(client, flow, request(), key="wrong")
    flow.answer({"message": "slow"}, 429, {"retry-after": "7"})
    with pytest.raises(UpstreamBusy) as caught:
        await run(client, flow, request())
    assert caught.value.retry_after_s == 7


async def test_cancelling_hangs_up_at_once(flow: SiliconFlow, client: H1Client) -> None:
    flow.script(Fault(silent=True))
    working = asyncio.create_task(run(client, flow, request()))
    seen = await flow.saw(1)
    left_s = asyncio.get_running_loop().time()
    working.cancel()
    assert await seen.aborted() - left_s < ABORT_S
