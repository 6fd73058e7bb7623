"""Speech and voices in Fish Audio's form (its API reference, "Text to Speech" and "Model")."""

from typing import Any

from openhearth.surfaces.openapi.audio import FORMATS, SOUNDS, kept, unread
from openhearth.surfaces.openapi.operation import FORM, JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
    any_of,
    anything,
    file,
    flag,
    many,
    maybe,
    number,
    passed,
    ref,
    said,
    shape,
    text,
    whole,
)

_ERRORS = ("FishError",)


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/fish/v1/tts": {
            "post": operation(
                "Say a text; MessagePack bodies are taken as well",
                {**SOUNDS, JSON: kept()},
                body={JSON: _speech()},
                example={"text": "Hello.", "reference_id": "heart", "format": "wav"},
                query={"response_format": said(text("url"), "The answer is a link in place of sound.")},
                headers={"model": said(text(), "The model, as Fish's clients name it.")},
                errors=_ERRORS,
            )
        },
        "/fish/model": {
            "get": operation(
                "The voices",
                {JSON: ref("FishModels")},
                query={"page_size": whole(1, 100), "page_number": whole(1, 10_000)},
                errors=_ERRORS,
            ),
            "post": operation(
                "Make a voice, where Fish Audio is attached",
                {JSON: anything()},
                body={FORM: shape({"title": text(), "voices": file("audio/*")}, {"texts": text()})},
                errors=_ERRORS,
            ),
        },
        "/fish/model/{voice}": {
            "get": operation("One voice", {JSON: ref("FishModel")}, path={"voice": text(least=1)}, errors=_ERRORS)
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "FishModel": shape(
            {
                "_id": text(),
                "type": text(),
                "title": text(),
                "description": text(),
                "state": text(),
                "tags": many(text()),
                "languages": many(text()),
                "visibility": text(),
                "author": anything(),
            },
            {"samples": many(anything()), "created_at": text(), "updated_at": text(), "lock_visibility": flag()},
        ),
        "FishModels": shape({"total": whole(0), "items": many(ref("FishModel"))}),
        "FishError": shape({"status": whole(400, 599), "message": text()}, {"code": text(), "param": maybe(text())}),
    }


def _speech() -> Schema:
    rates = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    return shape(
        {"text": text(least=1, most=4096)},
        {
            "model": maybe(text()),
            "reference_id": maybe(any_of(text(), many(text(), most=1))),
            "format": maybe(text(*FORMATS)),
            "sample_rate": maybe({"type": "integer", "enum": list(rates)}),
            "mp3_bitrate": said(maybe(whole()), "Kilobits per second, at most 512; below 1: as usual."),
            "opus_bitrate": said(maybe(whole()), "Kilobits per second, at most 512; below 1: as usual."),
            "prosody": maybe(shape({}, {"speed": maybe(number(0.25, 4)), "volume": maybe(number(-20, 20))})),
            "references": said(passed(many(anything())), "Cloning: only Fish Audio itself takes it."),
            **unread("chunk_length", "normalize", "latency", "temperature", "top_p", "repetition_penalty"),
        },
    )
