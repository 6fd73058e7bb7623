"""A reading in Textin's envelopes, one result form for each of its services."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from openhearth.core.documents import Bill, Block, Field, Made, Page, Reading, Service, Table
from openhearth.dialects.textin.errors import SUCCESS
from openhearth.dialects.textin.titles import TITLES

Show = Callable[[Made], str]
"""How a picture is written: base64, or a link."""

_KINDS = {"table": "table", "figure": "image"}
_SUB_TYPES = {"title": "text_title", "caption": "image_title", "header": "header", "footer": "footer"}
_BODY = -1


def in_base64(made: Made) -> str:
    """A picture inside the answer."""
    return b64encode(made.data).decode()


def envelope(
    result: Mapping[str, Any], *, request_id: str, duration_ms: int, version: str, **more: Any
) -> dict[str, Any]:
    """``{"code": 200, "message": "success", …, "result"}``."""
    return {
        "code": SUCCESS,
        "message": "success",
        "version": version,
        "duration": duration_ms,
        "x_request_id": request_id,
        "result": result,
        **more,
    }


def result_of(
    service: Service, reading: Reading, show: Show, *, page_details: bool = True, markdown_details: bool = True
) -> dict[str, Any]:
    """The ``result`` of one service."""
    if service is Service.MARKDOWN:
        return _markdown(reading, show, page_details=page_details, markdown_details=markdown_details)
    if service is Service.TEXT:
        return {"pages": [_lines_page(page) for page in reading.pages], "whole_text": reading.text}
    if service is Service.TABLES:
        return {"pages": [_tables_page(page, reading) for page in reading.pages], "markdown": reading.markdown}
    if service is Service.ENHANCE:
        first = reading.pages[0]
        pictures = [_cropped(made, show) for made in reading.pictures]
        return {"origin_width": first.width, "origin_height": first.height, "image_list": pictures}
    return _single(reading, show)


def bill_pages(reading: Reading) -> list[dict[str, Any]]:
    """``pages`` of the bill service, which stand beside an empty ``result``."""
    return [{"page_number": bill.page - 1, "result": {"object_list": [_bill(bill)]}} for bill in reading.bills]


def metrics(reading: Reading, dpi: int) -> list[dict[str, Any]]:
    """What each page took."""
    return [
        {
            "page_id": page.number,
            "status": "success",
            "duration": page.took_ms,
            "page_image_width": page.width,
            "page_image_height": page.height,
            "dpi": dpi,
            "angle": page.angle,
            "image_id": "",
        }
        for page in reading.pages
    ]


def _single(reading: Reading, show: Show) -> dict[str, Any]:
    """One picture as ``image``; further pages in ``image_list``."""
    made = [show(picture) for picture in reading.pictures]
    first: dict[str, Any] = {"image": made[0] if made else ""}
    if len(made) > 1:
        first["image_list"] = made
    return first


def _markdown(reading: Reading, show: Show, *, page_details: bool, markdown_details: bool) -> dict[str, Any]:
    pictures = {made.id: show(made) for made in reading.pictures}
    markdown = reading.markdown
    for name, shown in pictures.items():
        markdown = markdown.replace(f"]({name})", f"]({shown})" if "://" in shown or shown.startswith("/") else "]()")
    result: dict[str, Any] = {
        "markdown": markdown,
        "total_page_number": reading.total_pages,
        "valid_page_number": len(reading.pages),
        "success_count": len(reading.pages),
    }
    if markdown_details:
        result["detail"] = _details(reading, pictures)
    if page_details:
        result["pages"] = [_page(page, pictures) for page in reading.pages]
    return result


def _details(reading: Reading, pictures: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        _detail(block, page, number, reading, pictures)
        for page in reading.pages
        for number, block in enumerate(page.blocks)
    ]


def _detail(block: Block, page: Page, number: int, reading: Reading, pictures: Mapping[str, str]) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "page_id": page.number,
        "paragraph_id": number,
        "outline_level": block.level - 1 if block.level else _BODY,
        "text": _plain(block),
        "position": list(block.box),
        "content": 1 if block.kind in ("header", "footer") else 0,
        "type": _KINDS.get(block.kind, "paragraph"),
        "sub_type": _sub_type(block, reading),
    }
    if block.kind == "table":
        detail["cells"] = _cells(reading.tables[block.table])
    if block.picture:
        detail["image_url"] = pictures.get(block.picture, "")
    return detail


def _sub_type(block: Block, reading: Reading) -> str:
    if block.kind == "table":
        return "bordered" if reading.tables[block.table].is_ruled else "borderless"
    return _SUB_TYPES.get(block.kind, "text")


def _plain(block: Block) -> str:
    return block.text.lstrip("# ") if block.kind == "title" else block.text


def _page(page: Page, pictures: Mapping[str, str]) -> dict[str, Any]:
    content = [
        {
            "id": number,
            "type": "line",
            "text": line.text,
            "pos": list(line.box),
            "angle": line.angle,
            "score": line.score,
        }
        for number, line in enumerate(page.lines)
    ]
    structured = [
        {
            "type": _KINDS.get(block.kind, "textblock"),
            "sub_type": _SUB_TYPES.get(block.kind, "text"),
            "pos": list(block.box),
            "outline_level": block.level - 1 if block.level else _BODY,
            "text": _plain(block),
        }
        for block in page.blocks
    ]
    shown = {"image_id": f"page{page.number}"} if f"page{page.number}" in pictures else {}
    return {
        "status": "Success",
        "page_id": page.number,
        "durations": page.took_ms,
        "width": page.width,
        "height": page.height,
        "angle": page.angle,
        "content": content,
        "structured": structured,
        **shown,
        **({"image": pictures[f"page{page.number}"]} if shown else {}),
    }


def _lines_page(page: Page) -> dict[str, Any]:
    lines = [
        {"text": line.text, "position": list(line.box), "score": line.score, "angle": line.angle, "type": "text"}
        for line in page.lines
    ]
    return {"page_id": page.number, "width": page.width, "height": page.height, "angle": page.angle, "lines": lines}


def _tables_page(page: Page, reading: Reading) -> dict[str, Any]:
    tables = [
        {
            "type": "table_with_line" if table.is_ruled else "table_without_line",
            "position": list(table.box),
            "table_rows": table.rows,
            "table_cols": table.columns,
            "table_cells": [
                {
                    "start_row": cell["row"],
                    "end_row": cell["row"] + cell["row_span"] - 1,
                    "start_col": cell["col"],
                    "end_col": cell["col"] + cell["col_span"] - 1,
                    "text": cell["text"],
                    "position": cell["position"],
                }
                for cell in _cells(table)
            ],
            "markdown": table.markdown,
            "html": table.html,
        }
        for table in reading.tables
        if table.page == page.number
    ]
    return {"page_id": page.number, "width": page.width, "height": page.height, "angle": page.angle, "tables": tables}


def _cells(table: Table) -> list[dict[str, Any]]:
    return [
        {
            "row": cell.row,
            "col": cell.column,
            "row_span": cell.rows,
            "col_span": cell.columns,
            "position": list(cell.box),
            "text": cell.text,
            "type": "cell",
        }
        for cell in table.cells
    ]


def _bill(bill: Bill) -> dict[str, Any]:
    return {
        "type": bill.kind,
        "type_description": TITLES.get(bill.kind, bill.kind),
        "type_score": bill.kind_score,
        "image_angle": bill.angle,
        "rotated_image_width": bill.width if bill.angle % 180 == 0 else bill.height,
        "rotated_image_height": bill.height if bill.angle % 180 == 0 else bill.width,
        "position": list(bill.box),
        "item_list": [_item(field) for field in bill.fields],
        "product_list": [[_item(field) for field in item] for item in bill.items],
    }


def _item(field: Field) -> dict[str, Any]:
    return {
        "key": field.name,
        "value": field.value,
        "text": field.text,
        "description": TITLES.get(field.name, field.name),
        "score": field.score,
        "position": list(field.box),
    }


def _cropped(made: Made, show: Show) -> dict[str, Any]:
    return {
        "cropped_width": made.width,
        "cropped_height": made.height,
        "position": list(made.box),
        "angle": made.angle,
        "image": show(made),
    }
