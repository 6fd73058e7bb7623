"""The parser as a whole: the page it was made for, several pictures, colours, traditional spelling, limits."""

import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.edit_image.plan import (
    EVERYONE,
    Background,
    NotUnderstood,
    Plan,
    Recolour,
    Wear,
    Who,
)
from openhearth.engines.edit_image.ports import Parser
from openhearth.engines.edit_image.words import known, parse
from openhearth.engines.edit_image.words.colours import NAMED
from openhearth.engines.edit_image.words.lexicon import lexicon
from openhearth.engines.edit_image.words.limits import CHINESE, ENGLISH, OUT_OF_REACH
from tests.engines.notation import short


def _rgb(instruction: str) -> tuple[int, int, int]:
    step = parse(instruction).steps[0]
    assert isinstance(step, Recolour)
    return step.colour.rgb


def test_the_instruction_of_the_page() -> None:
    plan = parse("衣服换成红色,并且带上墨镜🕶")
    red = plan.steps[0]
    assert isinstance(red, Recolour)
    assert (red.part, red.colour.name, red.who) == ("outfit", "红色", EVERYONE)
    assert red.colour.rgb[0] > 180 > 80 > max(red.colour.rgb[1:])
    assert plan.steps[1:] == (Wear("sunglasses"),)


def test_parse_is_the_parser_of_the_editor() -> None:
    parser: Parser = parse
    assert parser("black and white", pictures=1) == parse("黑白")


def test_a_picture_that_did_not_come_is_asked_for() -> None:
    assert parse("把背景换成第二张图", pictures=2) == Plan((Background("replace", picture=2),))
    with pytest.raises(RequestError, match="第2张图") as caught:
        parse("把背景换成第二张图", pictures=1)
    assert caught.value.code == "missing_picture"
    with pytest.raises(RequestError, match="Picture 3"):
        parse("use picture 3 as background", pictures=2)


def test_many_colours_are_known_in_both_languages() -> None:
    names = [word for _, words in NAMED for word in words.split("|")]
    chinese = [name for name in names if "\u4e00" <= name[0] <= "\u9fff"]
    assert len(chinese) >= 60
    assert len([name for name in names if name.isascii()]) >= 60
    assert all(max(_rgb(f"衣服换成{name if name.endswith('色') else name + '色'}")) <= 255 for name in chinese[:60])


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("navy", (0, 0, 128)),
        ("burgundy", (128, 0, 32)),
        ("teal", (0, 128, 128)),
        ("#f00", (255, 0, 0)),
        ("#00FF7f", (0, 255, 127)),
        ("rgb(1, 2, 3)", (1, 2, 3)),
        ("rgb（1，2，3）", (1, 2, 3)),
        ("酒红", (114, 47, 55)),
        ("深蓝色", (0, 0, 139)),
    ],
)
def test_colours_have_their_tone(name: str, near: tuple[int, int, int]) -> None:
    assert _rgb(f"衣服换成{name}" if name.isascii() is False else f"make the shirt {name}") == near


def test_shades_move_the_tone() -> None:
    plain, dark, light = (sum(_rgb(f"make the hair {name}")) for name in ("purple", "dark brown", "light pink"))
    assert dark < plain < light
    assert (
        sum(_rgb("make the shirt dark teal")) < sum(_rgb("make the shirt teal")) < sum(_rgb("make the shirt pale teal"))
    )
    assert _rgb("衣服换成深一点的蓝色") != _rgb("衣服换成蓝色")


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("把衣服換成紅色，並且戴上墨鏡", "把衣服换成红色，并且戴上墨镜"),
        ("幫我把頭髮染成藍色，背景變成白色", "帮我把头发染成蓝色，背景变成白色"),
        ("向左旋轉90度，然後裁剪成正方形", "向左旋转90度，然后裁剪成正方形"),
        ("給右邊的人臉打馬賽克", "给右边的人脸打马赛克"),
        ("亮度調高一點，飽和度降低", "亮度调高一点，饱和度降低"),
        ("縮小一半，轉成素描", "缩小一半，转成素描"),
    ],
)
def test_traditional_spelling_means_the_same(traditional: str, simplified: str) -> None:
    first, second = short(parse(traditional)), short(parse(simplified))
    for old, new in ("紅红", "藍蓝"):
        first = first.replace(old, new)
    assert first == second


def test_names_and_texts_are_kept_as_written() -> None:
    assert short(parse("把衣服換成紅色")) == "outfit=紅色"
    assert (
        short(parse("Make the shirt RED and add the text “Hello, WORLD 繁體”"))
        == "top=RED; text:Hello, WORLD 繁體|bottom"
    )


@pytest.mark.parametrize(
    ("emoji", "item"),
    [("🕶", "sunglasses"), ("🕶️", "sunglasses"), ("😎", "sunglasses"), ("👓", "glasses"), ("🎩", "hat"), ("😷", "mask")],
)
def test_emoji_are_words(emoji: str, item: str) -> None:
    assert parse(f"add {emoji}") == parse(emoji) == Plan((Wear(item),))


def test_full_width_signs_are_read() -> None:
    assert short(parse("Ｂｌｕｒ　ｔｈｅ　ｂａｃｋｇｒｏｕｎｄ")) == "bg:blur0.5"
    assert short(parse("裁剪成１６：９，亮度＋２０％")) == "crop:16:9; brightness+0.2"


def test_people_named_once_are_meant_until_the_sentence_ends() -> None:
    left = Who(side="left")
    steps = parse("左边的人戴墨镜，衣服换成红色。头发染成黑色").steps
    assert [step.who for step in steps if isinstance(step, Wear | Recolour)] == [left, left, EVERYONE]


def test_order_is_kept_and_contradictions_are_too() -> None:
    assert short(parse("衣服换成红色，衣服换成蓝色，衣服换成红色")) == "outfit=红色; outfit=蓝色; outfit=红色"
    assert short(parse("upscale 2x, then crop to square, then sharpen")) == "x2; crop:1:1; sharpen+0.3"


def test_what_is_said_twice_is_done_once() -> None:
    assert short(parse("戴上墨镜🕶，sunglasses")) == "+sunglasses"
    assert short(parse("remove the background, 去掉背景")) == "bg:remove"
    assert short(parse("变高清，变清晰，放大四倍")) == "x4"
    assert short(parse("rotate 90, rotate 90")) == "rotate:90; rotate:90"


def test_an_svg_is_made_last() -> None:
    assert short(parse("转成SVG，再变成黑白")) == "style:black_and_white; svg"


def test_too_long_an_instruction_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        parse("红" * 4001)
    assert caught.value.code == "instruction_too_long"
    with pytest.raises(RequestError) as caught:
        parse("衣服变红，" * 200)
    assert caught.value.code == "instruction_too_long"
    with pytest.raises(RequestError) as caught:
        parse("rotate 90, " * 60)
    assert caught.value.code == "instruction_too_long"


def test_what_is_known_can_be_asked_in_two_languages() -> None:
    assert "戴上墨镜" in known("zh-CN")
    assert "put on sunglasses" in known("en")
    assert known("fr") == known("en")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_example_shown_is_understood(language: str) -> None:
    examples = [part for line in known(language).splitlines() for part in line.removeprefix("- ").split(" · ")]
    refused = []
    for example in examples:
        try:
            parse(example, pictures=2)
        except NotUnderstood:
            refused.append(example)
    # "Keep the face" says what not to change and is no change by itself.
    assert refused == (["保持脸不变"] if language == "zh" else ["keep the face unchanged"])


def test_every_reason_has_words_in_both_languages() -> None:
    assert ENGLISH.keys() == CHINESE.keys()
    assert {reason for reason, _ in OUT_OF_REACH} <= ENGLISH.keys()


def test_the_vocabulary_is_large_and_in_normal_form() -> None:
    words = lexicon().words
    assert len(words) > 3000
    assert all(word == word.lower() and "  " not in word for word in words)
