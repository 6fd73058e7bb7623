"""Content of recoloured photographs: the garment has the asked colour, everything else its own bytes."""

import cv2
import numpy as np
import pytest

from openhearth.engines.edit_image.plan import EVERYONE, Colour, Recolour, Who
from openhearth.engines.edit_image.portrait import OPERATIONS
from openhearth.engines.edit_image.ports import Mask, Pixels, Scene
from openhearth.engines.edit_image.vision import topology
from openhearth.engines.edit_image.vision.bodies import filled
from openhearth.engines.edit_image.vision.colours import lab
from openhearth.engines.edit_image.vision.scene import SceneOf
from tests.pictures.photographs import models, picture, scene

RED, BLUE, GREEN = (220, 30, 40), (30, 80, 200), (30, 150, 60)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
HOPPER, COLLINS = "grace_hopper.jpg", "eileen_collins.jpg"


def dye(pixels: Pixels, part: str, rgb: tuple[int, int, int], seen: Scene, who: Who = EVERYONE) -> Pixels:
    step = Recolour(part, Colour("asked", rgb), who)
    return OPERATIONS[Recolour](pixels, step, seen, [])


def hues(pixels: Pixels, where: np.ndarray) -> np.ndarray:
    colours = lab(np.ascontiguousarray(pixels[..., :3]))[where]
    return np.asarray(np.degrees(np.arctan2(colours[:, 2], colours[:, 1])))


def away(mask: Mask, pixels: int) -> np.ndarray:
    """Where the mask and its surroundings end."""
    return np.asarray(cv2.dilate((mask > 0).astype(np.uint8), np.ones((2 * pixels + 1,) * 2, np.uint8)) == 0)


@pytest.mark.parametrize("name", [HOPPER, COLLINS])
@pytest.mark.parametrize("rgb", [RED, BLUE, GREEN])
def test_the_garment_gets_the_asked_hue(name: str, rgb: tuple[int, int, int]) -> None:
    garment = scene(name).garment("top", EVERYONE) > 0.95
    after = dye(picture(name), "top", rgb, scene(name))
    wanted = hues(np.asarray([[(*rgb, 255)]], np.uint8), np.ones((1, 1), bool))[0]
    distance = np.abs((hues(after, garment) - wanted + 180) % 360 - 180)
    assert np.median(distance) < 8
    assert (distance < 20).mean() > 0.95


@pytest.mark.parametrize("name", [HOPPER, COLLINS])
def test_only_the_garment_changes(name: str) -> None:
    before, garment = picture(name), scene(name).garment("outfit", EVERYONE)
    after = dye(before, "outfit", RED, scene(name))
    assert after.shape == before.shape
    far = away(garment, 6)
    assert np.array_equal(after[far], before[far])
    outside = scene(name).person == 0
    assert np.abs(after[outside].astype(int) - before[outside]).mean() < 0.5
    (face,) = scene(name).faces
    oval = filled(face.landmarks[list(topology.FACE_OVAL)], before.shape[:2]) > 128
    assert np.array_equal(after[oval], before[oval])


def test_black_becomes_truly_red_and_keeps_folds() -> None:
    garment = scene(HOPPER).garment("top", EVERYONE) > 0.95
    before, after = picture(HOPPER), dye(picture(HOPPER), "top", RED, scene(HOPPER))
    red = after[garment][:, :3].astype(int)
    assert np.median(before[garment][:, :3]) < 40
    assert np.median(red[:, 0]) > 180
    assert np.median(red[:, 1:]) < 80
    assert np.std(lab(np.ascontiguousarray(after[..., :3]))[garment][:, 0]) > 2.5


def test_white_becomes_truly_red_and_the_white_helmet_does_not() -> None:
    white = dye(picture(COLLINS), "top", WHITE, scene(COLLINS))
    chest = np.s_[420:470, 130:230]
    assert np.median(white[chest][..., :3]) > 170
    red = dye(white, "top", RED, SceneOf(white, models()))
    assert np.median(red[chest][..., 0]) > 170
    assert np.median(red[chest][..., 1:3]) < 90
    helmet = np.s_[350:380, 380:430]
    assert np.array_equal(red[helmet], white[helmet])


def test_orange_becomes_black_and_white_with_its_creases() -> None:
    garment = scene(COLLINS).garment("top", EVERYONE) > 0.95
    for rgb, low, high in ((BLACK, 4, 30), (WHITE, 75, 95)):
        after = lab(np.ascontiguousarray(dye(picture(COLLINS), "top", rgb, scene(COLLINS))[..., :3]))[garment]
        assert low < np.median(after[:, 0]) < high
        assert np.median(np.hypot(after[:, 1], after[:, 2])) < 6
        assert after[:, 0].std() > 2


def test_light_and_shade_keep_their_order() -> None:
    garment = scene(COLLINS).garment("top", EVERYONE) > 0.95
    before = lab(np.ascontiguousarray(picture(COLLINS)[..., :3]))[garment][:, 0]
    after = lab(np.ascontiguousarray(dye(picture(COLLINS), "top", BLUE, scene(COLLINS))[..., :3]))[garment][:, 0]
    assert np.corrcoef(before, after)[0, 1] > 0.9


def test_clothes_of_the_colour_of_skin_are_told_from_skin() -> None:
    garment = scene(HOPPER).garment("top", EVERYONE)
    dressed = dye(picture(HOPPER), "top", (205, 150, 120), scene(HOPPER))
    found = SceneOf(dressed, models()).garment("top", EVERYONE)
    assert found[garment > 0.9].mean() > 0.97
    assert found[garment < 0.05].mean() < 0.025
    assert found[:300].max() == 0, "face"
    assert found[300:335, 225:270].mean() < 0.02, "throat"


def test_badges_and_ribbons_keep_their_colours() -> None:
    ribbons, badge = np.s_[506:521, 380:445], np.s_[360:400, 150:195]
    assert np.array_equal(dye(picture(HOPPER), "top", RED, scene(HOPPER))[ribbons], picture(HOPPER)[ribbons])
    assert np.array_equal(dye(picture(COLLINS), "top", GREEN, scene(COLLINS))[badge], picture(COLLINS)[badge])


def test_stripes_stay_stripes() -> None:
    before = picture(COLLINS)
    garment = scene(COLLINS).garment("top", EVERYONE) > 0.5
    columns = np.broadcast_to((np.arange(512) // 12 % 2 == 0)[None], garment.shape)
    white = dye(before, "top", WHITE, scene(COLLINS))
    striped = np.where((garment & columns)[..., None], white, before)
    after = dye(striped, "top", BLUE, SceneOf(striped, models()))
    middle = (np.arange(512) % 12 > 3) & (np.arange(512) % 12 < 9)
    inside = np.zeros_like(garment)
    inside[420:480, 130:230] = garment[420:480, 130:230]
    coloured = lab(np.ascontiguousarray(after[..., :3]))
    dyed, plain = coloured[inside & ~columns & middle], coloured[inside & columns & middle]
    assert np.median(dyed[:, 2]) < -35, "the orange stripes are blue"
    assert np.median(np.hypot(plain[:, 1], plain[:, 2])) < 12, "the white ones white"
    assert np.median(plain[:, 0]) - np.median(dyed[:, 0]) > 25


def test_hair_and_lips_are_dyed_and_the_face_is_not() -> None:
    before = picture(COLLINS)
    purple = dye(before, "hair", (120, 40, 160), scene(COLLINS))
    top = purple[30:55, 195:250, :3].astype(int)
    assert np.median(top[..., 2] - top[..., 1]) > 40
    assert np.array_equal(purple[110:165, 200:250], before[110:165, 200:250])
    red = dye(before, "lips", RED, scene(COLLINS))
    changed = (red != before).any(-1)
    assert 100 < changed.sum() < 1200
    ys, xs = np.nonzero(changed)
    (face,) = scene(COLLINS).faces
    assert ys.min() > face.landmarks[4][1]
    assert xs.min() > face.box[0]
    assert xs.max() < face.box[2]


def test_only_the_named_person_changes_clothes() -> None:
    before = picture("two")
    after = dye(before, "top", GREEN, scene("two"), Who(index=2))
    assert np.array_equal(after[:, :500], before[:, :500])
    sleeve = after[420:500, 600:640, :3].astype(int)
    assert np.median(sleeve[..., 1] - sleeve[..., 0]) > 50


def test_transparency_stays() -> None:
    see_through = picture(COLLINS).copy()
    see_through[:, 300:, 3] = 77
    after = dye(see_through, "top", BLUE, scene(COLLINS))
    assert np.array_equal(after[..., 3], see_through[..., 3])
