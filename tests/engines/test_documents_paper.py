"""Sheets found and flattened, curl taken out, light evened, pale watermarks removed: measured against the original."""

from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest

from openhearth.core.documents import Mode, Options
from openhearth.core.errors import RequestError
from openhearth.engines.read_document.ocr.reader import Reader
from openhearth.engines.read_document.paper.cleaning import without_watermark
from openhearth.engines.read_document.paper.curl import uncurled
from openhearth.engines.read_document.paper.light import IMPROVE, without_shadow
from openhearth.engines.read_document.paper.sheet import find_sheet, flattened
from openhearth.engines.read_document.paper.watermark import cleaned
from tests.papers import samples
from tests.papers.drawing import Pixels, Sheet, noisy, read

CORNERS = np.array(samples.CORNERS)
NO_READER = cast("Reader", None)  # this service reads no text
HOPPER = Path(__file__).parents[1] / "pictures" / "grace_hopper.jpg"


@pytest.mark.parametrize("seed", [3, 4])
def test_corners_come_back_to_a_pixel_or_two(seed: int) -> None:
    found = find_sheet(samples.photographed(samples.receipt(), seed=seed))
    assert found is not None
    assert np.abs(found - CORNERS).max() < 3


def test_flattening_leads_there_and_back() -> None:
    flat, back = flattened(samples.photographed(samples.receipt()), CORNERS)
    height, width = flat.shape[:2]
    for corner, there in zip(((0, 0), (width, 0), (width, height), (0, height)), CORNERS, strict=True):
        x, y, scale = back @ (*corner, 1)
        assert np.allclose((x / scale, y / scale), there, atol=0.5)


def test_nothing_is_taken_for_a_sheet_that_is_none() -> None:
    assert find_sheet(samples.scanned_letter()) is None, "the page fills the picture"
    assert find_sheet(samples.form()) is None, "a table is no sheet"
    assert find_sheet(np.full((400, 500, 3), 120, np.uint8)) is None


def full_page() -> Pixels:
    """Lines of text from margin to margin."""
    sheet = Sheet(1000, 1100)
    for number in range(14):
        sheet.write(f"{number:02d} the quick brown fox jumps over the lazy dog and back", 32, gap=36)
    return sheet.pixels()


def crispness(page: Pixels) -> float:
    """How clearly rows of text and rows of nothing follow each other, which they do only where lines are straight."""
    dark = (cv2.cvtColor(page, cv2.COLOR_RGB2GRAY) < 128)[120:-120, 100:-100]
    return float(dark.mean(axis=1).std())


def test_bent_lines_become_straight_and_straight_ones_stay() -> None:
    page = full_page()
    assert uncurled(page)[1] is False
    bent = samples.curled(page, depth=0.035)
    flat, was_bent = uncurled(bent)
    assert was_bent
    assert crispness(bent) < 0.6 * crispness(page)
    assert crispness(flat) > 0.85 * crispness(page)
    assert flat.shape == page.shape


def shaded(page: Pixels) -> Pixels:
    light = np.linspace(1.0, 0.45, page.shape[1], dtype=np.float32)[None, :, None]
    return np.asarray(page * light, dtype=np.uint8)


def test_shadow_is_divided_out_and_ink_stays() -> None:
    page = samples.form()
    result = without_shadow(shaded(page)).astype(int)
    assert np.abs(result - page)[page.min(axis=2) > 240].mean() < 12
    assert result[page.max(axis=2) < 60].mean() < 90


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.NONE])
def test_every_mode_leaves_paper_light_and_ink_dark(mode: Mode) -> None:
    page = samples.form()
    result = IMPROVE[mode](noisy(page, amount=5))
    assert result.shape == page.shape
    assert result[page.min(axis=2) > 250].mean() > 235
    assert result[page.max(axis=2) < 40].mean() < 90
    if mode is Mode.BLACK_WHITE:
        assert set(np.unique(result)) <= {0, 255}


def marked(page: Pixels, colour: tuple[int, int, int]) -> Pixels:
    """A word across the page, behind its text."""
    words = np.full_like(page, 255)
    cv2.putText(words, "CONFIDENTIAL", (60, 560), cv2.FONT_HERSHEY_DUPLEX, 3.4, colour, 12, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((500, 600), 28, 1)
    turned = cv2.warpAffine(words, turn, (page.shape[1], page.shape[0]), borderValue=(255, 255, 255))
    return np.minimum(page, np.asarray(turned, dtype=np.uint8))


@pytest.mark.parametrize("colour", [(190, 190, 190), (215, 215, 215), (255, 150, 150)])
def test_a_pale_watermark_goes_and_the_text_stays(colour: tuple[int, int, int]) -> None:
    page = samples.letter()
    before = marked(page, colour)
    done = cleaned(before)
    assert done is not None
    result, share = done
    assert share > 0.01
    left = np.abs(result.astype(int) - page).mean()
    assert left < 0.2 * np.abs(before.astype(int) - page).mean()


def test_the_dots_of_a_watermark_go_with_it() -> None:
    page = samples.letter()
    words = np.full_like(page, 255)
    cv2.putText(words, "SAMPLE!", (60, 700), cv2.FONT_HERSHEY_DUPLEX, 6.0, (205, 205, 225), 18, cv2.LINE_AA)
    cv2.circle(words, (180, 540), 13, (205, 205, 225), -1, cv2.LINE_AA)  # as over an umlaut
    before = np.minimum(page, words)
    done = cleaned(before)
    assert done is not None
    left, was = (np.abs(one[520:560, 160:200].astype(int) - page[520:560, 160:200]).mean() for one in (done[0], before))
    assert left < 0.15 * was


def test_a_clean_page_is_left_alone_and_a_photograph_is_no_page() -> None:
    page = samples.letter()
    done = cleaned(page)
    assert done is not None
    assert done[1] == 0.0
    assert (done[0] == page).all()
    assert cleaned(read(HOPPER.read_bytes())) is None


def test_a_page_in_a_photograph_is_cleaned_where_it_lies() -> None:
    page = np.asarray(cv2.resize(samples.receipt(), (640, 980)), dtype=np.uint8)
    words = np.full_like(page, 255)
    cv2.putText(words, "COPY", (60, 560), cv2.FONT_HERSHEY_DUPLEX, 6.5, (190, 190, 190), 22, cv2.LINE_AA)
    plain, photo = (samples.photographed(one) for one in (page, np.minimum(page, words)))
    result = without_watermark(photo, Options(), NO_READER)
    assert result.pixels.shape == photo.shape
    assert result.notes == ()
    where = np.abs(photo.astype(int) - plain).max(axis=2) > 20
    left = np.abs(result.pixels.astype(int) - plain)[where].mean()
    assert left < 0.4 * np.abs(photo.astype(int) - plain)[where].mean()
    with pytest.raises(RequestError) as caught:
        without_watermark(read(HOPPER.read_bytes()), Options(), NO_READER)
    assert caught.value.code == "not_a_page"
