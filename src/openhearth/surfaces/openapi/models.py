"""The list of models, in the forms of three families: the client's headers choose (OpenAI's, Anthropic's, Gemini's)."""

from typing import Any

from openhearth.surfaces.openapi.operation import JSON, operation
from openhearth.surfaces.openapi.schema import (
    Schema,
    any_of,
    flag,
    many,
    maybe,
    number,
    ref,
    said,
    shape,
    text,
    whole,
)

_LIFECYCLES = ("active", "deprecated", "retired")
_FORMS = ("Error", "AnthropicError", "GeminiError")
_HEADERS = {
    "anthropic-version": said(text(), "Present: the answer has Anthropic's form."),
    "x-goog-api-key": said(text(), "The key as Gemini's clients send it: the answer has Gemini's form."),
}


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/v1/models": {
            "get": operation(
                "Every model, installed or not",
                {JSON: any_of(ref("ModelList"), ref("AnthropicModels"), ref("GeminiModels"))},
                query={
                    "installed": said(
                        text("true", "false", "all"), "Only models whose packs are here, or are not; usually all."
                    ),
                    "limit": said(whole(1, 1000), "Anthropic's form only, as the next three."),
                    "after_id": text(),
                    "before_id": text(),
                    "lifecycle": many(text(*_LIFECYCLES)),
                    "pageSize": said(whole(1, 10**9), "Gemini's form only, as the next."),
                    "pageToken": text(),
                },
                headers=_HEADERS,
                errors=_FORMS,
            ),
        },
        "/v1/models/{name}": {
            "get": operation(
                "One model",
                {JSON: any_of(ref("Model"), ref("AnthropicModel"), ref("GeminiModel"))},
                path={"name": text(least=1)},
                headers=_HEADERS,
                errors=_FORMS,
            ),
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    return {
        "Model": _model(),
        "ModelList": shape({"object": text("list"), "data": many(ref("Model"))}),
        "AnthropicModel": shape(
            {
                "type": text("model"),
                "id": text(),
                "display_name": text(),
                "created_at": text(),
                "lifecycle": text(*_LIFECYCLES),
                "installed": flag(),
            },
            {"max_input_tokens": whole(1)},
        ),
        "AnthropicModels": shape(
            {
                "data": many(ref("AnthropicModel")),
                "has_more": flag(),
                "first_id": maybe(text()),
                "last_id": maybe(text()),
            }
        ),
        "GeminiModel": shape(
            {
                "name": text(pattern="^models/"),
                "baseModelId": text(),
                "version": text(),
                "displayName": text(),
                "description": text(),
                "supportedGenerationMethods": many(text()),
                "lifecycle": text(*_LIFECYCLES),
                "installed": flag(),
            },
            {"inputTokenLimit": whole(1), "outputTokenLimit": whole(1)},
        ),
        "GeminiModels": shape({"models": many(ref("GeminiModel"))}, {"nextPageToken": text()}),
        "AnthropicError": shape(
            {"type": text("error"), "error": shape({"type": text(), "message": text()}), "request_id": text()}
        ),
        "GeminiError": shape({"error": shape({"code": whole(400, 599), "message": text(), "status": text()})}),
    }


def _model() -> Schema:
    dollars = text(pattern=r"^[0-9]+(\.[0-9]+)?$")
    return shape(
        {
            "id": text(),
            "object": text("model"),
            "created": whole(0),
            "owned_by": text(),
            "operations": many(text()),
            "endpoints": many(text(pattern="^/")),
            "lifecycle": text(*_LIFECYCLES),
            "embedded": flag(),
            "installed": flag(),
        },
        {
            "description": text(),
            "description_zh": text(),
            "context_length": whole(1),
            "alias_of": text(),
            "pricing": shape(
                {
                    "currency": text("USD"),
                    "input_per_million_tokens": dollars,
                    "output_per_million_tokens": dollars,
                    "per_image": dollars,
                    "per_request": dollars,
                }
            ),
            "engine": shape(
                {
                    "state": text("stopped", "starting", "ready", "failed", "not_installed", "fetching"),
                    "load_s": number(0),
                    "memory_bytes": whole(0),
                    "queue": shape({"running": whole(0), "waiting": whole(0)}),
                    "starts": whole(0),
                    "restarts": whole(0),
                },
                {"fetch": text(), "progress": text()},
            ),
        },
    )
