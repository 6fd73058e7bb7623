"""A relayed call: nothing lost, nothing added, settled once."""

import asyncio
import json

import pytest

from openhearth.config import Config
from openhearth.core.call import Outcome
from openhearth.core.money import Price
from tests.fakes.access import SLOW_KEY
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Fault, Reply, Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "你好"}], "x_vendor_field": {"deep": [1, 2.50]}}


async def test_answer_passes_unchanged_and_nothing_the_client_sent_is_lost(anywhere: Gateway, up: Upstream) -> None:
    reply = await ask(anywhere.port, body=CHAT)
    assert reply.status == 200
    assert reply.json()["object"] == "chat.completion"
    assert up.seen[0].json() == CHAT
    assert reply.headers["x-openhearth-target"] == "up"
    assert reply.headers["x-request-id"].startswith("call_")
    assert int(reply.headers["openai-processing-ms"]) >= 0


async def test_a_call_is_settled_once_with_the_usage_reported(anywhere: Gateway) -> None:
    await ask(anywhere.port, body=CHAT)
    (call,) = await anywhere.finished.wait()
    assert call.outcome is Outcome.OK
    assert call.usage.source == "upstream"
    assert call.usage.output_tokens > 0
    assert anywhere.limits.open == 0
    assert anywhere.limits.settled == [call]


async def test_stream_passes_event_by_event(anywhere: Gateway, up: Upstream) -> None:
    reply = await ask(anywhere.port, body={**CHAT, "stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    events = reply.events()
    assert events[-1] == "[DONE]"
    text = "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events[:-1])
    assert text == "".join(up.words)


async def test_usage_is_asked_for_upstream_and_hidden_from_a_client_that_did_not_ask(
    anywhere: Gateway, up: Upstream
) -> None:
    reply = await ask(anywhere.port, body={**CHAT, "stream": True})
    assert up.seen[0].json()["stream_options"] == {"include_usage": True}
    assert all("usage" not in json.loads(event) for event in reply.events()[:-1])
    (call,) = await anywhere.finished.wait()
    assert call.usage.source == "upstream"


async def test_usage_chunk_is_shown_to_a_client_that_asked(anywhere: Gateway) -> None:
    reply = await ask(anywhere.port, body={**CHAT, "stream": True, "stream_options": {"include_usage": True}})
    last = json.loads(reply.events()[-2])
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] > 0


async def test_legacy_completions_are_relayed(anywhere: Gateway, up: Upstream) -> None:
    reply = await ask(anywhere.port, "/v1/completions", {"model": "mock", "prompt": "Say"})
    assert reply.status == 200
    assert up.seen[0].path == "/v1/completions"


@pytest.mark.parametrize(
    "path",
    ["/chat/completions", "/v1/v1/chat/completions", "/api/v1/chat/completions", "/v1//chat/completions"],
)
async def test_sloppy_base_urls_work(anywhere: Gateway, path: str) -> None:
    assert (await ask(anywhere.port, path, CHAT)).status == 200


@pytest.mark.parametrize(
    "headers",
    [{"x-api-key": "sk-oh-test"}, {"api-key": "sk-oh-test"}, {"authorization": "bearer sk-oh-test"}],
)
async def test_a_key_may_come_in_three_headers(anywhere: Gateway, headers: dict[str, str]) -> None:
    assert (await ask(anywhere.port, body=CHAT, key="", headers=headers)).status == 200


async def test_a_key_not_seen_lately_is_looked_up(anywhere: Gateway) -> None:
    assert (await ask(anywhere.port, body=CHAT, key=SLOW_KEY)).status == 200


@pytest.mark.parametrize(("key", "code"), [("", "missing_api_key"), ("sk-wrong", "invalid_api_key")])
async def test_a_missing_or_unknown_key_is_a_401_that_keeps_the_key_to_itself(
    anywhere: Gateway, up: Upstream, key: str, code: str
) -> None:
    reply = await ask(anywhere.port, body=CHAT, key=key)
    assert reply.status == 401
    assert reply.error()["code"] == code
    assert reply.headers["x-request-id"].startswith("req_")
    assert b"sk-wrong" not in reply.body
    assert up.seen == []


async def test_an_unknown_model_is_a_404_that_lists_what_exists(anywhere: Gateway) -> None:
    reply = await ask(anywhere.port, body={**CHAT, "model": "gpt-nowhere"})
    assert reply.status == 404
    assert reply.error()["code"] == "model_not_found"
    assert "mock" in str(reply.error()["message"])


async def test_connection_is_used_again_after_an_answer_a_stream_and_an_error(anywhere: Gateway) -> None:
    async with asyncio.timeout(30), connect(anywhere.port) as connection:
        for body in (CHAT, {**CHAT, "stream": True}, {**CHAT, "model": "no"}, CHAT):
            await connection.send(request(body=body))
            reply = await connection.reply()
            assert reply.status in (200, 404)


async def test_the_model_name_is_mapped_to_the_upstreams(up: Upstream, config: Config) -> None:
    mapped = target(up.port, upstream_model="real-name")
    async with gateway([mapped], config=config) as gate:
        await ask(gate.port, body=CHAT)
    assert up.seen[0].json()["model"] == "real-name"


async def test_cost_follows_the_price_of_the_target(up: Upstream, config: Config) -> None:
    priced = target(up.port, price=Price(request_micros=5, output_micros_per_mtok=1_000_000))
    async with gateway([priced], config=config) as gate:
        await ask(gate.port, body=CHAT)
        (call,) = await gate.finished.wait()
    assert call.charge_nanos == 1000 * (5 + call.usage.output_tokens)


async def test_a_spent_budget_is_a_402_before_anything_is_sent(up: Upstream, config: Config) -> None:
    priced = target(up.port, price=Price(request_micros=5))
    async with gateway([priced], config=config) as gate:
        gate.limits.budget_nanos = 1
        reply = await ask(gate.port, body=CHAT)
        assert reply.status == 402
        assert reply.error()["code"] == "insufficient_quota"
    assert up.seen == []


async def test_cross_origin_answers_may_be_read_by_browsers(anywhere: Gateway) -> None:
    reply = await ask(anywhere.port, body=CHAT, headers={"origin": "https://chat.example"})
    assert reply.headers["access-control-allow-origin"] == "*"
    preflight = await ask(anywhere.port, method="OPTIONS", key="", headers={"origin": "https://chat.example"})
    assert preflight.status == 204


async def test_a_json_answer_to_a_stream_request_passes_as_it_is(anywhere: Gateway, up: Upstream) -> None:
    up.add("/v1/chat/completions", Reply(b'{"choices":[{"message":{"content":"x"}}]}'))
    reply = await ask(anywhere.port, body={**CHAT, "stream": True})
    assert reply.headers["content-type"] == "application/json"
    assert reply.status == 200


async def test_silence_is_filled_with_comments_that_no_client_minds(quick: Gateway, up: Upstream) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_chunks=hold, hold_after=1))
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        await connection.head()
        seen = b""
        async for piece in connection.chunks():
            seen += piece
            if b": keep-alive\n\n" in seen:
                hold.set()
    assert seen.endswith(b"data: [DONE]\n\n")


async def test_comments_come_even_before_the_upstream_answers(quick: Gateway, up: Upstream) -> None:
    hold = asyncio.Event()
    up.script(Fault(hold_headers=hold))
    async with asyncio.timeout(30), connect(quick.port) as connection:
        await connection.send(request(body={**CHAT, "stream": True}))
        status, _ = await connection.head()
        assert status == 200
        seen = b""
        async for piece in connection.chunks():
            seen += piece
            hold.set()
    assert b": keep-alive" in seen
    assert seen.endswith(b"data: [DONE]\n\n")
