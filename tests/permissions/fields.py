"""Which fields of a request may hold somebody's id, read from the description, and which of them are tried."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tests.permissions import newapi_rows as newapi
from tests.permissions.objects import Foreign

_NAMES = re.compile(r"file|files|image|images|image_url|document|mask|url|input_file|after|before|id|.*_ids?|.*_url")
_OTHERS = {
    "base_url": "where a target is",
    "target_id": "a target of the server's",
    "model_id": "a model",
    "style_id": "a style of the upstream's",
    "reference_id": "a voice",
    "tool_call_id": "within one conversation",
    "next_request_ids": "ElevenLabs' own, which go on to it",
    "previous_request_ids": "ElevenLabs' own, which go on to it",
    "after_id": "a model",
    "before_id": "a model",
    "before": "a version of the price table",
}
_NARROWS = "narrows the calls that the caller may see; of others nothing is found (tests/usage)"
_NARROWED = dict.fromkeys(("api_key_ids", "project_ids", "user_ids"), _NARROWS)
FREE: Mapping[str, Mapping[str, str]] = {
    **newapi.FREE,
    "GET /v1/usage/calls": {"id": _NARROWS},
    "GET /admin/v1/logs": {"id": _NARROWS},
    "GET /admin/v1/logs/count": {"id": _NARROWS},
    "GET /v1/organization/costs": _NARROWED,
    "GET /v1/organization/usage/completions": _NARROWED,
    "GET /v1/organization/usage/embeddings": _NARROWED,
    "GET /v1/organization/usage/images": _NARROWED,
    "GET /v1/organization/usage/moderations": _NARROWED,
    "POST /v1/files": {"file": "the bytes themselves"},
    "POST /v1/chat/completions": {
        "file": "goes on as it came: ids of files are the upstream's there",
        "id": "of a tool's call, within one conversation",
    },
    "POST /v1/audio/speech": {"id": "a voice"},
    "POST /admin/v1/orgs": {"id": "what the new organisation is to be called by"},
    "POST /admin/v1/prices": {"images": "what a picture costs"},
    "POST /admin/v1/prices/import": {"images": "what a picture costs"},
}
"""Fields of one route that name nothing of a tenant's, and why."""


def may_name_an_object(name: str) -> bool:
    """Whether a field of this name could hold the id or the link of a tenant's thing."""
    return name not in _OTHERS and _NAMES.fullmatch(name) is not None


def plain(route: str) -> str:
    """A route as the description writes it."""
    return route.replace(":path}", "}")


def names_tried(row: Foreign) -> set[str]:
    """The fields of a row's body and query."""
    query = parse_qsl(row.path.partition("?")[2], keep_blank_values=True)
    return {name for name, _ in query} | set(_keys(row.body))


def names_in(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> set[str]:
    """The fields of an operation's query and bodies, at every depth."""
    found = {one["name"] for one in operation.get("parameters", ()) if one.get("in") == "query"}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        found |= set(_properties(content["schema"], schemas, set()))
    return found


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(inner)


def _properties(schema: Mapping[str, Any], schemas: Mapping[str, Any], seen: set[str]) -> Iterator[str]:
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        yield from _properties(schemas[name], schemas, seen)
    for inner in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _properties(inner, schemas, seen)
    if "items" in schema:
        yield from _properties(schema["items"], schemas, seen)
    for field, inner in schema.get("properties", {}).items():
        yield field
        yield from _properties(inner, schemas, seen)
