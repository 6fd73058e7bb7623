"""The real reader on papers whose text is known: a scanned letter, columns, forms, a photographed receipt, and bombs.

All papers here are composed (tests/papers): real fonts, then skew, blur, grain, perspective and JPEG. Real ones are
read in tests/e2e/test_real_files.py.
"""

import os
import signal
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

import numpy as np
import pytest

from openhearth.core.documents import Reading, Service
from tests.engines.reading_room import Refused, Room, open_room
from tests.papers import office, pdf, samples
from tests.papers.drawing import jpeg, png

SLOW_S = 60.0


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with open_room(tmp_path_factory.mktemp("room"), limit_s=150.0, silence_s=120.0, documents=10_000) as opened:
        yield opened


@pytest.fixture(scope="module")
def letter(room: Room) -> Reading:
    return room.read(Service.MARKDOWN, jpeg(samples.scanned_letter(), 70))


def alike(found: str, wanted: str) -> float:
    """How much of two texts agrees, spaces aside."""
    return SequenceMatcher(None, "".join(found.split()), "".join(wanted.split()), autojunk=False).ratio()


def test_a_scanned_letter_is_read_in_both_languages(letter: Reading) -> None:
    rows = ["".join(row) for row in samples.LETTER_TABLE]
    wanted = "".join((samples.LETTER_TITLE, *samples.LETTER_CHINESE, *samples.LETTER_ENGLISH, *rows))
    read = "".join(line.text for page in letter.pages for line in page.lines)
    assert alike(wanted, read[: len(wanted) + 80]) > 0.9
    for line in (*samples.LETTER_CHINESE, *samples.LETTER_ENGLISH):
        assert any(alike(line, found.text) > 0.97 for page in letter.pages for found in page.lines), line


def test_its_markdown_has_titles_a_table_and_a_list_in_order(letter: Reading) -> None:
    kinds = [(block.kind, block.level) for block in letter.pages[0].blocks]
    assert kinds == [
        ("title", 1), ("title", 2), ("paragraph", 0), ("title", 2), ("paragraph", 0), ("table", 0), ("list", 0),
        ("list", 0),
    ]  # fmt: skip
    assert letter.markdown.startswith("# 季度经营报告")
    rows = [[cell.text for cell in letter.tables[0].cells if cell.row == row] for row in range(4)]
    assert [["".join(text.split()) for text in row] for row in rows] == [
        ["".join(text.split()) for text in row] for row in samples.LETTER_TABLE
    ]
    assert "一千二百八十四万元，比去年同期增长百分之十二。增长主要来自" in letter.markdown
    assert "an increase of twelve percent" in letter.markdown


def test_lines_are_where_they_stand_on_the_crooked_page(letter: Reading) -> None:
    (page,) = letter.pages
    assert (page.is_scan, page.angle) == (True, 0)
    title = next(line for line in page.lines if line.text.startswith("季度"))
    x0, y0, x1, y1 = title.box[:4]
    assert 1.0 < np.degrees(np.arctan2(y1 - y0, x1 - x0)) < 1.7, "the page was turned by 1.3 degrees"
    assert title.score > 0.8
    assert title.box[0] < title.box[2] <= page.width


@pytest.mark.parametrize(("turns", "angle"), [(1, 270), (2, 180), (3, 90)])
def test_a_form_is_read_however_it_lies_and_its_merged_cell_kept(room: Room, turns: int, angle: int) -> None:
    pixels = np.ascontiguousarray(np.rot90(samples.form(), turns))
    reading = room.read(Service.TABLES, png(pixels), tables="html")
    assert reading.pages[0].angle == angle
    (table,) = reading.tables
    assert table.is_ruled
    assert (table.rows, table.columns) == (3, 4)
    address = next(cell for cell in table.cells if cell.text.startswith("上海市"))
    assert (address.row, address.column, address.columns) == (1, 1, 3)
    assert '<td colspan="3">上海市浦东新区世纪大道100号</td>' in reading.markdown
    assert "<td>2024-05-06</td>" in reading.markdown
    height, width = pixels.shape[:2]
    assert all(0 <= at <= (width, height)[number % 2] for number, at in enumerate(address.box))


def test_a_table_without_lines_is_found_by_its_columns(room: Room) -> None:
    reading = room.read(Service.TABLES, png(samples.price_list()))
    (table,) = reading.tables
    assert not table.is_ruled
    assert reading.markdown.splitlines()[0] == "| Item | Quantity | Price |"
    assert "| Oranges | 8 | 24.50 |" in reading.markdown


def test_a_photographed_receipt_says_who_when_and_how_much(room: Room) -> None:
    photo = jpeg(samples.photographed(samples.receipt()), 75)
    reading = room.read(Service.BILL, photo)
    (bill,) = reading.bills
    values = {field.name: field.value for field in bill.fields}
    assert values["total"] == samples.RECEIPT_TOTAL
    assert values["date"] == samples.RECEIPT_DATE
    assert values["number"] == samples.RECEIPT_NUMBER
    assert values["seller"] == samples.RECEIPT_SELLER
    assert values["tax"] == "7.71"
    assert "buyer" not in values, "nothing is invented"
    assert bill.kind == "shop_receipt"
    items = [{field.name: field.value for field in item} for item in bill.items]
    assert items[1] == {"name": "全麦面包", "quantity": "2", "amount": "35.50"}
    total = next(field for field in bill.fields if field.name == "total")
    seller = next(field for field in bill.fields if field.name == "seller")
    assert total.score > 0.85 > 0.65 > seller.score, "what has no name on the paper is less sure"
    assert 480 < total.box[0] < 680
    assert 550 < total.box[1] < 680


def test_the_receipt_is_cut_out_of_its_photograph_and_flattened(room: Room) -> None:
    reading = room.read(Service.DEWARP, jpeg(samples.photographed(samples.receipt()), 90))
    (made,) = reading.pictures
    corners = np.array(made.box, dtype=float).reshape(4, 2)
    assert np.abs(corners - np.array(samples.CORNERS)).max() < 4, corners
    assert abs(made.width / made.height - 640 / 980) < 0.06


def test_two_columns_come_one_after_the_other(room: Room) -> None:
    markdown = room.read(Service.MARKDOWN, pdf.two_columns()).markdown
    wanted = [
        "# Floods of the Lower Valley", "## 1. Introduction", "Rivers carry more than water. Along the banks",
        "The observations were made by hand until 1978.", "- Silt was weighed dry.", "- Gaps were left as gaps.",
        "## 2. Results", "Since then a chain of gauges", "but each of them now lasts for longer.",
        "| Decade | Floods | Mean days |", "| 2010s | 7 | 6.8 |",
    ]  # fmt: skip
    places = [markdown.index(part) for part in wanted]
    assert places == sorted(places)
    assert "17" not in markdown.splitlines(), "the page's number is a footer"


def test_pages_of_a_scan_are_chosen_and_counted(room: Room) -> None:
    scan = pdf.scan_pages(samples.price_list(), samples.form(), samples.price_list(), dpi=100)
    reading = room.read(Service.MARKDOWN, scan, page_start=2, page_count=1, dpi=72)
    assert (reading.total_pages, [page.number for page in reading.pages]) == (3, [2])
    assert "上海市" in reading.markdown
    assert "Oranges" not in reading.markdown
    with pytest.raises(Refused) as caught:
        room.read(Service.MARKDOWN, scan, page_start=4)
    assert (caught.value.status, caught.value.error["code"]) == (400, "page_out_of_range")
    assert caught.value.error["param"] == "page_start"


def test_text_in_the_file_can_be_read_from_its_picture_too(room: Room) -> None:
    reading = room.read(Service.MARKDOWN, pdf.numbered(1), scan=True)
    assert reading.pages[0].is_scan
    assert "page number 1" in reading.markdown


@pytest.mark.parametrize("shape", [(8, 8), (1500, 10)])
def test_a_blank_picture_of_any_shape_says_nothing_and_breaks_nothing(room: Room, shape: tuple[int, int]) -> None:
    reading = room.read(Service.BILL, png(np.full((*shape, 3), 250, np.uint8)))
    assert reading.text == ""
    assert reading.bills[0].fields == ()
    assert room.read(Service.ENHANCE, png(np.full((*shape, 3), 250, np.uint8)), mode="no_shadow").pictures


def test_options_without_meaning_for_a_service_are_told(room: Room) -> None:
    reading = room.read(
        Service.ENHANCE, png(samples.form()), titles=False, mode="black_white", output_format="png", dpi=72
    )
    assert reading.unused == ("dpi", "titles")
    assert reading.pictures[0].mime == "image/png"
    assert any("No sheet" in note for note in reading.notes)


def test_the_sandbox_is_on(room: Room, letter: Reading) -> None:
    assert "limits" in room.health()["sandbox"]


def huge_png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


BAD = {
    "empty": (b"", 400, "document_damaged"),
    "noise": (bytes(range(256)) * 10, 415, "document_unsupported"),
    "cut jpeg": (b"\xff\xd8\xff\xe0" + bytes(50), 400, "picture_damaged"),
    "huge picture": (huge_png(), 413, "picture_too_large"),
    "cut pdf": (b"%PDF-1.7\n1 0 obj\n<<", 400, "document_damaged"),
    "endless pdf": (pdf.endless(), 400, "document_damaged"),
    "locked pdf": (pdf.encrypted(), 400, "document_encrypted"),
    "zip bomb": (office.zip_bomb(), 413, "document_too_large"),
    "billion laughs": (office.laughing(), 400, "document_refused"),
    "deep xml": (office.deep(), 400, "document_refused"),
    "external entity": (office.reaching_out(), 400, "document_refused"),
    "broken zip": (b"PK\x03\x04" + bytes(100), 400, "document_damaged"),
    "a film": (b"\x1aE\xdf\xa3" + bytes(100), 415, "document_unsupported"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), 415, "document_unsupported"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_bombs_and_broken_files_are_clear_errors_and_harm_nobody(room: Room, name: str) -> None:
    data, status, code = BAD[name]
    before = room.workers()
    with pytest.raises(Refused) as caught:
        room.read(Service.MARKDOWN, data)
    assert (caught.value.status, caught.value.error["code"]) == (status, code), caught.value.error
    assert room.workers() == before
    assert "number 1" in room.read(Service.MARKDOWN, pdf.numbered(1)).markdown


def test_a_password_opens_and_a_wrong_one_is_named(room: Room) -> None:
    assert "4711" in room.read(Service.MARKDOWN, pdf.encrypted(), password="secret").markdown
    with pytest.raises(Refused) as caught:
        room.read(Service.MARKDOWN, pdf.encrypted(), password="guess")
    assert (caught.value.error["code"], caught.value.error["param"]) == ("document_password_wrong", "password")


def test_office_files_need_the_path_that_takes_them(room: Room) -> None:
    assert room.read(Service.MARKDOWN, office.docx()).markdown.startswith("# Annual plan 年度计划")
    with pytest.raises(Refused) as caught:
        room.read(Service.TEXT, office.docx())
    assert (caught.value.status, caught.value.error["code"]) == (415, "document_unsupported")


def test_a_request_in_another_form_is_refused(room: Room) -> None:
    status, body = room.ask("POST", "/read", b"not msgpack")
    assert status == 400
    assert b"invalid_request" in body
    assert room.ask("GET", "/nothing")[0] == 404


def test_killing_the_worker_is_an_error_and_the_next_document_is_read(room: Room) -> None:
    (worker,) = room.workers()
    answers: list[Refused] = []

    def read() -> None:
        try:
            room.read(Service.MARKDOWN, jpeg(samples.scanned_letter()))
        except Refused as error:
            answers.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    _wait_until(lambda: room.health()["running"] == 1)
    os.kill(worker, signal.SIGKILL)
    thread.join(timeout=SLOW_S)
    assert not thread.is_alive()
    assert (answers[0].status, answers[0].error["code"]) == (502, "document_crashed")
    assert "number 1" in room.read(Service.MARKDOWN, pdf.numbered(1)).markdown
    assert worker not in room.workers()


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SLOW_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
