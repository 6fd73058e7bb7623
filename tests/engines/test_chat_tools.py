"""Deciding between a call and an answer, and reading calls."""

import json
from typing import Any

import pytest

from openhearth.core.errors import RequestError
from openhearth.engines.chat.tools import (
    Call,
    Tool,
    asks_for_several,
    call_schema,
    chosen,
    read_calls,
    shared_words,
    wanted_tools,
    wire_calls,
)

WEATHER = Tool(
    "get_weather",
    "Get the current weather in a given city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
DOCS = Tool("searchDocs", "Search the company documents", {"type": "object", "properties": {"query": {}}})
ORDER = Tool("query_order", "查询订单的物流状态")


@pytest.mark.parametrize(
    ("message", "tool"),
    [
        ("What is the weather in Paris?", WEATHER),
        ("Do I need an umbrella in London?", WEATHER),
        ("巴黎今天天气怎么样？", WEATHER),
        ("北京明天会下雨吗", WEATHER),
        ("Find the refund policy in the docs", DOCS),
        ("退款政策是什么？", DOCS),
        ("我的订单到哪了？", ORDER),
        ("where is my order 77?", ORDER),
    ],
)
def test_message_and_tool_share_words(message: str, tool: Tool) -> None:
    assert shared_words(message, tool) > 0


@pytest.mark.parametrize("message", ["Say hello in French", "用法语打个招呼", "你好", "Who are you?", "Tell me a joke"])
def test_small_talk_shares_no_words_with_a_tool(message: str) -> None:
    assert [shared_words(message, tool) for tool in (WEATHER, DOCS, ORDER)] == [0, 0, 0]


async def test_the_model_decides_what_words_leave_open() -> None:
    async def wanted(message: str, margin: float) -> list[str]:
        async def yes_margin(_: list[dict[str, str]]) -> float:
            return margin

        return [tool.name for tool in await wanted_tools(message, (WEATHER, DOCS), yes_margin)]

    assert await wanted("weather in Paris", -1.0) == ["get_weather"]
    assert await wanted("weather in Paris", -3.0) == []
    assert await wanted("Say hello in French", 5.0) == []
    assert await wanted("东京热闹吗", 1.0) == ["get_weather", "searchDocs"]


def test_tool_choice() -> None:
    tools = (WEATHER, DOCS)
    assert chosen(tools, None).mode == "auto"
    assert chosen((), "auto").mode == "none"
    assert chosen(tools, "none").mode == "none"
    named = chosen(tools, {"type": "function", "function": {"name": "searchDocs"}})
    assert (named.mode, named.tools) == ("required", (DOCS,))
    with pytest.raises(RequestError, match="get_weather, searchDocs"):
        chosen(tools, {"type": "function", "function": {"name": "nope"}})
    with pytest.raises(RequestError, match="must be"):
        chosen(tools, "sometimes")
    with pytest.raises(RequestError, match="no tools"):
        chosen((), "required")


def test_schema_allows_one_call_or_a_few() -> None:
    one = call_schema((WEATHER, DOCS), most=1)
    assert [tool["properties"]["name"] for tool in one["oneOf"]] == [{"const": "get_weather"}, {"const": "searchDocs"}]  # type: ignore[attr-defined]
    assert call_schema((WEATHER,), most=3)["maxItems"] == 3
    assert "$defs" not in one


@pytest.mark.parametrize("most", [1, 3])
def test_references_of_a_tool_lead_to_its_own_definitions(most: int) -> None:
    def tool(name: str, city: str) -> Tool:
        where = {"where": {"$ref": "#/$defs/Where"}, "again": {"type": "array", "items": {"$ref": "#"}}}
        return Tool(name, "", {"type": "object", "properties": where, "$defs": {"Where": {"type": city}}})

    whole: dict[str, Any] = call_schema((WEATHER, tool("one", "string"), tool("two", "integer")), most=most)
    calls = whole["oneOf"] if most == 1 else whole["items"]["oneOf"]
    assert calls[0]["properties"]["arguments"] == WEATHER.parameters
    for at, kind in ((1, "string"), (2, "integer")):
        root = calls[at]["properties"]["arguments"]["$ref"]
        properties = _at(whole, root)["properties"]
        assert properties["again"]["items"] == {"$ref": root}
        assert _at(whole, properties["where"]["$ref"]) == {"type": kind}


def _at(schema: Any, reference: str) -> Any:
    for name in reference.removeprefix("#/").split("/"):
        schema = schema[name]
    return schema


@pytest.mark.parametrize(("message", "several"), [("Paris and Rome", True), ("巴黎和罗马", True), ("Paris", False)])
def test_several_things_are_heard(message: str, several: bool) -> None:
    assert asks_for_several(message) is several


def test_calls_are_read_once_each_and_written_in_openai_form() -> None:
    one = '{"name": "get_weather", "arguments": {"city": "巴黎"}}'
    calls = read_calls(f"[{one}, {one}]")
    assert calls == (Call("get_weather", {"city": "巴黎"}),)
    (wire,) = wire_calls(calls)
    assert str(wire["id"]).startswith("call_")
    assert wire["function"] == {
        "name": "get_weather",
        "arguments": json.dumps({"city": "巴黎"}, ensure_ascii=False, separators=(",", ":")),
    }
    assert read_calls(one[:-5]) == ()
