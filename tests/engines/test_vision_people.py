"""People found in real photographs: faces, persons, garments, hair, lips."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import EVERYONE, Who
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.models import Models
from openhearth.engines.edit_image.vision.scene import SceneOf
from tests.pictures.photographs import models, picture, portrait_folder, scene, turned

HOPPER, COLLINS, CAMERAMAN = "grace_hopper.jpg", "eileen_collins.jpg", "cameraman.png"


def _share(mask: np.ndarray, box: tuple[int, int, int, int]) -> float:
    x0, y0, x1, y1 = box
    return float(mask[y0:y1, x0:x1].mean())


@pytest.mark.parametrize(("name", "eyes"), [(HOPPER, ((220, 191), (305, 190))), (COLLINS, ((203, 101), (247, 104)))])
def test_eyes_are_found_where_they_are(name: str, eyes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    (face,) = scene(name).faces
    for indices, place in zip((topology.RIGHT_EYE, topology.LEFT_EYE), eyes, strict=True):
        assert np.linalg.norm(face.landmarks[list(indices)].mean(0) - place) < 5


def test_landmarks_turn_with_the_picture() -> None:
    (face,) = SceneOf(turned(COLLINS, 15), models()).faces
    across = face.landmarks[263] - face.landmarks[33]
    (upright,) = scene(COLLINS).faces
    before = upright.landmarks[263] - upright.landmarks[33]
    turn = np.degrees(np.arctan2(before[1], before[0]) - np.arctan2(across[1], across[0]))
    assert abs(turn - 15) < 3


def test_two_people_are_two_faces_from_left_to_right() -> None:
    faces = scene("two").faces
    assert len(faces) == 2
    assert faces[0].box[2] < 512 < faces[1].box[0]


def test_a_small_face_in_a_large_picture_is_found() -> None:
    small = cv2.resize(picture(COLLINS), (230, 230), interpolation=cv2.INTER_AREA)
    wide = np.full((900, 1200, 4), (120, 140, 110, 255), np.uint8)
    wide[300:530, 700:930] = small
    (face,) = SceneOf(wide, models()).faces
    assert 780 < (face.box[0] + face.box[2]) / 2 < 830
    assert 330 < (face.box[1] + face.box[3]) / 2 < 380


def test_who_picks_by_number_and_side_and_says_who_is_missing() -> None:
    two = scene("two")
    left, right = two.faces
    assert two.chosen(Who(index=2)) == [right]
    assert two.chosen(Who(side="left")) == [left]
    assert two.chosen(EVERYONE) == [left, right]
    for nobody in (Who(index=3), Who(side="middle")):
        with pytest.raises(RequestError) as caught:
            two.chosen(nobody)
        assert caught.value.code == "no_such_person"


def test_a_picture_without_a_face_says_so_in_both_languages() -> None:
    meadow = np.full((300, 400, 4), (90, 150, 80, 255), np.uint8)
    with pytest.raises(RequestError, match=r"No face was found.*没有找到人脸") as caught:
        SceneOf(meadow, models()).chosen(EVERYONE)
    assert caught.value.code == "no_face_found"


def test_the_person_is_cut_out_of_flag_and_wall() -> None:
    person = scene(HOPPER).person
    assert _share(person, (190, 160, 340, 300)) > 0.98
    assert _share(person, (60, 450, 460, 590)) > 0.98
    assert _share(person, (20, 20, 120, 280)) < 0.01
    assert _share(person, (420, 20, 510, 300)) < 0.01


def test_people_are_found_without_the_second_opinion(tmp_path: Path) -> None:
    alone = Models(portrait_folder(), tmp_path, 1)
    person = SceneOf(picture(HOPPER), alone).person
    assert _share(person, (60, 450, 460, 590)) > 0.95
    assert _share(person, (420, 20, 510, 300)) < 0.02


def test_the_black_uniform_is_found_without_shirt_face_cap_ribbons_or_flag() -> None:
    garment = scene(HOPPER).garment("top", EVERYONE)
    assert _share(garment, (70, 400, 200, 470)) > 0.95, "left half of the uniform"
    assert _share(garment, (330, 420, 480, 480)) > 0.95, "right half of the uniform"
    assert garment[:300].max() == 0, "cap and face"
    assert _share(garment, (200, 350, 225, 400)) < 0.05, "shirt collar"
    assert _share(garment, (375, 505, 445, 522)) < 0.1, "ribbons"
    assert _share(garment, (0, 300, 20, 560)) < 0.12, "flag"


def test_the_orange_suit_is_found_without_helmet_ring_badge_or_flag() -> None:
    garment = scene(COLLINS).garment("outfit", EVERYONE)
    assert _share(garment, (80, 330, 130, 420)) > 0.95, "sleeve and chest"
    assert _share(garment, (330, 370, 505, 500)) < 0.01, "helmet"
    assert _share(garment, (165, 180, 240, 240)) < 0.01, "black collar"
    assert _share(garment, (150, 358, 196, 400)) < 0.05, "badge"
    assert _share(garment, (0, 0, 60, 250)) < 0.01, "flag"
    assert garment[:170].max() == 0, "face and hair"


def test_trousers_that_are_not_in_the_picture_are_refused() -> None:
    with pytest.raises(RequestError, match=r"trousers.*裤子") as caught:
        scene(HOPPER).garment("trousers", EVERYONE)
    assert caught.value.code == "no_trousers_found"


def test_the_coat_of_a_man_seen_from_the_side_is_found() -> None:
    garment = scene(CAMERAMAN).garment("top", EVERYONE)
    assert _share(garment, (30, 250, 110, 330)) > 0.95
    assert _share(garment, (300, 20, 500, 120)) == 0
    assert _share(garment, (330, 330, 500, 500)) < 0.01


def test_hair_is_found_without_face_and_background() -> None:
    hair = scene(COLLINS).hair(EVERYONE)
    assert _share(hair, (190, 30, 255, 55)) > 0.9
    assert _share(hair, (200, 105, 250, 160)) < 0.02
    assert _share(hair, (320, 0, 500, 200)) == 0


def test_a_cap_is_not_taken_for_hair() -> None:
    with pytest.raises(RequestError) as caught:
        scene(HOPPER).hair(EVERYONE)
    assert caught.value.code == "no_hair_found"


def test_lips_leave_the_teeth_out() -> None:
    lips = scene(COLLINS).lips(EVERYONE)
    (face,) = scene(COLLINS).faces
    x, y = np.round((face.landmarks[13] + face.landmarks[14]) / 2).astype(int)
    assert lips[y, x] < 0.35
    low = np.round((face.landmarks[14] + face.landmarks[17]) / 2).astype(int)
    assert lips[low[1], low[0]] > 0.7
    assert 0 < (lips > 0).sum() < 900


def test_masks_of_a_large_picture_have_its_size_and_lie_at_the_same_place() -> None:
    large = np.asarray(cv2.resize(picture(HOPPER), (1536, 1800), interpolation=cv2.INTER_CUBIC), np.uint8)
    big = SceneOf(large, models()).garment("top", EVERYONE)
    assert big.shape == (1800, 1536)
    small = cv2.resize(big, (512, 600), interpolation=cv2.INTER_AREA) > 0.5
    own = scene(HOPPER).garment("top", EVERYONE) > 0.5
    assert (small & own).sum() / (small | own).sum() > 0.93
