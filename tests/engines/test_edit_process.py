"""The editor's child: one edit at a time in a process that can be killed, a visible queue, errors in their place."""

import asyncio
import base64
import io
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from openhearth.core.errors import ShuttingDown, UpstreamDown, UpstreamTimeout
from openhearth.core.sse import Event, Splitter
from openhearth.engines.edit_image.app import build
from openhearth.engines.edit_image.frames import Progress, Result
from openhearth.engines.edit_image.plan import EditRequest
from openhearth.engines.edit_image.settings import EditSettings
from openhearth.engines.edit_image.workshop import EditFailed, Workshop
from tests.engines.scripted_editor import COMMAND, SETTINGS, parse
from tests.fakes.asgi import Answer, Caller, ask, calling
from tests.pictures.packed import pack_file

ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def png(width: int = 3, height: int = 2) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(out, "PNG")
    return out.getvalue()


def body(instruction: str, picture: bytes = b"", **fields: Any) -> bytes:
    return msgspec.msgpack.encode(msgspec.structs.replace(EditRequest(instruction, (picture or png(),)), **fields))


@asynccontextmanager
async def workshop(limit_s: float = 30.0) -> AsyncIterator[Workshop]:
    made = Workshop(COMMAND, ENVIRON, limit_s=limit_s, grace_s=0.0)
    try:
        yield made
    finally:
        await made.close()


async def result_of(work: Workshop, instruction: str) -> Result:
    async with aclosing(work.edit(body(instruction))) as frames:
        said = [frame async for frame in frames]
    assert isinstance(said[-1], Result)
    return said[-1]


async def gone(pid: int, within_s: float) -> float:
    """Seconds until a process is dead. Raises TimeoutError."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240 - no disk behind it
            await asyncio.sleep(0.01)
    return time.monotonic() - began


def children() -> set[int]:
    return {int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


async def test_one_worker_serves_one_edit_after_the_other() -> None:
    async with workshop() as work:
        first, second = await result_of(work, "one"), await result_of(work, "two")
    assert first.operations[0]["by"] == second.operations[0]["by"]
    assert (first.data, first.note, first.seed) == (b"the picture", "a note", 5)


async def test_progress_comes_before_the_result() -> None:
    async with workshop() as work, aclosing(work.edit(body("x"))) as frames:
        assert await anext(frames) == Progress(1, 2, "begun")


@pytest.mark.parametrize("instruction", ["refuse", "fail late"])
async def test_a_refusal_keeps_the_worker(instruction: str) -> None:
    async with workshop() as work:
        before = await result_of(work, "x")
        with pytest.raises(EditFailed):
            await result_of(work, instruction)
        assert (await result_of(work, "x")).operations[0]["by"] == before.operations[0]["by"]


async def test_leaving_kills_the_work_at_once_and_the_next_edit_finds_a_new_worker() -> None:
    async with workshop() as work:
        pid = (await result_of(work, "x")).operations[0]["by"]
        async with aclosing(work.edit(body("spin"))) as frames:
            await anext(frames)
        assert await gone(pid, 10.0) < 2.5
        assert (await result_of(work, "x")).operations[0]["by"] != pid


async def test_an_edit_that_takes_too_long_is_stopped() -> None:
    before = children()
    async with workshop(limit_s=0.5) as work:
        began = time.monotonic()
        with pytest.raises(UpstreamTimeout) as caught:
            await result_of(work, "spin at once")
        assert caught.value.code == "edit_timeout"
        assert time.monotonic() - began < 10
    assert children() == before


async def test_a_worker_that_dies_is_an_error_and_is_replaced() -> None:
    async with workshop() as work:
        with pytest.raises(UpstreamDown) as caught:
            await result_of(work, "die")
        assert caught.value.code == "edit_crashed"
        assert (await result_of(work, "x")).data == b"the picture"


async def test_a_worker_that_never_starts_is_an_error() -> None:
    work = Workshop((sys.executable, "-c", "raise SystemExit(3)"), ENVIRON, limit_s=5)
    with pytest.raises(UpstreamDown):
        await result_of(work, "x")
    assert not work.is_able
    await work.close()


async def test_a_closed_workshop_takes_nothing_and_leaves_nothing() -> None:
    before = children()
    async with workshop() as work:
        await result_of(work, "x")
    with pytest.raises(ShuttingDown):
        await result_of(work, "x")
    assert children() == before


async def test_closing_while_a_worker_starts_leaves_nothing() -> None:
    before = children()
    async with workshop() as work:
        work.warm()
        await asyncio.sleep(0)
    assert children() == before


def events(answer: Answer) -> list[Event]:
    return Splitter().feed(answer.body)


@asynccontextmanager
async def app(**changes: Any) -> AsyncIterator[Any]:
    async with workshop() as work:
        await result_of(work, "warm up")
        yield build(msgspec.structs.replace(SETTINGS, **changes), parse, work)


def edit_call(served: Any, instruction: str) -> Any:
    return calling(served, "POST", "/edit", body=body(instruction))


async def test_an_edit_is_a_stream_of_progress_and_its_result() -> None:
    async with app() as served:
        answer = await ask(served, "POST", "/edit", body=body("do it"))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    progress, result = events(answer)
    assert (progress.event, msgspec.json.decode(progress.data or "")) == (
        "progress",
        {"done": 1, "total": 2, "text": "begun"},
    )
    shown = msgspec.json.decode(result.data or "")
    assert result.event == "result"
    assert base64.b64decode(shown["data"]) == b"the picture"
    assert (shown["mime"], shown["width"], shown["height"], shown["seed"]) == ("image/png", 3, 2, 5)
    assert shown["operations"][0]["op"] == "do it"


async def test_a_picture_of_the_edit_under_way_is_part_of_its_progress() -> None:
    async with app() as served:
        answer = await ask(served, "POST", "/edit", body=body("show", partial_images=1))
    plain, shown, _ = events(answer)
    assert "data" not in msgspec.json.decode(plain.data or "")
    assert msgspec.json.decode(shown.data or "") == {
        "done": 2,
        "total": 2,
        "text": "shown",
        "mime": "image/webp",
        "data": base64.b64encode(b"half 0").decode(),
    }


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (body("nonsense"), 400, "instruction_not_understood"),
        (body("x", b"<svg></svg>"), 415, "picture_format_unsupported"),
        (body("x", png(200, 200)), 413, "picture_too_large"),
        (body("x", png()[:40]), 400, "picture_damaged"),
        (b"\xc1", 400, "invalid_request"),
        (body("refuse"), 415, "no_such_thing"),
    ],
)
async def test_a_refusal_before_any_work_is_a_status(sent: bytes, status: int, code: str) -> None:
    async with app() as served:
        answer = await ask(served, "POST", "/edit", body=sent)
    assert answer.status == status
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("instruction", "code", "status"), [("fail late", "internal_error", 500), ("die", "edit_crashed", 502)]
)
async def test_a_failure_after_progress_is_an_event(instruction: str, code: str, status: int) -> None:
    async with app() as served:
        answer = await ask(served, "POST", "/edit", body=body(instruction))
    assert answer.status == 200
    failure = events(answer)[-1]
    assert failure.event == "error"
    error = msgspec.json.decode(failure.data or "")["error"]
    assert (error["code"], error["status"]) == (code, status)


async def spinning(caller: Caller) -> None:
    await caller.until(b"begun")


async def test_the_queue_shows_its_places_and_is_bounded() -> None:
    async with app() as served, edit_call(served, "spin") as first:
        await spinning(first)
        async with edit_call(served, "second") as second:
            await second.until(b": waiting 1")
            full = await ask(served, "POST", "/edit", body=body("third"))
            assert full.status == 429
            assert full.json()["error"]["code"] == "engine_queue_full"
            assert int(full.headers["retry-after"]) >= 1
            health = await ask(served, "GET", "/health")
            shown = health.json()
            assert shown.pop("oldest_s") > 0
            assert shown == {"model": "local-edit", "running": 1, "waiting": 1, "queue": 2}
            first.leave()
            await first.end()
            answer = await second.end()
    assert events(answer)[-1].event == "result"
    assert events(answer)[0].comments == ("waiting 1",)


async def test_a_client_that_leaves_frees_the_place() -> None:
    async with app() as served:
        async with edit_call(served, "spin") as first:
            await spinning(first)
            async with edit_call(served, "second") as second:
                await second.until(b": waiting 1")
                second.leave()
                await second.end()
            assert (await ask(served, "GET", "/health")).json()["queue"] == 1
            first.leave()
            await first.end()
        assert (await ask(served, "GET", "/health")).json()["queue"] == 0
        assert (await ask(served, "POST", "/edit", body=body("x"))).status == 200


async def test_an_unknown_path_is_told() -> None:
    async with app() as served:
        answer = await ask(served, "GET", "/nothing")
    assert answer.status == 404
    assert "/nothing" in answer.json()["error"]["message"]


@asynccontextmanager
async def real(tmp_path: Path, **changes: Any) -> AsyncIterator[Workshop]:
    """The real worker with the installed packs."""
    settings = EditSettings(
        portrait=str(pack_file("portrait", "face_landmark.tflite").parent),
        background=str(pack_file("background", "u2netp.onnx").parent),
        upscale=str(tmp_path),
        fonts=str(pack_file("fonts-zh", "NotoSansSC-Regular.otf").parent),
        threads=1,
    )
    settings = msgspec.structs.replace(settings, **changes)
    command = (sys.executable, "-m", "openhearth.engines.edit_image.worker", msgspec.json.encode(settings).decode())
    work = Workshop(command, os.environ, limit_s=settings.limit_s)
    try:
        yield work
    finally:
        await work.close()


PORTRAIT = (Path(__file__).parents[1] / "pictures" / "eileen_collins.jpg").read_bytes()


async def edited(work: Workshop, instruction: str, picture: bytes = PORTRAIT) -> Result:
    async with aclosing(work.edit(body(instruction, picture))) as frames:
        said = [frame async for frame in frames]
    assert isinstance(said[-1], Result)
    return said[-1]


async def test_the_real_worker_edits_and_survives_refusals(tmp_path: Path) -> None:
    async with real(tmp_path) as work:
        made = await edited(work, "衣服换成红色,并且带上墨镜🕶")
        assert [one["op"] for one in made.operations] == ["recolour", "wear"]
        with Image.open(io.BytesIO(made.data)) as image:
            assert image.size == (512, 512)
            after = np.asarray(image.convert("RGB")).astype(int)
        suit = after[380:420, 80:110].reshape(-1, 3).mean(axis=0)
        assert suit[0] > 120
        assert suit[1] < 70
        assert suit[2] < 70
        for instruction, picture, code in (
            ("把天空变暗", PORTRAIT, "no_sky_found"),
            ("make it sepia", PORTRAIT[:20_000], "picture_damaged"),
            ("upscale 2x", PORTRAIT, "engine_not_installed"),
        ):
            with pytest.raises(EditFailed) as caught:
                await edited(work, instruction, picture)
            assert caught.value.frame.code == code
        assert (await edited(work, "make it black and white")).width == 512


async def test_the_real_worker_shows_the_picture_between_two_steps(tmp_path: Path) -> None:
    asked = body("make it black and white, flip horizontally", PORTRAIT, partial_images=3, output_format="webp")
    async with real(tmp_path) as work, aclosing(work.edit(asked)) as frames:
        said = [frame async for frame in frames]
    assert isinstance(said[-1], Result)
    (shown,) = [frame for frame in said if isinstance(frame, Progress) and frame.data]
    assert (shown.done, shown.mime) == (2, "image/webp")
    before, between, after = (
        np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
        for data in (PORTRAIT, shown.data, said[-1].data)
    )
    assert np.ptp(before, axis=2).mean() > 20
    assert np.ptp(between, axis=2).mean() < 3  # grey already,
    assert np.abs(between - after[:, ::-1]).mean() < 4  # and not flipped yet
    assert np.abs(between - after).mean() > 20


async def test_too_little_memory_is_a_clear_refusal(tmp_path: Path) -> None:
    large = io.BytesIO()
    Image.new("RGB", (6000, 6000), (90, 140, 200)).save(large, "PNG")
    async with real(tmp_path, memory_bytes=1_700_000_000) as work:
        with pytest.raises(EditFailed) as caught:
            await edited(work, "turn it into an oil painting, rotate by 10 degrees", large.getvalue())
        assert caught.value.frame.code == "picture_too_large"
        assert caught.value.frame.status == 413
        assert (await edited(work, "make it black and white")).width == 512
