"""Posters themselves: every art and layout, words inside the sheet and readable, sizes, transparency, SVG."""

import io
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from random import Random

import msgspec
import numpy as np
import pytest
from PIL import Image

from openhearth.core.errors import RequestError
from openhearth.engines.poster.art import scenery
from openhearth.engines.poster.art.icons import ICONS
from openhearth.engines.poster.design import Design, Wish, design
from openhearth.engines.poster.order import Order, read
from openhearth.engines.poster.palettes import PALETTES
from openhearth.engines.poster.raster import Fonts, render
from openhearth.engines.poster.scene import Area, Box, Clipped, Item, Words
from openhearth.engines.poster.studio import Made, Stopped, Studio
from openhearth.engines.poster.typeset import Setter
from tests.pictures.packed import pack_file

SHORT = "海上生明月，天涯共此时"
LONG = "We meet at the old harbour. " + "Bring a lantern, a song and something warm to drink for the others. " * 12


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts({"sans": pack_file("fonts-zh", "NotoSansSC-Regular.otf")})


@pytest.fixture(scope="module")
def setter(fonts: Fonts) -> Setter:
    return Setter(fonts)


@pytest.fixture(scope="module")
def studio(fonts: Fonts) -> Studio:
    return Studio(fonts)


def order(prompt: str = SHORT, **fields: object) -> Order:
    return read(msgspec.json.encode({"prompt": prompt, "size": "256x256", "seed": 3, **fields}), most_pixels=10**7)


def made(studio: Studio, asked: Order, number: int = 0) -> Made:
    return studio.make(asked, studio.designed(asked, number, _go_on), _go_on)


def _go_on() -> None:
    return None


def words_of(items: tuple[Item, ...]) -> Iterator[Words]:
    for item in items:
        if isinstance(item, Words):
            yield item
        elif isinstance(item, Clipped):
            yield from words_of(item.items)


@pytest.mark.parametrize(
    "prompt", ["a walk in May", SHORT, LONG[:300], "慢" * 200, "Donaudampfschifffahrtsgesellschaft " * 5]
)
@pytest.mark.parametrize("size", [(256, 256), (1024, 1536), (1920, 400), (200, 900)])
def test_words_stay_inside_the_sheet_in_every_layout(setter: Setter, prompt: str, size: tuple[int, int]) -> None:
    layouts = set()
    for seed in range(10):
        plan = design(Wish(prompt, *size, seed), setter)
        layouts.add(plan.layout)
        for words in words_of(plan.scene.items):
            assert words.x >= 0
            assert words.x + words.length <= size[0] + words.size
            assert words.y - words.size * 0.7 > 0
            assert words.y <= size[1]
    assert len(layouts) >= 5


def test_all_words_of_a_text_that_fits_are_there(setter: Setter) -> None:
    for seed in range(9):
        plan = design(Wish(LONG, 1024, 1024, seed), setter)
        shown = "".join(words.text for words in words_of(plan.scene.items))
        assert not plan.is_cut
        assert "".join(shown.split()) == "".join(f"{plan.title}{plan.body}".split())


def test_neighbouring_seeds_give_other_layouts_and_arts(setter: Setter) -> None:
    plans = [design(Wish("quiet evenings", 256, 256, seed), setter) for seed in range(8)]
    assert len({plan.layout for plan in plans}) == 8
    assert len({plan.art for plan in plans}) >= 7
    assert len({plan.palette for plan in plans}) >= 7


@pytest.mark.parametrize(
    "prompt",
    [
        "sun mountains sea boat", "moon stars forest snow", "city rain night", "desert dunes clouds birds",
        "flowers rainbow", "leaves", "bamboo", "fireworks", "水墨山水",
        "bauhaus", "waves", "ribbon", "gradient", "rings",
        "rays", "topographic lines", "halftone", "low poly", *ICONS,
    ],
)  # fmt: skip
def test_everything_that_can_be_named_is_drawn(setter: Setter, fonts: Fonts, prompt: str) -> None:
    for seed in (0, 1):
        pixels = render(design(Wish(prompt, 160, 200, seed, grain=0), setter).scene, fonts)
        assert pixels.shape == (200, 160, 4)
        assert int(pixels[..., 3].min()) == 255
        assert len(np.unique(pixels[..., :3].reshape(-1, 3), axis=0)) > 8


@pytest.mark.parametrize("palette", ["night", "dawn"])
def test_a_landscape_adds_nothing_that_is_unwanted(palette: str) -> None:
    def drawn(*avoided: str) -> list[Item]:
        return scenery(Box(0, 0, 200, 200), PALETTES[palette], Random(1), ("sea",), frozenset(avoided))

    assert drawn("moon", "sun") == drawn("moon", "sun", "stars")
    assert len(drawn("moon", "sun")) < len(drawn())
    assert drawn("stars", "sun", "moon", "mountains", "dunes") == drawn("moon", "sun")
    light = "moon" if PALETTES[palette].is_dark else "sun"
    assert drawn(light) != drawn()


def test_a_comma_of_a_column_stands_in_the_upper_right_of_its_square(setter: Setter) -> None:
    scene = design(Wish("竖排 “海上生，明月。”", 400, 600, 1), setter).scene
    placed = {word.text: word for word in words_of(scene.items) if len(word.text) == 1}
    sea, up, comma = placed["海"], placed["上"], placed["，"]
    below = up.y - sea.y
    life = placed["生"]
    assert comma.y - life.y < below / 2
    assert comma.x > life.x + life.size / 2


def test_named_colours_rule_the_picture(setter: Setter, fonts: Fonts) -> None:
    for seed in range(4):
        pixels = render(design(Wish("deep blue, just deep blue", 128, 128, seed), setter).scene, fonts).astype(int)
        assert pixels[..., 2].mean() > pixels[..., 0].mean() + 8


def test_title_stands_out_from_what_is_behind_it(setter: Setter, fonts: Fonts) -> None:
    for seed in range(9):
        plan = design(Wish("QUIET", 512, 512, seed, grain=0), setter)
        (words,) = words_of(plan.scene.items)
        pixels = render(plan.scene, fonts).astype(int)
        top, left = int(words.y - words.size * 0.75), int(words.x)
        area = pixels[top : int(words.y), left : int(words.x + words.length), :3].reshape(-1, 3)
        ink = np.abs(area - np.array(words.paint.rgb)).max(axis=1) < 24
        assert 0.08 < ink.mean() < 0.8
        assert abs(area[ink].mean() - area[~ink].mean()) > 60


def test_the_same_order_gives_the_same_bytes_and_another_seed_others(studio: Studio) -> None:
    first, again = made(studio, order()), made(studio, order())
    other = made(studio, order(), 1)
    assert first.data == again.data
    assert other.data != first.data
    assert (first.seed, other.seed) == (3, 4)
    assert "no diffusion model" in first.told


@pytest.mark.parametrize(("output_format", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
@pytest.mark.parametrize("quality", ["low", "auto", "high"])
def test_files_are_of_the_asked_kind_and_size(studio: Studio, output_format: str, kind: str, quality: str) -> None:
    asked = order(size="320x200", output_format=output_format, quality=quality, output_compression=70)
    with Image.open(io.BytesIO(made(studio, asked).data)) as picture:
        assert (picture.format, picture.size, picture.mode) == (kind, (320, 200), "RGB")


def test_a_transparent_poster_is_clear_around_its_art(studio: Studio) -> None:
    for number in range(3):
        result = made(studio, order("sunset over the sea", background="transparent"), number)
        with Image.open(io.BytesIO(result.data)) as picture:
            alpha = np.asarray(picture.convert("RGBA"))[..., 3]
        assert 0.02 < (alpha == 0).mean() < 0.9
        assert (alpha == 255).mean() > 0.05


def test_svg_holds_the_same_words_and_is_well_formed(studio: Studio) -> None:
    for number in range(10):
        asked = order('tea & <books>, a quiet "evening"', output_format="svg", size="600x400")
        root = ElementTree.fromstring(made(studio, asked, number).data)
        assert (root.get("width"), root.get("height")) == ("600", "400")
        texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
        assert texts == ["evening"]


def test_partials_grow_into_the_picture(studio: Studio) -> None:
    asked = order("sunset over the sea", partial_images=2, quality="low")
    plan = studio.designed(asked, 0, _go_on)
    parts = [studio.partial(asked, plan, part, _go_on) for part in (1, 2)]
    assert len({*parts, studio.make(asked, plan, _go_on).data}) == 3


def test_drawing_can_be_stopped_between_shapes(studio: Studio) -> None:
    asked = order("city at night")
    plan: Design = studio.designed(asked, 0, _go_on)
    left = 5

    def stop() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Stopped

    with pytest.raises(Stopped):
        studio.make(asked, plan, stop)


def test_what_could_not_be_set_is_said(studio: Studio) -> None:
    assert "🐳" in made(studio, order("a whale 🐳")).warning
    assert "省略号" in made(studio, order("字" * 4000, size="128x128")).warning
    only_signs = made(studio, order("🐳🐳"))
    assert "without words" in only_signs.told


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": " "}, "prompt"), ({"prompt": "x" * 4001}, "prompt"),
        ({"negative_prompt": "x" * 4001}, "negative_prompt"), ({"n": 0}, "n"), ({"n": 11}, "n"),
        ({"size": "63x64"}, "size"), ({"size": "9000x9000"}, "size"), ({"size": "4000x4000"}, "size"),
        ({"size": "big"}, "size"), ({"quality": "ultra"}, "quality"), ({"background": "red"}, "background"),
        ({"output_format": "gif"}, "output_format"), ({"output_compression": 101}, "output_compression"),
        ({"style": "odd"}, "style"), ({"partial_images": 4}, "partial_images"),
        ({"background": "transparent", "output_format": "jpeg"}, "output_format"),
    ],
)  # fmt: skip
def test_a_wrong_order_names_its_field(fields: dict[str, object], param: str) -> None:
    body = msgspec.json.encode({"prompt": "x", **fields})
    with pytest.raises(RequestError) as caught:
        read(body, most_pixels=10**7)
    assert caught.value.param == param


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"prompt":3}', b'{"prompt":"x","n":"two"}', b'{"n":1}'])
def test_a_malformed_order_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        read(body, most_pixels=10**7)


def test_areas_are_finite(setter: Setter) -> None:
    plan = design(Wish("mountains", 64, 64, 0), setter)
    points = [point for item in plan.scene.items if isinstance(item, Area) for point in item.points]
    assert np.isfinite(np.asarray(points)).all()
