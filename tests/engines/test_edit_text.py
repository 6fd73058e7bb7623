"""Text put on is read again by OCR where it should stand; text taken off is no longer read and the rest stays."""

from functools import cache

import numpy as np
import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.pixels.erase import Eraser
from openhearth.engines.edit_image.pixels.inpaint import inpainted
from openhearth.engines.edit_image.pixels.lettering import Lettering
from openhearth.engines.edit_image.pixels.reading import Line, Reader
from openhearth.engines.edit_image.plan import AddText, Colour, RemoveText
from openhearth.engines.edit_image.ports import Pixels
from tests.fakes.scenes import KnownScene
from tests.pictures.packed import pack_file
from tests.pictures.photographs import picture

COLLINS = "eileen_collins.jpg"


@cache
def reader() -> Reader:
    return Reader(threads=2)


def lines(pixels: Pixels) -> list[Line]:
    return reader()(np.ascontiguousarray(pixels[..., :3]))


def read(pixels: Pixels) -> str:
    return " ".join(line.text for line in lines(pixels)).casefold()


def write(step: AddText, pixels: Pixels | None = None) -> Pixels:
    before = picture(COLLINS) if pixels is None else pixels
    return Lettering(pack_file("fonts-zh", "NotoSansSC-Regular.otf"))(before, step, KnownScene(before), [])


def erase(pixels: Pixels, step: RemoveText | None = None) -> Pixels:
    return Eraser(reader())(pixels, step or RemoveText(), KnownScene(pixels), [])


@pytest.mark.parametrize("ground", [0, 128, 255])
@pytest.mark.parametrize("text", ["Good morning", "早上好世界"])
def test_text_is_legible_on_any_ground(ground: int, text: str) -> None:
    plain = np.full((400, 600, 4), (ground, ground, ground, 255), np.uint8)
    assert text.casefold().replace(" ", "") in read(write(AddText(text, size=0.1), plain)).replace(" ", "")


@pytest.mark.parametrize(
    ("position", "x", "y"),
    [
        ("top", (0.3, 0.7), (0, 0.25)),
        ("bottom", (0.3, 0.7), (0.75, 1)),
        ("centre", (0.3, 0.7), (0.4, 0.6)),
        ("top_left", (0, 0.4), (0, 0.25)),
        ("bottom_right", (0.6, 1), (0.75, 1)),
    ],
)
def test_text_stands_where_it_was_asked(position: str, x: tuple[float, float], y: tuple[float, float]) -> None:
    after = write(AddText("Sample 42", position))
    (line,) = [line for line in lines(after) if "sample" in line.text.casefold()]
    at = line.corners.mean(axis=0) / 512
    assert x[0] <= at[0] <= x[1]
    assert y[0] <= at[1] <= y[1]


def test_text_has_the_asked_colour_and_size() -> None:
    plain = np.full((500, 500, 4), 255, np.uint8)
    after = write(AddText("HHH", "centre", Colour("red", (220, 20, 30)), size=0.2), plain)
    red = (np.abs(after[..., :3].astype(int) - (220, 20, 30)).max(axis=2) < 12).nonzero()
    height = red[0].max() - red[0].min()
    assert 60 <= height <= 100  # a capital has about 0.73 of the letter height


def test_a_long_text_wraps_inside_the_picture() -> None:
    text = "One sentence that is much too long for a single line of this narrow picture 而且还有中文"
    after = write(AddText(text, "centre", size=0.08), np.full((400, 300, 4), (90, 90, 90, 255), np.uint8))
    found = lines(after)
    assert len(found) >= 4
    everything = "".join(line.text for line in found).replace(" ", "")
    assert "Onesentence" in everything
    assert "中文" in everything
    assert all(line.corners.min() >= -2 and line.corners[:, 0].max() <= 302 for line in found)


def test_opacity_lets_the_picture_through() -> None:
    plain = np.full((300, 400, 4), (0, 0, 0, 255), np.uint8)
    faint = write(AddText("WIDE", "centre", size=0.3, opacity=0.3), plain)
    assert 65 <= int(faint[..., 0].max()) <= 85


def test_a_watermark_covers_all_parts() -> None:
    before = picture(COLLINS)
    after = write(AddText("SAMPLE", "tiled", opacity=0.4))
    changed = (np.abs(after.astype(int) - before).max(axis=2) > 10).reshape(4, 128, 4, 128).mean(axis=(1, 3))
    assert (changed > 0.01).all()
    assert changed.mean() < 0.35


def test_text_lands_on_transparency_too() -> None:
    after = write(AddText("Hello", "centre", size=0.2), np.zeros((200, 400, 4), np.uint8))
    assert after[..., 3].max() == 255
    assert (after[..., 3] == 0).mean() > 0.5


@pytest.mark.parametrize(
    ("text", "code"), [("hi 😀", "glyph_missing"), ("  ", "text_empty"), ("x" * 501, "text_too_long")]
)
def test_text_that_cannot_be_written_is_refused(text: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        write(AddText(text))
    assert caught.value.code == code


def test_missing_glyphs_are_named() -> None:
    with pytest.raises(RequestError, match="😀 🎉"):
        write(AddText("hi 😀🎉😀"))


def test_text_that_never_fits_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        write(AddText("many words " * 30), np.full((40, 60, 4), 255, np.uint8))
    assert caught.value.code == "text_too_long"


@pytest.mark.parametrize(
    "step", [AddText("© 2026 Photo", "bottom_right", size=0.05, opacity=0.6), AddText("第一张样品", "top")]
)
def test_removed_text_is_gone_and_the_rest_stays(step: AddText) -> None:
    before, marked = picture(COLLINS), write(step)
    after = erase(marked)
    assert read(marked)
    assert not read(after)
    off = np.abs(after.astype(int) - before)[..., :3].max(axis=2)
    was_off = np.abs(marked.astype(int) - before)[..., :3].max(axis=2)
    (box,) = (line.corners for line in lines(marked))
    outside = np.ones(off.shape, dtype=bool)
    (x0, y0), (x1, y1) = (box.min(axis=0) - 12).clip(0).astype(int), (box.max(axis=0) + 12).astype(int)
    outside[y0:y1, x0:x1] = False
    assert (off[outside] == was_off[outside]).all()  # nothing but the text's surroundings was touched
    assert off.mean() < was_off.mean()  # and it is nearer to the picture without text


def test_only_the_named_text_is_removed() -> None:
    marked = write(AddText("Keep me", "top"), write(AddText("DRAFT 7", "bottom")))
    after = read(erase(marked, RemoveText(only="draft")))
    assert "keep" in after
    assert "draft" not in after


def test_only_text_at_the_named_place_is_removed() -> None:
    marked = write(AddText("Keep me", "top"), write(AddText("DRAFT 7", "bottom_right")))
    after = read(erase(marked, RemoveText(where="bottom_right")))
    assert "keep" in after
    assert "draft" not in after


def test_a_picture_without_text_says_so() -> None:
    with pytest.raises(RequestError) as caught:
        erase(np.full((300, 300, 4), (90, 140, 90, 255), np.uint8))
    assert caught.value.code == "no_text_found"


def test_another_text_is_named_in_the_refusal() -> None:
    with pytest.raises(RequestError, match="Good morning") as caught:
        erase(write(AddText("Good morning")), RemoveText(only="midnight"))
    assert caught.value.code == "no_text_found"


def test_on_a_face_nothing_from_elsewhere_is_put() -> None:
    noise = np.random.default_rng(6).choice(np.array([0, 255], np.uint8), (300, 500, 1))
    before = np.dstack([noise] * 3 + [np.full((300, 500), 255, np.uint8)])
    before[60:240, 120:380] = (222, 180, 150, 255)  # the skin
    marked = write(AddText("SKIN", "centre", size=0.2), before)
    scene = KnownScene(marked, face=(120, 60, 380, 240))
    after = Eraser(reader())(marked, RemoveText(), scene, [])
    assert np.abs(after[100:200, 140:360, :3].astype(int) - (222, 180, 150)).max() < 60


def test_removing_keeps_transparency() -> None:
    marked = write(AddText("Hello there", "centre"), np.full((300, 400, 4), (30, 90, 160, 255), np.uint8))
    marked[:, :50, 3] = 0
    after = erase(marked)
    assert (after[..., 3] == marked[..., 3]).all()


def stripes() -> Pixels:
    """A texture that a smear would destroy."""
    wave = (np.sin(np.arange(160) / 2.0) * 90 + 128).astype(np.uint8)
    return np.dstack([np.tile(wave, (160, 1))] * 3)


def test_a_wide_hole_in_texture_is_filled_with_texture() -> None:
    picture_before = stripes()
    hole = np.zeros((160, 160), dtype=bool)
    hole[60:100, 50:110] = True
    marked = np.where(hole[..., None], 255, picture_before).astype(np.uint8)
    filled = inpainted(marked, hole, np.zeros_like(hole))
    assert (filled[~hole] == marked[~hole]).all()
    assert np.abs(filled[hole].astype(int) - picture_before[hole]).mean() < 25
    assert filled[70:90, 60:100].std() > picture_before[70:90, 60:100].std() * 0.7


def test_a_very_large_hole_in_texture_keeps_its_detail() -> None:
    large = np.tile(stripes(), (4, 8, 1))
    hole = np.zeros(large.shape[:2], dtype=bool)
    hole[200:440, 300:900] = True
    marked = np.where(hole[..., None], 255, large).astype(np.uint8)
    filled = inpainted(marked, hole, np.zeros_like(hole))
    assert (filled[~hole] == marked[~hole]).all()
    inner = (slice(240, 400), slice(360, 840))
    assert filled[inner].std() > large[inner].std() * 0.7
    across = np.abs(np.diff(filled[inner].astype(int), axis=1)).mean()
    assert across > np.abs(np.diff(large[inner].astype(int), axis=1)).mean() * 0.7


def test_filling_is_the_same_every_time_and_takes_nothing_from_other_holes() -> None:
    colours = np.random.default_rng(2).integers(60, 120, (120, 120, 3), np.uint8)
    hole, other = np.zeros((2, 120, 120), dtype=bool)
    hole[40:70, 40:70] = True
    other[:, 80:] = True
    colours[other] = 255
    first, second = (inpainted(colours, hole, other) for _ in range(2))
    assert (first == second).all()
    assert first[hole].max() < 160


def test_no_hole_changes_nothing() -> None:
    empty = np.zeros((160, 160), dtype=bool)
    assert (inpainted(stripes(), empty, empty) == stripes()).all()
