"""Messages as clients really send them: text, parts of several generations of the API, answers with pictures."""

import msgspec

from openhearth.core.errors import RequestError


class _Address(msgspec.Struct):
    url: str = ""
    file_id: str = ""
    detail: str | None = None


class _File(msgspec.Struct):
    file_id: str = ""
    file_data: str = ""


class _Part(msgspec.Struct):
    type: str = "text"
    text: str | None = None
    image_url: str | _Address | None = None
    file_id: str | None = None
    file: _File | None = None


class _Shown(msgspec.Struct):
    image_url: str | _Address | None = None


class _Message(msgspec.Struct):
    role: str = "user"
    content: str | list[str | _Part] | None = None
    images: list[str | _Shown] | None = None


class Message(msgspec.Struct, frozen=True):
    """One message: its text, and the pictures beside the text in the order they stand."""

    role: str
    text: str
    pictures: tuple[str, ...]


_TEXT = frozenset({"text", "input_text", "output_text"})
_PICTURE = frozenset({"image_url", "input_image", "image", "file", "input_file", "image_file"})
_DECODER = msgspec.json.Decoder(list[_Message])


def read_messages(raw: bytes) -> list[Message]:
    """Raises RequestError naming the message and part that cannot be read."""
    try:
        messages = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"Field 'messages': {error}", param="messages", code="invalid_type") from error
    return [_flat(message, number) for number, message in enumerate(messages)]


def _flat(message: _Message, number: int) -> Message:
    texts: list[str] = []
    pictures: list[str] = []
    content = [message.content] if isinstance(message.content, str) else message.content or []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif part.type in _TEXT:
            texts.append(part.text or "")
        elif part.type in _PICTURE:
            pictures.append(_picture(part, number))
        elif message.role == "user":
            raise RequestError(
                f"messages[{number}]: a part of type '{part.type[:40]}' is not taken here; send text and pictures.",
                param="messages",
                code="invalid_part",
            )
    shown = (one if isinstance(one, str) else _url(one.image_url) for one in message.images or ())
    pictures.extend(filter(None, shown))
    return Message(message.role, "\n".join(texts), tuple(pictures))


def _picture(part: _Part, number: int) -> str:
    source = _url(part.image_url) or part.file_id or ""
    if not source and part.file is not None:
        source = part.file.file_id or part.file.file_data
    if not source:
        raise RequestError(f"messages[{number}]: a picture part without an address.", param="messages")
    return source


def _url(value: str | _Address | None) -> str:
    return value if isinstance(value, str) else (value.url or value.file_id if value else "")
