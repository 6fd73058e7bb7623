"""Asking Textin itself: the path and query of a service, and its answers as readings."""

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any
from urllib.parse import urlencode

import msgspec

from openhearth.core.documents import (
    Bill,
    Block,
    Box,
    Cell,
    DocumentRequest,
    Field,
    Line,
    Made,
    Mode,
    Page,
    Reading,
    Service,
    Table,
)
from openhearth.core.errors import (
    GatewayError,
    RequestError,
    TooLarge,
    UnsupportedMedia,
    UpstreamBusy,
    UpstreamDown,
    UpstreamGarbled,
    UpstreamRefusedUs,
    UpstreamRejected,
)
from openhearth.core.pictures import kind_of, size_of
from openhearth.dialects.textin.errors import SUCCESS

PATHS = {
    Service.MARKDOWN: "/v1/pdf_to_markdown",
    Service.TEXT: "/v2/recognize/multipage",
    Service.TABLES: "/v2/recognize/table",
    Service.BILL: "/v1/bill_recognize_v2",
    Service.ENHANCE: "/v1/crop_enhance_image",
    Service.DEWARP: "/v1/dewarp",
    Service.WATERMARK: "/v1/image/watermark_remove",
}
_MODES = {Mode.BRIGHTEN: 1, Mode.SHARPEN: 2, Mode.BLACK_WHITE: 3, Mode.GREY: 4, Mode.NO_SHADOW: 5}
_PICTURES = {"none": "none", "figures": "objects", "pages": "page", "both": "both"}
_KINDS = {"image": "figure", "table": "table"}
_SUB_KINDS = {"header": "header", "footer": "footer", "image_title": "caption", "table_title": "caption"}
_NOWHERE: Box = (0, 0, 0, 0, 0, 0, 0, 0)
_REFUSED_US = frozenset({40101, 40102, 40103, 40003, 40007, 40008})
_BUSY = frozenset({40306})
_TOO_LARGE = frozenset({40302})
_UNSUPPORTED = frozenset({40301, 40303, 40425})

Json = dict[str, Any]


def query_of(request: DocumentRequest) -> str:
    """The query of a service, with a leading ``?`` or empty."""
    options, asked = request.options, request.asked
    found: dict[str, object] = {}
    if request.service is Service.MARKDOWN:
        found = {
            "parse_mode": "scan" if options.scan else "auto",
            "table_flavor": "html" if options.tables == "html" else "md",
            "get_image": _PICTURES[options.pictures],
            "image_output_type": "base64str",
            "apply_document_tree": int(options.titles),
            "page_start": options.page_start,
        }
        found |= {"pdf_pwd": options.password} if options.password else {}
        found |= {"page_count": options.page_count} if options.page_count else {}
        found |= {"dpi": options.dpi} if "dpi" in asked else {}
    if request.service is Service.ENHANCE:
        found = {"enhance_mode": _MODES.get(options.mode, -1), "crop_image": int(options.crop)}
    if request.service is Service.TABLES:
        found = {"excel": 0}
    return f"?{urlencode(found)}" if found else ""


def unused(request: DocumentRequest) -> tuple[str, ...]:
    """Options that Textin cannot be told for this service."""
    heeded = {
        Service.MARKDOWN: {"password", "page_start", "page_count", "dpi", "scan", "tables", "pictures", "titles"},
        Service.ENHANCE: {"mode", "crop"},
    }.get(request.service, set())
    return tuple(sorted(request.asked - heeded))


def read(body: bytes, request: DocumentRequest, name: str) -> Reading:
    """The reading in an answer of status 200. Raises what ``fault`` gives for another code, and UpstreamGarbled."""
    try:
        said = msgspec.json.decode(body, type=Json)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamGarbled(f"{name} sent an answer we cannot read.", target=name) from error
    if said.get("code") != SUCCESS:
        raise fault(said, body, name)
    result = said.get("result") or {}
    try:
        return msgspec.structs.replace(_READERS[request.service](result, said, request), unused=unused(request))
    except (KeyError, TypeError, ValueError, IndexError, NotBase64) as error:
        raise UpstreamGarbled(f"{name} sent an answer in another form than it publishes.", target=name) from error


def fault(said: Json, body: bytes, name: str) -> GatewayError:
    """An error of Textin's as ours."""
    code = said.get("code")
    message = f"{name}: {str(said.get('message') or 'no reason given')[:500]} ({code})"
    if code in _REFUSED_US:
        return UpstreamRefusedUs(f"{name} refused our credential ({code}).", target=name, upstream_status=401)
    if code in _BUSY:
        return UpstreamBusy(message, target=name, upstream_status=429, retry_after_s=1.0)
    if code in _TOO_LARGE:
        return TooLarge(message, code="document_too_large", param="file")
    if code in _UNSUPPORTED:
        return UnsupportedMedia(message, code="document_unsupported", param="file")
    if code == 40423:
        return RequestError(message, code="document_encrypted", param="password")
    if isinstance(code, int) and 40000 <= code < 50000:
        return UpstreamRejected(message, target=name, upstream_status=400, body=body)
    return UpstreamDown(message, target=name)


def _markdown(result: Json, said: Json, request: DocumentRequest) -> Reading:
    blocks: dict[int, list[Block]] = {}
    tables: list[Table] = []
    for item in result.get("detail") or []:
        if item.get("type") == "table":
            tables.append(_table(item, int(item.get("page_id", 1)), item.get("cells") or [], str(item.get("text", ""))))
        blocks.setdefault(int(item.get("page_id", 1)), []).append(_block(item, len(tables) - 1))
    pages = tuple(
        Page(
            int(page.get("page_id", number)),
            int(page.get("width", 0)),
            int(page.get("height", 0)),
            int(page.get("angle", 0)),
            is_scan=False,
            lines=tuple(_line(line, "pos") for line in page.get("content") or [] if line.get("type") == "line"),
            blocks=tuple(blocks.get(int(page.get("page_id", number)), ())),
        )
        for number, page in enumerate(result.get("pages") or [], 1)
    )
    total = int(result.get("total_page_number") or len(pages) or 1)
    text = "\n".join(line.text for page in pages for line in page.lines)
    return Reading(text, str(result["markdown"]), pages, tuple(tables), total_pages=total)


def _block(item: Json, table: int) -> Block:
    kind = _KINDS.get(str(item.get("type")), _SUB_KINDS.get(str(item.get("sub_type")), "paragraph"))
    level = int(item.get("outline_level", -1)) + 1
    if kind == "paragraph" and level > 0:
        return Block("title", f"{'#' * level} {item.get('text', '')}", _box(item.get("position")), level=level)
    return Block(kind, str(item.get("text", "")), _box(item.get("position")), table=table if kind == "table" else -1)


def _text(result: Json, said: Json, request: DocumentRequest) -> Reading:
    pages = tuple(
        Page(
            number,
            int(page.get("width", 0)),
            int(page.get("height", 0)),
            int(page.get("angle", 0)),
            is_scan=True,
            lines=tuple(_line(line, "position") for line in page.get("lines") or []),
        )
        for number, page in enumerate(result.get("pages") or [result], 1)
    )
    text = "\n\n".join("\n".join(line.text for line in page.lines) for page in pages)
    return Reading(text, text, pages, total_pages=len(pages))


def _tables(result: Json, said: Json, request: DocumentRequest) -> Reading:
    given = result.get("pages") or [result]
    tables = [
        _table(table, number, [_spans(cell) for cell in table.get("table_cells") or []], "")
        for number, page in enumerate(given, 1)
        for table in page.get("tables") or []
    ]
    pages = tuple(
        Page(number, int(page.get("width", 0)), int(page.get("height", 0)), int(page.get("angle", 0)), is_scan=True)
        for number, page in enumerate(given, 1)
    )
    form = "html" if request.options.tables == "html" else "markdown"
    together = "\n\n".join(getattr(table, form) for table in tables)
    return Reading(together, together, pages, tuple(tables), total_pages=len(pages))


def _spans(cell: Json) -> Json:
    return {
        **cell,
        "row": cell["start_row"],
        "col": cell["start_col"],
        "row_span": cell["end_row"] - cell["start_row"] + 1,
        "col_span": cell["end_col"] - cell["start_col"] + 1,
    }


def _table(item: Json, page: int, given: list[Json], text: str) -> Table:
    cells = tuple(
        Cell(
            int(cell["row"]),
            int(cell["col"]),
            int(cell.get("row_span", 1)),
            int(cell.get("col_span", 1)),
            str(cell.get("text", "")),
            _box(cell.get("position")),
        )
        for cell in given
    )
    rows = max((cell.row + cell.rows for cell in cells), default=0)
    columns = max((cell.column + cell.columns for cell in cells), default=0)
    is_ruled = item.get("sub_type", "bordered") == "bordered" and item.get("type") != "table_without_line"
    return Table(page, rows, columns, cells, _box(item.get("position")), is_ruled, text, text)


def _bills(result: Json, said: Json, request: DocumentRequest) -> Reading:
    bills = [
        _bill(item, int(page.get("page_number", number)) + 1)
        for number, page in enumerate(said.get("pages") or [{"result": result}])
        for item in (page.get("result") or {}).get("object_list") or []
    ]
    pages = tuple(Page(number, 0, 0, 0, is_scan=True) for number in range(1, len(said.get("pages") or [0]) + 1))
    return Reading(pages=pages, bills=tuple(bills), total_pages=len(pages))


def _bill(item: Json, page: int) -> Bill:
    return Bill(
        page=page,
        kind=str(item.get("type", "other")),
        kind_score=1.0,
        fields=tuple(_field(one) for one in item.get("item_list") or []),
        items=tuple(tuple(_field(one) for one in row) for row in item.get("product_list") or []),
        width=int(item.get("rotated_image_width", 0)),
        height=int(item.get("rotated_image_height", 0)),
        angle=int(item.get("image_angle", 0)),
        box=_box(item.get("position")),
    )


def _field(item: Json) -> Field:
    value = str(item.get("value", ""))
    return Field(str(item["key"]), value, value, float(item.get("score", 1.0)), _box(item.get("position")))


def _pictures(result: Json, said: Json, request: DocumentRequest) -> Reading:
    given = result.get("image_list") or [result]
    made = []
    for number, item in enumerate(given, 1):
        entry = item if isinstance(item, dict) else {"image": item}
        data = b64decode(entry["image"])
        width, height = size_of(data) or (int(entry.get("cropped_width", 0)), int(entry.get("cropped_height", 0)))
        box, angle = _box(entry.get("position")), int(entry.get("angle", 0))
        mime = kind_of(data) or "image/jpeg"
        made.append(Made(f"result{number}", "result", data, mime, width, height, 1, box, angle))
    page = Page(1, int(result.get("origin_width", 0)), int(result.get("origin_height", 0)), 0, is_scan=True)
    return Reading(pages=(page,), pictures=tuple(made), total_pages=1)


def _line(line: Json, place: str) -> Line:
    return Line(str(line["text"]), float(line.get("score", 1.0)), _box(line.get(place)), int(line.get("angle", 0)))


def _box(given: object) -> Box:
    if not isinstance(given, list) or len(given) != 8:
        return _NOWHERE
    x0, y0, x1, y1, x2, y2, x3, y3 = (round(float(number)) for number in given)
    return x0, y0, x1, y1, x2, y2, x3, y3


_READERS = {
    Service.MARKDOWN: _markdown,
    Service.TEXT: _text,
    Service.TABLES: _tables,
    Service.BILL: _bills,
    Service.ENHANCE: _pictures,
    Service.DEWARP: _pictures,
    Service.WATERMARK: _pictures,
}
