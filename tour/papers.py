"""Documents read: a scanned page, a paper of two columns, a photographed receipt."""

import base64
import io
from collections.abc import Callable

import pytest
from PIL import Image

from tests.papers.drawing import Pixels, jpeg
from tests.papers.pdf import two_columns
from tests.papers.samples import RECEIPT_TOTAL, photographed, receipt, scanned_letter
from tour.visitor import Shown, Skipped, Visitor

READER = "rapid-ocr"


def read_scan(visitor: Visitor) -> Shown:
    page = base64.b64encode(jpeg(_drawn(scanned_letter))).decode()
    answer = visitor.asked("/v1/ocr", {"image": f"data:image/jpeg;base64,{page}"})
    assert "营业收入" in answer["text"]
    assert "Revenue" in answer["text"]
    return Shown(
        answer["model"], f"a scan in two languages: {len(answer['lines'])} lines, “{answer['lines'][0]['text']}”"
    )


def read_paper(visitor: Visitor) -> Shown:
    answer = visitor.send("/textin/v1/pdf_to_markdown", two_columns(), "application/pdf")
    markdown = answer["result"]["markdown"]
    assert "| Decade | Floods | Mean days |" in markdown
    headings = [line.lstrip("# ") for line in markdown.splitlines() if line.startswith("#")]
    return Shown(READER, f"Textin's form: a two-column PDF as Markdown: {' / '.join(headings)}, and a table")


def read_receipt(visitor: Visitor) -> Shown:
    answer = visitor.send("/aitools/v1/document-intelligence/bill_recognize_v2", _photograph(), "image/jpeg")
    found = {item["key"]: item["value"] for item in answer["pages"][0]["result"]["object_list"][0]["item_list"]}
    assert RECEIPT_TOTAL in found.values()
    shown = ", ".join(f"{name} {value}" for name, value in list(found.items())[:4])
    return Shown(READER, f"a receipt photographed at an angle: {shown}")


def straighten(visitor: Visitor) -> Shown:
    answer = visitor.send("/textin/v1/crop_enhance_image", _photograph(), "image/jpeg")
    made = base64.b64decode(answer["result"]["image_list"][0]["image"])
    with Image.open(io.BytesIO(made)) as picture:
        size = f"{picture.width}×{picture.height}"
    return Shown(READER, f"the same receipt cut out and straightened: {size}")


def _photograph() -> bytes:
    return jpeg(photographed(_drawn(receipt)), 90)


def _drawn(draw: Callable[[], Pixels]) -> Pixels:
    """A paper of the tests. Raises Skipped where the font is missing that it is written with."""
    try:
        return draw()
    except pytest.skip.Exception as missing:
        raise Skipped(str(missing)) from missing
