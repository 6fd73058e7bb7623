"""GET /openapi.json: what every route takes and gives, written once, read by people, by clients and by our own fuzzing.

Each area has a module with ``paths`` and ``schemas``. A test holds the description against the routes of the running
application, in both directions.
"""

import re
from types import ModuleType
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from openhearth.core.permissions import Permission
from openhearth.surfaces.http import Route
from openhearth.surfaces.openapi import (
    access,
    account,
    audio,
    calls,
    chat,
    documents,
    elevenlabs,
    files,
    fish,
    images,
    ledger,
    models,
    newapi,
    operator,
    prices,
    repeats,
    targets,
    texts,
    tools,
    usage,
)
from openhearth.surfaces.openapi.operation import JSON, refusals
from openhearth.surfaces.openapi.schema import Schema, maybe, ref, shape, text

_AREAS: tuple[ModuleType, ...] = (
    chat,
    models,
    images,
    tools,
    texts,
    audio,
    fish,
    elevenlabs,
    documents,
    files,
    operator,
    access,
    account,
    prices,
    ledger,
    targets,
    calls,
    repeats,
    usage,
    newapi,
)
_REFUSALS = (
    ("Error",),
    ("RankingError",),
    ("CohereError",),
    ("FishError",),
    ("ElevenLabsError",),
    ("TextinError",),
    ("NewApiError",),
    ("Error", "AnthropicError", "GeminiError"),
)
_TITLE = "OpenHearth"
_WORDS = re.compile(r"[^A-Za-z0-9]+")
_ABOUT = (
    "One self-hosted API for every AI model. Send the key as 'Authorization: Bearer KEY', 'x-api-key' or 'api-key'."
)


def document() -> dict[str, Any]:
    """The description, OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html)."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Schema] = _errors()
    for area in _AREAS:
        paths |= _named(area.paths(), area.__name__.rpartition(".")[2])
        schemas |= area.schemas()
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas,
            "parameters": repeats.parameters(),
            "responses": {name: answer for errors in _REFUSALS for name, answer in refusals(errors).items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def routes() -> list[BaseRoute]:
    """The document, for anybody: it holds nothing of a user."""

    body = msgspec.json.encode(document())

    async def show(_: Request) -> Response:
        return Response(body, media_type=JSON)

    return [Route("/openapi.json", show, methods=["GET"], permission=Permission.PUBLIC)]


def _named(paths: dict[str, Any], area: str) -> dict[str, Any]:
    """Each operation with its area, and a name that programs made from the description can use."""
    return {
        path: {
            method: {
                "operationId": f"{method}{_WORDS.sub('_', path)}".rstrip("_"),
                "tags": [area],
                **repeats.marked(path, method, operation),
            }
            for method, operation in methods.items()
        }
        for path, methods in paths.items()
    }


def _errors() -> dict[str, Schema]:
    said = shape({"message": text(), "type": text()}, {"param": maybe(text()), "code": maybe(text())})
    return {"ErrorObject": said, "Error": shape({"error": ref("ErrorObject")})}
