"""Forms with one wrong field: text that means no value which the field's schema allows, a file where text belongs, and
text where a file belongs."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec

from openhearth.surfaces.openapi import document
from openhearth.surfaces.openapi.operation import FORM, JSON

_TRIED = (
    "no such value", "-1000000007", "1000000007", "0", "0.5", "1e999", "NaN", "²", "٣", "9" * 5000, "9" * 18 + "x9",
    "true", "null", "{}", "[]", "\x00", "x" * 40_000,
)  # fmt: skip
"""Blank texts are none of these: a form's empty field counts as absent."""
_MEDIA = ("://", "FILE_ID")


class WrongForm(msgspec.Struct, frozen=True):
    """A form whose ``field`` is wrong: with ``value`` as its text, or with a file where text belongs when there is no
    value. ``texts`` and ``file`` are what is right with it; no ``file`` where the wrong field is that one."""

    path: str
    field: str
    value: str | None
    texts: dict[str, str]
    file: str | None


def wrong_forms() -> Iterator[WrongForm]:
    """Every mutation of every form."""
    described = document()
    for path, methods in described["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if FORM in content:
            schema = content[FORM]["schema"]
            name = schema.get("$ref", "").rpartition("/")[2]
            whole = described["components"]["schemas"][name] if name else schema
            yield from _mutations(path, whole, content.get(JSON, {}).get("example", {}), described["components"])


def is_file(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "binary"


def _mutations(
    path: str, schema: dict[str, Any], example: dict[str, Any], components: dict[str, Any]
) -> Iterator[WrongForm]:
    fields = schema["properties"]
    source = next((name for name in schema["required"] if is_file(fields[name])), None)
    texts = {name: "x" for name in schema["required"] if not is_file(fields[name])}
    texts |= {name: fields[name]["enum"][-2] for name in texts if "enum" in fields[name]}
    texts |= {name: str(value) for name, value in example.items() if _is_plain(name, value, fields)}
    for field, allowed in fields.items():
        others = {name: text for name, text in texts.items() if name != field}
        if allowed.get("x-passed-on"):
            continue
        if is_file(allowed):
            yield WrongForm(path, field, "no such file", others, None if field == source else source)
            continue
        check = jsonschema_rs.validator_for({**allowed, "components": components})
        for text in _TRIED:
            if not any(check.is_valid(value) for value in _meanings(text)):
                yield WrongForm(path, field, text, others, source)
        yield WrongForm(path, field, None, others, source)


def _is_plain(name: str, value: object, fields: dict[str, Any]) -> bool:
    return name in fields and isinstance(value, str | int) and not any(sign in str(value) for sign in _MEDIA)


def _meanings(text: str) -> Iterator[Any]:
    """What a field's text may be taken for: itself, what it says as JSON, a list of one; a
    number where Python sees one, a flag where it says 0 or 1."""
    yield from (text, [text])
    if text in ("0", "1"):
        yield text == "1"
    for read in (msgspec.json.decode, float, int):
        try:
            yield read(text)
        except (ValueError, msgspec.MsgspecError):
            continue
