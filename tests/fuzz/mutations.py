"""Bodies with one wrong field: for each field of a described body, values that its schema refuses."""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from openhearth.surfaces.openapi import document
from openhearth.surfaces.openapi.operation import JSON

# Of every type one, and of texts, numbers and lists some that are likely too large, too small or unknown.
_TRIED: tuple[Any, ...] = (
    True,
    -1_000_000_007,
    1_000_000_007,
    0,
    0.5,
    {},
    {"such": "field"},
    [],
    [{}],
    [True],
    "no such value",
)
_EMPTY: tuple[Any, ...] = ("", "  ", None)
_LONGEST_WRITTEN = 40_000


class Wrong(msgspec.Struct, frozen=True):
    """A request with one wrong field."""

    path: str
    field: str
    body: dict[str, Any]

    @property
    def value(self) -> Any:
        return self.body[self.field]


def wrong_bodies() -> Iterator[Wrong]:
    """Every mutation of every JSON example."""
    described = document()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
            if "example" in content:
                yield from _mutations(path, content["schema"], content["example"], described["components"])


def wrong_queries() -> Iterator[tuple[str, str, str, str]]:
    """Method, path, name and value of query parameters with a wrong value."""
    described = document()
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "query":
                    for value in _wrong_texts(parameter["schema"]):
                        yield method, path, parameter["name"], value


def example_of(path: str) -> dict[str, Any]:
    """The example of the POST operation at ``path``."""
    found: dict[str, Any] = document()["paths"][path]["post"]["requestBody"]["content"][JSON]["example"]
    return found


def _mutations(
    path: str, schema: dict[str, Any], example: dict[str, Any], components: dict[str, Any]
) -> Iterator[Wrong]:
    schema = components["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    required = schema.get("required", ())
    for field, allowed in schema["properties"].items():
        if allowed.get("x-passed-on"):
            continue
        check = jsonschema_rs.validator_for({**allowed, "components": components})
        tried = [*_TRIED, *_too_much(allowed), *(_EMPTY[:1] if field in required else ())]
        for value in tried:
            if not check.is_valid(value):
                yield Wrong(path, field, {**copy.deepcopy(example), field: value})
        if field in required:
            yield Wrong(path, field, {**copy.deepcopy(example), field: None})


def _too_much(schema: dict[str, Any]) -> Iterator[Any]:
    """Just beyond each bound of a schema, where that can be written in a request of reasonable size."""
    for one in schema.get("anyOf", [schema]):
        if one.get("maxLength", _LONGEST_WRITTEN) < _LONGEST_WRITTEN:
            yield "x" * (one["maxLength"] + 1)
        if one.get("maxItems", _LONGEST_WRITTEN) < _LONGEST_WRITTEN:
            yield [_sample(one["items"])] * (one["maxItems"] + 1)
        if "minimum" in one:
            yield one["minimum"] - 1
        if "maximum" in one:
            yield one["maximum"] + 1


def _sample(schema: dict[str, Any]) -> Any:
    """A value that fits, for lists that are too long."""
    for one in schema.get("anyOf", [schema]):
        if "enum" in one:
            return one["enum"][0]
        if one.get("type") == "string":
            return "x"
        if one.get("type") == "integer":
            return one.get("minimum", 1)
    return {}


def _wrong_texts(schema: dict[str, Any]) -> list[str]:
    if schema.get("x-passed-on"):
        return []
    one = schema.get("items", schema)
    wrong = ["no such value"] if "enum" in one or "pattern" in one or one.get("type") in ("integer", "boolean") else []
    if one.get("type") == "integer":
        wrong += ["0.5", "9" * 5000, "²"]
        wrong += [str(one["minimum"] - 1)] if "minimum" in one else []
        wrong += [str(one["maximum"] + 1)] if "maximum" in one else []
    return wrong
