"""The seed's request with a Volcengine credential attached: the same chat, made by Ark."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from openhearth.core.money import Price
from openhearth.core.provider import Dialect, Origin, Secret, Target
from openhearth.providers.volcengine import PROVIDER, PUBLIC_MODELS
from openhearth.providers.volcengine.images import ArkImagesDriver
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Deadlines
from tests.fakes.ark import KEY, Ark
from tests.fakes.media import Web, png
from tests.fakes.picture_app import PORTRAIT, PictureApp, text_of


@pytest.fixture
async def ark() -> AsyncIterator[Ark]:
    async with Ark() as server:
        yield server


@pytest.fixture
async def app(ark: Ark) -> AsyncIterator[PictureApp]:
    client = H1Client()
    public = PUBLIC_MODELS[0]
    provider = msgspec.structs.replace(
        PROVIDER, speaks={operation: PROVIDER.speaks[operation] for operation in public.operations}
    )
    target = Target(
        "ark", provider, Origin("http", "127.0.0.1", ark.port), "/api/v3", public.model,
        upstream_model=public.upstream_model, secret=Secret(KEY), price=Price(image_micros=30_000),
    )  # fmt: skip
    driver = ArkImagesDriver(client, Web(), Deadlines(first_byte_s=2, idle_s=2, total_s=5))
    yield PictureApp([target], drivers={Dialect.ARK_IMAGES: driver})
    await client.close()


async def test_the_seed_request_goes_to_ark(app: PictureApp, ark: Ark) -> None:
    answer = await app.chat(f"{PORTRAIT} 衣服换成红色,并且带上墨镜🕶", stream=True, seen=9)
    assert answer.headers["x-openhearth-target"] == "ark"
    assert ark.bodies[0]["prompt"] == "衣服换成红色,并且带上墨镜🕶"
    assert ark.bodies[0]["seed"] == 9
    link = text_of(answer).rsplit("(", 1)[1].split(")")[0]
    assert (await app.get(link)).body == png(16, 16)
    (call,) = app.calls.all
    assert (call.charge_nanos, call.usage.images, call.usage.output_tokens) == (30_000_000, 1, 4096)


async def test_a_refusal_is_451_and_free(app: PictureApp, ark: Ark) -> None:
    ark.fail(400, "InputImageSensitiveContentDetected", "The image may contain sensitive information.")
    answer = await app.chat(f"{PORTRAIT} 衣服换成红色", stream=True)
    assert answer.status == 451
    assert answer.json()["error"]["code"] == "content_refused"
    assert app.calls.all[0].charge_nanos == 0


async def test_our_credentials_trouble_is_not_the_callers(app: PictureApp, ark: Ark) -> None:
    ark.fail(401, "AuthenticationError")
    answer = await app.chat(f"{PORTRAIT} 衣服换成红色")
    assert answer.status == 502
    assert answer.json()["error"]["code"] == "upstream_refused_credential"
    assert app.health.cooling("ark")


async def test_words_alone_are_refused_for_an_editing_model(app: PictureApp, ark: Ark) -> None:
    answer = await app.chat("画一只狐狸")
    assert answer.status == 400
    assert ark.bodies == []
