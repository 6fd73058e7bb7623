"""What the documentation shows exists, and every instruction it gives as an example is understood."""

import re
from pathlib import Path

import pytest

from openhearth.engines.edit_image.words import known, parse
from openhearth.media.directives import directive

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "docs" / "guides" / name for name in ("picture-editing.md", "picture-editing.zh-CN.md")]
PAGES = [*sorted((ROOT / "docs" / "guides").glob("*.md")), ROOT / "README.md", ROOT / "README.zh-CN.md"]
PICTURES = ROOT / "docs" / "pictures"
WRITTEN_LAST = {"docs/benchmarks.md"}


def _examples(page: Path, heading: str) -> list[str]:
    """The texts in backticks of the table rows under a heading."""
    text = page.read_text(encoding="utf-8")
    section = text[text.index(f"\n## {heading}") :]
    rows = [line for line in section.split("\n## ")[1].splitlines() if line.startswith("| ")]
    return [example for row in rows for example in re.findall(r"`([^`]+)`", row)]


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_operation_is_understood_and_none_is_missing(page: Path) -> None:
    heading = "内置编辑器听得懂什么" if "zh" in page.name else "What the embedded editor understands"
    examples = _examples(page, heading)
    for example in examples:
        # What is to stay is said beside a wish, not alone.
        wish = {"keep the face unchanged": "red shirt, ", "保持脸不变": "上衣换成红色，"}.get(example, "")
        assert parse(wish + example, pictures=2).steps
    listed = [
        one for language in ("en", "zh") for line in known(language).splitlines() for one in line[2:].split(" · ")
    ]
    assert sorted(examples) == sorted(listed)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_wish_about_the_conversation_is_heard(page: Path) -> None:
    examples = _examples(page, "在对话里" if "zh" in page.name else "In a chat")
    assert len(examples) == 18
    assert [example for example in examples if directive(example) is None] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http)([^)#\s…]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    away = [link for link in links if not (page.parent / link).exists() and link not in WRITTEN_LAST]
    assert away == []


def test_pictures_are_small_and_have_a_source() -> None:
    sources = (PICTURES / "SOURCES.md").read_text(encoding="utf-8")
    pictures = sorted(PICTURES.glob("*.jpg"))
    assert [picture.name for picture in pictures if picture.stat().st_size > 120_000] == []
    assert [picture.name for picture in pictures if f"`{picture.name}` |" not in sources] == []
