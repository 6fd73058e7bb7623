"""The embedded editor as a target: through the engine host, the platform's own client and the driver."""

import asyncio
import io
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from openhearth.core.errors import (
    Bug,
    EngineNotInstalled,
    RequestError,
    TooLarge,
    UnsupportedMedia,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamTimeout,
)
from openhearth.core.media import ImageEvent, ImageProgress, ImageRequest, ImagesDone, MadePicture, Picture
from openhearth.core.operations import Operation
from openhearth.core.picture_tools import Options, with_options
from openhearth.core.provider import Dialect, Target
from openhearth.engines.host import Host
from openhearth.engines.ports import EngineSpec
from openhearth.engines.supervised import Timing
from openhearth.engines.unix_http import get
from openhearth.providers.embedded.images import LocalEditDriver
from openhearth.providers.embedded.provider import CHAT, EDIT
from openhearth.transport.h1_client import H1Client

ROOT = str(Path(__file__).parents[2])
NAME = "local-edit"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


class FakePacks:
    def __init__(self, *missing: str) -> None:
        self._missing = missing

    def installed_bytes(self, names: Iterable[str]) -> int:
        return 0

    def missing(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self._missing)


class Placed:
    """A running editor with the driver that calls it."""

    def __init__(self, host: Host, client: H1Client) -> None:
        self.host = host
        self.target = Target(NAME, EDIT, host.origin(NAME), "", NAME, engine=NAME)
        self.driver = LocalEditDriver(client, host)

    async def make(self, request: ImageRequest) -> list[ImageEvent]:
        async with asyncio.timeout(30):
            return [event async for event in self.driver.make(self.target, request)]


@asynccontextmanager
async def editor(folder: Path, packs: FakePacks | None = None, **settings: Any) -> AsyncIterator[Placed]:
    spec = EngineSpec(NAME, "tests.engines.scripted_editor", ("portrait",), settings, start_s=30.0)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOT}
    host = Host([spec], folder=folder, packs=packs or FakePacks(), environ=environ, threads=1, timing=Timing())
    client = H1Client()
    try:
        yield Placed(host, client)
    finally:
        await client.close()
        await host.close()


def png(side: int = 4) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 60)).save(out, "PNG")
    return out.getvalue()


def request(prompt: str, **fields: Any) -> ImageRequest:
    pictures = (Picture(png(), "image/png", "data"),)
    base = ImageRequest(Operation.IMAGE_EDIT, NAME, prompt, pictures)
    return msgspec.structs.replace(base, **fields)


def test_the_declarations_speak_what_the_engines_offer() -> None:
    operations = (Operation.IMAGE_EDIT, Operation.IMAGE_VARY, Operation.IMAGE_TOOL)
    assert EDIT.speaks == dict.fromkeys(operations, Dialect.LOCAL_EDIT)
    assert CHAT.speaks[Operation.CHAT] is Dialect.OPENAI_CHAT
    assert CHAT.speaks[Operation.COMPLETE] is Dialect.OPENAI_COMPLETIONS
    assert EDIT.auth == CHAT.auth == "none"


async def test_an_edit_gives_progress_the_picture_and_the_end(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        progress, note, made, done = await placed.make(request("do it"))
    assert progress == ImageProgress(1, 2, "begun")
    assert note == ImageProgress(0, 0, "a note")  # said before the picture: a chat ends with the picture
    assert isinstance(made, MadePicture)
    assert (made.data, made.mime, made.width, made.height, made.seed) == (b"the picture", "image/png", 3, 2, 5)
    assert made.operations[0]["op"] == "do it"  # type: ignore[index]
    assert done == ImagesDone(note="a note")


async def test_pictures_of_the_edit_under_way_come_with_its_progress(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        said = await placed.make(request("show", partial_images=2))
    shown = [event.partial for event in said if isinstance(event, ImageProgress) and event.partial]
    assert shown == [Picture(f"half {number}".encode(), "image/webp", "partial") for number in (0, 1)]
    assert said[-1] == ImagesDone(note="a note")


async def test_asking_for_pictures_of_an_edit_that_has_none_is_reported(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        assert (await placed.make(request("x", partial_images=2)))[-1] == ImagesDone(
            dropped=("partial_images",), note="a note"
        )


async def test_a_tool_heeds_its_own_fields_and_names_the_others(tmp_path: Path) -> None:
    asked = frozenset({"scale", "left", "style", "aspect_ratio"})
    base = request("", operation=Operation.IMAGE_TOOL, aspect_ratio="1:1", style="oil", asked=asked)
    async with editor(tmp_path) as placed:
        for tool, dropped in (("expand", ("scale", "style")), ("clarity", ("aspect_ratio", "left", "style"))):
            done = (await placed.make(with_options(msgspec.structs.replace(base, tool=tool), Options(left=1.0))))[-1]
            assert done == ImagesDone(dropped=dropped, note="a note")


@pytest.mark.parametrize(
    ("prompt", "count", "dropped"),
    [
        ("x", 1, ()),
        ("x", 2, ("image[1]",)),
        ("x", 3, ("image[1]", "image[2]")),
        ("use 2", 2, ()),
        ("use 3", 3, ("image[1]",)),
    ],
)
async def test_pictures_that_nothing_used_are_named(
    tmp_path: Path, prompt: str, count: int, dropped: tuple[str, ...]
) -> None:
    async with editor(tmp_path) as placed:
        pictures = request(prompt).pictures * count
        assert (await placed.make(request(prompt, pictures=pictures)))[-1] == ImagesDone(dropped=dropped, note="a note")


async def test_what_cannot_be_honoured_is_reported(tmp_path: Path) -> None:
    asked = request("x", guidance=5.0, watermark=True, quality="high", background="transparent", seed=3, size="2K")
    async with editor(tmp_path) as placed:
        done = (await placed.make(asked))[-1]
    assert isinstance(done, ImagesDone)
    assert set(done.dropped) == {"guidance", "watermark", "quality", "background", "seed", "size"}


async def test_what_cannot_be_honoured_is_named_as_the_client_spelled_it(tmp_path: Path) -> None:
    spelled = frozenset({"prompt", "resolution", "seen", "guidance_scale"})
    asked = request("x", guidance=5.0, seed=3, size="2K", asked=spelled)
    async with editor(tmp_path) as placed:
        done = (await placed.make(asked))[-1]
    assert isinstance(done, ImagesDone)
    assert sorted(done.dropped) == ["guidance_scale", "resolution", "seen"]


async def test_a_tool_that_is_refused_blames_a_field_that_its_client_knows(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        for tool, at_fault in (("convert", "width"), ("expand", "left"), ("clarity", "image")):
            asked = request("refuse", operation=Operation.IMAGE_TOOL, tool=tool)
            with pytest.raises(RequestError) as caught:
                await placed.make(with_options(asked, Options()))
            assert caught.value.param == at_fault
        with pytest.raises(RequestError) as caught:
            await placed.make(request("refuse"))
        assert caught.value.param == "prompt"


async def test_a_format_that_the_result_does_not_have_is_reported(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        asked = request("x", output_format="jpeg", output_compression=50, asked=frozenset({"output_format"}))
        done = (await placed.make(asked))[-1]
    assert isinstance(done, ImagesDone)
    assert done.dropped == ("output_format", "output_compression")


async def test_several_results_are_refused_because_they_would_be_the_same(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        with pytest.raises(RequestError) as caught:
            await placed.make(request("x", n=2))
    assert caught.value.code == "n_not_supported"


@pytest.mark.parametrize(
    ("asked", "kind", "code"),
    [
        (request("nonsense"), RequestError, "instruction_not_understood"),
        (request("refuse"), UnsupportedMedia, "no_such_thing"),
        (request("x", pictures=(Picture(png(200), "image/png", "data"),)), TooLarge, "picture_too_large"),
        (request("x", pictures=()), RequestError, "missing_picture"),
        (request("x", size="huge"), RequestError, "size_unsupported"),
        (request("fail late"), Bug, "internal_error"),
        (request("die"), UpstreamDown, "edit_crashed"),
    ],
)
async def test_errors_keep_their_meaning(tmp_path: Path, asked: ImageRequest, kind: type, code: str) -> None:
    async with editor(tmp_path) as placed:
        with pytest.raises(kind) as caught:
            await placed.make(asked)
        assert (type(caught.value), caught.value.code) == (kind, code)  # type: ignore[attr-defined]
        assert isinstance((await placed.make(request("again")))[-1], ImagesDone)


async def test_the_time_limit_reaches_the_caller(tmp_path: Path) -> None:
    async with editor(tmp_path, limit_s=-1.0) as placed:
        with pytest.raises(UpstreamTimeout) as caught:
            await placed.make(request("spin"))
    assert caught.value.code == "edit_timeout"


async def test_closing_the_iterator_stops_the_work_and_a_full_queue_is_busy(tmp_path: Path) -> None:
    async with editor(tmp_path) as placed:
        first = placed.driver.make(placed.target, request("spin"))
        async with aclosing(first), asyncio.TaskGroup() as group:
            assert isinstance(await anext(first), ImageProgress)
            second = group.create_task(placed.make(request("second")))
            while not placed.host.states()[0].pid or await _queue(placed) < 2:
                await asyncio.sleep(0.01)
            with pytest.raises(UpstreamBusy) as caught:
                await placed.make(request("third"))
            assert caught.value.code == "engine_queue_full"
            assert (caught.value.retry_after_s or 0) >= 1
            began = asyncio.get_running_loop().time()
            await first.aclose()
            assert isinstance((await second)[-1], ImagesDone)
            assert asyncio.get_running_loop().time() - began < 10


async def _queue(placed: Placed) -> int:
    _, body = await get(placed.target.origin.host, "/health", 5.0)
    health: dict[str, int] = msgspec.json.decode(body)
    return health["queue"]


async def test_a_missing_pack_names_the_command(tmp_path: Path) -> None:
    async with editor(tmp_path, FakePacks("portrait")) as placed:
        with pytest.raises(EngineNotInstalled, match="openhearth packs fetch portrait"):
            await placed.make(request("x"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops",
        STREAM + b'content-length: 29\r\n\r\nevent: progress\ndata: {"a":1}',
        STREAM + b"content-length: 26\r\n\r\nevent: result\ndata: nope\n\n",
        STREAM + b"content-length: 0\r\n\r\n",
    ],
)
async def test_an_answer_we_cannot_read_is_the_upstreams_fault(tmp_path: Path, answer: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    path = str(tmp_path / "s")
    async with await asyncio.start_unix_server(serve, path), editor(tmp_path / "run") as placed:
        origin = msgspec.structs.replace(placed.target.origin, host=path)
        target = msgspec.structs.replace(placed.target, origin=origin, engine="")
        with pytest.raises((UpstreamGarbled, UpstreamDown)):
            async for _ in placed.driver.make(target, request("x")):
                pass
