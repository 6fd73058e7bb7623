"""Crop, rotate, flip, resize: exact where they can be, and never a wrong size."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.errors import RequestError, TooLarge
from openhearth.engines.edit_image.pixels.shape import check_size, crop, fitted, flip, resize, rotate, size_after
from openhearth.engines.edit_image.plan import Crop, Flip, Resize, Rotate, Upscale
from openhearth.engines.edit_image.ports import Pixels
from tests.fakes.scenes import KnownScene
from tests.pictures.photographs import picture


def numbered(height: int = 60, width: int = 90) -> Pixels:
    """Every pixel different."""
    values = np.arange(height * width, dtype=np.uint32)
    return values.view(np.uint8).reshape(height, width, 4) | np.array([0, 0, 0, 255], np.uint8)


sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


@given(sizes, st.sampled_from([90, 180, 270, -90, 360, 450]))
def test_quarter_turns_are_exact_and_come_back(size: tuple[int, int], degrees: int) -> None:
    pixels = numbered(*size)
    turned = rotate(pixels, Rotate(degrees), KnownScene(pixels), [])
    assert (rotate(turned, Rotate(-degrees), KnownScene(turned), []) == pixels).all()
    assert turned.shape[:2] == (size if degrees % 180 == 0 else size[::-1])


@pytest.mark.parametrize("width", [60, 150, 371])
def test_what_is_opaque_stays_opaque_in_every_size(width: int) -> None:
    for pixels in (numbered(60, 71), numbered(60, 162)):
        resized = resize(pixels, Resize(width, 70), KnownScene(pixels), [])
        assert int(resized[..., 3].min()) == 255


def test_a_quarter_turn_is_clockwise() -> None:
    pixels = numbered()
    turned = rotate(pixels, Rotate(90), KnownScene(pixels), [])
    assert (turned[0, -1] == pixels[0, 0]).all()
    assert (turned[-1, -1] == pixels[0, -1]).all()


@given(sizes, st.sampled_from(["horizontal", "vertical"]))
def test_flips_are_exact_and_come_back(size: tuple[int, int], axis: str) -> None:
    pixels = numbered(*size)
    flipped = flip(pixels, Flip(axis), KnownScene(pixels), [])
    assert (flip(flipped, Flip(axis), KnownScene(pixels), []) == pixels).all()
    assert (flipped[0, 0] == (pixels[0, -1] if axis == "horizontal" else pixels[-1, 0])).all()


def test_other_angles_enlarge_the_canvas_with_clear_corners() -> None:
    pixels = np.full((100, 200, 4), (200, 40, 40, 255), np.uint8)
    turned = rotate(pixels, Rotate(30), KnownScene(pixels), [])
    assert turned.shape[:2] == (187, 223)
    assert turned[0, 0, 3] == turned[-1, -1, 3] == 0
    assert tuple(turned[93, 111]) == (200, 40, 40, 255)
    seen = turned[turned[..., 3] > 40]
    assert np.abs(seen[:, :3].astype(int) - (200, 40, 40)).max() <= 8  # no dark seam at the edge
    assert abs(float(turned[..., 3].sum()) / 255 - 20_000) < 200


def test_a_small_clockwise_turn_moves_the_top_to_the_right() -> None:
    pixels = np.zeros((101, 101, 4), np.uint8)
    pixels[..., 3] = 255
    pixels[:20, 48:53, :3] = 255
    turned = rotate(pixels, Rotate(20), KnownScene(pixels), [])
    white = np.argwhere(turned[..., 0] > 128)
    assert white[:, 1].mean() > turned.shape[1] / 2 + 10


@pytest.mark.parametrize(("ratio", "size"), [((1, 1), (60, 60)), ((16, 9), (51, 90)), ((3, 4), (60, 45))])
def test_crop_around_the_centre_is_the_largest_of_its_ratio(ratio: tuple[int, int], size: tuple[int, int]) -> None:
    pixels = numbered()
    cut = crop(pixels, Crop(ratio), KnownScene(pixels), [])
    assert cut.shape[:2] == size
    top, left = round((60 - size[0]) / 2), round((90 - size[1]) / 2)
    assert (cut == pixels[top : top + size[0], left : left + size[1]]).all()


def test_crop_to_the_person_holds_all_of_the_person() -> None:
    pixels = numbered(400, 600)
    scene = KnownScene(pixels, person=(200, 100, 300, 350))
    cut = crop(pixels, Crop(around="person"), scene, [])
    assert 100 <= cut.shape[1] <= 130
    assert 250 <= cut.shape[0] <= 280
    square = crop(pixels, Crop((1, 1), "person"), scene, [])
    assert square.shape[0] == square.shape[1]
    assert 250 <= square.shape[0] <= 280
    person = {tuple(value) for value in pixels[100:350, 200:300].reshape(-1, 4)[::977]}
    assert person <= {tuple(value) for value in square.reshape(-1, 4)}


def test_crop_around_a_face_leaves_room_for_hair_and_chin() -> None:
    pixels = numbered(400, 600)
    cut = crop(pixels, Crop((1, 1), "face"), KnownScene(pixels, face=(250, 150, 330, 250)), [])
    assert cut.shape[0] == cut.shape[1]
    assert 150 <= cut.shape[0] <= 230


def test_a_crop_stays_inside_the_picture() -> None:
    pixels = numbered(100, 100)
    cut = crop(pixels, Crop((16, 9), "face"), KnownScene(pixels, face=(90.0, 0.0, 110.0, 20.0)), [])
    assert cut.shape[1] <= 100
    assert cut.shape[0] >= 1


@pytest.mark.parametrize(("around", "code"), [("person", "no_person_found"), ("face", "no_face_found")])
def test_a_crop_without_its_subject_says_so(around: str, code: str) -> None:
    pixels = numbered()
    with pytest.raises(RequestError) as caught:
        crop(pixels, Crop(around=around), KnownScene(pixels), [])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("step", "size"),
    [
        (Resize(width=45), (30, 45)),
        (Resize(height=120), (120, 180)),
        (Resize(width=33, height=44), (44, 33)),
        (Resize(scale=0.5), (30, 45)),
        (Resize(scale=0.001), (1, 1)),
    ],
)
def test_resize_makes_the_asked_size(step: Resize, size: tuple[int, int]) -> None:
    pixels = numbered()
    assert resize(pixels, step, KnownScene(pixels), []).shape[:2] == size
    assert size_after(step, 90, 60) == size[::-1]


def test_resize_keeps_the_picture() -> None:
    pixels = picture("eileen_collins.jpg")
    small = resize(pixels, Resize(width=256), KnownScene(pixels), [])
    again = resize(small, Resize(width=512), KnownScene(small), [])
    assert np.abs(again.astype(int) - pixels).mean() < 6


def test_a_transparent_edge_gets_no_dark_seam() -> None:
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[:, 40:] = (250, 250, 250, 255)
    small = resize(pixels, Resize(width=27), KnownScene(pixels), [])
    seen = small[small[..., 3] > 8]
    assert seen[:, :3].min() > 235


def test_fitting_keeps_the_ratio() -> None:
    assert fitted(numbered(), 45, 45).shape[:2] == (30, 45)
    assert fitted(numbered(), 1000, 60).shape[:2] == (60, 90)


@pytest.mark.parametrize(
    ("step", "size"),
    [(Upscale(4), (360, 240)), (Rotate(45), (106, 106)), (Rotate(90), (60, 90)), (Flip("x"), (90, 60))],
)
def test_the_size_of_a_result_is_known_before(step: Upscale | Rotate | Flip, size: tuple[int, int]) -> None:
    assert size_after(step, 90, 60) == size


def test_a_result_that_is_too_large_is_refused_with_its_numbers() -> None:
    with pytest.raises(TooLarge, match="8,000 × 6,000"):
        check_size(8000, 6000, 40_000_000)
    with pytest.raises(TooLarge):
        check_size(30_001, 1, 40_000_000)
