"""Tools by grammar: deciding between a call and an answer, and turning constrained JSON into tool calls.

Measured on 0.5B and 1.5B models: shown a tool natively they write the call into the text, and shown a grammar they call
a tool for anything at all. So the decision comes first, from shared words and one constrained yes or no of the model,
and only then is a call generated, by a grammar that allows nothing else.
"""

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from openhearth.core.errors import RequestError
from openhearth.core.ids import new_id
from openhearth.engines.chat.references import led_to
from openhearth.engines.chat.words import content_words, has_chinese

ASKED = 3
BIAS = -0.7
WORD_WEIGHT = 1.0
MOST_WORDS = 4
SEVERAL = re.compile(r"\b(and|both|each|all|also)\b|[,&、和与及]|还有|同时")

YesMargin = Callable[[list[dict[str, str]]], Awaitable[float]]


class Tool(msgspec.Struct, frozen=True):
    """A function the model may call. ``parameters`` is a JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, object] = {}

    @property
    def words(self) -> frozenset[str]:
        return content_words(f"{self.name.replace('_', ' ')} {self.description} {_parameter_text(self.parameters)}")


class Choice(msgspec.Struct, frozen=True):
    """What ``tool_choice`` asks: ``auto``, ``none`` or ``required`` (a named tool is ``required`` with one tool)."""

    mode: str
    tools: tuple[Tool, ...]


def shared_words(message: str, tool: Tool) -> float:
    """How much a message speaks of a tool: one for a word in common, two for one in the tool's own name."""
    words = content_words(message)
    named = content_words(tool.name.replace("_", " "))
    return len(words & tool.words) + len(words & named)


async def wanted_tools(message: str, tools: Sequence[Tool], yes_margin: YesMargin) -> tuple[Tool, ...]:
    """The tools that ``message`` needs, none for a plain answer.

    Without a word in common there is no call, unless message and tool are in different languages. ``yes_margin`` gives
    log p(yes) − log p(no) of the model for a short dialogue.
    """
    ranked = sorted(tools, key=lambda tool: -shared_words(message, tool))[:ASKED]
    wanted = []
    for tool in ranked:
        shared = shared_words(message, tool)
        if not shared and has_chinese(message) == has_chinese(tool.description):
            continue
        evidence = min(shared, MOST_WORDS) * WORD_WEIGHT + BIAS
        if await yes_margin(_question(message, tool)) + evidence > 0:
            wanted.append(tool)
    return tuple(wanted)


EXAMPLES = (
    ("play_music: Play a song", "Put on some jazz", "yes"),
    ("play_music: Play a song", "Say thank you in German", "no"),
    ("get_stock_price: Get the price of a share", "How much is Apple trading at?", "yes"),
    ("get_stock_price: Get the price of a share", "What is the capital of Japan?", "no"),
    ("play_music: Play a song", "放一首歌", "yes"),
    ("get_stock_price: Get the price of a share", "你是谁？", "no"),
)


def _question(message: str, tool: Tool) -> list[dict[str, str]]:
    rule = (
        "You route messages. A tool is described, then a message. Reply yes if answering the message needs the tool's "
        "data, otherwise reply no."
    )
    turns = [{"role": "system", "content": rule}]
    asked = (f"{tool.name}: {tool.description[:300]}", message[-600:])
    for described, text, answer in EXAMPLES:
        turns += [_turn(described, text), {"role": "assistant", "content": answer}]
    return [*turns, _turn(*asked)]


def _turn(described: str, text: str) -> dict[str, str]:
    return {"role": "user", "content": f"Tool: {described}\nMessage: {text}"}


def asks_for_several(message: str) -> bool:
    """True when a message may need more than one call ("Paris and London")."""
    return SEVERAL.search(message.lower()) is not None


def instructions(tools: Sequence[Tool]) -> str:
    """What the system message says before a call is generated."""
    lines = [msgspec.json.encode(tool).decode() for tool in tools]
    return "\n".join(
        [
            "You have these tools:",
            *lines,
            "",
            'Reply with the call that the last message needs, as JSON: {"name": …, "arguments": {…}}. '
            "Several things asked for need several calls in a list.",
        ]
    )


def call_schema(tools: Sequence[Tool], *, most: int) -> dict[str, object]:
    """The JSON schema of one call, or of a list of up to ``most`` calls.

    Parameters that refer to parts of themselves (``#/$defs/…``, as Pydantic writes nested models) stand among the
    definitions of the whole, each tool's under a name of its own, and their references lead there.
    """
    defs: dict[str, object] = {}
    calls: list[object] = []
    for tool in tools:
        parameters: object = tool.parameters or {"type": "object", "properties": {}, "additionalProperties": False}
        root = f"#/$defs/tool{len(calls)}"
        led = led_to(root, parameters)
        if led != parameters:
            defs[f"tool{len(calls)}"] = led
            parameters = {"$ref": root}
        calls.append(_one_call(tool.name, parameters))
    one: dict[str, object] = {"oneOf": calls}
    whole = one if most == 1 else {"type": "array", "items": one, "minItems": 1, "maxItems": most}
    return {**whole, "$defs": defs} if defs else whole


def _one_call(name: str, parameters: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": {"name": {"const": name}, "arguments": parameters},
        "required": ["name", "arguments"],
        "additionalProperties": False,
    }


class Call(msgspec.Struct, frozen=True):
    """One call as generated."""

    name: str
    arguments: dict[str, object] = {}


def read_calls(text: str) -> tuple[Call, ...]:
    """The calls in generated JSON, equal ones once. Empty when the text was cut off before it was complete."""
    try:
        calls = msgspec.json.decode(text, type=list[Call] if text.lstrip().startswith("[") else Call)
    except msgspec.DecodeError:
        return ()
    found = calls if isinstance(calls, list) else [calls]
    return tuple(call for at, call in enumerate(found) if call not in found[:at])


def wire_calls(calls: Sequence[Call]) -> list[dict[str, object]]:
    """Calls in OpenAI's shape, with new ids."""
    return [
        {
            "id": new_id("call"),
            "type": "function",
            "function": {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()},
        }
        for call in calls
    ]


def chosen(tools: Sequence[Tool], tool_choice: object) -> Choice:
    """What ``tool_choice`` means for these tools. Raises RequestError for a name that is not among them."""
    if tool_choice in (None, "auto", "none", "required"):
        mode = str(tool_choice or "auto")
        if mode == "required" and not tools:
            raise RequestError("tool_choice is required but there are no tools.", param="tool_choice")
        return Choice(mode if tools else "none", tuple(tools))
    name = _named(tool_choice)
    found = tuple(tool for tool in tools if tool.name == name)
    if not found:
        raise RequestError(
            f"tool_choice names {name!r}, which is not among the tools: {', '.join(tool.name for tool in tools)}."
            if name
            else 'tool_choice must be "auto", "none", "required" or {"type": "function", "function": {"name": …}}.',
            param="tool_choice",
        )
    return Choice("required", found)


def _named(tool_choice: object) -> str:
    if isinstance(tool_choice, dict):
        function = tool_choice.get("function", tool_choice)
        name = function.get("name") if isinstance(function, dict) else None
        return name if isinstance(name, str) else ""
    return ""


def result_text(name: str, result: str, question: str) -> str:
    """A tool's result as told to the model, in the language of the question: another one throws small models off."""
    label = f"{name} 的结果：" if has_chinese(question) else f"Result of {name}: "
    return label + result


def hint_after_result(question: str) -> str:
    """What is asked once the results are told."""
    if has_chinese(question):
        return "请用一两句话把这个结果告诉我，回答我的问题。"
    return "Tell me this result in a sentence or two, as the answer to my question."


def _parameter_text(schema: dict[str, object]) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return ""
    parts = []
    for name, details in properties.items():
        parts.append(str(name).replace("_", " "))
        if isinstance(details, dict):
            parts.append(str(details.get("description", "")))
            parts.extend(str(value) for value in details.get("enum", ()) if isinstance(value, str))
    return " ".join(parts)
