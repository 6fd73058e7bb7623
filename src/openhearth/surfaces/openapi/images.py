"""Images: generations, edits and variations (OpenAI's reference, api-reference/images, and the extras of this site)."""

from typing import Any

from openhearth.surfaces.openapi.operation import EVENT, EVENTS, FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    anything,
    file,
    flag,
    in_form,
    many,
    maybe,
    media,
    number,
    passed,
    ref,
    said,
    shape,
    text,
    whole,
)

PROMPT = text(least=1, most=32_000)
SIZE = said(
    text(
        pattern=r"^(auto|adaptive|[124][kK]|[1-9][0-9]{0,4}[xX*×][1-9][0-9]{0,4}|[1-9][0-9]{0,3}[:：/][1-9][0-9]{0,3})$"
    ),
    "auto, adaptive, 1K, 2K, 4K, WIDTHxHEIGHT or a ratio such as 16:9.",
)
RATIO = said(text(pattern=r"^(auto|adaptive|default|[1-9][0-9]{0,3}[:：/][1-9][0-9]{0,3})$"), "Such as 16:9.")
SAMPLE = "http://127.0.0.1:8080/samples/portrait.jpg"
_REFERENCE = shape({}, {"image_url": any_of(media("picture"), shape({"url": media("picture")})), "file_id": text()})
PICTURE = ref("Picture")
PICTURES = ref("Pictures")
_FILE = file("image/*")
OUTPUT: dict[str, Schema] = {
    "size": maybe(SIZE),
    "output_format": maybe(text("png", "jpeg", "jpg", "webp", "gif", "svg")),
    "output_compression": maybe(whole(0, 100)),
    "response_format": maybe(text("url", "b64_json")),
    "user": maybe(text(most=512)),
}
_HOW: dict[str, Schema] = {
    **OUTPUT,
    "n": maybe(whole(1, 10)),
    "batch_size": said(maybe(whole(1, 10)), "Another name of n."),
    "quality": maybe(text("auto", "low", "medium", "high", "standard", "hd", "xhigh", "max")),
    "background": maybe(text("auto", "transparent", "opaque")),
    "stream": maybe(flag()),
    "partial_images": maybe(whole(0, 3)),
    "style": maybe(text(most=128)),
    "image_size": said(maybe(SIZE), "Another name of size."),
    "aspect_ratio": maybe(RATIO),
    "resolution": maybe(text("1k", "2k", "4k", "1K", "2K", "4K")),
    "seed": said(maybe(whole(None, 2**63 - 1)), "Negative: any."),
    "seen": said(maybe(whole(None, 2**63 - 1)), "Another name of seed."),
    "negative_prompt": maybe(text(most=32_000)),
    "guidance_scale": maybe(number(0, 100)),
    "guidance": said(maybe(number(0, 100)), "Another name of guidance_scale."),
    "steps": maybe(whole(1, 1000)),
    "num_inference_steps": said(maybe(whole(1, 1000)), "Another name of steps."),
    "watermark": maybe(flag()),
    "moderation": maybe(text("low", "auto")),
    "safety_identifier": maybe(text()),
    "complexity": maybe(text("low", "medium", "high")),
    "frame_count": maybe(whole(2, 16)),
    "frame_duration_ms": maybe(whole()),
    "svg": maybe(anything()),
    "style_id": maybe(text()),
    "substyle": maybe(text()),
    "controls": maybe(anything()),
    "prompt_extend": maybe(flag()),
    "cfg": maybe(number()),
    "sequential_image_generation": maybe(text("auto", "disabled")),
    "sequential_image_generation_options": maybe(anything()),
    "optimize_prompt": maybe(flag()),
    "optimize_prompt_options": maybe(anything()),
    "layer_decomposition": passed(),
}
_EDITED: dict[str, Schema] = {
    **_HOW,
    "input_fidelity": maybe(text("low", "high")),
    "markup": said(passed(), "Reported as without effect."),
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    answers = {JSON: ref("Images"), EVENTS: EVENT}
    return {
        "/v1/images/generations": {
            "post": operation(
                "Make pictures from words, or from words and pictures",
                answers,
                body={
                    JSON: shape({"prompt": PROMPT}, {"model": maybe(MODEL), **_given(), **_EDITED}),
                    FORM: shape({"prompt": PROMPT}, {"model": MODEL, "image": _FILE, **in_form(_EDITED)}),
                },
                example={"prompt": "Summer by the sea", "size": "256x256"},
            )
        },
        "/v1/images/edits": {
            "post": operation(
                "Change a picture",
                answers,
                body={
                    JSON: shape(
                        {"prompt": PROMPT},
                        {
                            "model": maybe(MODEL),
                            **_given(),
                            "mask": maybe(any_of(PICTURE, many(PICTURE, most=1))),
                            **_EDITED,
                        },
                    ),
                    FORM: shape(
                        {"prompt": PROMPT, "image": _FILE}, {"model": MODEL, "mask": _FILE, **in_form(_EDITED)}
                    ),
                },
                example={"prompt": "make it black and white", "image": SAMPLE},
            )
        },
        "/v1/images/variations": {
            "post": operation(
                "Vary a picture",
                {JSON: ref("Images")},
                body={
                    JSON: shape({"image": PICTURES}, {"model": maybe(MODEL), **_varied()}),
                    FORM: shape({"image": _FILE}, {"model": MODEL, **in_form(_varied())}),
                },
                example={"image": SAMPLE},
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    details = shape({"image_tokens": whole(0), "text_tokens": whole(0)})
    return {
        "Picture": any_of(media("picture"), _REFERENCE),
        "Pictures": any_of(media("picture"), _REFERENCE, many(PICTURE, most=16)),
        "Images": shape(
            {
                "created": whole(0),
                "data": many(
                    shape(
                        {},
                        {
                            "url": text(pattern="^https?://"),
                            "b64_json": text(),
                            "revised_prompt": text(),
                            "id": said(text(), "For the picture's lineage, and to give it as an image again."),
                            "seed": whole(),
                        },
                    ),
                    least=1,
                ),
                "usage": shape(
                    {
                        "input_tokens": whole(0),
                        "output_tokens": whole(0),
                        "total_tokens": whole(0),
                        "input_tokens_details": details,
                    }
                ),
            },
            {
                "background": text(),
                "output_format": text(),
                "quality": text(),
                "size": text(),
                "note": said(text(), "What an embedded engine says of itself."),
            },
        ),
    }


def _given() -> dict[str, Schema]:
    """The names under which pictures come in JSON."""
    return {"image": maybe(PICTURES), "images": maybe(PICTURES)}


def _varied() -> dict[str, Schema]:
    names = ("n", "size", "response_format", "user", "seed", "output_format", "output_compression")
    return {name: _HOW[name] for name in names}
