"""Enlarging adds detail without changing the picture; vectorising gives a drawing that shows it."""

from functools import cache
from itertools import count
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from openhearth.core.errors import EngineNotInstalled, TooLarge
from openhearth.engines.edit_image.pixels.upscale import DETAILED, LIGHT, Upscaler
from openhearth.engines.edit_image.pixels.vectorise import to_svg
from openhearth.engines.edit_image.plan import Upscale
from openhearth.engines.edit_image.ports import Pixels
from tests.fakes.scenes import KnownScene
from tests.pictures.packed import pack_file
from tests.pictures.photographs import picture

COLLINS = "eileen_collins.jpg"
HURRY_S = 5.0  # by the number of its pixels too short for the detailed network on the face below


def enlarged(pixels: Pixels, factor: int, left_s: float, *, tile_s: float = 0.0) -> tuple[Pixels, list[str]]:
    """As on a machine that needs ``tile_s`` seconds for each tile."""
    used: list[str] = []
    folder = pack_file("upscale", f"{LIGHT.name}.param").parent
    clock = count(0.0, tile_s)
    work = Upscaler(folder, threads=1, left_s=lambda: left_s, remark=used.append, clock=lambda: next(clock))
    return work(pixels, Upscale(factor), KnownScene(pixels), []), used


@cache
def small_face() -> Pixels:
    """The astronaut's face at half its size: 96 × 96."""
    return np.asarray(cv2.resize(picture(COLLINS)[30:222, 130:322], (96, 96), interpolation=cv2.INTER_AREA))


def sharpness(pixels: Pixels) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def consistent(large: Pixels, small: Pixels) -> float:
    """Mean difference when brought back to the small size."""
    back = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    return float(np.abs(back[..., :3].astype(int) - small[..., :3]).mean())


@pytest.mark.parametrize("factor", [2, 4])
def test_the_light_network_is_sharper_than_bicubic_and_true_to_the_picture(factor: int) -> None:
    small = small_face()
    large, used = enlarged(small, factor, HURRY_S)
    assert used == [LIGHT.name]
    assert large.shape == (96 * factor, 96 * factor, 4)
    bicubic = np.asarray(cv2.resize(small, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
    assert sharpness(large) > sharpness(bicubic) * 1.5
    assert consistent(large, small) < 3


@pytest.mark.slow
def test_the_detailed_network_is_taken_when_there_is_time() -> None:
    small = small_face()
    large, used = enlarged(small, 2, 100.0)
    assert used == [DETAILED.name]
    assert large.shape == (192, 192, 4)
    assert sharpness(large) > sharpness(enlarged(small, 2, HURRY_S)[0])
    assert consistent(large, small) < 3


def test_tiles_leave_no_seam() -> None:
    pixels = np.ascontiguousarray(picture(COLLINS)[:, 40:440])  # several tiles both ways
    large, _ = enlarged(pixels, 2, 20.0)
    bicubic = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    off = large[..., :3].astype(int) - bicubic[..., :3].astype(int)
    jump = np.abs(np.diff(off.mean(axis=2), axis=1)).mean(axis=0)
    seams = [2 * (400 * column // 3) - 1 for column in (1, 2)]
    assert max(jump[seam] for seam in seams) < np.quantile(jump, 0.98) + 1


def test_transparency_is_enlarged_too() -> None:
    pixels = small_face().copy()
    pixels[:, :48, 3] = 0
    large, _ = enlarged(pixels, 2, HURRY_S)
    assert (large[:, :90, 3] == 0).all()
    assert (large[:, 102:, 3] == 255).all()


def test_a_picture_too_large_for_the_time_is_refused_soon() -> None:
    large = np.ascontiguousarray(np.tile(picture(COLLINS), (4, 4, 1)))
    with pytest.raises(TooLarge, match="2048 × 2048") as caught:
        enlarged(large, 4, 1.0, tile_s=0.05)
    assert caught.value.code == "picture_too_large_to_upscale"


def test_without_the_pack_it_says_how_to_get_it(tmp_path: Path) -> None:
    work = Upscaler(tmp_path, threads=1, left_s=lambda: 60.0, remark=lambda _: None)
    with pytest.raises(EngineNotInstalled, match="openhearth packs fetch upscale"):
        work(small_face(), Upscale(2), KnownScene(small_face()), [])


def svg_of(pixels: Pixels) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(pixels))


def test_vectorised_is_a_valid_svg_of_the_pictures_size() -> None:
    root = svg_of(picture(COLLINS))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert (root.get("width"), root.get("height")) == ("512", "512")
    paths = root.findall("{http://www.w3.org/2000/svg}path")
    assert len(paths) > 50
    assert all(path.get("d") and (path.get("fill") or "").startswith("#") for path in paths)
    assert len({path.get("fill") for path in paths}) <= 40


def test_a_single_pixel_is_vectorised_as_well() -> None:
    assert svg_of(np.full((1, 1, 4), 200, np.uint8)).get("width") == "1"


def test_vectorised_is_bounded_in_size() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (500, 500, 3), np.uint8)
    svg = to_svg(np.dstack([noise, np.full((500, 500), 255, np.uint8)]))
    assert len(svg) < 3_000_000
    assert ElementTree.fromstring(svg).get("width") == "500"


def test_vectorised_flat_shapes_keep_their_colours() -> None:
    pixels = np.full((200, 200, 4), (250, 250, 250, 255), np.uint8)
    pixels[50:150, 50:150] = (200, 30, 60, 255)
    fills = {path.get("fill", "") for path in svg_of(pixels).iter() if path.get("fill")}
    assert len(fills) == 2
    red = min(fills, key=lambda fill: int(fill[3:5], 16))
    assert np.abs(np.array([int(red[at : at + 2], 16) for at in (1, 3, 5)]) - (200, 30, 60)).max() <= 4


def test_vectorised_transparency_stays_empty() -> None:
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[30:70, 30:70] = (200, 30, 60, 255)
    fills = [path.get("fill") for path in svg_of(pixels).iter() if path.get("fill")]
    assert len(fills) == 1
