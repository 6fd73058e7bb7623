"""PDFs: their own text with places, turned pages, pictures on them, and files that are not what they say."""

import io
from collections.abc import Callable

import numpy as np
import pypdfium2 as pdfium
import pytest

from openhearth.core.documents import Document, Options
from openhearth.core.errors import GatewayError, RequestError
from openhearth.engines.read_document.files.leaves import open_pages
from openhearth.engines.read_document.files.pdf import PdfFile
from openhearth.engines.read_document.limits import Limits
from openhearth.engines.read_document.ocr.upright import as_given
from openhearth.engines.read_document.pages import Leaf
from tests.papers import pdf

PIXELS = 40_000_000


def opened(data: bytes, password: str = "") -> PdfFile:
    return PdfFile(data, password, most_pixels=PIXELS)


def test_text_comes_with_its_place_and_size() -> None:
    file = opened(pdf.two_columns())
    with file.page(0, 144) as page:
        pieces = {piece.text: piece for piece in page.text()}
        assert (page.width, page.height) == (1190, 1684)
    file.close()
    title = pieces["Floods of the Lower Valley"]
    assert (round(title.size), title.is_bold) == (44, True)
    assert title.place.x0 == pytest.approx(240, abs=3)
    assert not pieces["Since then a chain of gauges has taken"].is_bold
    assert pieces["Mean days"].place.x0 > pieces["Floods"].place.x1


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_on_a_turned_page_text_and_pixels_agree(turn: int) -> None:
    document = pdfium.PdfDocument(pdf.numbered(1))
    document[0].set_rotation(turn)
    file = PdfFile(saved(document), "", most_pixels=PIXELS)
    with file.page(0, 144) as page:
        pieces, pixels = page.text(), page.pixels()
    file.close()
    places = [piece.place for piece in pieces]
    x0, y0 = min(place.x0 for place in places), min(place.y0 for place in places)
    x1, y1 = max(place.x1 for place in places), max(place.y1 for place in places)
    dark = np.argwhere(pixels.min(axis=2) < 128)
    (top, left), (bottom, right) = dark.min(axis=0), dark.max(axis=0)
    assert x0 - 8 <= left <= right <= x1 + 8
    assert y0 - 8 <= top <= bottom <= y1 + 8


def saved(document: pdfium.PdfDocument) -> bytes:
    file = io.BytesIO()
    document.save(file)
    document.close()
    return file.getvalue()


def test_a_picture_on_a_page_is_a_figure_and_a_scan_is_none() -> None:
    file = opened(pdf.with_picture())
    with file.page(0, 72) as page:
        (place,) = page.figures(page.pictures())
        assert [round(number) for number in (place.x0, place.y0, place.x1, place.y1)] == [60, 140, 380, 380]
    file.close()
    scan = opened(pdf.scan_pages(np.full((300, 200, 3), 230, np.uint8)))
    with scan.page(0, 72) as page:
        assert (page.figures(page.pictures()), page.text()) == ([], [])
    scan.close()


def leaf_of(data: bytes) -> Leaf:
    (leaf,) = list(open_pages(Document(data), Options(), Limits()).leaves)
    return leaf


def test_what_was_filled_into_a_form_is_part_of_its_page() -> None:
    leaf = leaf_of(pdf.filled_form())
    assert [piece.text for piece in leaf.text] == ["Your full name, please:", "Zhang Wei"]
    place = leaf.text[1].place
    around = leaf.pixels[int(place.y0) : int(place.y1) + 1, int(place.x0) : int(place.x1) + 1]
    assert (around.min(axis=2) < 128).mean() > 0.03


def test_a_scan_with_a_stamp_at_its_rim_is_read_as_a_scan() -> None:
    page = np.full((900, 700, 3), 240, np.uint8)
    assert leaf_of(pdf.stamped(page)).text == ()
    assert leaf_of(pdf.with_picture()).text != ()


def test_text_that_stands_turned_is_no_part_of_the_lines() -> None:
    leaf = leaf_of(pdf.beside())
    assert [piece.text for piece in leaf.text] == [f"Line {n} stands upright on this page." for n in range(20)]
    assert [(piece.text, piece.turn) for piece in leaf.aside] == [
        ("arXiv:2401.01234v1 [cs.CL]", 270), ("NOT FOR SALE", 315),
    ]  # fmt: skip
    line = as_given(leaf.pixels, leaf.text, leaf.aside).line(leaf.aside[0])
    x0, y0, x1, y1, *_ = line.box
    assert (line.angle, x0) == (270, x1)
    assert y0 - y1 > 300


def test_text_that_stands_sideways_is_read_as_it_was_written() -> None:
    leaf = leaf_of(pdf.sideways())
    assert [piece.text for piece in leaf.text] == [f"Sideways line number {n} of five." for n in range(1, 6)]
    assert [piece.place.y0 for piece in leaf.text] == sorted(piece.place.y0 for piece in leaf.text)
    upright = as_given(leaf.pixels, leaf.text, leaf.aside, leaf.turn)
    assert upright.pixels.shape[:2] == leaf.pixels.shape[1::-1]
    line = upright.line(leaf.text[0])
    x0, y0, x1, y1, x2, *_ = line.box
    assert (line.angle, x0, x2 > x0, y0 > y1) == (270, x1, True, True)
    around = leaf.pixels[y1:y0, x0:x2]
    assert (around.min(axis=2) < 128).mean() > 0.03


def test_a_scan_with_text_of_its_own_that_stands_turned_is_read_as_a_scan() -> None:
    page = np.full((900, 700, 3), 240, np.uint8)
    assert leaf_of(pdf.stamped(page, up=True)).text == ()


def test_a_sheet_of_two_hundred_inches_is_drawn_smaller_and_says_so() -> None:
    leaves = open_pages(Document(pdf.huge_page()), Options(dpi=216), Limits(pixels=4_000_000))
    (leaf,) = list(leaves.leaves)
    assert leaf.pixels.shape[0] * leaf.pixels.shape[1] < 4_100_000
    assert "dots per inch" in leaf.notes[0]
    assert "very large sheet" in leaf.text[0].text


def test_pages_beyond_the_limit_are_counted_as_unread() -> None:
    leaves = open_pages(Document(pdf.numbered(5)), Options(page_start=2), Limits(pages=2))
    assert [leaf.number for leaf in leaves.leaves] == [2, 3]
    assert (leaves.total, leaves.unread) == (5, 2)
    assert open_pages(Document(pdf.numbered(5)), Options(page_count=2), Limits()).unread == 0


def wrong_password() -> None:
    opened(pdf.encrypted(), "guess")


def no_password() -> None:
    opened(pdf.encrypted())


def broken() -> None:
    opened(b"%PDF-1.4 nothing")


def endless_after_locked() -> None:
    with pytest.raises(RequestError):
        opened(pdf.encrypted())
    opened(pdf.endless())


@pytest.mark.parametrize(
    ("fails", "code"),
    [
        (no_password, "document_encrypted"),
        (wrong_password, "document_password_wrong"),
        (broken, "document_damaged"),
        (endless_after_locked, "document_damaged"),
    ],
)
def test_what_cannot_be_opened_is_named(fails: Callable[[], None], code: str) -> None:
    with pytest.raises(GatewayError) as caught:
        fails()
    assert caught.value.code == code
