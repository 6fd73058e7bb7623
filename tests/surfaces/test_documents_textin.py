"""Textin's own paths, with the embedded reader behind them and with a fake Textin."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from openhearth.core.documents import Mode, Service
from openhearth.core.errors import RequestError
from openhearth.core.provider import Origin, Secret, Target
from openhearth.providers.textin import PROVIDER
from tests.fakes.access import GOOD_KEY
from tests.fakes.media import png
from tests.fakes.serving import port_of, serving
from tests.surfaces.reading_desk import PDF, URL, Desk, data_uri, desk, local

TEXTIN = "/textin/v1"
POSITION = [1, 2, 3, 2, 3, 4, 1, 4]
ANSWERS: dict[str, Any] = {
    "/v1/pdf_to_markdown": {
        "result": {
            "markdown": "# Hello",
            "detail": [
                {"page_id": 1, "paragraph_id": 0, "outline_level": 0, "text": "Hello", "position": POSITION,
                 "content": 0, "type": "paragraph", "sub_type": "text_title", "tags": ["kept"]},
                {"page_id": 1, "type": "table", "sub_type": "borderless", "text": "| a |", "position": POSITION,
                 "outline_level": -1, "cells": [{"row": 0, "col": 0, "row_span": 1, "col_span": 2, "text": "a"}]},
            ],
            "pages": [{"page_id": 1, "width": 100, "height": 50, "angle": 90, "content": [
                {"type": "line", "text": "Hello", "pos": POSITION, "angle": 90, "score": 0.5}]}],
            "total_page_number": 4,
            "success_count": 2,
        }
    },
    "/v2/recognize/multipage": {
        "result": {"pages": [{"width": 9, "height": 8, "angle": 0, "lines": [{"text": "Hi", "position": POSITION}]}]}
    },
    "/v2/recognize/table": {
        "result": {"pages": [{"tables": [{"type": "table_with_line", "position": POSITION, "table_cells": [
            {"start_row": 0, "end_row": 0, "start_col": 0, "end_col": 1, "text": "a"}]}]}]}
    },
    "/v1/bill_recognize_v2": {
        "result": {},
        "pages": [{"page_number": 0, "result": {"object_list": [{"type": "train_ticket", "image_angle": 0,
                  "item_list": [{"key": "fare", "value": "54.5"}]}]}}],
    },
    "/v1/crop_enhance_image": {
        "result": {"origin_width": 30, "origin_height": 20, "image_list": [
            {"cropped_width": 4, "cropped_height": 3, "position": POSITION, "angle": 0,
             "image": base64.b64encode(png()).decode()}]}
    },
    "/v1/dewarp": {"result": {"image": base64.b64encode(png()).decode()}},
    "/v1/image/watermark_remove": {"result": {"image": base64.b64encode(png()).decode()}},
}  # fmt: skip


class Fake:
    """A Textin that answers as its pages say; ``code`` makes it refuse."""

    def __init__(self) -> None:
        self.port = 0
        self.seen: list[tuple[str, dict[str, str], bytes, dict[str, str]]] = []
        self.code = 200
        self.status = 200

    async def answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix("/ai/service")
        self.seen.append((path, dict(request.query_params), await request.body(), dict(request.headers)))
        if self.code != 200:
            body: dict[str, Any] = {"code": self.code, "message": "no"}
        else:
            body = {"code": 200, "message": "success", "version": "v9", "x_request_id": "theirs", **ANSWERS[path]}
        return Response(json.dumps(body), self.status, media_type="application/json")

    def target(self, secret: str = "app|code") -> Target:
        origin = Origin("http", "127.0.0.1", self.port)
        return Target("textin", PROVIDER, origin, "/ai/service", "textin", secret=Secret(secret))


@asynccontextmanager
async def textin() -> AsyncIterator[Fake]:
    fake = Fake()
    app = Starlette(routes=[Route("/{path:path}", fake.answer, methods=["POST"])])
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", ws="none")
    async with serving(config) as server:
        fake.port = port_of(server)
        yield fake


STAND_INS = {"textin": "rapid-ocr"}


async def test_without_textin_the_embedded_reader_answers_in_its_form() -> None:
    async with desk(stand_ins=STAND_INS) as it:
        answer = await it.post(
            f"{TEXTIN}/pdf_to_markdown?pdf_pwd=p&page_start=0&page_count=5&dpi=216&table_flavor=html&get_image=both"
            "&parse_mode=scan&apply_document_tree=0&formula_level=1",
            PDF,
            content_type="application/octet-stream",
        )
        assert answer.status == 200, answer.body
        body = answer.json()
        assert (body["code"], body["message"]) == (200, "success")
        assert body["result"]["markdown"].startswith("# Report")
        assert body["metrics"][0]["page_image_width"] == 600
        options = it.asked.options
        assert (options.password, options.page_start, options.page_count, options.dpi) == ("p", 1, 5, 216)
        assert (options.tables, options.pictures, options.scan, options.titles) == ("html", "both", True, False)
        assert answer.headers["x-openhearth-dropped"] == "formula_level"
        assert it.document.data == PDF


@pytest.mark.parametrize(
    "sent",
    [
        (URL.encode(), {"content_type": "text/plain"}),
        ({"data": URL}, {}),
        ({"data": base64.b64encode(PDF * 8).decode()}, {}),
        ({"data": data_uri(PDF, "application/pdf")}, {}),
    ],
)
async def test_the_file_may_be_named_or_inside(sent: tuple[Any, dict[str, str]]) -> None:
    async with desk(stand_ins=STAND_INS) as it:
        assert (await it.post(f"{TEXTIN}/pdf_to_markdown", sent[0], **sent[1])).status == 200
        assert it.document.data in (PDF, PDF * 8)


async def test_textins_clients_may_send_our_key_where_they_put_their_secret() -> None:
    async with desk(stand_ins=STAND_INS) as it:
        answer = await it.post(
            f"{TEXTIN}/crop_enhance_image?enhance_mode=3&crop_image=0", png(), key="", x_ti_app_id="any",
            x_ti_secret_code=GOOD_KEY, content_type="application/octet-stream",
        )  # fmt: skip
        assert answer.status == 200, answer.body
        assert (it.asked.service, it.asked.options.mode, it.asked.options.crop) == (
            Service.ENHANCE, Mode.BLACK_WHITE, False,
        )  # fmt: skip
        assert answer.json()["notes"] == ["a note"]


@pytest.mark.parametrize(
    ("query", "key", "fails", "status", "code"),
    [
        ("", "", None, 401, 40101),
        ("", "sk-wrong", None, 401, 40102),
        ("?dpi=100", GOOD_KEY, None, 400, 40004),
        ("?page_start=x", GOOD_KEY, None, 400, 40004),
        ("?table_flavor=tex", GOOD_KEY, None, 400, 40004),
        ("", GOOD_KEY, RequestError("locked", code="document_encrypted", param="password"), 400, 40423),
        ("", GOOD_KEY, RequestError("broken", code="document_damaged"), 400, 40422),
    ],
)
async def test_errors_come_in_the_envelope(
    query: str, key: str, fails: RequestError | None, status: int, code: int
) -> None:
    async with desk(stand_ins=STAND_INS) as it:
        it.driver.fails = fails
        answer = await it.post(f"{TEXTIN}/pdf_to_markdown{query}", PDF, key=key, content_type="application/pdf")
        assert (answer.status, answer.json()["code"]) == (status, code), answer.body
        assert answer.json()["message"]


async def test_no_file_is_said_in_the_envelope() -> None:
    async with desk(stand_ins=STAND_INS) as it:
        answer = await it.post(f"{TEXTIN}/image/watermark_remove", b"", content_type="application/octet-stream")
        assert (answer.status, answer.json()["code"]) == (400, 40305)


async def test_with_textin_attached_its_own_answer_goes_through() -> None:
    async with textin() as fake, desk(fake.target(), local(), stand_ins=STAND_INS) as it:
        path = f"{TEXTIN}/pdf_to_markdown?page_start=2&formula_level=1&response_format=b64_json"
        answer = await it.post(path, PDF, content_type="application/pdf")
        assert answer.json()["x_request_id"] == "theirs"
        assert answer.json()["result"]["detail"][0]["tags"] == ["kept"]
        assert answer.headers["x-openhearth-target"] == "textin"
        (seen,) = fake.seen
        assert seen[:3] == ("/v1/pdf_to_markdown", {"page_start": "2", "formula_level": "1"}, PDF)
        assert (seen[3]["x-ti-app-id"], seen[3]["x-ti-secret-code"]) == ("app", "code")
        assert it.app.limits.settled[0].usage.pages == 2
        assert it.driver.requests == []


async def test_its_pictures_become_links_when_asked_for() -> None:
    async with textin() as fake, desk(fake.target()) as it:
        answer = await it.post(f"{TEXTIN}/crop_enhance_image?response_format=url", png(), content_type="image/png")
        link = answer.json()["result"]["image_list"][0]["image"]
        assert (await it.get(link)).body == png()


async def asked(it: Desk, name: str, **fields: object) -> dict[str, Any]:
    answer = await it.post(f"/aitools/v1/document-intelligence/{name}", {"image": URL, "model": "textin", **fields})
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.json()
    return body


async def test_textin_reads_for_our_paths_too() -> None:
    async with textin() as fake, desk(fake.target()) as it:
        found = (await asked(it, "pdf_to_markdown", password="p", pages="2-3", tables="html", images="figures"))[
            "result"
        ]
        assert fake.seen[0][1] == {
            "parse_mode": "auto", "table_flavor": "html", "get_image": "objects", "image_output_type": "base64str",
            "apply_document_tree": "1", "page_start": "2", "page_count": "2", "pdf_pwd": "p",
        }  # fmt: skip
        assert (found["markdown"], found["total_page_number"]) == ("# Hello", 4)
        assert [item["type"] for item in found["detail"]] == ["paragraph", "table"]
        assert found["detail"][1]["sub_type"] == "borderless"
        assert found["pages"][0]["content"][0]["score"] == 0.5
        lines = (await asked(it, "text_recognize_3d1"))["result"]["pages"][0]["lines"]
        assert [line["text"] for line in lines] == ["Hi"]
        tables = (await asked(it, "table"))["result"]["pages"][0]["tables"]
        assert (tables[0]["table_rows"], tables[0]["table_cols"]) == (1, 2)
        (page,) = (await asked(it, "bill_recognize_v2"))["pages"]
        assert page["result"]["object_list"][0]["item_list"][0]["value"] == "54.5"
        for name in ("dewarp", "watermark-remove"):
            assert base64.b64decode((await asked(it, name))["result"]["image"]) == png()
        (cropped,) = (await asked(it, "crop_enhance_image", mode="no_shadow"))["result"]["image_list"]
        assert cropped["position"] == POSITION
        assert fake.seen[-1][1] == {"enhance_mode": "5", "crop_image": "1"}


@pytest.mark.parametrize(
    ("code", "status"), [(40101, 503), (40306, 429), (40302, 413), (40303, 415), (40004, 400), (30203, 502)]
)
async def test_what_textin_refuses_becomes_our_error(code: int, status: int) -> None:
    async with textin() as fake, desk(fake.target()) as it:
        fake.code = code
        answer = await it.post("/v1/ocr", {"image": URL, "model": "textin"})
        assert answer.status in (status, 502), answer.body
        if status < 500:
            assert answer.status == status
        relayed = await it.post(f"{TEXTIN}/pdf_to_markdown", PDF, content_type="application/pdf")
        assert relayed.json()["code"] != 200


async def test_a_key_that_is_no_pair_is_told_to_the_operator_and_harms_nobody() -> None:
    async with textin() as fake, desk(fake.target("only-one-part")) as it:
        answer = await it.post("/v1/ocr", {"image": URL, "model": "textin"})
        assert answer.status == 502
        assert "APP_ID|SECRET_CODE" in answer.json()["error"]["message"]
