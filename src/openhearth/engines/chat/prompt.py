"""Messages of a request as the plain turns a small model's template can render.

Templates of small models know nothing of tools, so calls and results become text; and a client's text must not be able
to forge a turn with the template's own marks.
"""

from collections.abc import Sequence

import msgspec

from openhearth.core.errors import RequestError
from openhearth.engines.chat.requests import Message, ToolCall
from openhearth.engines.chat.tools import hint_after_result, result_text

SEES_NOT = {
    "image_url": "pictures",
    "input_image": "pictures",
    "image": "pictures",
    "input_audio": "sound",
    "file": "files",
    "input_file": "files",
}

Turn = dict[str, str]


def turns(messages: Sequence[Message]) -> list[Turn]:
    """Turns with the roles system, user and assistant. Raises RequestError for parts the model cannot take in."""
    made: list[Turn] = []
    calls: dict[str, ToolCall] = {}
    question = ""
    for at, message in enumerate(messages):
        text = _defused(message_text(message, at))
        if message.role in ("tool", "function"):
            _add(
                made,
                "user",
                _result(message, calls, text, question),
                join=at > 0 and messages[at - 1].role == message.role,
            )
            if at + 1 == len(messages):
                made[-1]["content"] += f"\n\n{hint_after_result(question)}"
        elif message.role == "assistant":
            calls.update({call.id: call for call in message.tool_calls or ()})
            _add(made, "assistant", "\n".join([*([text] if text else []), *map(_call, message.tool_calls or ())]))
        elif message.role == "user":
            question = text
            _add(made, "user", text)
        else:
            _add(made, "system", text)
    return made


def with_system(made: Sequence[Turn], text: str) -> list[Turn]:
    """The turns with ``text`` added to the system turn, which is created where there is none."""
    if made and made[0]["role"] == "system":
        return [{"role": "system", "content": f"{made[0]['content']}\n\n{text}"}, *made[1:]]
    return [{"role": "system", "content": text}, *made]


def last_question(messages: Sequence[Message]) -> str:
    """The text of the last user turn, or nothing."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "user":
            return message_text(messages[at], at)
    return ""


def message_text(message: Message, at: int) -> str:
    """The text of a message, its parts joined. Raises RequestError for a part that is not text."""
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    texts = []
    for part in message.content:
        kind = part.get("type")
        text = part.get("text", part.get("refusal"))
        if kind in ("text", "input_text", "output_text", "refusal"):
            if not isinstance(text, str):
                raise RequestError(
                    f"messages[{at}] has a part of the type {kind!r} without a text.",
                    param=f"messages[{at}].content",
                    code="missing_field",
                )
        else:
            what = SEES_NOT.get(str(kind))
            raise RequestError(
                f"This model reads text only: it cannot take in {what}. Use a model that can, or leave that part out."
                if what
                else f"messages[{at}] has a content part of an unknown type: {kind!r}.",
                param=f"messages[{at}].content",
                code="unsupported_content" if what else None,
            )
        texts.append(text)
    return "\n".join(texts)


def _add(made: list[Turn], role: str, text: str, *, join: bool = False) -> None:
    if join and made and made[-1]["role"] == role:
        made[-1]["content"] += f"\n\n{text}"
    else:
        made.append({"role": role, "content": text})


def _call(call: ToolCall) -> str:
    arguments = msgspec.Raw(call.function.arguments.encode() or b"{}")
    try:
        msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        arguments = msgspec.Raw(msgspec.json.encode(call.function.arguments))
    return _defused(msgspec.json.encode({"name": call.function.name, "arguments": arguments}).decode())


def _result(message: Message, calls: dict[str, ToolCall], text: str, question: str) -> str:
    call = calls.get(message.tool_call_id or "")
    name = call.function.name if call else message.name or "tool"
    return result_text(_defused(name), text, question)


def _defused(text: str) -> str:
    return text.replace("<|", "<\u200b|") if "<|" in text else text
