"""HTML as Markdown: what a reader of the page would see, without scripts, styles and embedded data."""

import re
from typing import Literal

from bs4 import BeautifulSoup, Comment, Tag
from markdownify import ATX, MarkdownConverter

_UNSEEN = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "object",
    "embed",
    "head",
    "canvas",
    "form input",
)
_NO_TITLE = re.compile(r"^(?:#{1,6}\s|>)")
_SAFE_LINKS = ("http://", "https://", "mailto:", "#", "/", "./", "../")


def html_markdown(page: str | bytes, tables: Literal["markdown", "html"] = "markdown") -> str:
    """Markdown of an HTML page. Nothing it links to is loaded."""
    soup = BeautifulSoup(page, "lxml")
    for unseen in soup.select(",".join(_UNSEEN)):
        unseen.decompose()
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(True):
        _tidy(tag)
    return _tidied(_Converter(tables).convert_soup(soup))


class _Converter(MarkdownConverter):
    """Tables stay HTML where that was asked for, or where a pipe table cannot show them: merged or nested cells."""

    def __init__(self, tables: Literal["markdown", "html"]) -> None:
        super().__init__(
            heading_style=ATX,
            bullets="-",
            escape_asterisks=False,
            escape_underscores=False,
            table_infer_header=True,
        )
        self._is_html = tables == "html"

    def convert_td(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_td(element, text.replace("|", "\\|"), parent_tags))  # type: ignore[misc]

    def convert_th(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_th(element, text.replace("|", "\\|"), parent_tags))  # type: ignore[misc]

    def convert_p(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_p(element, _NO_TITLE.sub(r"\\\g<0>", text), parent_tags))  # type: ignore[misc]

    def convert_table(self, element: Tag, text: str, parent_tags: set[str]) -> str:
        if self._is_html or element.select_one("table, [rowspan], [colspan]") is not None:
            return f"\n\n{_bare(element)}\n\n"
        return str(super().convert_table(element, text, parent_tags))  # type: ignore[misc]


def _bare(table: Tag) -> str:
    """A table's HTML with nothing but its rows, cells and what they go over."""
    rows = []
    for row in table.find_all("tr"):
        cells = []
        for cell in row.find_all(["td", "th"], recursive=False):
            spans = "".join(
                f' {name}="{int(value)}"' for name in ("rowspan", "colspan") if (value := _number(cell, name)) > 1
            )
            cells.append(f"<{cell.name}{spans}>{_escaped(cell.get_text(' ', strip=True))}</{cell.name}>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _number(cell: Tag, name: str) -> int:
    value = str(cell.get(name, ""))
    return min(1000, int(value)) if value.isascii() and value.isdigit() and len(value) < 10 else 1


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tidy(tag: Tag) -> None:
    """Links that run or hold something, and pictures inside of the page, leave their text."""
    if (
        tag.name == "a"
        and not str(tag.get("href", "#")).lower().startswith(_SAFE_LINKS)
        and ":" in str(tag.get("href"))
    ):
        del tag["href"]
    if tag.name == "img" and str(tag.get("src", "")).lower().startswith("data:"):
        tag["src"] = ""
    if tag.name == "img" and not tag.get("src") and not tag.get("alt"):
        tag.decompose()


def _tidied(text: str) -> str:
    lines = [line.rstrip() for line in text.split("\n")]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip()
