"""Rules over the lines of bills: Chinese invoices and English ones, and what must stay unsaid."""

import numpy as np
import pytest

from openhearth.core.documents import Bill
from openhearth.engines.read_document.bills.reading import bill_of
from openhearth.engines.read_document.bills.values import date_in, sum_in, time_in, words_in
from openhearth.engines.read_document.layout.pieces import Piece, Place
from openhearth.engines.read_document.ocr.upright import as_given
from openhearth.engines.read_document.pages import Leaf

Row = tuple[tuple[float, str], ...]


def read(*rows: Row | str, size: float = 20) -> Bill:
    """A bill of rows; a text alone stands at the left, else each with its x."""
    pieces = []
    for number, row in enumerate(rows):
        for x, text in ((20.0, row),) if isinstance(row, str) else row:
            y = 40.0 * number
            pieces.append(Piece(text, Place(x, y, x + 11 * len(text), y + size), size, score=0.98))
    page = np.full((40 * len(rows) + 40, 900, 3), 255, np.uint8)
    leaf = Leaf(1, page, tuple(pieces))
    return bill_of(leaf, as_given(page, pieces))


def values(bill: Bill) -> dict[str, str]:
    return {field.name: field.value for field in bill.fields}


def test_a_chinese_vat_invoice() -> None:
    bill = read(
        "增值税电子普通发票",
        ((20, "发票代码：031001900211"), (400, "发票号码：12345678")),
        "开票日期：2023年05月09日",
        "购买方名称：北京某某科技有限公司",
        "纳税人识别号：91110108MA01ABCD2E",
        ((20, "货物或应税劳务名称"), (300, "数量"), (400, "单价"), (520, "金额"), (640, "税额")),
        ((20, "*办公用品*打印纸"), (300, "10"), (400, "21.00"), (520, "210.00"), (640, "27.30")),
        ((20, "合计"), (520, "¥210.00"), (640, "¥27.30")),
        ((20, "价税合计（大写）贰佰叁拾柒元叁角"), (520, "（小写）¥237.30")),
        "销售方名称：上海某某文具有限公司",
        "纳税人识别号：91310115MA1K3XYZ7Q",
    )
    found = values(bill)
    assert bill.kind == "vat_common_invoice"
    assert found["number"] == "12345678"
    assert found["code"] == "031001900211"
    assert found["date"] == "2023-05-09"
    assert found["total"] == "237.30"
    assert found["total_in_words"] == "237.30"
    assert found["buyer"] == "北京某某科技有限公司"
    assert found["seller"] == "上海某某文具有限公司"
    assert found["buyer_tax_id"] == "91110108MA01ABCD2E"
    assert found["seller_tax_id"] == "91310115MA1K3XYZ7Q"
    assert [field.value for field in bill.items[0]] == ["*办公用品*打印纸", "10", "21.00", "210.00"]


def test_an_english_invoice() -> None:
    bill = read(
        "INVOICE",
        ((20, "Invoice No: INV-2024-0071"), (500, "Date: March 5th, 2024")),
        "Bill to: Ada Lovelace Ltd",
        "Seller: Analytical Engines Inc.",
        ((20, "Description"), (400, "Qty"), (500, "Unit price"), (650, "Amount")),
        ((20, "Brass gears"), (400, "3"), (500, "$120.00"), (650, "$360.00")),
        ((20, "Punched cards"), (400, "100"), (500, "$0.45"), (650, "$45.00")),
        ((20, "Subtotal"), (650, "$405.00")),
        ((20, "Sales tax 8%"), (650, "$32.40")),
        ((20, "Total"), (650, "$437.40")),
    )
    found = values(bill)
    assert (bill.kind, found["number"], found["date"]) == ("invoice", "INV-2024-0071", "2024-03-05")
    assert (found["subtotal"], found["tax"], found["total"]) == ("405.00", "32.40", "437.40")
    assert (found["buyer"], found["seller"]) == ("Ada Lovelace Ltd", "Analytical Engines Inc.")
    assert found["currency"] == "USD"
    assert [[field.value for field in item] for item in bill.items] == [
        ["Brass gears", "3", "120.00", "360.00"],
        ["Punched cards", "100", "0.45", "45.00"],
    ]


def test_what_is_not_there_is_not_said() -> None:
    bill = read("Dear Ada,", "thank you for the 3 letters.", "Yours, Charles")
    assert bill.fields == ()
    assert bill.items == ()
    assert read("a note").kind == "other"


TILL = (
    ((200, "Corner Shop"),),
    ((180, "VAT No. : 610282856"),),
    "Bill NO: SI37482-NKT-80/81",
    ((20, "Merchant ID:"), (300, "9hqjxvufdr")),
    "Date :07/05/2024 4:06:54 PM",
    ((20, "Sn|"), (80, "Particulars"), (330, "|Qty|"), (440, "Rate | Amount|")),
    ((20, "1"), (60, "TOOTHPASTE"), (350, "1"), (450, "95"), (560, "95")),
    ((20, "2"), (60, "SOAP NO 1"), (350, "2"), (450, "20"), (560, "40")),
    ((300, "Gross Amount :"), (540, "135.00")),
    ((300, "Net Amount :"), (540, "135.00")),
    ((300, "Tender :"), (540, "200.00")),
    ((300, "Change :"), (540, "65.00")),
    "Thank you for shopping",
)


def test_a_till_that_prints_all_in_one_size() -> None:
    bill = read(*TILL)
    found = values(bill)
    assert found == {
        "number": "SI37482-NKT-80/81", "date": "07/05/2024", "time": "16:06:54", "total": "135.00",
        "tax_id": "610282856", "seller": "Corner Shop",
    }  # fmt: skip
    seller = next(field for field in bill.fields if field.name == "seller")
    assert seller.score < 0.55, "it stands first, and that is all that is known"
    assert [[field.value for field in item] for item in bill.items] == [
        ["TOOTHPASTE", "1", "95.00", "95.00"],
        ["SOAP NO 1", "2", "20.00", "40.00"],
    ]


def test_a_note_has_no_shop_on_its_first_line() -> None:
    assert "seller" not in values(read("Shopping list", "tea", "milk", "bread", "salt", "oil"))


def test_change_given_back_is_not_the_total() -> None:
    found = values(
        read(((20, "合计"), (300, "86.40")), ((20, "实收"), (300, "100.00")), ((20, "找零"), (300, "13.60")))
    )
    assert found["total"] == "86.40"


def test_a_value_below_its_name_counts_less_than_one_beside_it() -> None:
    below = read(((20, "发票号码"),), ((20, "12345678"),))
    beside = read(((20, "发票号码"), (200, "12345678")))
    assert values(below)["number"] == values(beside)["number"] == "12345678"
    assert below.fields[0].score < beside.fields[0].score


def test_a_name_is_no_other_label() -> None:
    assert "buyer" not in values(read(((20, "购买方名称："), (300, "纳税人识别号：911101080000000000"))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024年3月8日", "2024-03-08"), ("2024-03-18 14:25", "2024-03-18"), ("2024/3/18", "2024-03-18"),
        ("18 Mar 2024", "2024-03-18"), ("March 18, 2024", "2024-03-18"), ("25/12/2024", "2024-12-25"),
        ("12/25/2024", "2024-12-25"), ("03/04/2024", "03/04/2024"),
    ],
)  # fmt: skip
def test_dates_come_in_one_form_unless_they_are_ambiguous(text: str, value: str) -> None:
    found = date_in(text)
    assert found is not None
    assert found[0] == value
    assert (found[2] < 1) == (value == text)


@pytest.mark.parametrize("text", ["2024-13-40", "no date", "123456789", "99/99/2024"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_in(text) is None


def test_sums_times_and_words() -> None:
    assert sum_in("Total: $1,284.50 USD") == ("1284.50", "$1,284.50")
    assert sum_in("共 12 件", surely=True) is None
    assert sum_in("128元", surely=True) == ("128.00", "128元")
    assert sum_in("no number") is None
    assert time_in("at 9:05") == ("09:05", "9:05")
    assert time_in("14:25:36") == ("14:25:36", "14:25:36")
    assert [time_in(text) for text in ("4:06 PM", "12:05 a.m.", "11:36 AM")] == [
        ("16:06", "4:06 PM"), ("00:05", "12:05 a.m"), ("11:36", "11:36 AM"),
    ]  # fmt: skip
    assert words_in("人民币壹万贰仟零叁拾元整") == ("12030.00", "壹万贰仟零叁拾元整")
    assert words_in("十百千") is None
