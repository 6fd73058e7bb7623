"""Office files, books and web pages as Markdown, and packages that are traps."""

import zipfile
from typing import Any

import numpy as np
import pytest

from openhearth.core.documents import Document, DocumentRequest, Options, Reading, Service
from openhearth.core.errors import GatewayError
from openhearth.engines.read_document.files.archive import repacked, unpacked
from openhearth.engines.read_document.files.kinds import Kind, kind_of
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.office.converting import convert
from tests.papers import office


def converted(data: bytes, name: str = "", mime: str = "", limits: Limits | None = None, **options: Any) -> Reading:
    asked = DocumentRequest(Service.MARKDOWN, Document(data, name, mime), Options(**options), frozenset(options))
    return convert(asked, limits or Limits())


def test_a_word_document_keeps_heading_text_and_table() -> None:
    assert converted(office.docx()).markdown == (
        "# Annual plan 年度计划\n\nCosts fall by 7%. 成本下降。\n\n| Team | People |\n| --- | --- |\n| North | 12 |"
    )
    html = converted(office.docx(), tables="html").markdown
    assert html.endswith("<table><tr><td>Team</td><td>People</td></tr><tr><td>North</td><td>12</td></tr></table>")


def test_slides_come_in_order_with_notes_tables_and_pictures() -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    reading = converted(office.pptx(picture), pictures="figures")
    assert reading.markdown.startswith(
        "## Road map 路线图\n\n- Build the bridge\n- Open the bridge\n\n> Mention the weather."
    )
    assert reading.markdown.endswith("| Year | Cost |\n| --- | --- |\n| 2025 | 84 |\n\n![](picture1)")
    assert [(made.id, made.mime, made.width, made.page) for made in reading.pictures] == [
        ("picture1", "image/png", 30, 2)
    ]
    second = converted(office.pptx(), page_start=2)
    assert (second.total_pages, [page.number for page in second.pages]) == (2, [2])
    assert second.markdown.startswith("## Budget")


def test_a_slides_charts_are_tables_and_its_broken_lines_stay_apart() -> None:
    reading = converted(office.pptx_with_chart(), pictures="figures")
    assert (
        reading.markdown == "## One two\n\n**Planted**\n\n|  | Trees |\n| --- | --- |\n| 2025 | 10 |\n| 2026 | 12.5 |"
    )
    assert reading.pictures == ()
    with pytest.raises(GatewayError) as caught:
        converted(office.pptx_with_chart(2_000_000_000))
    assert caught.value.code == "document_too_large"


def test_a_word_documents_title_and_pipes_survive_and_text_makes_no_titles() -> None:
    title = '<w:p><w:pPr><w:pStyle w:val="Title"/></w:pPr><w:r><w:t>The whole</w:t></w:r></w:p>'
    styles = (
        f'<w:styles xmlns:w="{office.WORD}"><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/>'
        "</w:style></w:styles>"
    )
    text = "<w:p><w:r><w:t># not a title</w:t></w:r></w:p>"
    table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a|b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
        "</Relationships>"
    )
    document = office.docx(title + text + table, {"word/styles.xml": styles, "word/_rels/document.xml.rels": relations})
    assert converted(document).markdown == "# The whole\n\n\\# not a title\n\n| a\\|b |\n| --- |"


def test_a_sheet_is_as_large_as_its_cells_and_formulas_without_a_value_are_shown() -> None:
    markdown = converted(office.xlsx_of_a_program()).markdown
    assert markdown == "## Sheet\n\n| a | b | sum |\n| --- | --- | --- |\n| 1 | 2 | =A2+B2 |"


def test_a_long_table_takes_no_time() -> None:
    """As many cells as are allowed; looking through all of them for every row took two minutes."""
    rows = 160_000
    markdown = converted(b"a,b,c\n" + b"1,2,3\n" * rows, "a.csv").markdown
    assert markdown.count("\n") == rows + 1


@pytest.mark.parametrize(
    ("page", "encoding", "text"),
    [
        ('<meta charset="iso-8859-1"><p>cafés São Paulo', "cp1252", "cafés São Paulo"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=big5"><p>繁體中文網頁', "big5", "繁體中文網頁"),
        ("<meta charset=Shift_JIS><p>日本語のページ", "cp932", "日本語のページ"),
        ('<meta charset="gb2312"><p>中文网页', "gb18030", "中文网页"),
        ('<meta charset="no-such-thing"><p>中文网页', "gb18030", "中文网页"),
    ],
)
def test_a_web_page_is_read_in_the_encoding_it_names(page: str, encoding: str, text: str) -> None:
    assert converted(page.encode(encoding), "a.html").markdown == text


def test_western_and_chinese_tables_without_a_name_for_their_encoding_are_told_apart() -> None:
    western = "Stadt;Preis\nMünchen;3,5\nKöln;4\nSão Paulo;6\n"
    assert "| München | 3,5 |" in converted(western.encode("cp1252"), "a.csv").markdown
    assert "| 苹果 | 3,5 |" in converted("名称;价格\n苹果;3,5\n".encode("gb18030"), "a.csv").markdown


def test_a_workbook_gives_one_table_a_sheet() -> None:
    reading = converted(office.xlsx())
    assert reading.markdown == (
        "## 价格 Prices\n\n| Item | Price |\n| --- | --- |\n| 茶 Tea | 58.5 |\n| Milk \\| whole | 6 |\n\n"
        "## Second\n\n| only | one | row |\n| --- | --- | --- |"
    )
    assert reading.total_pages == 2


def test_a_book_is_read_along_its_spine() -> None:
    assert converted(office.epub()).markdown == "# The start\n\nThey woke at 5.\n\n# The end\n\nThey slept."


def test_a_web_page_loses_scripts_and_traps_and_nothing_else() -> None:
    markdown = converted(office.HTML.encode()).markdown
    assert markdown == (
        "## Opening hours 开放时间\n\nOpen **daily**. [More](https://example.com/x) trap\n\n- Cats\n- Dogs\n\n"
        "| Day | Hour |\n| --- | --- |\n| Mon | 9 |"
    )


def test_texts_are_told_apart_by_their_names_and_keep_their_characters() -> None:
    assert converted("名;价\n茶;5\n".encode("gb18030"), "a.csv").markdown == "| 名 | 价 |\n| --- | --- |\n| 茶 | 5 |"
    assert converted("# Own".encode("utf-16"), "a.md").markdown == "# Own"
    assert converted("just 文字".encode()).markdown == "just 文字"
    assert kind_of(Document(b"a,b", mime="text/csv")) is Kind.CSV


def test_options_that_mean_nothing_here_are_named() -> None:
    reading = converted(office.HTML.encode(), dpi=72, pictures="figures", tables="html")
    assert reading.unused == ("dpi", "pictures")


MANY = {"word/document.xml": ""} | {f"word/{number}": "" for number in range(10_001)}
UTF16 = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE d [<!ENTITY a "b">]><d/>'.encode("utf-16")
TRAPS = {
    "zip bomb": (office.zip_bomb(), "document_too_large"),
    "many members": (office.package(MANY), "document_too_large"),
    "billion laughs": (office.laughing(), "document_refused"),
    "external entity": (office.reaching_out(), "document_refused"),
    "utf-16 entity": (
        office.package({"word/document.xml": UTF16}),
        "document_refused",
    ),
    "deep": (office.deep(), "document_refused"),
    "no xml": (office.package({"word/document.xml": "<w:document>"}), "document_damaged"),
    "no document": (office.package({"word/document.xml": "<a/>"}), "document_damaged"),
    "archive": (office.package({"readme": "x"}), "document_unsupported"),
    "deep html": (b"<html><body>" + b"<div>" * 5000 + b"x", "document_too_large"),
    "wide csv": (b",".join([b"1"] * 2500), "document_too_large"),
    "broken book": (office.package({"META-INF/container.xml": "<container/>"}), "document_damaged"),
    "program": (b"MZ" + bytes(100), "document_unsupported"),
    "rtf": (b"{\\rtf1 hello}", "document_unsupported"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "document_unsupported"),
    "encrypted office": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"),
        "document_encrypted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(TRAPS))
def test_traps_are_refused_in_words(name: str) -> None:
    data, code = TRAPS[name]
    with pytest.raises(GatewayError) as caught:
        converted(data, "a.csv" if name == "wide csv" else "")
    assert caught.value.code == code
    assert caught.value.param in ("file", None)


def test_a_package_is_given_on_as_it_really_was() -> None:
    members = unpacked(office.xlsx())
    with zipfile.ZipFile(repacked(members)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == members
