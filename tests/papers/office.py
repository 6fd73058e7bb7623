"""Office files, books and bombs, made in code."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from openpyxl import Workbook
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.papers.drawing import Pixels, png

_CONTENT_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def package(members: Mapping[str, str | bytes]) -> bytes:
    """A zip package."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def docx(body: str | None = None, extra: Mapping[str, str | bytes] | None = None) -> bytes:
    """A Word document: a heading, a paragraph in two languages and a table, unless ``body`` is given."""
    body = (
        body
        if body is not None
        else _heading("Annual plan 年度计划") + _paragraph("Costs fall by 7%. 成本下降。") + _TABLE
    )
    document = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return package(
        {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": _RELATIONS,
            "word/document.xml": document,
            **(extra or {}),
        }
    )


def _paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _heading(text: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'


def _row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{_paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"


_TABLE = f"<w:tbl>{_row('Team', 'People')}{_row('North', '12')}</w:tbl>"


def pptx(picture: Pixels | None = None) -> bytes:
    """Two slides: bullets with a note, and a table (with a picture)."""
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "Road map 路线图"
    first.placeholders[1].text = "Build the bridge\nOpen the bridge"
    first.notes_slide.notes_text_frame.text = "Mention the weather."
    second = deck.slides.add_slide(deck.slide_layouts[5])
    second.shapes.title.text = "Budget"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Year", "Cost"), ("2025", "84"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    if picture is not None:
        second.shapes.add_picture(io.BytesIO(png(picture)), Inches(1), Inches(4))
    file = io.BytesIO()
    deck.save(file)
    return file.getvalue()


def xlsx() -> bytes:
    """Two sheets."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "价格 Prices"
    for row in (["Item", "Price"], ["茶 Tea", 58.5], ["Milk | whole", 6]):
        sheet.append(row)
    book.create_sheet("Second").append(["only", "one", "row"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def pptx_with_chart(numbers: int = 2) -> bytes:
    """A slide with a broken line, a chart that claims so many numbers, and a picture that lies elsewhere."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "One\vtwo"
    data: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = ["2025", "2026"]
    data.add_series("Trees", (10, 12.5))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(2), Inches(4), Inches(3), data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Planted"
    slide.shapes.add_picture(io.BytesIO(png(np.zeros((4, 4, 3), np.uint8))), Inches(1), Inches(6))
    file = io.BytesIO()
    deck.save(file)
    return _rewritten(file.getvalue(), {b"r:embed=": b"r:link=", b'ptCount val="2"': b'ptCount val="%d"' % numbers})


def xlsx_of_a_program() -> bytes:
    """A sheet that says it has one cell, with a formula that nobody has calculated."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["a", "b", "sum"])
    sheet.append([1, 2, "=A2+B2"])
    file = io.BytesIO()
    book.save(file)
    return _rewritten(file.getvalue(), {b'<dimension ref="A1:C2"': b'<dimension ref="A1:A1"'})


def _rewritten(data: bytes, changes: Mapping[bytes, bytes]) -> bytes:
    """The package with these bytes of its parts replaced."""
    members: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            for old, new in changes.items() if name.endswith(".xml") else ():
                content = content.replace(old, new)
            members[name] = content
    return package(members)


def epub() -> bytes:
    """Two chapters, listed in the opposite order of their names."""
    chapter = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{}</h1><p>{}</p></body></html>"
    return package(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container><rootfiles><rootfile full-path='in/book.opf'/></rootfiles>"
            "</container>",
            "in/book.opf": "<package><manifest><item id='a' href='a.xhtml'/><item id='b' href='b%20b.xhtml'/>"
            "</manifest>"
            "<spine><itemref idref='b'/><itemref idref='a'/></spine></package>",
            "in/a.xhtml": chapter.format("The end", "They slept."),
            "in/b b.xhtml": chapter.format("The start", "They woke at 5."),
        }
    )


HTML = (
    "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><script>alert(1)</script>"
    "<h2>Opening hours 开放时间</h2><p>Open <b>daily</b>. <a href='https://example.com/x'>More</a> "
    "<a href='javascript:alert(1)'>trap</a></p><ul><li>Cats</li><li>Dogs</li></ul>"
    "<table><tr><th>Day</th><th>Hour</th></tr><tr><td>Mon</td><td>9</td></tr></table></body></html>"
)


def zip_bomb() -> bytes:
    """A Word document whose text unpacks to 80 MB from less than one."""
    return package_of_zeros("word/document.xml", 80)


def package_of_zeros(name: str, megabytes: int) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(megabytes):
            member.write(bytes(1024 * 1024))
    return file.getvalue()


def laughing() -> bytes:
    """A billion laughs in a Word document."""
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">' for level in range(1, 10))
    text = f'<!DOCTYPE d [{entities}]><w:document xmlns:w="{WORD}"><w:body>{_paragraph("&a9;")}</w:body></w:document>'
    return package({"word/document.xml": text})


def deep(levels: int = 100_000) -> bytes:
    """A Word document of elements inside elements."""
    return docx("<w:p>" * levels + "</w:p>" * levels)


def reaching_out() -> bytes:
    """A Word document that asks for a file of the machine."""
    text = (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        f'<w:document xmlns:w="{WORD}"><w:body>{_paragraph("&x;")}</w:body></w:document>'
    )
    return package({"word/document.xml": text})
