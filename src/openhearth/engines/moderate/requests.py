"""The body of a moderation request as typed values, every wrong field named.

Form: OpenAI API reference, "Create moderation"; openai-python 3.54, ``types/moderation_create_params.py``. Pictures
come as data URIs only: whoever asks on behalf of a client has fetched them already, safely.
"""

import binascii
import re
from typing import Any

import msgspec

from openhearth.core.data_uris import from_base64
from openhearth.core.errors import NotTranslatable, RequestError, TooLarge

MOST_INPUTS = 1024
MOST_PICTURES = 8
MOST_CHARS = 200_000
MOST_PICTURE_BYTES = 32 * 1024 * 1024
_QUIET = frozenset({"input", "model", "user"})
_DATA_URI = re.compile(r"data:[^,]{0,200};base64", re.IGNORECASE)


class PictureInput(msgspec.Struct, frozen=True):
    """``param`` is where the client wrote it."""

    data: bytes
    param: str


class Item(msgspec.Struct, frozen=True):
    """What one result is about: texts and pictures that belong together."""

    texts: tuple[str, ...] = ()
    pictures: tuple[PictureInput, ...] = ()


def read(body: bytes, *, strict: bool = False) -> tuple[list[Item], tuple[str, ...]]:
    """One item per result, and the names of fields without effect, which ``strict`` refuses.

    Raises RequestError, NotTranslatable and TooLarge with ``param``.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"The body is not a JSON object: {error}", code="invalid_json") from error
    if fields.get("input") is None:
        raise RequestError("Field 'input' is required.", param="input", code="missing_field")
    items = _items(fields["input"])
    chars = sum(len(text) for item in items for text in item.texts)
    if chars > MOST_CHARS:
        raise RequestError(
            f"The input has {chars:,} characters; one request takes {MOST_CHARS:,}. Send it in parts.",
            param="input",
            code="context_length_exceeded",
        )
    unknown = tuple(name for name, value in fields.items() if name not in _QUIET and value is not None)
    if strict and unknown:
        name = unknown[0][:64]
        raise NotTranslatable(f"The embedded moderation does not know the field '{name}'.", param=name)
    return items, unknown


def _items(given: object) -> list[Item]:
    if isinstance(given, str):
        return [_text(given, "input")]
    if not isinstance(given, list):
        raise _wrong("input", "is a text, a list of texts or a list of parts", code="invalid_type")
    if not given:
        raise _wrong("input", "is an empty list: there is nothing to moderate")
    if len(given) > MOST_INPUTS:
        raise _wrong("input", f"has {len(given)} entries; one request takes {MOST_INPUTS}")
    if isinstance(given[0], dict):
        return [_joint(given)]
    return [_text(one, f"input[{at}]") for at, one in enumerate(given)]


def _text(given: object, param: str) -> Item:
    if not isinstance(given, str):
        raise _wrong(param, "is not a text, as the first entry is", code="invalid_type")
    return Item((_checked(given, param),))


def _joint(given: list[Any]) -> Item:
    """A list of parts is one thing: a message with its pictures."""
    texts: list[str] = []
    pictures: list[PictureInput] = []
    for at, part in enumerate(given):
        param = f"input[{at}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text":
            texts.append(_checked(part.get("text"), f"{param}.text"))
        elif kind == "image_url":
            pictures.append(_picture(part.get("image_url"), f"{param}.image_url"))
        else:
            raise _wrong(f"{param}.type", "is 'text' or 'image_url'")
        if len(pictures) > MOST_PICTURES:
            raise RequestError(f"At most {MOST_PICTURES} pictures.", param=param, code="too_many_images")
    return Item(tuple(texts), tuple(pictures))


def _checked(text: object, param: str) -> str:
    if not isinstance(text, str):
        raise _wrong(param, "is not a text", code="invalid_type")
    return text


def _picture(given: object, param: str) -> PictureInput:
    url = given.get("url") if isinstance(given, dict) else None
    param = f"{param}.url"
    if not isinstance(url, str):
        raise _wrong(param, "is the picture as a text", code="invalid_type")
    if len(url) > MOST_PICTURE_BYTES * 4 // 3 + 1024:
        raise TooLarge(f"The picture is larger than {MOST_PICTURE_BYTES:,} bytes.", param=param)
    head, comma, body = url.partition(",")
    if not comma or not _DATA_URI.fullmatch(head):
        raise RequestError("The engine takes pictures as base64 data URIs.", param=param, code="invalid_image")
    try:
        data = from_base64(body)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"The data URI is not base64: {error}", param=param, code="invalid_image") from error
    return PictureInput(data, param)


def _wrong(param: str, what: str, *, code: str = "invalid_value") -> RequestError:
    return RequestError(f"'{param}' {what}.", param=param, code=code)
