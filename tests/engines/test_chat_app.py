"""The engine's routes with a scripted model: shapes, streams, the line, leaving clients."""

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message
from typing_extensions import override

from openhearth.engines.chat.app import build
from openhearth.engines.chat.settings import ChatSettings
from tests.engines.scripted import Script, ScriptedRuntime
from tests.fakes.asgi import Answer, ask, calling

CHAT = "/v1/chat/completions"
HI: dict[str, Any] = {"messages": [{"role": "user", "content": "hi"}]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
PARIS: dict[str, Any] = {"messages": [{"role": "user", "content": "weather in Paris"}], "tools": [WEATHER]}


class Engine:
    def __init__(self, script: Script = lambda _: ["Hel", "lo"], **settings: Any) -> None:
        self.runtime = ScriptedRuntime(script)
        self.app = build(ChatSettings(name="tiny", model="", **settings), self.runtime)

    async def post(self, body: dict[str, Any], path: str = CHAT) -> Answer:
        return await ask(self.app, "POST", path, body=json.dumps(body).encode())


async def test_whole_answer() -> None:
    answer = await Engine().post(HI)
    body = answer.json()
    assert answer.status == 200
    assert body["object"] == "chat.completion"
    assert body["model"] == "tiny"
    assert body["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert body["usage"] == {
        "prompt_tokens": 7,
        "completion_tokens": 2,
        "total_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 2},
    }


async def test_stream_has_one_id_a_role_first_usage_last_and_done() -> None:
    answer = await Engine().post({**HI, "stream": True, "stream_options": {"include_usage": True}})
    *chunks, done = answer.events()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert done == "[DONE]"
    assert len({(chunk["id"], chunk["created"]) for chunk in chunks}) == 1
    first, *middle, last = [chunk["choices"][0] for chunk in chunks[:-1]]
    assert first["delta"]["role"] == "assistant"
    assert [part["delta"]["content"] for part in middle] == ["Hel", "lo"]
    assert (last["delta"], last["finish_reason"]) == ({}, "stop")
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["total_tokens"] == 9


async def test_no_usage_chunk_unless_asked() -> None:
    *chunks, _ = (await Engine().post({**HI, "stream": True})).events()
    assert all(chunk["choices"] and "usage" not in chunk for chunk in chunks)


async def test_n_choices_count_the_prompt_once() -> None:
    body = (await Engine().post({**HI, "n": 3})).json()
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2]
    assert body["usage"]["prompt_tokens"] == 7
    assert body["usage"]["completion_tokens"] == 6


async def test_unknown_fields_are_named_in_a_header() -> None:
    for stream in (False, True):
        answer = await Engine().post({**HI, "stream": stream, "audio": {}, "verbosity": "low"})
        assert answer.headers["x-openhearth-dropped"] == "audio, verbosity"


async def test_errors_have_openais_shape() -> None:
    answer = await Engine().post({**HI, "temperature": 7})
    assert answer.status == 400
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "temperature", "invalid_request")
    assert (await ask(Engine().app, "GET", "/nope")).json()["error"]["code"] == "not_found"


class Refusing(ScriptedRuntime):
    @override
    def chat(self, body: dict[str, Any], on_chunk: Any) -> None:
        on_chunk({"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9000, "n_ctx": 4096}})


async def test_too_long_a_prompt_is_a_400_with_both_numbers_even_for_a_stream() -> None:
    app = build(ChatSettings(name="tiny", model=""), Refusing(lambda _: []))
    answer = await ask(app, "POST", CHAT, body=json.dumps({**HI, "stream": True}).encode())
    assert answer.status == 400
    assert answer.json()["error"]["code"] == "context_length_exceeded"
    assert "4096" in answer.json()["error"]["message"]
    assert "9000" in answer.json()["error"]["message"]


class Failing(ScriptedRuntime):
    @override
    def chat(self, body: dict[str, Any], on_chunk: Any) -> None:
        on_chunk({"choices": [{"delta": {"content": "so far"}}]})
        raise RuntimeError("secret detail")


async def test_failure_in_a_stream_is_an_error_event_without_detail() -> None:
    app = build(ChatSettings(name="tiny", model=""), Failing(lambda _: []))
    answer = await ask(app, "POST", CHAT, body=json.dumps({**HI, "stream": True}).encode())
    *_, error, done = answer.events()
    assert error["error"]["type"] == "server_error"
    assert done == "[DONE]"
    assert b"secret" not in answer.body


async def test_tool_call_whole_and_streamed() -> None:
    engine = Engine(lambda _: ['{"name":"get_weather",', '"arguments":{"city":"Paris"}}'])
    choice = (await engine.post(PARIS)).json()["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "get_weather", "arguments": '{"city":"Paris"}'}
    assert "json_schema" in engine.runtime.bodies[0]
    *chunks, _ = (await engine.post({**PARIS, "stream": True})).events()
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    (called,) = [delta["tool_calls"] for delta in deltas if "tool_calls" in delta]
    assert called[0]["index"] == 0
    assert called[0]["id"].startswith("call_")
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


async def test_small_talk_with_tools_is_answered_without_their_grammar() -> None:
    engine = Engine()
    choice = (await engine.post({**HI, "tools": [WEATHER]})).json()["choices"][0]
    assert choice["message"]["content"] == "Hello"
    assert "json_schema" not in engine.runtime.bodies[0]


async def test_tool_choice_none_and_required() -> None:
    engine = Engine(lambda body: ['{"name":"get_weather","arguments":{}}'] if "json_schema" in body else ["plain"])
    none = (await engine.post({**PARIS, "tool_choice": "none"})).json()["choices"][0]
    assert none["message"]["content"] == "plain"
    required = (await engine.post({**HI, "tools": [WEATHER], "tool_choice": "required"})).json()["choices"][0]
    assert required["finish_reason"] == "tool_calls"


async def test_after_a_tools_result_the_model_answers() -> None:
    engine = Engine()
    turns = [*PARIS["messages"], {"role": "tool", "tool_call_id": "c", "content": "18 degrees"}]
    choice = (await engine.post({**PARIS, "messages": turns})).json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert "18 degrees" in engine.runtime.bodies[0]["messages"][-1]["content"]


async def test_places_are_told_and_a_full_line_is_a_429() -> None:
    engine = Engine(slots=1, queue=1)
    engine.runtime.gate.clear()
    body = json.dumps({**HI, "stream": True}).encode()
    async with calling(engine.app, "POST", CHAT, body=body) as first:
        await first.until(b"Hel")
        async with calling(engine.app, "POST", CHAT, body=body) as second:
            await second.until(b": waiting 1\n\n")
            refused = await engine.post(HI)
            assert refused.status == 429
            assert refused.json()["error"]["code"] == "engine_queue_full"
            assert int(refused.headers["retry-after"]) >= 1
            health = (await ask(engine.app, "GET", "/health")).json()
            assert (health["running"], health["waiting"], health["queue"]) == (1, 1, 2)
            engine.runtime.gate.set()
            assert (await second.end()).events()[-1] == "[DONE]"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_stops_the_model_and_frees_its_place(stream: bool) -> None:
    engine = Engine(slots=1, queue=1)
    engine.runtime.gate.clear()
    async with calling(engine.app, "POST", CHAT, body=json.dumps({**HI, "stream": stream}).encode()) as caller:
        assert await asyncio.to_thread(engine.runtime.begun.wait, 5)
        caller.leave()
        await caller.end()
    assert await asyncio.to_thread(engine.runtime.stopped.wait, 5)
    engine.runtime.gate.set()
    assert (await engine.post(HI)).status == 200
    assert (await ask(engine.app, "GET", "/health")).json()["queue"] == 0


async def test_a_client_that_leaves_within_its_body_is_no_failure_and_takes_no_place() -> None:
    engine = Engine(slots=1, queue=0)
    coming: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b'{"messages":[', "more_body": True},
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        return coming.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    await engine.app({"type": "http", "method": "POST", "path": CHAT, "headers": []}, receive, send)
    assert sent == []
    assert (await engine.post(HI)).status == 200


async def test_a_body_without_end_is_cut_off() -> None:
    answer = await ask(Engine().app, "POST", CHAT, body=b" " * (64 * 1024 * 1024 + 1))
    assert answer.status == 413
    assert answer.json()["error"]["code"] == "request_too_large"


async def test_completions_echo_each_prompt_and_number_choices_through() -> None:
    answer = await Engine().post({"prompt": ["a: ", "b: "], "n": 2, "echo": True}, "/v1/completions")
    body = answer.json()
    assert body["object"] == "text_completion"
    assert [choice["text"] for choice in body["choices"]] == ["a: Hello", "a: Hello", "b: Hello", "b: Hello"]
    assert [choice["index"] for choice in body["choices"]] == [0, 1, 2, 3]
    assert body["usage"]["prompt_tokens"] == 14


async def test_streamed_completion() -> None:
    *chunks, done = (await Engine().post({"prompt": "a", "stream": True}, "/v1/completions")).events()
    assert [chunk["choices"][0]["text"] for chunk in chunks] == ["Hel", "lo", ""]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert done == "[DONE]"


class Unreadable(ScriptedRuntime):
    @override
    def chat(self, body: dict[str, Any], on_chunk: Any) -> None:
        raise ValueError("JSON schema error at #: unrecognized type nonsense")

    @override
    def complete(self, body: dict[str, Any], on_chunk: Any) -> None:
        on_chunk({"error": {"code": 400, "message": "Prompt contains invalid tokens"}})


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, {**HI, "response_format": {"type": "json_object"}}, "response_format"),
        (CHAT, {**PARIS, "tool_choice": "required"}, "tools"),
        ("/v1/completions", {"prompt": [10**9]}, "prompt"),
    ],
)
async def test_what_the_runtime_refuses_is_told_with_the_field_it_came_from(
    path: str, body: dict[str, Any], param: str
) -> None:
    app = build(ChatSettings(name="tiny", model=""), Unreadable(lambda _: []))
    answer = await ask(app, "POST", path, body=json.dumps(body).encode())
    assert (answer.status, answer.json()["error"]["param"]) == (400, param)
