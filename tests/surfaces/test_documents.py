"""POST /v1/ocr and /aitools/v1/document-intelligence: bodies, options, answers, links, errors and what is paid for."""

import base64
from typing import Any

import pytest

from openhearth.config import Config, Documents
from openhearth.core.call import Outcome
from openhearth.core.documents import Mode, Service
from openhearth.core.errors import RequestError, UpstreamDown
from openhearth.core.money import Price
from tests.fakes.media import png
from tests.surfaces.reading_desk import BOX, OWNER, PDF, URL, Desk, data_uri, desk, editor, local

OCR = "/v1/ocr"
TOOLS = "/aitools/v1/document-intelligence"
FILE_ID = "file_0123456789abcdef01234567"


def form(*parts: tuple[str, str | bytes]) -> tuple[bytes, dict[str, str]]:
    pieces = []
    for name, value in parts:
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += '; filename="paper.pdf"\r\nContent-Type: application/pdf'
        data = value if isinstance(value, bytes) else value.encode()
        pieces.append(head.encode() + b"\r\n\r\n" + data + b"\r\n")
    return b"".join(pieces) + b"--edge--\r\n", {"content_type": "multipart/form-data; boundary=edge"}


async def test_ocr_answers_text_lines_and_markdown() -> None:
    async with desk() as it:
        answer = await it.post(OCR, {"image": data_uri(png())})
        assert answer.status == 200, answer.body
        body = answer.json()
        assert body["text"] == "Report 报告"
        assert body["lines"] == [
            {"text": "Report 报告", "score": 0.98, "box": [[10, 20], [110, 20], [110, 40], [10, 40]], "page": 1}
        ]
        assert body["markdown"].startswith("# Report")
        assert body["pages"] == [{"page": 1, "width": 600, "height": 800, "angle": 0, "is_scan": True}]
        assert body["usage"] == {"pages": 1}
        assert answer.headers["x-openhearth-target"] == "rapid-ocr"
        assert (it.asked.service, it.document.data) == (Service.TEXT, png())


@pytest.mark.parametrize(
    "body",
    [
        {"image": URL}, {"file": URL}, {"document": URL}, {"url": URL}, {"image": {"url": URL}},
        {"image": {"image_url": URL}}, {"images": [URL]},
    ],
)  # fmt: skip
async def test_a_link_may_stand_in_any_usual_field(body: dict[str, Any]) -> None:
    async with desk() as it:
        assert (await it.post(OCR, body)).status == 200
        assert (it.document.data, it.document.name, it.document.mime) == (PDF, "report.pdf", "application/pdf")


async def test_files_data_and_uploads_are_taken_alike() -> None:
    async with desk() as it:
        it.files.put(OWNER, FILE_ID, png(9, 9))
        assert (await it.post(OCR, {"image": FILE_ID})).status == 200
        assert it.document.data == png(9, 9)
        assert (await it.post(OCR, {"file_id": FILE_ID})).status == 200
        bare = base64.b64encode(png(40, 40)).decode()
        assert (await it.post(OCR, {"image": bare})).status == 200
        assert it.document.data == png(40, 40)
        data, headers = form(("file", PDF), ("pages", "2-3"), ("model", "rapid-ocr"))
        assert (await it.post(OCR, data, **headers)).status == 200
        assert (it.document.data, it.document.name) == (PDF, "paper.pdf")
        assert (it.asked.options.page_start, it.asked.options.page_count) == (2, 2)
        assert (await it.post(OCR + "?dpi=72", PDF, content_type="application/pdf")).status == 200
        assert (it.document.data, it.asked.options.dpi) == (PDF, 72)
        own = f"http://gate.test/v1/files/{FILE_ID}/content"
        assert (await it.post(OCR, {"image": own})).status == 200
        assert it.document.data == png(9, 9)


async def test_several_pictures_are_pages_of_one_answer() -> None:
    async with desk() as it:
        answer = (await it.post(OCR, {"images": [data_uri(png()), URL]})).json()
        assert [line["page"] for line in answer["lines"]] == [1, 2]
        assert answer["usage"] == {"pages": 2}
        assert answer["total_pages"] == 6
        assert [made["id"] for made in answer["images"]] == ["page1-figure1", "document2-page1-figure1"]
        assert "![](document2-page1-figure1)" in answer["markdown"]
        assert base64.b64decode(answer["images"][1]["b64_json"]) == png(5, 4)


async def test_options_reach_the_reader_and_the_rest_is_named() -> None:
    async with desk() as it:
        answer = await it.post(
            OCR,
            {"image": URL, "password": "p", "page_start": 2, "page_count": 3, "dpi": 200, "parse_mode": "scan",
             "tables": "html", "titles": False, "mode": "grey", "colour": 1},
        )  # fmt: skip
        options = it.asked.options
        assert (options.password, options.page_start, options.page_count, options.dpi) == ("p", 2, 3, 200)
        assert (options.scan, options.tables, options.titles, options.mode) == (True, "html", False, Mode.GREY)
        assert answer.headers["x-openhearth-dropped"] == "colour, mode"
        answer = await it.post(OCR, {"image": URL, "response_format": "url", "page_details": 0, "user": "me"})
        assert answer.headers["x-openhearth-dropped"] == "page_details, response_format, user"
        assert (await it.post(OCR, {"image": URL, "images": "both"})).status == 200
        data, headers = form(("image", PDF), ("images", "pages"))
        assert (await it.post(OCR, data, **headers)).status == 200
        assert [asked.options.pictures for asked in it.driver.requests[-2:]] == ["both", "pages"]
    async with desk(config=Config(strict_fields=True)) as strict:
        refused = await strict.post(OCR, {"image": URL, "colour": 1})
        assert (refused.status, refused.json()["error"]["param"]) == (422, "colour")


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        ({}, 400, "image", "missing_file"),
        ({"image": ""}, 400, "image", "missing_file"),
        ({"image": None}, 400, "image", "missing_file"),
        ({"image": 5}, 400, "image", "invalid_type"),
        ({"image": "what"}, 400, "image", "invalid_value"),
        ({"image": "data:image/png;base64,###"}, 400, "image", "invalid_value"),
        ({"image": "data:nothing"}, 400, "image", "invalid_value"),
        ({"image": "https://inner.test/x"}, 400, "image", "url_refused"),
        ({"image": "file_00000000000000000000"}, 404, "image", "file_not_found"),
        ({"images": [URL] * 17}, 400, "image", "too_many_images"),
        ({"image": URL, "dpi": 5}, 400, "dpi", "invalid_value"),
        ({"image": URL, "dpi": "fine"}, 400, "dpi", "invalid_type"),
        ({"image": URL, "pages": "5-2"}, 400, "pages", "invalid_value"),
        ({"image": URL, "pages": "all"}, 400, "pages", "invalid_value"),
        ({"image": URL, "pages": "²"}, 400, "pages", "invalid_value"),
        ({"image": URL, "pages": "9" * 5000}, 400, "pages", "invalid_value"),
        ({"image": URL, "tables": "latex"}, 400, "tables", "invalid_value"),
        ({"image": URL, "model": 7}, 400, "model", "invalid_type"),
        ({"image": URL, "model": "nobody"}, 404, "model", "model_not_found"),
        ({"image": URL, "page_start": -1}, 400, "page_start", "invalid_value"),
    ],
)
async def test_bad_input_is_named(body: dict[str, Any], status: int, param: str, code: str) -> None:
    async with desk() as it:
        answer = await it.post(OCR, body)
        assert (answer.status, answer.json()["error"]["code"]) == (status, code), answer.body
        assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("path", [OCR, f"{TOOLS}/table", "/textin/v1/pdf_to_markdown"])
@pytest.mark.parametrize("value", ["1e400", "[1e400]"])
@pytest.mark.parametrize("field", ["dpi", "nobody_knows_it", "images"])
async def test_a_number_beyond_all_bounds_is_named(path: str, field: str, value: str) -> None:
    async with desk() as it:
        body = f'{{"data": "{URL}", "{field}": {value}}}'.encode()
        answer = await it.post(path, body, content_type="application/json")
        assert answer.status == 400, answer.body
        said = answer.json()
        assert (said if "param" in said else said["error"])["param"] == field


async def test_a_document_that_is_too_large_is_refused_wherever_it_lies() -> None:
    async with desk(config=Config(documents=Documents(file_bytes=10))) as it:
        it.files.put(OWNER, FILE_ID, PDF)
        data, headers = form(("file", PDF))
        for body, more in (
            ({"image": URL}, {}), ({"image": FILE_ID}, {}), ({"image": data_uri(png(20, 20))}, {}), (data, headers),
            (PDF, {"content_type": "application/pdf"}),
        ):  # fmt: skip
            answer = await it.post(OCR, body, **more)
            assert answer.status == 413, body
        assert it.driver.requests == []


async def test_base64_may_be_broken_into_lines() -> None:
    async with desk() as it:
        assert (await it.post(OCR, {"image": base64.encodebytes(png(90, 90)).decode()})).status == 200
        assert it.document.data == png(90, 90)


async def test_a_form_of_a_browser_or_of_curl_is_told_what_to_send() -> None:
    async with desk() as it:
        curl = await it.post(OCR, b'{"image": "x"}', content_type="application/x-www-form-urlencoded")
        assert (curl.status, curl.json()["error"]["code"]) == (415, "unsupported_media_type")
        assert "multipart/form-data" in curl.json()["error"]["message"]
        assert (await it.post(OCR, png(), content_type="application/x-www-form-urlencoded")).status == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [({"image": URL}, "image"), ({"document": URL}, "document"), ({"file_id": FILE_ID}, "file_id")],
)
async def test_what_the_reader_refuses_blames_the_field_the_client_sent(body: dict[str, Any], param: str) -> None:
    async with desk() as it:
        it.files.put(OWNER, FILE_ID, PDF)
        it.driver.refuses = PDF
        for path in (OCR, f"{TOOLS}/table"):
            assert (await it.post(path, body)).json()["error"]["param"] == param
        data, headers = form(("data", PDF))
        assert (await it.post(OCR, data, **headers)).json()["error"]["param"] == "data"


async def test_of_several_documents_the_broken_one_is_named() -> None:
    async with desk() as it:
        it.driver.refuses = png(9, 9)
        error = (await it.post(OCR, {"images": [URL, data_uri(png(9, 9))]})).json()["error"]
        assert (error["param"], error["message"]) == ("images", "Document 2: Broken.")


async def test_no_key_no_reading() -> None:
    async with desk() as it:
        assert (await it.post(OCR, {"image": URL}, key="")).status == 401
        assert (await it.post(f"{TOOLS}/table", {"image": URL}, key="sk-wrong")).status == 401


async def test_a_call_is_settled_once_in_pages() -> None:
    async with desk(local(price=Price(request_micros=7))) as it:
        await it.post(OCR, {"image": URL})
        (call,) = it.app.limits.settled
        assert (call.outcome, call.usage.pages, call.usage.source, call.charge_nanos) == (
            Outcome.OK,
            1,
            "counted",
            7000,
        )
        it.driver.fails = RequestError("Locked.", code="document_encrypted", param="password")
        refused = await it.post(OCR, {"image": URL})
        assert (refused.status, refused.json()["error"]["code"]) == (400, "document_encrypted")
        it.driver.fails = UpstreamDown("gone", code="document_crashed")
        assert (await it.post(OCR, {"image": URL})).status == 502
        assert [call.outcome for call in it.app.limits.settled[1:]] == [Outcome.REJECTED, Outcome.FAILED]
        assert [call.charge_nanos for call in it.app.limits.settled[1:]] == [0, 0]
        assert it.app.limits.open == 0


SERVICES = {
    "pdf_to_markdown": Service.MARKDOWN,
    "text_recognize_3d1": Service.TEXT,
    "table": Service.TABLES,
    "bill_recognize_v2": Service.BILL,
    "crop_enhance_image": Service.ENHANCE,
    "dewarp": Service.DEWARP,
    "watermark-remove": Service.WATERMARK,
}


@pytest.mark.parametrize("name", list(SERVICES))
async def test_every_service_answers_in_the_envelope(name: str) -> None:
    async with desk() as it:
        answer = await it.post(f"{TOOLS}/{name}", {"image": data_uri(png())})
        assert answer.status == 200, answer.body
        body = answer.json()
        assert (body["code"], body["message"]) == (200, "success")
        assert body["x_request_id"] == answer.headers["x-request-id"]
        assert body["duration"] >= 0
        assert it.asked.service is SERVICES[name]


async def result(it: Desk, name: str, **fields: object) -> dict[str, Any]:
    body = (await it.post(f"{TOOLS}/{name}", {"image": URL, **fields})).json()
    found: dict[str, Any] = body["result"]
    return found


async def test_markdown_comes_with_detail_and_pages() -> None:
    async with desk() as it:
        found = await result(it, "pdf_to_markdown")
        assert found["markdown"] == "# Report 报告\n\n![]()"
        assert (found["total_page_number"], found["valid_page_number"]) == (3, 1)
        kinds = [(item["type"], item["sub_type"], item["outline_level"], item["content"]) for item in found["detail"]]
        assert kinds == [
            ("paragraph", "text_title", 0, 0), ("table", "bordered", -1, 0), ("paragraph", "footer", -1, 1),
            ("image", "text", -1, 0),
        ]  # fmt: skip
        assert found["detail"][0]["text"] == "Report 报告"
        assert found["detail"][1]["cells"][0]["col_span"] == 2
        assert found["pages"][0]["content"][0]["pos"] == list(BOX)
        assert "detail" not in await result(it, "pdf_to_markdown", markdown_details=0)
        assert "pages" not in await result(it, "pdf_to_markdown", page_details=0)


async def test_lines_tables_bills_and_pictures_have_their_own_forms() -> None:
    async with desk() as it:
        lines = (await result(it, "text_recognize_3d1"))["pages"][0]["lines"]
        assert lines == [{"text": "Report 报告", "position": list(BOX), "score": 0.98, "angle": 0, "type": "text"}]
        table = (await result(it, "table"))["pages"][0]["tables"][0]
        assert (table["table_cols"], table["table_cells"][0]["end_col"], table["html"]) == (2, 1, "<table></table>")
        bills = (await it.post(f"{TOOLS}/bill_recognize_v2", {"image": URL})).json()["pages"][0]["result"]
        (bill,) = bills["object_list"]
        assert (bill["type"], bill["type_description"], bill["image_angle"]) == ("shop_receipt", "商铺小票", 90)
        assert bill["item_list"][0] == {
            "key": "total", "value": "128.50", "text": "¥128.50", "description": "合计金额", "score": 0.97,
            "position": list(BOX),
        }  # fmt: skip
        assert [item["value"] for item in bill["product_list"][0]] == ["茶", "5.00"]
        (cropped,) = (await result(it, "crop_enhance_image", mode="sharpen"))["image_list"]
        assert (cropped["cropped_width"], cropped["angle"]) == (6, 90)
        assert base64.b64decode(cropped["image"]) == png(6, 7)
        assert it.asked.options.mode is Mode.SHARPEN
        assert base64.b64decode((await result(it, "dewarp"))["image"]) == png(6, 7)


async def test_pictures_come_as_links_that_work() -> None:
    async with desk() as it:
        answer = await it.post(f"{TOOLS}/dewarp?response_format=url", {"image": URL})
        link = answer.json()["result"]["image"]
        assert (await it.get(link)).body == png(6, 7)
        found = (await it.post(f"{TOOLS}/pdf_to_markdown?response_format=url", {"image": URL})).json()["result"]
        picture = found["markdown"].partition("![](")[2].rstrip(")")
        assert (await it.get(picture)).body == png(5, 4)
        assert found["detail"][3]["image_url"] == picture


async def test_unknown_services_and_formats_are_named() -> None:
    async with desk() as it:
        unknown = await it.post(f"{TOOLS}/paint", {"image": URL})
        assert (unknown.status, unknown.json()["error"]["code"]) == (404, "unknown_service")
        wrong = await it.post(f"{TOOLS}/dewarp", {"image": URL, "response_format": "zip"})
        assert (wrong.status, wrong.json()["error"]["param"]) == (400, "response_format")


async def test_overlaid_text_on_a_photograph_goes_to_the_picture_tools() -> None:
    refusal = RequestError("No page.", code="not_a_page", param="image")
    async with desk(local(), editor()) as it:
        it.driver.fails = refusal
        answer = await it.post(f"{TOOLS}/watermark-remove", {"image": data_uri(png(8, 6))})
        assert answer.status == 200, answer.body
        assert base64.b64decode(answer.json()["result"]["image"]) == png(4, 3, 1)
        assert it.editor.requests[0].tool == "remove_watermark"
        assert [call.outcome for call in it.app.limits.settled] == [Outcome.OK, Outcome.OK]
    async with desk(local()) as alone:
        alone.driver.fails = refusal
        answer = await alone.post(f"{TOOLS}/watermark-remove", {"image": data_uri(png(8, 6))})
        assert (answer.status, answer.json()["error"]["code"]) == (400, "not_a_page")
