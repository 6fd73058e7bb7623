"""One operation of the description: what goes in, what comes out, and how errors look."""

from collections.abc import Mapping
from typing import Any

from openhearth.surfaces.openapi.schema import Schema, any_of, ref

JSON = "application/json"
FORM = "multipart/form-data"
EVENTS = "text/event-stream"
EVENT: Schema = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "description": "Each event of the stream.",
}
BYTES: Schema = {"type": "string", "format": "binary"}


def operation(
    summary: str,
    answer: Mapping[str, Schema],
    *,
    body: Mapping[str, Schema] | None = None,
    example: Mapping[str, Any] | None = None,
    query: Mapping[str, Schema] | None = None,
    path: Mapping[str, Schema] | None = None,
    headers: Mapping[str, Schema] | None = None,
    open_to_all: bool = False,
    errors: tuple[str, ...] = ("Error",),
    status: str = "200",
) -> dict[str, Any]:
    """``answer`` and ``body`` map a media type to its schema. ``example`` is a JSON body that works as it stands.

    Any error has one of the forms ``errors`` of the components.
    """
    described: dict[str, Any] = {
        "summary": summary,
        "responses": {
            status: {"description": "The answer.", "content": _content(answer)},
            "default": {"$ref": f"#/components/responses/{refusal_name(errors)}"},
        },
    }
    if body is not None:
        content = _content(body)
        if example is not None:
            content[JSON]["example"] = dict(example)
        described["requestBody"] = {"required": True, "content": content}
    parameters = [
        *({"name": name, "in": "path", "required": True, "schema": schema} for name, schema in (path or {}).items()),
        *({"name": name, "in": "query", "schema": schema} for name, schema in (query or {}).items()),
        *({"name": name, "in": "header", "schema": schema} for name, schema in (headers or {}).items()),
    ]
    if parameters:
        described["parameters"] = parameters
    if open_to_all:
        described["security"] = []
    return described


def refusal_name(errors: tuple[str, ...]) -> str:
    """What the components call an answer with one of these errors."""
    return "Or".join(errors)


def refusals(errors: tuple[str, ...]) -> dict[str, Any]:
    """The answer with one of these errors, by its name."""
    schema = ref(errors[0]) if len(errors) == 1 else any_of(*(ref(name) for name in errors))
    return {refusal_name(errors): {"description": "An error.", "content": {JSON: {"schema": schema}}}}


def _content(forms: Mapping[str, Schema]) -> dict[str, Any]:
    return {media: {"schema": schema} for media, schema in forms.items()}
