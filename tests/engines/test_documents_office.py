"""Office files, books and web pages as Markdown, and packages that are traps."""

import io
import re
import zipfile
from typing import Any

import numpy as np
import pytest
from lxml import etree
from pptx import Presentation

from openhearth.core.documents import Document, DocumentRequest, Options, Reading, Service
from openhearth.core.errors import GatewayError
from openhearth.engines.read_document.files.archive import repacked, unpacked
from openhearth.engines.read_document.files.kinds import Kind, kind_of
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.office.charts import chart_markdown
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
    claimed = converted(office.pptx_with_chart(2_000_000_000)).markdown
    assert claimed == reading.markdown


CHART = """<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:plotArea><c:area3DChart><c:ser>
<c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>Rain</c:v></c:pt></c:strCache></c:strRef></c:tx>{across}<c:{y}><c:numRef>
<c:numCache><c:formatCode>General</c:formatCode><c:pt idx="0"><c:v>4.25</c:v></c:pt><c:pt idx="1"><c:v>3</c:v></c:pt>
</c:numCache></c:numRef></c:{y}></c:ser></c:area3DChart></c:plotArea></c:chartSpace>"""
NUMBERS = """<c:{x}><c:numRef><c:numCache><c:formatCode>{form}</c:formatCode><c:pt idx="0"><c:v>37261</c:v></c:pt>
<c:pt idx="1"><c:v>37262.5</c:v></c:pt></c:numCache></c:numRef></c:{x}>"""
LEVELS = """<c:cat><c:multiLvlStrRef><c:multiLvlStrCache><c:lvl><c:pt idx="0"><c:v>May</c:v></c:pt><c:pt idx="1">
<c:v>June</c:v></c:pt></c:lvl><c:lvl><c:pt idx="0"><c:v>2025</c:v></c:pt></c:lvl>
</c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"""


@pytest.mark.parametrize(
    ("across", "y", "first"),
    [
        (NUMBERS.format(x="cat", form="m/d/yyyy"), "val", ("2002-01-05", "2002-01-06")),
        (NUMBERS.format(x="cat", form='[Red]0.0" days"'), "val", ("37261", "37262.5")),
        (NUMBERS.format(x="xVal", form="General"), "yVal", ("37261", "37262.5")),
        (LEVELS, "val", ("2025 May", "2025 June")),
    ],
)
def test_a_chart_of_any_kind_is_its_numbers(across: str, y: str, first: tuple[str, str]) -> None:
    (table,) = chart_markdown(etree.fromstring(CHART.format(across=across, y=y)), Options())
    assert table == f"|  | Rain |\n| --- | --- |\n| {first[0]} | 4.25 |\n| {first[1]} | 3 |"


def test_a_presentation_without_slides_holds_nothing() -> None:
    file = io.BytesIO()
    Presentation().save(file)
    assert (converted(file.getvalue()).markdown, converted(file.getvalue()).total_pages) == ("", 0)


def test_formulas_and_letters_below_their_reading_stay_in_a_word_document() -> None:
    run = "<w:r><w:t>{}</w:t></w:r>"
    reading = "<w:rt><w:r><w:t>dōng</w:t></w:r></w:rt>"
    ruby = f"<w:r><w:ruby>{reading}<w:rubyBase>{run.format('東京')}</w:rubyBase></w:ruby></w:r>"

    def m(text: str) -> str:
        return f"<m:r><m:t>{text}</m:t></m:r>"

    square = f"<m:sSup><m:e>{m('b')}</m:e><m:sup>{m('2')}</m:sup></m:sSup>"
    root = f"<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{square}</m:e></m:rad>"
    half = f"<m:f><m:num>{m('a+')}{root}</m:num><m:den>{m('2')}</m:den></m:f>"
    sign, ends = '<m:naryPr><m:chr m:val="∑"/></m:naryPr>', f"<m:sub>{m('i=1')}</m:sub><m:sup>{m('n')}</m:sup>"
    total = f"<m:nary>{sign}{ends}<m:e>{m('i')}</m:e></m:nary>"
    space = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    inline = f"<m:oMath {space}>{m('x=')}{half}</m:oMath>"
    own = f"<m:oMathPara {space}><m:oMath>{total}</m:oMath></m:oMathPara>"
    body = f"<w:p>{ruby}{run.format(' is ')}{inline}{run.format('.')}</w:p><w:p>{own}</w:p>"
    assert converted(office.docx(body)).markdown == "東京 is x=(a+√(b^2))/2.\n\n∑_(i=1)^n i"


def test_a_strict_workbook_and_a_book_zipped_on_a_mac_are_read() -> None:
    usual = zipfile.ZipFile(io.BytesIO(office.xlsx()))
    kind = re.compile(rb"http://schemas\.openxmlformats\.org/(spreadsheetml|officeDocument)/2006/")
    strict = {name: kind.sub(rb"http://purl.oclc.org/ooxml/\1/", usual.read(name)) for name in usual.namelist()}
    assert converted(office.package(strict)).markdown == converted(office.xlsx()).markdown
    book = zipfile.ZipFile(io.BytesIO(office.epub()))
    parts = {name.replace("xhtml", "xml"): book.read(name).replace(b".xhtml", b".xml") for name in book.namelist()}
    parts["in/a.xml"] = b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "xhtml11.dtd">' + parts["in/a.xml"]
    apple = {"__MACOSX/META-INF/._container.xml": b"\0\5\26\7Mac OS X"}
    assert converted(office.package(parts | apple)).markdown == converted(office.epub()).markdown


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
