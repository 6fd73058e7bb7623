"""A chat request from its place in the line to its last token, as events."""

import contextlib
import math
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec

from openhearth.core.errors import RequestError, ShuttingDown
from openhearth.engines.answering import places
from openhearth.engines.chat.events import Called, Ended, Event, Piece, Used, Waiting, total
from openhearth.engines.chat.generation import Generations
from openhearth.engines.chat.prompt import Turn, last_question, turns, with_system
from openhearth.engines.chat.references import rooted
from openhearth.engines.chat.requests import ChatRequest
from openhearth.engines.chat.sampling import runtime_fields
from openhearth.engines.chat.tools import (
    Tool,
    asks_for_several,
    call_schema,
    chosen,
    instructions,
    read_calls,
    wanted_tools,
    wire_calls,
)
from openhearth.engines.line import Ticket

MOST_CALLS = 4
ABSENT = -20.0


class Plan:
    """A checked chat request. Making one raises RequestError for all that can be known without the model."""

    def __init__(self, request: ChatRequest) -> None:
        self.request = request
        self.turns = turns(request.messages)
        self.choice = chosen(request.known_tools(), request.tool_choice)
        self.question = last_question(request.messages)
        self.after_result = request.messages[-1].role in ("tool", "function")
        self.schema = request.response_format.schema() if request.response_format else None


async def in_turn(ticket: Ticket) -> AsyncGenerator[Event, None]:
    """Notices of the place in the line until it is this ticket's turn."""
    async for place in places(ticket, stayed_busy="The local model"):
        yield Waiting(place)


async def answer(plan: Plan, generations: Generations, ticket: Ticket) -> AsyncGenerator[Event, None]:
    """Everything that happens for one chat request. Closing the iterator stops the model."""
    async with contextlib.aclosing(in_turn(ticket)) as notices:
        async for notice in notices:
            yield notice
    tools = await _tools_to_call(plan, generations, ticket)
    used = Used()
    for choice in range(plan.request.choices):
        made = _call(plan, tools, choice) if tools else _text(plan, choice)
        events = generate(made, choice, generations, ticket)
        async with contextlib.aclosing(_as_calls(events) if tools else events) as source:
            async for event in source:
                if isinstance(event, Used):
                    used = total(used, event)
                else:
                    yield event
    yield used


async def generate(
    body: dict[str, Any], choice: int, generations: Generations, ticket: Ticket
) -> AsyncGenerator[Event, None]:
    """One generation as events: pieces, the end, the usage. ``Waiting(0)`` while the prompt is read."""
    run = generations.runtime.complete if "prompt" in body else generations.runtime.chat
    reason = ""
    async with contextlib.aclosing(generations.chunks(lambda on_chunk: run(body, on_chunk), ticket)) as chunks:
        async for chunk in chunks:
            for part in chunk.get("choices") or ():
                text = part.get("text") or (part.get("delta") or {}).get("content") or ""
                tokens = tuple((part.get("logprobs") or {}).get("content") or ())
                if text or tokens:
                    yield Piece(choice, text, tokens)
                reason = part.get("finish_reason") or reason
            if "prompt_progress" in chunk:
                yield Waiting(0)
            if usage := chunk.get("usage"):
                details = usage.get("prompt_tokens_details") or {}
                used = Used(usage["prompt_tokens"], usage["completion_tokens"], details.get("cached_tokens", 0))
                yield used
    if not reason:
        raise ShuttingDown("The generation was stopped: the engine is shutting down.", retry_after_s=5)
    yield Ended(choice, "length" if reason == "length" else "stop")


async def _as_calls(events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Generated JSON as tool calls. JSON that was cut off stays text, with the reason ``length``."""
    text = ""
    try:
        async for event in events:
            if isinstance(event, Piece):
                text += event.text
            elif isinstance(event, Ended):
                calls = read_calls(text)
                if calls:
                    yield Called(event.choice, wire_calls(calls))
                    yield Ended(event.choice, "tool_calls")
                else:
                    yield Piece(event.choice, text)
                    yield event
            else:
                yield event
    except RequestError as error:
        if error.param == "response_format":  # the grammar was made of the tools' parameters
            error.param = "tools"
        raise


async def _tools_to_call(plan: Plan, generations: Generations, ticket: Ticket) -> Sequence[Tool]:
    if plan.choice.mode == "none":
        return ()
    if plan.choice.mode == "required":
        return plan.choice.tools
    if plan.after_result or not plan.question:
        return ()

    async def yes_margin(dialogue: list[dict[str, str]]) -> float:
        return await _yes_margin(dialogue, generations, ticket)

    return await wanted_tools(plan.question, plan.choice.tools, yes_margin)


async def _yes_margin(dialogue: list[Turn], generations: Generations, ticket: Ticket) -> float:
    body = {"messages": dialogue, "max_tokens": 1, "temperature": 0, "logprobs": True, "top_logprobs": 20}
    best: dict[str, float] = {}
    async with contextlib.aclosing(generate({**body, "stream": True}, 0, generations, ticket)) as events:
        async for event in events:
            for token in event.tokens if isinstance(event, Piece) else ():
                for entry in token.get("top_logprobs") or ():
                    word = str(entry["token"]).strip().lower()
                    best[word] = max(best.get(word, -math.inf), float(entry["logprob"]))
    return best.get("yes", ABSENT) - best.get("no", ABSENT)


def _text(plan: Plan, choice: int) -> dict[str, Any]:
    request = plan.request
    made: Sequence[Turn] = plan.turns
    repeats_input = plan.schema is not None or plan.after_result
    body = runtime_fields(request, choice=choice, may_repeat=repeats_input)
    if plan.after_result and request.temperature is None:
        body["temperature"] = 0.0
    if plan.schema is not None:
        body["json_schema"] = rooted(plan.schema)
        made = with_system(made, _json_rule(plan.schema))
    body |= {"messages": made, **_length(request)}
    if request.logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs or 0}
    return body


def _call(plan: Plan, tools: Sequence[Tool], choice: int) -> dict[str, Any]:
    request = plan.request
    several = request.parallel_tool_calls is not False and asks_for_several(plan.question)
    body = runtime_fields(request, choice=choice, may_repeat=True)
    body["json_schema"] = call_schema(tools, most=MOST_CALLS if several else 1)
    if request.temperature is None:
        body["temperature"] = 0.0
    body.pop("stop", None)
    return body | {"messages": with_system(plan.turns, instructions(tools)), **_length(request)}


def _length(request: ChatRequest) -> dict[str, int]:
    limit = request.max_completion_tokens or request.max_tokens
    return {} if limit is None else {"max_tokens": limit}


def _json_rule(schema: dict[str, Any]) -> str:
    if schema == {"type": "object"}:
        return "Reply with a JSON object and nothing else."
    return f"Reply with JSON that follows this schema, and nothing else: {msgspec.json.encode(schema).decode()}"
