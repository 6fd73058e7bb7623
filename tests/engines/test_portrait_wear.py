"""Things put on faces: in the right place, size and turn, on the right people, and nowhere else."""

import cv2
import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Colour, HideFaces, Wear, Who
from openhearth.engines.edit_image.portrait import OPERATIONS
from openhearth.engines.edit_image.ports import Face, Pixels
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.bodies import filled
from openhearth.engines.edit_image.vision.scene import SceneOf
from tests.pictures.photographs import models, picture, scene, turned

HOPPER, COLLINS = "grace_hopper.jpg", "eileen_collins.jpg"


def put_on(pixels: Pixels, step: Wear, seen: SceneOf) -> Pixels:
    return OPERATIONS[Wear](pixels, step, seen, [])


def eyes_of(face: Face, shape: tuple[int, int]) -> list[np.ndarray]:
    return [filled(face.landmarks[list(eye)], shape) > 128 for eye in (topology.RIGHT_EYE, topology.LEFT_EYE)]


def box_of(changed: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(changed)
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


@pytest.mark.parametrize("name", [HOPPER, COLLINS])
def test_sunglasses_cover_and_darken_both_eyes(name: str) -> None:
    before, after = picture(name), put_on(picture(name), Wear("sunglasses"), scene(name))
    (face,) = scene(name).faces
    for eye in eyes_of(face, before.shape[:2]):
        assert (after[eye] != before[eye]).any(-1).mean() > 0.99
        assert after[eye][:, :3].mean() < 60
        assert after[eye][:, :3].mean() < before[eye][:, :3].mean() - 30


@pytest.mark.parametrize("name", [HOPPER, COLLINS])
def test_sunglasses_are_as_wide_as_the_face_and_leave_mouth_and_chin(name: str) -> None:
    before, after = picture(name), put_on(picture(name), Wear("sunglasses"), scene(name))
    changed = (after != before).any(-1)
    (face,) = scene(name).faces
    width = face.landmarks[454][0] - face.landmarks[234][0]
    x0, y0, x1, y1 = box_of(changed)
    assert 0.82 * width < x1 - x0 < 1.25 * width
    assert y1 < face.landmarks[topology.NOSE_TIP][1] + 0.1 * width
    assert y0 > face.landmarks[topology.FOREHEAD_TOP][1]
    assert after.shape == before.shape


@pytest.mark.parametrize("degrees", [15, -15])
def test_sunglasses_turn_with_the_head(degrees: int) -> None:
    before = turned(COLLINS, degrees)
    seen = SceneOf(before, models())
    after = put_on(before, Wear("sunglasses"), seen)
    (face,) = seen.faces
    for eye in eyes_of(face, before.shape[:2]):
        assert after[eye][:, :3].mean() < 60
    ys, xs = np.nonzero((after != before).any(-1))
    spread = np.cov(np.stack([xs, ys]))
    _, axes = np.linalg.eigh(spread)
    long_axis = axes[:, 1] * np.sign(axes[0, 1])
    assert abs(np.degrees(np.arctan2(-long_axis[1], long_axis[0])) - degrees) < 5


def test_sunglasses_shrink_with_the_face() -> None:
    small = np.asarray(cv2.resize(picture(COLLINS), (256, 256), interpolation=cv2.INTER_AREA), np.uint8)
    after = put_on(small, Wear("sunglasses"), SceneOf(small, models()))
    whole = put_on(picture(COLLINS), Wear("sunglasses"), scene(COLLINS))
    x0, _, x1, _ = box_of((after != small).any(-1))
    big = box_of((whole != picture(COLLINS)).any(-1))
    assert abs((x1 - x0) / (big[2] - big[0]) - 0.5) < 0.08


def test_two_faces_get_two_pairs_and_one_named_face_gets_one() -> None:
    before = picture("two")
    both = (put_on(before, Wear("sunglasses"), scene("two")) != before).any(-1)
    left = (put_on(before, Wear("sunglasses", who=Who(side="left")), scene("two")) != before).any(-1)
    assert both[:, :512].any()
    assert both[:, 512:].any()
    assert np.array_equal(left[:, :512], both[:, :512])
    assert not left[:, 512:].any()


def test_glasses_show_the_eyes_behind_them() -> None:
    before, after = picture(COLLINS), put_on(picture(COLLINS), Wear("glasses"), scene(COLLINS))
    (face,) = scene(COLLINS).faces
    for eye in eyes_of(face, before.shape[:2]):
        assert np.corrcoef(before[eye][:, 0], after[eye][:, 0])[0, 1] > 0.95
    changed = np.abs(after.astype(int) - before).max(-1) > 60
    assert changed.sum() > 150, "the rim is plain to see"


def test_a_hat_covers_the_hairline_and_leaves_eyes_and_mouth() -> None:
    before, after = (
        picture(COLLINS),
        put_on(picture(COLLINS), Wear("hat", Colour("red", (200, 30, 40))), scene(COLLINS)),
    )
    changed = (after != before).any(-1)
    (face,) = scene(COLLINS).faces
    x, y = np.round(face.landmarks[topology.FOREHEAD_TOP]).astype(int)
    assert changed[y - 20 : y, x - 15 : x + 15].all()
    assert changed[12:40, 200:240].all(), "the top of the hair"
    for eye in eyes_of(face, before.shape[:2]):
        assert not changed[eye].any()
    red = after[y - 12 : y, x - 10 : x + 10, :3].astype(int)
    assert np.median(red[..., 0] - red[..., 1]) > 25


def test_a_face_mask_covers_nose_mouth_and_chin_and_leaves_the_eyes() -> None:
    before, after = picture(HOPPER), put_on(picture(HOPPER), Wear("mask"), scene(HOPPER))
    changed = (after != before).any(-1)
    (face,) = scene(HOPPER).faces
    for point in (topology.NOSE_TIP, 13, 17, 200):
        x, y = np.round(face.landmarks[point]).astype(int)
        assert changed[y, x]
    for eye in eyes_of(face, before.shape[:2]):
        assert not changed[eye].any()


def test_a_face_from_the_side_wears_its_mask_up_to_the_nose_and_its_glasses_on_the_near_side() -> None:
    name = "cameraman.png"
    before, (face,) = picture(name), scene(name).faces
    masked = (put_on(before, Wear("mask"), scene(name)) != before).any(-1)
    for point in (topology.NOSE_TIP, 13, 17):
        x, y = np.round(face.landmarks[point]).astype(int)
        assert masked[y, x - 2]
    near = filled(face.landmarks[list(topology.RIGHT_EYE)], before.shape[:2]) > 128
    assert put_on(before, Wear("sunglasses"), scene(name))[near][:, :3].mean() < 60


def test_an_unknown_thing_to_wear_is_refused() -> None:
    with pytest.raises(RequestError, match="crown"):
        put_on(picture(HOPPER), Wear("crown"), scene(HOPPER))


@pytest.mark.parametrize("kind", ["blur", "pixelate"])
def test_hidden_faces_lose_their_features_and_nothing_else_changes(kind: str) -> None:
    before = picture("two")
    after = OPERATIONS[HideFaces](before, HideFaces(kind, Who(index=1)), scene("two"), [])
    left, _ = scene("two").faces
    x0, y0, x1, y1 = (round(value) for value in left.box)
    fine = [cv2.Laplacian(part[y0:y1, x0:x1, 0].astype(np.float32), cv2.CV_32F) for part in (before, after)]
    assert np.abs(fine[1]).mean() < 0.35 * np.abs(fine[0]).mean()
    assert not SceneOf(after, models()).faces or SceneOf(after, models()).faces[0].box[0] > 500
    assert np.array_equal(after[:, 500:], before[:, 500:])
    assert np.array_equal(after[..., 3], before[..., 3])
