"""The Volcengine driver against a fake Ark that follows the published protocol."""

import asyncio
import base64
from collections.abc import AsyncIterator

import msgspec
import pytest

from openhearth.core.errors import (
    GatewayError,
    Moderated,
    RequestError,
    TooLarge,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.provider import Origin, Secret, Target
from openhearth.providers.volcengine import PROVIDER, PUBLIC_MODELS
from openhearth.providers.volcengine.images import ArkImagesDriver
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.ark import KEY, SEEDEDIT, SEEDREAM, SEEDREAM_5, Ark
from tests.fakes.media import Web, png
from tests.fakes.upstream import Fault
from tests.fakes.upstream_answers import ABORT_S

PHOTO = Picture(png(8, 8), "image/png", "https://pictures.test/a.png")


@pytest.fixture
async def ark() -> AsyncIterator[Ark]:
    async with Ark() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    made = H1Client()
    yield made
    await made.close()


def target(ark: Ark, model: str = SEEDEDIT, key: str = KEY) -> Target:
    origin = Origin("http", "127.0.0.1", ark.port)
    return Target("ark", PROVIDER, origin, "/api/v3", "seededit", upstream_model=model, secret=Secret(key))


def request(**changes: object) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_EDIT, "seededit", "衣服换成红色", (PHOTO,))
    return msgspec.structs.replace(base, **changes)


async def run(client: H1Client, place: Target, asked: ImageRequest, web: Web | None = None) -> list[ImageEvent]:
    driver = ArkImagesDriver(client, web or Web(), Deadlines(first_byte_s=2, idle_s=2, total_s=5))
    return [event async for event in driver.make(place, asked)]


def made(events: list[ImageEvent]) -> list[MadePicture]:
    return [event for event in events if isinstance(event, MadePicture)]


async def test_an_edit_is_asked_as_ark_publishes_it(ark: Ark, client: H1Client) -> None:
    events = await run(client, target(ark), request(seed=7, guidance=6.0))
    assert ark.bodies == [
        {
            "model": SEEDEDIT, "prompt": "衣服换成红色", "response_format": "b64_json", "watermark": False,
            "image": "data:image/png;base64," + base64.b64encode(PHOTO.data).decode(), "size": "adaptive", "seed": 7,
            "guidance_scale": 6.0,
        }
    ]  # fmt: skip
    assert made(events) == [MadePicture(ark.picture, "image/png", 16, 16, seed=7)]
    assert events[-1] == ImagesDone(output_tokens=4096)


async def test_a_watermark_comes_only_when_asked(ark: Ark, client: H1Client) -> None:
    await run(client, target(ark), request(watermark=True))
    assert ark.bodies[0]["watermark"] is True


async def test_several_pictures_are_several_calls_with_counted_seeds(ark: Ark, client: H1Client) -> None:
    events = await run(client, target(ark), request(n=3, seed=10))
    assert [body["seed"] for body in ark.bodies] == [10, 11, 12]
    assert [picture.seed for picture in made(events)] == [10, 11, 12]
    assert events[-1] == ImagesDone(output_tokens=3 * 4096)


async def test_what_the_model_cannot_take_is_reported(ark: Ark, client: H1Client) -> None:
    asked = frozenset({"size", "quality", "background", "output_format", "n"})
    events = await run(client, target(ark), request(size="512x512", quality="high", background="opaque", asked=asked))
    last = events[-1]
    assert isinstance(last, ImagesDone)
    assert last.dropped == ("background", "output_format", "quality", "size")
    assert ark.bodies[0]["size"] == "adaptive"


@pytest.mark.parametrize(
    ("model", "output_format", "sent"),
    [(SEEDREAM_5, "png", True), (SEEDREAM_5, "jpeg", True), (SEEDREAM_5, "webp", False), (SEEDREAM, "png", False)],
)
async def test_the_kind_of_file_is_asked_of_models_that_know_it(
    ark: Ark, client: H1Client, model: str, output_format: str, sent: bool
) -> None:
    asked = request(output_format=output_format, asked=frozenset({"output_format"}))
    events = await run(client, target(ark, model), asked)
    assert ark.bodies[0].get("output_format") == (output_format if sent else None)
    assert events[-1] == ImagesDone(output_tokens=4096, dropped=() if sent else ("output_format",))


async def test_seedream_streams_takes_several_pictures_and_a_size(ark: Ark, client: H1Client) -> None:
    asked = request(pictures=(PHOTO, PHOTO), size="2K", seed=4, asked=frozenset({"seed"}))
    events = await run(client, target(ark, SEEDREAM), asked)
    (body,) = ark.bodies
    assert (body["stream"], body["size"], len(body["image"])) == (True, "2K", 2)
    assert "seed" not in body
    assert len(made(events)) == 1
    assert events[-1] == ImagesDone(output_tokens=4096, dropped=("seed",))


async def test_seedream_makes_a_picture_from_words(ark: Ark, client: H1Client) -> None:
    asked = request(operation=Operation.IMAGE_GENERATE, pictures=())
    assert len(made(await run(client, target(ark, SEEDREAM), asked))) == 1
    assert "image" not in ark.bodies[0]


async def test_a_result_given_as_link_is_fetched_safely(ark: Ark, client: H1Client) -> None:
    ark.links = True
    web = Web()
    web.pages[f"{ark.url}/result.png"] = png(3, 3)
    assert made(await run(client, target(ark), request(), web))[0].data == png(3, 3)
    with pytest.raises(UpstreamGarbled, match="link"):
        await run(client, target(ark), request())


async def test_a_large_picture_goes_as_its_own_address_or_is_refused(ark: Ark, client: H1Client) -> None:
    large = png(4, 4) + bytes(10 * 1024 * 1024)
    await run(client, target(ark), request(pictures=(Picture(large, "image/png", "https://pictures.test/l.png"),)))
    assert ark.bodies[0]["image"] == "https://pictures.test/l.png"
    with pytest.raises(TooLarge):
        await run(client, target(ark), request(pictures=(Picture(large, "image/png", "data"),)))


@pytest.mark.parametrize(
    "changes",
    [{"pictures": ()}, {"pictures": (PHOTO, PHOTO)}, {"mask": PHOTO}],
)
async def test_what_would_change_the_meaning_is_refused_before_the_call(
    ark: Ark, client: H1Client, changes: dict[str, object]
) -> None:
    with pytest.raises(RequestError):
        await run(client, target(ark), request(**changes))
    assert ark.bodies == []


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "InputTextSensitiveContentDetected", Moderated),
        (400, "InputImageSensitiveContentDetected", Moderated),
        (400, "OutputImageSensitiveContentDetected", Moderated),
        (400, "InputImageSensitiveContentDetected.PrivacyInformation", Moderated),
        (400, "SensitiveContentDetected", Moderated),
        (400, "InvalidParameter", UpstreamRejected),
        (400, "MissingParameter.prompt", UpstreamRejected),
        (401, "AuthenticationError", UpstreamRefusedUs),
        (403, "AccountOverdueError", UpstreamRefusedUs),
        (404, "InvalidEndpointOrModel.NotFound", UpstreamRefusedUs),
        (404, "ModelNotOpen", UpstreamRefusedUs),
        (429, "RateLimitExceeded.EndpointRPMExceeded", UpstreamBusy),
        (429, "QuotaExceeded", UpstreamBusy),
        (429, "SetLimitExceeded", UpstreamBusy),
        (500, "InternalServiceError", UpstreamDown),
        (503, "", UpstreamDown),
        (504, "", UpstreamTimeout),
    ],
)
@pytest.mark.parametrize("model", [SEEDEDIT, SEEDREAM])
async def test_errors_are_read_by_status_and_code(
    ark: Ark, client: H1Client, status: int, code: str, expected: type[GatewayError], model: str
) -> None:
    ark.fail(status, code, f"said about {KEY}")
    with pytest.raises(GatewayError) as caught:
        await run(client, target(ark, model), request())
    assert type(caught.value) is expected
    if expected is UpstreamRejected:
        assert caught.value.shown_status == status
    if expected in (UpstreamRefusedUs, UpstreamBusy, UpstreamDown):
        assert KEY not in caught.value.message


async def test_busy_keeps_the_time_to_wait(ark: Ark, client: H1Client) -> None:
    ark.fail(429, "RateLimitExceeded", headers={"retry-after": "12"})
    with pytest.raises(UpstreamBusy) as caught:
        await run(client, target(ark), request())
    assert caught.value.retry_after_s == 12


async def test_a_wrong_key_is_our_fault_not_the_callers(ark: Ark, client: H1Client) -> None:
    with pytest.raises(UpstreamRefusedUs) as caught:
        await run(client, target(ark, key="wrong"), request())
    assert caught.value.shown_status == 502


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": [{"error": {"code": "OutputImageSensitiveContentDetected", "message": "no"}}]}, Moderated),
        ({"error": {"code": "RateLimitExceeded", "message": "slow"}}, UpstreamBusy),
        ({"error": {"message": "?"}}, UpstreamGarbled),
        ({"data": []}, UpstreamGarbled),
        ({"data": [{"b64_json": "###"}]}, UpstreamGarbled),
        ({"data": [{"b64_json": base64.b64encode(b"no picture").decode()}]}, UpstreamGarbled),
        ([1, 2], UpstreamGarbled),
    ],
)
async def test_a_200_without_a_picture_is_an_error(
    ark: Ark, client: H1Client, body: object, expected: type[GatewayError]
) -> None:
    ark.answer(body)
    with pytest.raises(expected):
        await run(client, target(ark), request())


async def test_stream_errors_and_truncation(ark: Ark, client: H1Client) -> None:
    picture = {"type": "image_generation.partial_succeeded", "b64_json": base64.b64encode(png()).decode()}
    failed = {
        "type": "image_generation.partial_failed",
        "image_index": 0,
        "error": {"code": "OutputImageSensitiveContentDetected", "message": "no"},
    }
    place = target(ark, SEEDREAM)
    ark.stream(failed, {"type": "image_generation.completed"})
    with pytest.raises(Moderated):
        await run(client, place, request())
    ark.stream({"error": {"code": "InternalServiceError", "message": "oops"}}, done=False)
    with pytest.raises(UpstreamDown):
        await run(client, place, request())
    ark.stream(picture, done=False)
    with pytest.raises(UpstreamDown) as caught:
        await run(client, place, request())
    assert caught.value.code == "upstream_truncated"
    ark.stream({"type": "image_generation.completed"})
    with pytest.raises(UpstreamGarbled):
        await run(client, place, request())
    ark.stream("nonsense")
    with pytest.raises(UpstreamGarbled):
        await run(client, place, request())


async def test_a_whole_answer_to_a_stream_is_taken_too(ark: Ark, client: H1Client) -> None:
    ark.answer({"data": [{"b64_json": base64.b64encode(png(2, 2)).decode()}]})
    assert made(await run(client, target(ark, SEEDREAM), request()))[0].data == png(2, 2)


@pytest.mark.parametrize("model", [SEEDEDIT, SEEDREAM])
async def test_cancelling_hangs_up_at_once(ark: Ark, client: H1Client, model: str) -> None:
    ark.script(Fault(silent=True))
    working = asyncio.create_task(run(client, target(ark, model), request()))
    seen = await ark.saw(1)
    left_s = asyncio.get_running_loop().time()
    working.cancel()
    assert await seen.aborted() - left_s < ABORT_S
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_reset_is_down(ark: Ark, client: H1Client) -> None:
    ark.script(Fault(reset_after=80))
    with pytest.raises(UpstreamDown):
        await run(client, target(ark), request())


def test_public_names_stand_for_models_of_ark() -> None:
    names = {public.model: (public.upstream_model, public.operations) for public in PUBLIC_MODELS}
    assert names["seededit"] == (SEEDEDIT, (Operation.IMAGE_EDIT,))
    assert PROVIDER.env_key == "ARK_API_KEY"


def raw(**fields: object) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}


async def test_a_series_is_one_call_that_tells_what_failed(ark: Ark, client: H1Client) -> None:
    def succeeded(side: int) -> dict[str, object]:
        kind = "image_generation.partial_succeeded"
        return {"type": kind, "image_index": side, "b64_json": base64.b64encode(png(side, 2)).decode()}

    failed = {
        "type": "image_generation.partial_failed", "image_index": 1,
        "error": {"code": "OutputImageSensitiveContentDetected", "message": "no"},
    }  # fmt: skip
    completed = {"type": "image_generation.completed", "usage": {"output_tokens": 8192}}
    ark.stream(succeeded(2), failed, succeeded(3), completed)
    asked = request(
        pictures=(), n=3, operation=Operation.IMAGE_GENERATE, extras=raw(sequential_image_generation="auto"),
        asked=frozenset({"n", "sequential_image_generation"}),
    )  # fmt: skip
    events = await run(client, target(ark, SEEDREAM), asked)
    (body,) = ark.bodies
    assert body["sequential_image_generation_options"] == {"max_images": 3}
    assert [picture.width for picture in made(events)] == [2, 3]
    last = events[-1]
    assert isinstance(last, ImagesDone)
    assert (last.output_tokens, last.dropped) == (8192, ())
    assert "OutputImageSensitiveContentDetected" in last.note


async def test_a_series_keeps_the_clients_own_number(ark: Ark, client: H1Client) -> None:
    options = raw(sequential_image_generation="auto", sequential_image_generation_options={"max_images": 5})
    await run(client, target(ark, SEEDREAM), request(pictures=(), extras=options))
    assert ark.bodies[0]["sequential_image_generation_options"] == {"max_images": 5}


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({"size": "4K"}, "4K"),
        ({"aspect_ratio": "16:9"}, "2728x1536"),
        ({"aspect_ratio": "1:1", "size": "1K"}, "1024x1024"),
        ({"size": "1600x1200"}, "1600x1200"),
        ({}, None),
    ],
)
async def test_seedream_takes_words_and_pixels(
    ark: Ark, client: H1Client, changes: dict[str, object], size: str | None
) -> None:
    await run(client, target(ark, SEEDREAM), request(pictures=(), **changes))
    assert ark.bodies[0].get("size") == size


async def test_seedream_3_takes_pixels_seed_and_guidance_but_no_picture(ark: Ark, client: H1Client) -> None:
    model = "doubao-seedream-3-0-t2i-250415"
    ark.answer({"data": [{"b64_json": base64.b64encode(png(2, 2)).decode()}]})
    await run(client, target(ark, model), request(pictures=(), size="1K", seed=2, guidance=3.0))
    body = ark.bodies[0]
    assert (body["size"], body["seed"], body["guidance_scale"]) == ("1024x1024", 2, 3.0)
    assert "stream" not in body
    with pytest.raises(RequestError):
        await run(client, target(ark, model), request())
