"""What is behind the people: taken away, coloured, replaced, blurred, while the people keep their bytes."""

import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import Background, Colour
from openhearth.engines.edit_image.portrait import OPERATIONS
from openhearth.engines.edit_image.ports import Pixels
from openhearth.engines.edit_image.vision.scene import SceneOf
from tests.pictures.photographs import models, picture, scene

HOPPER = "grace_hopper.jpg"
FACE, FLAG = np.s_[180:290, 215:320], np.s_[20:280, 20:110]


def change(step: Background, others: list[Pixels] | None = None) -> Pixels:
    return OPERATIONS[Background](picture(HOPPER), step, scene(HOPPER), others or [])


def test_a_removed_background_is_transparent_and_the_person_is_not() -> None:
    after = change(Background("remove"))
    assert after[FLAG][..., 3].max() == 0
    assert after[FACE][..., 3].min() == 255
    assert np.array_equal(after[FACE], picture(HOPPER)[FACE])


def test_a_coloured_background_leaves_no_line_of_the_old_one() -> None:
    green = (40, 200, 80)
    after = change(Background("colour", Colour("green", green)))
    assert np.array_equal(np.unique(after[FLAG][..., :3].reshape(-1, 3), axis=0), [green])
    assert np.array_equal(after[FACE], picture(HOPPER)[FACE])
    edge = after[400:560, 15:60, :3].astype(int)
    assert ((edge[..., 0] > 150) & (edge[..., 1] < 120)).mean() < 0.01, "no red of the flag at the sleeve"


def test_another_picture_covers_the_whole_background() -> None:
    stripes = np.zeros((100, 300, 4), np.uint8)
    stripes[..., 3] = 255
    stripes[:, 150:, 2] = 255
    after = change(Background("replace", picture=2), [stripes])
    assert after.shape == picture(HOPPER).shape
    assert after[100, 10, :3].tolist() == [0, 0, 0]
    assert after[100, 500, :3].tolist() == [0, 0, 255]


def test_a_background_picture_that_was_not_sent_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        change(Background("replace", picture=3), [picture(HOPPER)])
    assert caught.value.code == "missing_picture"


def test_a_blurred_background_is_smooth_and_has_no_halo() -> None:
    before, after = picture(HOPPER), change(Background("blur", amount=0.5))
    assert np.array_equal(after[FACE], before[FACE])
    rough = [np.abs(np.diff(part[FLAG][..., 0].astype(int), axis=1)).mean() for part in (before, after)]
    assert rough[1] < 0.15 * rough[0]
    sky = after[200:330, 400:500, :3].astype(int)
    assert (sky.sum(-1) > 250).all(), "the black uniform does not bleed into the blue"


def test_without_a_person_there_is_no_background() -> None:
    wall = np.full((240, 320, 4), 255, np.uint8)
    with pytest.raises(RequestError) as caught:
        OPERATIONS[Background](wall, Background("remove"), SceneOf(wall, models()), [])
    assert caught.value.code == "no_person_found"
