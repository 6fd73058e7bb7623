"""The poster engine as a target: a real child process, the platform's client, the driver."""

import asyncio
import io
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from openhearth.core.errors import EngineNotInstalled, RequestError, UpstreamBusy, UpstreamDown, UpstreamGarbled
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture
from openhearth.core.operations import Operation
from openhearth.core.provider import Target
from openhearth.engines.host import Host
from openhearth.engines.ports import EngineSpec
from openhearth.engines.poster.settings import MODULE, NAME, PosterSettings
from openhearth.engines.supervised import Timing
from openhearth.engines.unix_http import get
from openhearth.providers.embedded.poster import LocalPosterDriver
from openhearth.providers.embedded.provider import POSTER
from openhearth.transport.h1_client import H1Client
from tests.fakes.upstream import Reply, Upstream
from tests.pictures.packed import pack_file

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0


class Installed:
    """Packs that are there, or not."""

    def __init__(self, *missing: str) -> None:
        self._missing = missing

    def installed_bytes(self, names: Iterable[str]) -> int:
        return 0

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self._missing)


def host_in(folder: Path, *missing: str, queue: int = 32) -> Host:
    settings = PosterSettings(sans=str(pack_file("fonts-zh", "NotoSansSC-Regular.otf")), queue=queue)
    spec = EngineSpec(NAME, MODULE, ("fonts-zh",), msgspec.to_builtins(settings), start_s=DEADLINE_S)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")}
    return Host([spec], folder=folder, packs=Installed(*missing), environ=environ, threads=1, timing=Timing())


@pytest.fixture
async def client() -> AsyncIterator[H1Client]:
    made = H1Client()
    yield made
    await made.close()


def request(prompt: str = "海上生明月", **fields: object) -> ImageRequest:
    base = ImageRequest(Operation.IMAGE_GENERATE, NAME, prompt, seed=5, size="256x256")
    return msgspec.structs.replace(base, **fields)


async def made(driver: LocalPosterDriver, place: Target, asked: ImageRequest) -> list[ImageEvent]:
    async with asyncio.timeout(DEADLINE_S):
        return [event async for event in driver.make(place, asked)]


async def test_the_engine_makes_pictures_and_goes_on_after_refusals_and_leavers(
    tmp_path: Path, client: H1Client
) -> None:
    host = host_in(tmp_path, queue=1)
    place = Target(NAME, POSTER, host.origin(NAME), "/v1", NAME, engine=NAME)
    driver = LocalPosterDriver(client, host)
    try:
        first = await made(driver, place, request(n=2, asked=frozenset({"n", "seed", "guidance_scale"}), guidance=2.0))
        note, one, other, done = first
        assert isinstance(note, ImageProgress)
        assert "不是扩散模型" in note.text
        assert isinstance(one, MadePicture)
        assert isinstance(other, MadePicture)
        assert (one.mime, one.width, one.height, one.seed, other.seed) == ("image/png", 256, 256, 5, 6)
        assert "procedural" in one.revised_prompt
        assert isinstance(done, ImagesDone)
        assert done.dropped == ("guidance_scale",)
        assert one.data != other.data
        await _same_seed_same_bytes(driver, place, one)
        await _sizes_and_formats(driver, place)
        await _partials(driver, place)
        await _refused(driver, place)
        await _leaving_frees_the_place(driver, place)
        await _busy(driver, place)
        assert (await _health(place))["model"] == NAME
    finally:
        await host.close()


async def _health(place: Target) -> dict[str, object]:
    status, body = await get(place.origin.host, "/health", timeout_s=30)
    assert status == 200
    return msgspec.json.decode(body, type=dict[str, object])


async def _same_seed_same_bytes(driver: LocalPosterDriver, place: Target, one: MadePicture) -> None:
    again = [event for event in await made(driver, place, request()) if isinstance(event, MadePicture)]
    assert [picture.data for picture in again] == [one.data]


async def _sizes_and_formats(driver: LocalPosterDriver, place: Target) -> None:
    asked = request(size="auto", aspect_ratio="2:1", output_format="jpeg", background="opaque")
    (picture,) = [event for event in await made(driver, place, asked) if isinstance(event, MadePicture)]
    with Image.open(io.BytesIO(picture.data)) as image:
        assert image.format == "JPEG"
        assert image.size == (picture.width, picture.height) == (1448, 728)
    asked = request(output_format="svg")
    (drawn,) = [event for event in await made(driver, place, asked) if isinstance(event, MadePicture)]
    assert (drawn.mime, drawn.width) == ("image/svg+xml", 256)


async def _partials(driver: LocalPosterDriver, place: Target) -> None:
    events = await made(driver, place, request("sunset over the sea", partial_images=2))
    partials = [event.partial for event in events if isinstance(event, ImageProgress) and event.partial]
    assert len({partial.data for partial in partials}) == 2


async def _refused(driver: LocalPosterDriver, place: Target) -> None:
    for fields, param in (({"size": "20000x20000"}, "size"), ({"output_format": "gif"}, "output_format")):
        with pytest.raises(RequestError) as caught:
            await made(driver, place, request(**fields))
        assert caught.value.param == param


async def _leaving_frees_the_place(driver: LocalPosterDriver, place: Target) -> None:
    """Whoever leaves in the middle of a long order keeps nobody waiting for its end."""
    long = request("city at night", n=10, size="2048x2048", quality="max", partial_images=3)
    async with asyncio.timeout(DEADLINE_S), aclosing(driver.make(place, long)) as events:
        await anext(events)
    assert len(await made(driver, place, request())) == 3


async def _busy(driver: LocalPosterDriver, place: Target) -> None:
    long = request("city at night", n=10, size="2048x2048", quality="max")
    working = [asyncio.create_task(made(driver, place, long)) for _ in range(2)]
    try:
        async with asyncio.timeout(DEADLINE_S):
            while True:
                if (await _health(place))["queue"] == 2:
                    break
                await asyncio.sleep(0.01)
        with pytest.raises(UpstreamBusy) as caught:
            await made(driver, place, request())
        assert caught.value.code == "engine_queue_full"
        assert (caught.value.retry_after_s or 0) >= 1
    finally:
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)


async def test_without_its_font_the_engine_says_how_to_get_it(tmp_path: Path, client: H1Client) -> None:
    host = host_in(tmp_path, "fonts-zh")
    place = Target(NAME, POSTER, host.origin(NAME), "/v1", NAME, engine=NAME)
    try:
        with pytest.raises(EngineNotInstalled, match="fonts-zh"):
            await made(LocalPosterDriver(client, host), place, request())
    finally:
        await host.close()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", UpstreamDown),
        (b"data: {\n\n", UpstreamGarbled),
        (b'data: {"type":"image_generation.completed","b64_json":"Zm9v","size":"1x1"}\n\n', UpstreamGarbled),
        (b'event: error\ndata: {"error":{"message":"no","code":"engine_x","status":502}}\n\n', UpstreamDown),
        (b'event: error\ndata: {"error":{"message":"no","code":"x","status":400}}\n\n', RequestError),
    ],
)
async def test_a_broken_answer_is_an_error(
    tmp_path: Path, client: H1Client, data: bytes, expected: type[Exception]
) -> None:
    async with Upstream() as upstream:
        head = {"content-type": "text/event-stream"}
        upstream.add("/v1/images/generations", Reply(headers=head, pieces=(b": hi\n\n", data)))
        place = Target("far", POSTER, upstream.origin, "/v1", NAME)
        host = host_in(tmp_path)
        try:
            with pytest.raises(expected):
                await made(LocalPosterDriver(client, host), place, request())
        finally:
            await host.close()
