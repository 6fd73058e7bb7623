"""Names and options of the picture tools, as clients write them, read into the platform's own."""

from collections.abc import Mapping

from openhearth.core.errors import NotFound, RequestError
from openhearth.core.picture_tools import FILLS, Options, Tool
from openhearth.surfaces.picture_bodies import Fields

_NAMES: Mapping[str, Tool] = {
    "removewatermark": Tool.REMOVE_WATERMARK,
    "airemovewatermark": Tool.REMOVE_WATERMARK,
    "clarity": Tool.CLARITY,
    "enhance": Tool.CLARITY,
    "superresolution": Tool.SUPER_RESOLUTION,
    "upscale": Tool.SUPER_RESOLUTION,
    "generativeupscale": Tool.SUPER_RESOLUTION,
    "crispupscale": Tool.CLARITY,
    "matting": Tool.MATTING,
    "aimatting": Tool.MATTING,
    "rmbg": Tool.MATTING,
    "removebackground": Tool.MATTING,
    "vectorize": Tool.VECTORIZE,
    "vectorise": Tool.VECTORIZE,
    "expand": Tool.EXPAND,
    "outpainting": Tool.EXPAND,
    "style": Tool.STYLE,
    "convert": Tool.CONVERT,
}
_MOST_TEXT = 500
_VENDORS = ("hunyuan", "textin", "baidu", "20", "14", "v2")
_DOCUMENTS: Mapping[str, str] = {
    "pdftomarkdown": "pdf_to_markdown",
    "imagetomarkdown": "pdf_to_markdown",
    "textinocr": "text_recognize_3d1",
    "textrecognize": "text_recognize_3d1",
    "textintable": "table",
    "textincropenhance": "crop_enhance_image",
    "textinbillrecognize": "bill_recognize_v2",
}
INSTRUCTIONS: Mapping[Tool, str] = {
    Tool.REMOVE_WATERMARK: "去除水印和叠加文字，其余保持不变。Remove watermarks and overlaid text, nothing else.",
    Tool.CLARITY: "提高清晰度和细节，内容保持不变。Make the picture sharper and clearer, change nothing else.",
    Tool.MATTING: "去除背景，只保留主体，背景为纯白。Remove the background, keep the subject on plain white.",
    Tool.STYLE: "把图片变成{style}风格，内容保持不变。Turn the picture into {style} style, keep its content.",
}
"""What is asked of a model that edits by words and has no tools."""


def tool_named(name: str, param: str) -> Tool:
    """The tool a client means, with or without a vendor's name in it. Raises RequestError listing those there are."""
    plain = "".join(sign for sign in name.lower() if sign.isalnum())
    if plain in _DOCUMENTS:
        raise RequestError(
            f"'{name[:64]}' reads documents: POST /aitools/v1/document-intelligence/{_DOCUMENTS[plain]}.",
            param=param,
            code="document_task",
        )
    for vendor in ("", *_VENDORS):
        stem = plain.removesuffix(vendor).removeprefix(vendor)
        if stem in _NAMES:
            return _NAMES[stem]
    raise NotFound(
        f"There is no picture tool '{name[:64]}'. Tools: {', '.join(Tool)}.", param=param, code="unknown_tool"
    )


def read_options(fields: Fields) -> Options:
    """What the tool is told. Raises RequestError naming the wrong field."""
    scale = fields.get("scale", int)
    if scale not in (None, 2, 4):
        raise RequestError("Field 'scale' is 2 or 4.", param="scale", code="invalid_value")
    return Options(
        scale=scale,
        left=_share(fields, "left"),
        right=_share(fields, "right"),
        top=_share(fields, "top"),
        bottom=_share(fields, "bottom"),
        fill=_one_of(fields, "fill", FILLS) or "mirror",
        text=_text(fields),
        width=_side(fields, "width"),
        height=_side(fields, "height"),
        degrees=_degrees(fields),
        flip=_one_of(fields, "flip", ("horizontal", "vertical")) or "",
    )


def _text(fields: Fields) -> str:
    value = fields.get("text", str) or ""
    if len(value) > _MOST_TEXT:
        raise RequestError(
            f"Field 'text' has at most {_MOST_TEXT} characters.", param="text", code="string_above_max_length"
        )
    return value


def _share(fields: Fields, name: str) -> float:
    value = fields.get(name, float)
    if value is not None and not 0 <= value <= 2:
        raise RequestError(
            f"Field '{name}' is a share of the side, 0 to 2 (0.25 adds a quarter).", param=name, code="invalid_value"
        )
    return value or 0.0


def _side(fields: Fields, name: str) -> int | None:
    value = fields.get(name, int)
    if value is not None and not 1 <= value <= 30_000:
        raise RequestError(f"Field '{name}' is 1 to 30000 pixels.", param=name, code="invalid_value")
    return value


def _degrees(fields: Fields) -> int:
    value = fields.get("rotate", int) or 0
    if not -360 <= value <= 360:
        raise RequestError("Field 'rotate' is -360 to 360 degrees, clockwise.", param="rotate", code="invalid_value")
    return value


def _one_of(fields: Fields, name: str, choices: tuple[str, ...]) -> str | None:
    value = fields.get(name, str)
    if value is not None and value not in choices:
        raise RequestError(f"Field '{name}' is one of: {', '.join(choices)}.", param=name, code="invalid_value")
    return value
