"""Blocks as Markdown."""

import re

from openhearth.core.documents import Block
from openhearth.engines.read_document.layout.blocks import BULLET, NUMBERED

_MEANS_SOMETHING = re.compile(r"^(\s*)(#{1,6}\s|>|```|~~~|\+\s|-{3,}$|={3,}$)")
_LEFT_OUT = ("header", "footer")


def page_markdown(blocks: tuple[Block, ...]) -> str:
    """The page's text; headers and footers stay in the blocks alone. Items of a list stand close."""
    parts: list[str] = []
    before = ""
    for block in blocks:
        if block.kind in _LEFT_OUT or not block.text:
            continue
        if parts:
            parts.append("\n" if block.kind == before == "list" else "\n\n")
        parts.append(block.text)
        before = block.kind
    return "".join(parts)


def written(kind: str, text: str, level: int) -> str:
    """Plain text of a block as Markdown."""
    if kind == "title":
        return f"{'#' * max(1, level)} {text}"
    if kind == "list":
        return _item(text)
    return _MEANS_SOMETHING.sub(r"\1\\\2", text)


def _item(text: str) -> str:
    if BULLET.match(text):
        return f"- {BULLET.sub('', text, count=1)}"
    number = NUMBERED.match(text)
    if number and number[1][:-1].isdigit():
        return f"{number[1][:-1]}. {text[number.end() :]}"
    return f"- {text}"
