"""Chat completions and completions, as described in OpenAI's reference (api-reference/chat, /completions)."""

from typing import Any

from openhearth.surfaces.openapi.operation import EVENT, EVENTS, JSON, operation
from openhearth.surfaces.openapi.schema import (
    MODEL,
    Schema,
    any_of,
    anything,
    flag,
    many,
    maybe,
    number,
    passed,
    ref,
    said,
    shape,
    text,
    whole,
)

_SAMPLING: dict[str, Schema] = {
    "temperature": maybe(number(0, 2)),
    "top_p": maybe(number(0, 1)),
    "top_k": maybe(whole(0)),
    "min_p": maybe(number(0, 1)),
    "n": maybe(whole(1, 8)),
    "stream": maybe(flag()),
    "stream_options": maybe(shape({}, {"include_usage": flag()})),
    "stop": maybe(any_of(text(), many(text(least=1), most=16))),
    "max_tokens": maybe(whole(1)),
    "presence_penalty": maybe(number(-2, 2)),
    "frequency_penalty": maybe(number(-2, 2)),
    "repeat_penalty": maybe(number(0.5, 2)),
    "logit_bias": maybe(
        {"type": "object", "propertyNames": {"pattern": "^[0-9]+$"}, "additionalProperties": number(-100, 100)}
    ),
    "seed": maybe(whole()),
    "user": passed(text()),
}
_PASSED_ON = (
    "audio",
    "function_call",
    "functions",
    "metadata",
    "modalities",
    "moderation",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "verbosity",
    "web_search_options",
)
_PART = shape(
    {"type": text()},
    {"text": text(), "image_url": any_of(text(), shape({"url": text()}, {"detail": text()})), "file": anything()},
)
_CALL = shape({"function": shape({"name": text()}, {"arguments": text()})}, {"id": text(), "type": text()})
_MESSAGE = shape(
    {"role": text("system", "developer", "user", "assistant", "tool", "function")},
    {
        "content": maybe(any_of(text(), many(_PART))),
        "name": maybe(text()),
        "tool_calls": maybe(many(_CALL)),
        "tool_call_id": maybe(text()),
    },
)
_FUNCTION = shape(
    {"name": text(least=1, most=64, pattern="^[a-zA-Z0-9_.-]{1,64}$")},
    {"description": maybe(text()), "parameters": maybe(anything())},
)


def paths() -> dict[str, Any]:
    """Path → method → operation."""
    return {
        "/v1/chat/completions": {
            "post": operation(
                "Answer a conversation; models chat-M of an image model M make or edit a picture",
                {JSON: ref("ChatCompletion"), EVENTS: EVENT},
                body={JSON: _chat()},
                example={
                    "model": "smollm2-135m-instruct",
                    "messages": [{"role": "user", "content": "Say hello."}],
                    "max_tokens": 8,
                },
            )
        },
        "/v1/completions": {
            "post": operation(
                "Continue a text",
                {JSON: ref("Completion"), EVENTS: EVENT},
                body={JSON: _completion()},
                example={"model": "smollm2-135m-instruct", "prompt": "One, two,", "max_tokens": 4},
            )
        },
    }


def schemas() -> dict[str, Schema]:
    """Components."""
    usage = shape({"prompt_tokens": whole(0), "completion_tokens": whole(0), "total_tokens": whole(0)})
    picture = shape({"image_url": shape({"url": text()}), "index": whole(0), "type": text("image_url")})
    message = shape(
        {"role": text("assistant"), "content": maybe(text())},
        {"refusal": maybe(text()), "tool_calls": many(_CALL), "images": many(picture)},
    )
    return {
        "ChatCompletion": shape(
            {
                "id": text(),
                "object": text("chat.completion"),
                "created": whole(0),
                "model": text(),
                "choices": many(
                    shape(
                        {"index": whole(0), "message": message, "finish_reason": maybe(text())},
                        {"logprobs": maybe(anything())},
                    )
                ),
            },
            {"usage": usage},
        ),
        "Completion": shape(
            {
                "id": text(),
                "object": text("text_completion"),
                "created": whole(0),
                "model": text(),
                "choices": many(
                    shape(
                        {"index": whole(0), "text": text(), "finish_reason": maybe(text())},
                        {"logprobs": maybe(anything())},
                    )
                ),
            },
            {"usage": usage},
        ),
    }


def _chat() -> Schema:
    return shape(
        {"model": MODEL, "messages": many(_MESSAGE, least=1)},
        {
            **_SAMPLING,
            "max_completion_tokens": maybe(whole(1)),
            "logprobs": maybe(flag()),
            "top_logprobs": said(maybe(whole(0, 20)), "Needs logprobs."),
            "response_format": maybe(
                shape({"type": text("text", "json_object", "json_schema")}, {"json_schema": maybe(anything())})
            ),
            "tools": maybe(many(shape({"function": _FUNCTION}, {"type": text("function")}))),
            "tool_choice": maybe(
                any_of(text("none", "auto", "required"), shape({"function": shape({"name": text(least=1)})}))
            ),
            "parallel_tool_calls": maybe(flag()),
            **{name: passed() for name in _PASSED_ON},
        },
    )


def _completion() -> Schema:
    tokens = many(whole(0), least=1)
    prompt = any_of(text(), many(text(), least=1, most=64), tokens, many(tokens, least=1, most=64))
    return shape(
        {"model": MODEL, "prompt": prompt},
        {
            **_SAMPLING,
            "suffix": maybe(text()),
            "echo": maybe(flag()),
            "logprobs": maybe(whole(0, 5)),
            "best_of": maybe(whole(1, 8)),
        },
    )
