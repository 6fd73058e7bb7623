"""What a moderation must see of a chat: every text and picture of a request, every text of an answer or a stream.

Read from the bytes that are relayed: a text in a field of an answer that we do not know is a text all the same.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from openhearth.core.envelope import Envelope
from openhearth.core.errors import RequestError
from openhearth.core.texts import decoded

_NO_TEXT_FIELDS = frozenset({
    "model", "user", "safety_identifier", "prompt_cache_key", "service_tier", "encoding_format", "modalities",
    "reasoning_effort", "verbosity", "logit_bias", "stream_options", "audio",
})  # fmt: skip
_HOLDS_TEXT = (b'"', b"[", b"{")
_NO_TEXT = frozenset({"role", "type", "id", "tool_call_id", "object", "model", "finish_reason", "format", "detail"})
_READABLE = frozenset({"text", "input_text", "output_text", "refusal", "image_url", "input_image"})


class Asked(msgspec.Struct):
    """``pictures`` are sources as the client wrote them: URLs, data URIs, ids."""

    texts: list[str] = []
    pictures: list[str] = []


def asked(envelope: Envelope) -> Asked:
    """Texts and pictures of a request, also in fields that we do not know. They are written anew: of a name that
    stands twice in an object, the value that was checked is the one that is sent.

    Raises RequestError (``unsupported_content``) for what no text can be read from: tokens, sound, files.
    """
    found = Asked()
    for field, raw in list(envelope.fields.items()):
        if field not in _NO_TEXT_FIELDS and bytes(raw).startswith(_HOLDS_TEXT):
            value = decoded(raw, field)
            _gather(value, field, found)
            envelope.set(field, value)
    return found


def _gather(value: Any, param: str, found: Asked) -> None:
    if isinstance(value, str):
        found.texts.append(value)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            if isinstance(one, int) and not isinstance(one, bool) and param in ("prompt", "input"):
                raise _unreadable(param, "tokens")
            _gather(one, param if isinstance(one, list) else f"{param}[{at}]", found)
    elif isinstance(value, dict):
        if param.endswith("]") and ".content[" in param and value.get("type") not in _READABLE:
            raise _unreadable(param, repr(value.get("type"))[:40])
        for name, one in value.items():
            if name in ("image_url", "input_image"):
                _picture(one, found)
            elif name not in _NO_TEXT:
                _gather(one, f"{param}.{name}", found)


def _picture(value: Any, found: Asked) -> None:
    source = value.get("url") if isinstance(value, dict) else value
    if isinstance(source, str):
        found.pictures.append(source)


def _unreadable(param: str, what: str) -> RequestError:
    return RequestError(
        f"This key's input is moderated, and {what} cannot be: send text and pictures.",
        param=param,
        code="unsupported_content",
    )


def answered(body: bytes) -> list[str]:
    """Every text of a whole answer."""
    texts: list[str] = []
    for choice in _choices(body):
        texts += (text for _, text in _said(choice, ""))
    return texts


def streamed(data: bytes) -> Iterator[tuple[str, str]]:
    """Every piece of text in whole events: whose it is (choice and field), and the text."""
    for line in data.splitlines():
        if line.startswith(b"data:"):
            for choice in _choices(line[5:].strip()):
                yield from _said(choice, str(choice.get("index", 0)))


def _choices(body: bytes) -> list[dict[str, Any]]:
    """The choices of an answer or a chunk; what is no such thing is one text, for safety."""
    if body in (b"", b"[DONE]"):
        return []
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [{"text": body.decode("utf-8", "replace")}]
    choices = found.get("choices") if isinstance(found, dict) else None
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _said(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for one in value:
            at = one.get("index", "") if isinstance(one, dict) else ""
            yield from _said(one, f"{place}.{at}")
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in _NO_TEXT and name not in ("data", "logprobs"):
                yield from _said(one, f"{place}.{name}")
