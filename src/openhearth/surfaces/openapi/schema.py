"""A few words to write JSON Schema (draft 2020-12) with: the description is read as often by people as by machines."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]
MODEL: Schema = {"type": "string", "minLength": 1, "maxLength": 256}


def text(*allowed: str, most: int | None = None, least: int | None = None, **more: Any) -> Schema:
    """A string: one of ``allowed``, or of ``least`` to ``most`` characters."""
    schema: Schema = {"type": "string", **more}
    if allowed:
        schema["enum"] = list(allowed)
    if most is not None:
        schema["maxLength"] = most
    if least is not None:
        schema["minLength"] = least
    return schema


def whole(least: int | None = None, most: int | None = None) -> Schema:
    """A whole number within bounds."""
    return _bounded("integer", least, most)


def number(least: float | None = None, most: float | None = None) -> Schema:
    """A number within bounds."""
    return _bounded("number", least, most)


def flag() -> Schema:
    """true or false."""
    return {"type": "boolean"}


def many(items: Schema, *, least: int | None = None, most: int | None = None) -> Schema:
    """An array."""
    schema: Schema = {"type": "array", "items": items}
    if least is not None:
        schema["minItems"] = least
    if most is not None:
        schema["maxItems"] = most
    return schema


def shape(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object; fields it does not name are allowed, because relayed calls carry them through."""
    schema: Schema = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        schema["required"] = list(required)
    return schema


def any_of(*schemas: Schema) -> Schema:
    """One of several forms."""
    return {"anyOf": list(schemas)}


def maybe(schema: Schema) -> Schema:
    """``schema`` or null."""
    return any_of(schema, {"type": "null"})


def anything() -> Schema:
    """Any JSON object."""
    return {"type": "object"}


def in_form(fields: Mapping[str, Schema]) -> dict[str, Schema]:
    """``fields`` as a form or a query knows them: a part is there or not, and never null."""
    return {name: _never_null(schema) for name, schema in fields.items()}


def said(schema: Schema, description: str) -> Schema:
    """``schema`` with a sentence for whoever reads it."""
    return {**schema, "description": description}


def passed(schema: Schema | None = None) -> Schema:
    """A field that goes on as it is, unread here, to models that know it. ``x-passed-on`` says so to programs."""
    return {**(schema or {}), "x-passed-on": True}


def media(kind: str) -> Schema:
    """A picture, recording or document in JSON: an http(s) URL, a data URI or the id of a file of the caller's."""
    return {"type": "string", "minLength": 1, "format": kind}


def file(accepted: str) -> Schema:
    """A file in a form; ``accepted`` is its media type, for people."""
    return {"type": "string", "format": "binary", "contentMediaType": accepted}


def ref(name: str) -> Schema:
    """A schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def _never_null(schema: Schema) -> Schema:
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if not kinds:
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**(kinds[0] if len(kinds) == 1 else {"anyOf": kinds}), **rest}


def _bounded(kind: str, least: float | None, most: float | None) -> Schema:
    schema: Schema = {"type": kind}
    if least is not None:
        schema["minimum"] = least
    if most is not None:
        schema["maximum"] = most
    return schema
