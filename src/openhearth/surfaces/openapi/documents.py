"""Documents: text of pictures and pages, Markdown, tables, bills, pages made better; our forms and Textin's."""

from typing import Any

from openhearth.core.documents import DPIS, Mode
from openhearth.surfaces.openapi.operation import BYTES, FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    anything,
    file,
    flag,
    many,
    maybe,
    media,
    number,
    ref,
    said,
    shape,
    text,
    whole,
)

_SERVICES = (
    "pdf_to_markdown",
    "text_recognize_3d1",
    "table",
    "bill_recognize_v2",
    "crop_enhance_image",
    "dewarp",
    "watermark-remove",
)
_FILE = file("application/pdf, image/*, office files")
_SOURCE = any_of(media("document"), shape({}, {"url": media("document"), "file_id": text(least=1)}))
_EXAMPLE = {"image": "http://127.0.0.1:8080/samples/portrait.jpg"}
_RAW: dict[str, Schema] = {"application/octet-stream": BYTES, "application/pdf": BYTES, "text/plain": BYTES}
_ANSWER = text("url", "b64_json")
_PAGE = whole(0, 1_000_000)
_OPTIONS: dict[str, Schema] = {
    "model": MODEL,
    "password": text(),
    "page_start": said(_PAGE, "Counts from 1."),
    "page_count": _PAGE,
    "pages": said(text(pattern="^ *[0-9]{1,9} *(- *[0-9]{1,9} *)?$"), "A page or a range, such as 2-5."),
    "dpi": whole(36, 300),
    "parse_mode": said(text("auto", "scan"), "'scan' reads the picture of a page even where it has text."),
    "tables": text("markdown", "md", "html"),
    "titles": flag(),
    "mode": text(*Mode),
    "crop": flag(),
    "quality": whole(1, 100),
    "output_format": text("png", "jpeg", "jpg"),
}
_TEXTIN: dict[str, Schema] = {
    "pdf_pwd": text(),
    "page_start": _PAGE,
    "page_count": _PAGE,
    "dpi": {"type": "integer", "enum": list(DPIS)},
    "parse_mode": text("auto", "scan", "lite", "parse"),
    "table_flavor": text("md", "html"),
    "get_image": text("none", "page", "objects", "both"),
    "apply_document_tree": whole(0, 1),
    "page_details": whole(0, 1),
    "markdown_details": whole(0, 1),
    "enhance_mode": whole(-1, 5),
    "crop_image": whole(0, 1),
    "jpeg_quality": whole(1, 100),
    "image_output_type": text(),
    "response_format": _ANSWER,
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    found: dict[str, Any] = {
        "/v1/ocr": {
            "post": operation(
                "The text of pictures and pages, line by line with places, and as Markdown",
                {JSON: ref("Ocr")},
                body=_bodies({}),
                example=_EXAMPLE,
            )
        },
        "/aitools/v1/document-intelligence/{service}": {
            "post": operation(
                "Markdown, text, tables, bills, and pages made better, in Textin's envelope",
                {JSON: ref("Envelope")},
                body=_bodies({"response_format": _ANSWER}),
                example=_EXAMPLE,
                path={"service": text(*_SERVICES)},
                query={"response_format": said(_ANSWER, "'url': pictures as links, not base64.")},
            )
        },
    }
    for path, summary in (
        ("pdf_to_markdown", "A document as Markdown"),
        ("image/watermark_remove", "A page without its watermark"),
        ("crop_enhance_image", "A photographed page cut out, straightened and made better to read"),
    ):
        found[f"/textin/v1/{path}"] = {"post": _textin(summary)}
    return found


def schemas() -> dict[str, Schema]:
    """Components."""
    line = shape(
        {
            "text": text(),
            "score": number(0, 1),
            "box": many(many(whole(), least=2, most=2), least=4, most=4),
            "page": whole(1),
        }
    )
    page = shape({"page": whole(1), "width": whole(0), "height": whole(0), "angle": whole(), "is_scan": flag()})
    return {
        "Ocr": shape(
            {
                "object": text("ocr"),
                "model": text(),
                "text": text(),
                "lines": many(line),
                "markdown": text(),
                "pages": many(page),
                "total_pages": whole(0),
                "usage": shape({"pages": whole(0)}),
            },
            {"notes": many(text())},
        ),
        "Envelope": shape(
            {
                "code": {"type": "integer", "enum": [200]},
                "message": text("success"),
                "version": text(),
                "duration": whole(0),
                "x_request_id": text(),
                "result": anything(),
            },
            {"metrics": many(anything()), "pages": many(anything()), "pageNum": whole(0), "notes": many(text())},
        ),
        "TextinError": shape(
            {"code": whole(400), "message": text()}, {"error": text(), "param": maybe(text()), "result": anything()}
        ),
    }


def _bodies(more: dict[str, Schema]) -> dict[str, Schema]:
    named = {name: maybe(schema) for name, schema in {**_OPTIONS, **more}.items()}
    sources = any_of(_SOURCE, many(_SOURCE, most=16))
    return {
        JSON: shape({"image": sources}, named),
        FORM: shape({"file": _FILE}, {**_OPTIONS, **more}),
        **_RAW,
    }


def _textin(summary: str) -> dict[str, Any]:
    return operation(
        summary,
        {JSON: ref("Envelope")},
        body={JSON: shape({"data": media("document")}, {"model": maybe(MODEL)}), FORM: shape({"file": _FILE}), **_RAW},
        example={"data": _EXAMPLE["image"]},
        query=_TEXTIN,
        errors=("TextinError",),
    )
