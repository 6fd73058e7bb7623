"""Finding pictures in what people write."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.media.mentions import find_pictures, shown_pictures

ID = "img_0123456789abcdef0123456789abcd"


@pytest.mark.parametrize(
    ("text", "words", "sources"),
    [
        ("https://x.y/a.png 衣服换成红色,并且带上墨镜🕶", "衣服换成红色,并且带上墨镜🕶", ("https://x.y/a.png",)),
        ("https://x.y/a.png衣服换成红色", "衣服换成红色", ("https://x.y/a.png",)),
        ("https://x.y/a.png，衣服换成红色", "衣服换成红色", ("https://x.y/a.png",)),
        ("https://x.y/a.png\u3000衣服", "衣服", ("https://x.y/a.png",)),
        ("https://x.y/a.png\n衣服", "衣服", ("https://x.y/a.png",)),
        ("请把 https://x.y/a.png?x=1&b=2 里的衣服换红", "请把 里的衣服换红", ("https://x.y/a.png?x=1&b=2",)),
        ("https://x.y/abc?id=5衣服换红🕶", "衣服换红🕶", ("https://x.y/abc?id=5",)),
        ("https://x.y/图片.png衣服换红", "衣服换红", ("https://x.y/%E5%9B%BE%E7%89%87.png",)),
        ("https://x.y/a.png,make it red", "make it red", ("https://x.y/a.png",)),
        ("make it red: https://x.y/a.png.", "make it red: .", ("https://x.y/a.png",)),
        ("(https://x.y/a_(1).png) red", "red", ("https://x.y/a_(1).png",)),
        ("<https://x.y/a.png> red", "red", ("https://x.y/a.png",)),
        ('![old](https://x.y/a.png "t") red', "red", ("https://x.y/a.png",)),
        ('<img src="https://x.y/a.png"> red', "red", ("https://x.y/a.png",)),
        ("https://a.b/c https://d.e/f 合成", "合成", ("https://a.b/c", "https://d.e/f")),
        (f"{ID} brighter", "brighter", (ID,)),
        ("data:image/png;base64,AAAA换成红色", "换成红色", ("data:image/png;base64,AAAA",)),
        ('"https://x.y/a.png" red', "red", ("https://x.y/a.png",)),
        ('加上文字"https://e.com" https://x.y/a.png', '加上文字"https://e.com"', ("https://x.y/a.png",)),
        ("no picture at all", "no picture at all", ()),
        ("", "", ()),
    ],
)
def test_urls_end_where_the_words_begin(text: str, words: str, sources: tuple[str, ...]) -> None:
    found = find_pictures(text)
    assert (found.text, found.sources) == (words, sources)


def test_a_quoted_url_is_words_when_pictures_came_beside_the_text() -> None:
    found = find_pictures('add the text "https://e.com"', has_others=True)
    assert (found.text, found.sources) == ('add the text "https://e.com"', ())


def test_an_answer_shows_markdown_and_html_but_not_its_code() -> None:
    text = (
        '> 🖌️\n\n```json\n{"image": "![a](https://q/x.png)"}\n```\n\n![衣服](https://h/b.png)\n\n'
        '<img alt="x" src="https://h/c.png">\n[a link](https://h/d.png)'
    )
    assert shown_pictures(text) == ("https://h/b.png", "https://h/c.png")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.sampled_from(["a.png", "b/c.jpg?x=1", "d"]))
def test_a_url_before_words_is_always_found_whole(words: str, path: str) -> None:
    found = find_pictures(f"https://x.y/{path} {words}")
    assert found.sources[0] == f"https://x.y/{path}"


@pytest.mark.parametrize(
    "unit", ["![", "<img ", "![a](https://x ", "https://", "(https://a)", "img_", "```\n", "<img src='", '"https://a"']
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started_s = time.process_time()
    find_pictures(text)
    shown_pictures(text)
    assert time.process_time() - started_s < 3
