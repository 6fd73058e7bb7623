"""The arithmetic of vision that needs no network: crops, boxes, colours, edges, zones."""

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from openhearth.engines.edit_image.vision import boxes, edges
from openhearth.engines.edit_image.vision.boxes import Found
from openhearth.engines.edit_image.vision.colours import Tone, lab, likelihood, same_material, seen, tones
from openhearth.engines.edit_image.vision.crops import Region, cut, paste_back, to_picture

coordinate = st.floats(-400, 400)


@given(x=coordinate, y=coordinate, side=st.floats(20, 900), angle=st.floats(-3, 3))
def test_the_middle_of_a_crop_is_the_middle_of_its_region(x: float, y: float, side: float, angle: float) -> None:
    middle = to_picture(np.asarray([[64, 64]], np.float32), Region(x, y, side, angle), 128)
    assert np.allclose(middle, [[x, y]], atol=0.02)


def test_a_turned_crop_comes_back_to_its_place() -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    cv2.circle(picture, (180, 90), 12, (255, 255, 255), -1)
    region = Region(170, 95, 100, 0.7)
    back = paste_back(cut(picture, region, 128)[..., 0] / np.float32(255), region, (200, 300))
    assert abs(back - picture[..., 0] / 255).mean() < 0.003


def test_anchors_have_the_counts_of_the_published_networks() -> None:
    assert len(boxes.anchors(128, (8, 16, 16, 16))) == 896
    assert len(boxes.anchors(224, (8, 16, 32, 32, 32))) == 2254


def test_overlapping_detections_become_one_and_others_stay() -> None:
    def one(x: float, score: float) -> Found:
        box = np.asarray([x, 0, x + 10, 10], np.float32)
        return Found(score, box, np.asarray([[x, 0]], np.float32))

    merged = boxes.merge([one(0, 0.9), one(1, 0.6), one(50, 0.7)])
    assert [found.score for found in merged] == [0.9, 0.7]
    assert 0 < merged[0].box[0] < 1


def test_tones_find_the_colours_of_a_flag_and_their_shares() -> None:
    flag = np.zeros((30, 90, 3), np.uint8)
    flag[:, :30], flag[:, 30:60], flag[:, 60:] = (200, 20, 30), (250, 250, 250), (20, 40, 160)
    found = tones(lab(flag).reshape(-1, 3), 3)
    assert np.allclose([tone.share for tone in found], 1 / 3, atol=0.02)
    assert likelihood(lab(flag), found).min() > 1e-4


def test_light_and_shade_of_one_cloth_are_one_material_and_black_is_none_of_it() -> None:
    def tone(rgb: tuple[int, int, int]) -> Tone:
        return tones(np.repeat(seen(np.asarray([[rgb]], np.uint8)).reshape(-1, 3), 9, axis=0), 1)[0]

    bright, shaded, black = tone((225, 95, 45)), tone((150, 55, 25)), tone((20, 8, 6))
    assert same_material(bright, shaded)
    assert not same_material(bright, black)
    assert same_material(tone((8, 6, 45)), black), "navy in the dark looks black"
    assert not same_material(tone((240, 240, 240)), black)


def test_a_coarse_mask_follows_the_edge_of_the_picture_also_when_enlarged() -> None:
    large = np.full((400, 600, 3), 230, np.uint8)
    large[:, :300] = (30, 40, 60)
    small = np.asarray(cv2.resize(large, (150, 100), interpolation=cv2.INTER_AREA), np.uint8)
    ramp = np.clip((80 - np.arange(150)) / 10, 0, 1).astype(np.float32)
    mask = edges.enlarge(np.tile(ramp, (100, 1)), small, large, 6)
    assert mask[200, 290] > 0.8
    assert mask[200, 310] < 0.2
    assert mask.shape == (400, 600)


def test_a_grey_picture_is_no_trouble_for_the_edges() -> None:
    rng = np.random.default_rng(3)
    grey = np.repeat(rng.integers(0, 255, (80, 80, 1), np.uint8), 3, axis=2)
    mask = edges.follow(np.full((80, 80), 0.5, np.float32), grey, 4)
    assert np.allclose(mask, 0.5, atol=1e-3)
