"""What the poster engine reads out of a prompt: text, colours, moods, things; and how it breaks lines."""

from pathlib import Path

import pytest

from openhearth.engines.poster.colour import contrast, from_lch, hex_of, rgb_of, to_lch
from openhearth.engines.poster.palettes import PALETTES, from_colours, readable
from openhearth.engines.poster.raster import Fonts
from openhearth.engines.poster.typeset import NOT_FIRST, NOT_LAST, Setter, Style
from openhearth.engines.poster.words import read
from tests.pictures.packed import pack_file


@pytest.fixture(scope="module")
def setter() -> Setter:
    return Setter(Fonts({"sans": pack_file("fonts-zh", "NotoSansSC-Regular.otf")}))


@pytest.mark.parametrize(
    ("prompt", "title", "body"),
    [
        ("a red fox", "a red fox", ""),
        ('a poster saying "Blue Note" in navy', "Blue Note", ""),
        ("海报，写着“慢一点”，咖啡色", "慢一点", ""),
        ("「夏祭」与「八月十五」", "夏祭", "八月十五"),
        ("title: 'Open Day' green", "Open Day", ""),
        ("First sentence here. Then a much longer second one follows it, and goes on.", "First sentence here",
         "Then a much longer second one follows it, and goes on."),
        ("日本語 Ελληνικά Кириллица и другие буквы", "日本語 Ελληνικά Кириллица и другие буквы", ""),
        ("山中何事？松花酿酒，春水煎茶。此外还有许多许多别的事情可以慢慢地说", "山中何事？",
         "松花酿酒，春水煎茶。此外还有许多许多别的事情可以慢慢地说"),
    ],
)  # fmt: skip
def test_the_text_to_set_is_what_is_quoted_or_else_the_prompt(prompt: str, title: str, body: str) -> None:
    brief = read(prompt)
    assert (brief.title, brief.body) == (title, body)


@pytest.mark.parametrize(
    ("prompt", "motifs"),
    [
        ("sunset over the sea", ("sun", "sea")),
        ("mountains, forests and a cat", ("mountains", "forest", "cat")),
        ("春节烟花", ("lantern", "fireworks")),
        ("上海的海报", ()),
        ("海上生明月", ("sea", "moon")),
        ("a seat in the moonless room", ()),
        ("🌊🌙", ("sea", "moon")),
    ],
)
def test_things_are_found_by_whole_words_in_their_order(prompt: str, motifs: tuple[str, ...]) -> None:
    assert read(prompt).motifs == motifs


def test_what_is_unwanted_is_not_drawn() -> None:
    assert read("sea and moon", negative="no moon, please").motifs == ("sea",)


@pytest.mark.parametrize(
    ("prompt", "colours"),
    [
        ("navy and coral", ("#142a5c", "#f4745c")),
        ("深蓝色与金色", ("#142a5c", "#cfa243")),
        ("红烧肉", ()),
        ("reddish", ()),
    ],
)
def test_colours_are_named_ones(prompt: str, colours: tuple[str, ...]) -> None:
    assert tuple(hex_of(colour) for colour in read(prompt).colours) == colours


def test_moods_shape_and_darkness_are_heard() -> None:
    brief = read("dark cyberpunk banner, bauhaus")
    assert brief.palettes[0] == "neon"
    assert (brief.is_dark, brief.shape, brief.styles) == (True, "wide", ("tiles",))
    assert [read(text).is_dark for text in ("夜晚的城市，下着雨", "gold on black", "白底蓝字", "a knight")] == [
        True, True, False, None,
    ]  # fmt: skip
    assert read("手机壁纸").shape == "tall"


@pytest.mark.parametrize("name", PALETTES)
def test_ink_reads_on_every_palette(name: str) -> None:
    palette = PALETTES[name]
    assert len(palette.accents) == 4
    assert contrast(palette.ink, palette.ground) >= 6


@pytest.mark.parametrize("colour", ["#d7262b", "#151515", "#f8f8f5", "#f5cf2a", "#8c8f92", "#2465c9"])
@pytest.mark.parametrize("dark", [None, True, False])
def test_a_scheme_of_any_colour_reads(colour: str, dark: bool | None) -> None:
    from random import Random

    palette = from_colours((rgb_of(colour),), Random(1), is_dark=dark)
    assert contrast(palette.ink, palette.ground) >= 4.5
    assert len(palette.accents) == 4
    assert dark is None or palette.is_dark is dark


def test_colours_survive_the_way_through_oklab() -> None:
    for text in ("#000000", "#ffffff", "#7f3a10", "#12c2e9"):
        there = from_lch(to_lch(rgb_of(text)))
        assert max(abs(a - b) for a, b in zip(there, rgb_of(text), strict=True)) <= 1
    assert contrast(readable((130, 130, 130), (120, 120, 120)), (120, 120, 120)) > 4.5


LONG_CHINESE = "（春眠不觉晓，处处闻啼鸟。）夜来风雨声，花落知多少？“白日依山尽”，《登鹳雀楼》！" * 6
LONG_ENGLISH = "The quick brown fox (a fox!) jumps over 'the lazy dog', and internationalisation follows; " * 6


@pytest.mark.parametrize("text", [LONG_CHINESE, LONG_ENGLISH, LONG_CHINESE + LONG_ENGLISH, "W" * 300, "一" * 300])
@pytest.mark.parametrize("box", [(300.0, 900.0), (120.0, 400.0), (900.0, 200.0)])
def test_no_line_is_wider_than_its_box_and_none_is_lost(setter: Setter, text: str, box: tuple[float, float]) -> None:
    style = Style()
    block = setter.fit(text, box, style, most=60, least=8)
    assert block.width <= box[0] + 1
    assert block.height <= box[1] + 1
    if not block.is_cut:
        kept = "".join("".join(block.lines).replace("\u2010", "").split())
        assert kept == "".join(text.split())


def test_marks_cling_to_their_words(setter: Setter) -> None:
    block = setter.fit(LONG_CHINESE, (160.0, 4000.0), Style(), most=20, least=20)
    assert len(block.lines) > 5
    assert not [line for line in block.lines if line[0] in NOT_FIRST]
    assert not [line for line in block.lines if line[-1] in NOT_LAST]


def test_what_does_not_fit_ends_in_an_ellipsis_and_says_so(setter: Setter) -> None:
    block = setter.fit(LONG_CHINESE, (100.0, 60.0), Style(), most=20, least=16)
    assert block.is_cut
    assert block.lines[-1].endswith("…")
    assert block.height <= 60


def test_letters_the_font_lacks_are_named(setter: Setter) -> None:
    text, missing = setter.drawable("海🐳ok\u200b\nதமிழ்")
    assert text == "海ok"
    assert "🐳" in missing
    assert setter.drawable("be\x07ll\x00") == ("bell", ())


def test_short_text_is_as_large_as_asked_and_lines_are_even(setter: Setter) -> None:
    assert setter.fit("Hi", (500.0, 500.0), Style(), most=90, least=10).size == 90
    block = setter.fit("a walk along the quiet river in May", (420.0, 400.0), Style(), most=60, least=10)
    assert len(block.lines) >= 2
    assert min(block.lengths) > 0.45 * max(block.lengths)


def test_a_missing_serif_is_written_in_sans() -> None:
    fonts = Fonts({"sans": Path(pack_file("fonts-zh", "NotoSansSC-Regular.otf"))})
    assert fonts.get("serif", 20).getname() == fonts.get("sans", 20).getname()
