"""Styles and adjustments judged by what they do to a photograph: how light, how colourful, how sharp, and where."""

import cv2
import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.adjust import adjust
from openhearth.engines.edit_image.pixels.layers import colours_of, mixed, over
from openhearth.engines.edit_image.pixels.sky import sky
from openhearth.engines.edit_image.pixels.style import style
from openhearth.engines.edit_image.plan import Adjust, Style
from openhearth.engines.edit_image.ports import Pixels
from tests.fakes.scenes import KnownScene
from tests.pictures.photographs import picture

COLLINS, CAMERAMAN = "eileen_collins.jpg", "cameraman.png"
KINDS = ("brightness", "contrast", "saturation", "warmth", "sharpen", "denoise", "blur")
LOOKS = ("black_and_white", "sepia", "sketch", "cartoon", "oil")


def photo() -> Pixels:
    return picture(COLLINS).copy()


def changed(kind: str, amount: float, pixels: Pixels | None = None) -> Pixels:
    pixels = photo() if pixels is None else pixels
    return adjust(pixels, Adjust(kind, amount), KnownScene(pixels), [])


def light(pixels: Pixels) -> float:
    return float(cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY).mean()) / 255


def spread(pixels: Pixels) -> float:
    return float(cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY).std())


def chroma(pixels: Pixels) -> float:
    lab = cv2.cvtColor(pixels[..., :3].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return float(np.hypot(lab[..., 1], lab[..., 2]).mean())


def sharpness(pixels: Pixels) -> float:
    return float(cv2.Laplacian(cv2.cvtColor(pixels[..., :3], cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())


def test_brightness_moves_light_by_about_what_was_asked() -> None:
    base = light(photo())
    assert base * 1.08 < light(changed("brightness", 0.3)) < base * 1.3
    assert base * 1.3 < light(changed("brightness", 1.0))
    assert base * 0.6 < light(changed("brightness", -0.3)) < base * 0.9
    assert light(changed("brightness", -1.0)) < base * 0.5


def test_brightening_does_not_clip() -> None:
    lost = (changed("brightness", 0.5)[..., :3] == 255).mean() - (photo()[..., :3] == 255).mean()
    assert lost < 0.01


def test_contrast_spreads_and_flattens_tones_around_the_middle() -> None:
    base = photo()
    assert spread(changed("contrast", 0.5)) > spread(base) * 1.05
    assert spread(changed("contrast", -0.5)) < spread(base) * 0.7
    assert abs(light(changed("contrast", 0.3)) - light(base)) < 0.04


def test_saturation_changes_colour_and_keeps_light() -> None:
    base = photo()
    assert chroma(changed("saturation", 0.4)) > chroma(base) * 1.15
    assert chroma(changed("saturation", -1.0)) < 1.0
    assert abs(light(changed("saturation", -1.0)) - light(base)) < 0.05


def test_warmth_moves_between_amber_and_blue() -> None:
    base = photo()[..., :3].reshape(-1, 3).mean(axis=0)
    warm, cold = (changed("warmth", amount)[..., :3].reshape(-1, 3).mean(axis=0) for amount in (0.5, -0.5))
    assert warm[0] - warm[2] > base[0] - base[2] + 15
    assert cold[0] - cold[2] < base[0] - base[2] - 15


def test_sharpen_and_blur_change_detail_and_keep_light() -> None:
    base = photo()
    assert sharpness(changed("sharpen", 0.5)) > sharpness(base) * 1.5
    assert sharpness(changed("blur", 0.3)) < sharpness(base) * 0.1
    for kind in ("sharpen", "blur"):
        assert abs(light(changed(kind, 0.4)) - light(base)) < 0.02


def test_denoise_removes_noise_and_keeps_edges() -> None:
    clean = cv2.GaussianBlur(photo(), (0, 0), 1.2)
    noise = np.random.default_rng(3).normal(0, 12, clean.shape)
    noisy = np.clip(clean + noise, 0, 255).astype(np.uint8)
    noisy[..., 3] = 255
    denoised = changed("denoise", 0.4, noisy)
    before = np.abs(noisy[..., :3].astype(float) - clean[..., :3]).mean()
    assert np.abs(denoised[..., :3].astype(float) - clean[..., :3]).mean() < before * 0.6


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_changed_outside_the_region(kind: str) -> None:
    before = photo()
    scene = KnownScene(before, person=(100, 50, 400, 500))
    after = adjust(before, Adjust(kind, 0.6, "background"), scene, [])
    assert (after[50:500, 100:400] == before[50:500, 100:400]).all()
    assert (after[:, :90] != before[:, :90]).any()


def test_a_blurred_background_takes_no_colour_from_the_person() -> None:
    before = np.full((200, 200, 4), (20, 20, 220, 255), np.uint8)
    before[60:140, 60:140] = (250, 240, 10, 255)
    after = adjust(before, Adjust("blur", 0.5, "background"), KnownScene(before, person=(60, 60, 140, 140)), [])
    assert np.abs(after[:55].astype(int) - before[:55]).max() < 6


def test_a_background_needs_a_person() -> None:
    with pytest.raises(RequestError) as caught:
        adjust(photo(), Adjust("blur", 0.5, "background"), KnownScene(photo()), [])
    assert caught.value.code == "no_person_found"


def landscape() -> Pixels:
    """Blue sky that pales towards the horizon, a hill of noisy green, a dark tower."""
    rng = np.random.default_rng(5)
    rows = np.linspace(0, 1, 300)[:, None, None]
    values = np.full((300, 400, 3), (70.0, 130.0, 215.0)) * (1 - 0.3 * rows) + 255 * 0.3 * rows
    horizon = (190 + 25 * np.sin(np.arange(400) / 60)).astype(int)
    hill = np.arange(300)[:, None] > horizon[None]
    ground = np.full((300, 400, 3), (60.0, 95.0, 40.0)) + rng.normal(0, 22, (300, 400, 1))
    values = np.where(hill[..., None], ground, values)
    values[60:220, 180:220] = (60, 50, 45)
    return np.dstack([np.clip(values, 0, 255), np.full((300, 400), 255)]).astype(np.uint8)


def test_the_sky_is_found_above_hill_and_tower() -> None:
    pixels = landscape()
    mask = sky(pixels, np.zeros(pixels.shape[:2], np.float32))
    assert mask[:150, :170].mean() > 0.97
    assert mask[240:].mean() < 0.02
    assert mask[90:200, 190:210].mean() < 0.1


def test_only_the_sky_becomes_darker() -> None:
    before = landscape()
    after = adjust(before, Adjust("brightness", -0.5, "sky"), KnownScene(before), [])
    assert after[:120, :150, :3].mean() < before[:120, :150, :3].mean() * 0.85
    assert np.abs(after[240:].astype(int) - before[240:]).max() <= 2


def test_the_sky_of_a_photograph_is_found_and_not_the_man() -> None:
    pixels = picture(CAMERAMAN)
    mask = sky(pixels, np.zeros(pixels.shape[:2], np.float32))
    assert mask[:60, :200].mean() > 0.95
    assert mask[200:400, 100:200].mean() < 0.05
    assert mask[450:].mean() < 0.02


@pytest.mark.parametrize("pixels", ["studio", "noise"])
def test_a_picture_without_sky_says_so(pixels: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 4), np.uint8)
    given = photo() if pixels == "studio" else noise
    with pytest.raises(RequestError) as caught:
        sky(given, np.zeros(given.shape[:2], np.float32))
    assert caught.value.code == "no_sky_found"


def test_black_and_white_has_no_colour_and_the_same_light() -> None:
    grey = style(photo(), Style("black_and_white"), KnownScene(photo()), [])
    assert (grey[..., 0] == grey[..., 1]).all()
    assert (grey[..., 1] == grey[..., 2]).all()
    assert abs(light(grey) - light(photo())) < 0.01


def test_sepia_is_brown_and_keeps_the_drawing() -> None:
    brown = style(photo(), Style("sepia"), KnownScene(photo()), [])
    red, green, blue = (brown[..., channel].astype(int) for channel in range(3))
    assert (red >= green).all()
    assert (green >= blue).all()
    before = cv2.cvtColor(photo()[..., :3], cv2.COLOR_RGB2GRAY).ravel()
    assert np.corrcoef(before, green.ravel())[0, 1] > 0.97


def test_a_sketch_is_lines_on_light_paper() -> None:
    drawn = style(photo(), Style("sketch"), KnownScene(photo()), [])
    assert (drawn[..., 0] == drawn[..., 2]).all()
    assert np.median(drawn[40:200, 20:100, 0]) > 180
    assert (drawn[..., 0] < 110).mean() > 0.03


def flatness(pixels: Pixels) -> float:
    """Share of pixels that hardly differ from their right neighbour."""
    return float((np.abs(np.diff(pixels[..., :3].astype(int), axis=1)).max(axis=2) <= 3).mean())


def test_a_cartoon_is_flatter_with_dark_lines() -> None:
    drawn = style(photo(), Style("cartoon"), KnownScene(photo()), [])
    assert flatness(drawn) > flatness(photo()) + 0.1
    assert (drawn[..., :3].max(axis=2) < 40).mean() > (photo()[..., :3].max(axis=2) < 40).mean()
    assert chroma(drawn) > chroma(photo())


def test_oil_smooths_texture_and_keeps_edges() -> None:
    before, painted = photo(), style(photo(), Style("oil"), KnownScene(photo()), [])
    suit = (slice(330, 450), slice(60, 150))  # fabric: texture and folds
    assert sharpness(painted[suit]) < sharpness(before[suit]) * 0.6
    edge = np.abs(np.diff(painted[300:310, 360:480, :3].astype(int).sum(axis=2), axis=1)).max()
    assert edge > 150  # the helmet still stands against the black


@pytest.mark.parametrize("look", LOOKS)
def test_styles_keep_size_and_transparency(look: str) -> None:
    before = photo()
    before[:, :200, 3] = 0
    before[:, 200:260, 3] = 128
    after = style(before, Style(look), KnownScene(before), [])
    assert after.shape == before.shape
    assert after.dtype == np.uint8
    assert (after[..., 3] == before[..., 3]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_adjustments_keep_transparency_and_hidden_colours_stay_hidden(kind: str) -> None:
    before = np.full((80, 80, 4), (40, 160, 60, 255), np.uint8)
    before[:, :40] = (255, 0, 255, 0)
    after = changed(kind, 0.5, before)
    assert (after[..., 3] == before[..., 3]).all()
    edge = after[:, 41:46, :3].astype(int)
    assert (edge[..., 1] > edge[..., 0] + 30).all()
    assert (edge[..., 1] > edge[..., 2] + 30).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 5)])
def test_tiny_and_thin_pictures_survive_everything(shape: tuple[int, int]) -> None:
    pixels = np.full((*shape, 4), (90, 120, 200, 255), np.uint8)
    for kind in KINDS:
        assert changed(kind, 0.5, pixels).shape == pixels.shape
    for look in LOOKS:
        assert style(pixels, Style(look), KnownScene(pixels), []).shape == pixels.shape


def test_transparent_pixels_take_the_colour_next_to_them() -> None:
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :20] = (200, 40, 40, 255)
    filled = colours_of(pixels)
    assert (filled[:, :20] == (200, 40, 40)).all()
    assert np.abs(filled[:, 20:].astype(int) - (200, 40, 40)).max() <= 2


def test_laying_over_and_mixing_are_exact_at_their_ends() -> None:
    below, above = photo(), np.zeros_like(photo())
    assert (over(below, above) == below).all()
    above[:] = (1, 2, 3, 255)
    assert (over(below, above) == above).all()
    share = np.zeros(below.shape[:2], np.float32)
    assert (mixed(below, above, share) == below).all()
    assert (mixed(below, above, share + 1) == above).all()
