"""Picture tools: by task, by model, in Recraft's own form, and for a picture by its address."""

from typing import Any

from openhearth.core.picture_tools import FILLS, STYLES, Tool
from openhearth.surfaces.openapi.images import OUTPUT, PICTURES, PROMPT, RATIO, SAMPLE, SIZE
from openhearth.surfaces.openapi.operation import BYTES, FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    anything,
    file,
    in_form,
    maybe,
    media,
    number,
    ref,
    said,
    shape,
    text,
    whole,
)

_TOOLS = ", ".join(Tool)
_SHARE = said(maybe(number(0, 2)), "For expand: the share of the side to add.")
_OPTIONS: dict[str, Schema] = {
    "scale": said(maybe({"type": "integer", "enum": [2, 4]}), "For super_resolution and clarity."),
    "left": _SHARE,
    "right": _SHARE,
    "top": _SHARE,
    "bottom": _SHARE,
    "fill": maybe(text(*FILLS)),
    "text": said(maybe(text()), "For remove_watermark: only lines that hold it."),
    "width": maybe(whole(1, 30_000)),
    "height": maybe(whole(1, 30_000)),
    "rotate": maybe(whole(-360, 360)),
    "flip": maybe(text("horizontal", "vertical")),
    "style": said(maybe(text(most=128)), f"For style: {', '.join(STYLES)}, or what another model knows."),
    "aspect_ratio": maybe(RATIO),
}
_PICTURES_OUT = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml")
_RECRAFT = ("vectorize", "generativeUpscale", "crispUpscale", "removeBackground")


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    recraft = "/aitools/v1/recraft/v1/images"
    return {
        "/aitools/v1/images": {
            "post": _tool(
                f"A picture tool, picked by 'task': {_TOOLS}",
                {"task": text(least=1)},
                {"model": maybe(MODEL)},
                {"task": "style", "style": "sketch", "image": SAMPLE},
            )
        },
        "/aitools/v1/images/edits": {
            "post": _tool(
                f"A picture tool, picked by 'model': {_TOOLS}, or MODEL/TOOL for another model's",
                {"model": text(least=1)},
                {},
                {"model": "matting", "image": SAMPLE},
            )
        },
        f"{recraft}/generations": {
            "post": operation(
                "Make pictures from words",
                {JSON: ref("Images")},
                body={JSON: _generated()},
                example={"prompt": "Summer by the sea", "size": "256x256"},
            )
        },
        f"{recraft}/{{tool}}": {
            "post": operation(
                "A picture tool in Recraft's form",
                {JSON: ref("RecraftImage")},
                body={
                    FORM: shape({"file": file("image/*")}, in_form(OUTPUT)),
                    JSON: shape({"image": PICTURES}, OUTPUT),
                },
                example={"image": SAMPLE},
                path={"tool": text(*_RECRAFT)},
            )
        },
        "/beta/image": {
            "get": operation(
                "The picture behind an address, changed as the query says, as bytes",
                dict.fromkeys(_PICTURES_OUT, BYTES),
                query=_link(),
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "RecraftImage": shape(
            {"image": any_of(shape({"url": text(pattern="^https?://")}), shape({"b64_json": text(least=1)}))}
        )
    }


def _generated() -> Schema:
    return shape(
        {"prompt": PROMPT},
        {
            "model": maybe(MODEL),
            "n": maybe(whole(1, 10)),
            "style": maybe(text(most=128)),
            "substyle": maybe(text()),
            "style_id": maybe(text()),
            "controls": maybe(anything()),
            "negative_prompt": maybe(text(most=32_000)),
            **OUTPUT,
        },
    )


def _tool(
    summary: str, required: dict[str, Schema], optional: dict[str, Schema], example: dict[str, Any]
) -> dict[str, Any]:
    options = {**optional, **_OPTIONS, **OUTPUT}
    picture = file("image/*")
    return operation(
        summary,
        {JSON: ref("Images")},
        body={
            JSON: shape({**required, "image": PICTURES}, options),
            FORM: shape({**required, "image": picture}, in_form(options)),
        },
        example=example,
    )


def _link() -> dict[str, Schema]:
    return {
        "url": media("picture"),
        "task": said(text(), f"{_TOOLS}; usually convert."),
        "model": MODEL,
        "format": text("png", "jpeg", "jpg", "webp", "gif", "svg"),
        "quality": whole(0, 100),
        "size": SIZE,
        **in_form(_OPTIONS),
    }
