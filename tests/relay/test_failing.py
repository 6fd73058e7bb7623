"""A hostile or failing upstream: the right error, in the client's shape, no hang, no leak, no charge."""

import asyncio
import json

import msgspec
import pytest

from openhearth.config import Config
from openhearth.core.call import Outcome
from openhearth.core.provider import Origin
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.upstream import Fault, Upstream

CHAT = {"model": "mock", "messages": [{"role": "user", "content": "x"}]}
STREAM = {**CHAT, "stream": True}

WHOLE_FAULTS = [
    (Fault(status=500), 502, "overloaded"),
    (Fault(status=503), 502, "overloaded"),
    (Fault(status=429, headers={"retry-after": "7"}), 429, "overloaded"),
    (Fault(status=529), 429, "overloaded"),
    (Fault(status=401), 502, "upstream_refused_credential"),
    (Fault(status=403), 502, "upstream_refused_credential"),
    (Fault(status=504), 504, "overloaded"),
    (Fault(body=b"<html>oops</html>"), 502, "upstream_garbled"),
    (Fault(body=b'{"error":{"message":"quota","code":"no_quota"}}'), 502, "no_quota"),
    (Fault(close_on_accept=True), 502, "upstream_disconnected"),
    (Fault(reset_after=40), 502, "upstream_disconnected"),
    (Fault(close_after=120), 502, "upstream_disconnected"),
    (Fault(bad_chunk_size=True), 502, "upstream_garbled"),
    (Fault(content_length=10_000, close_after=130), 502, "upstream_disconnected"),
    (Fault(coding="br"), 502, "upstream_bad_encoding"),
    (Fault(coding="gzip", bomb_bytes=400_000_000), 502, "upstream_bomb"),
    (Fault(headers={"x-long": "y" * 100_000}), 502, "upstream_garbled"),
    (Fault(status=302, headers={"location": "http://127.0.0.1:1/"}), 502, "upstream_garbled"),
]


@pytest.mark.parametrize(("fault", "status", "code"), WHOLE_FAULTS, ids=range(len(WHOLE_FAULTS)))
@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
async def test_a_failure_before_the_first_byte_has_a_status_and_a_code(
    gate: Gateway, up: Upstream, fault: Fault, status: int, code: str, body: dict[str, object]
) -> None:
    up.script(fault)
    reply = await ask(gate.port, body=body)
    assert (reply.status, reply.error()["code"]) == (status, code)
    (call,) = await gate.finished.wait()
    assert call.outcome in (Outcome.FAILED, Outcome.TIMEOUT)
    assert call.charge_nanos == 0
    assert gate.limits.open == 0
    assert (await ask(gate.port, body=CHAT)).status == 200


async def test_busy_passes_the_wait_on(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(status=429, headers={"retry-after": "7"}))
    assert (await ask(gate.port, body=CHAT)).headers["retry-after"] == "7"


async def test_the_callers_own_mistake_passes_in_the_upstreams_words(gate: Gateway, up: Upstream) -> None:
    said = b'{"error":{"message":"too large","type":"invalid_request_error","param":"max_tokens","code":"x"}}'
    up.script(Fault(status=400, body=said))
    reply = await ask(gate.port, body=CHAT)
    assert reply.status == 400
    assert reply.body == said
    (call,) = await gate.finished.wait()
    assert call.outcome is Outcome.FAILED
    assert call.error_code == "x"


@pytest.mark.parametrize(
    "fault", [Fault(close_after=700), Fault(reset_after=700), Fault(no_done=True, close_after=700)]
)
async def test_a_stream_that_breaks_ends_with_an_error_event(gate: Gateway, up: Upstream, fault: Fault) -> None:
    up.script(fault)
    reply = await ask(gate.port, body=STREAM)
    assert reply.status == 200
    events = reply.events()
    assert "error" in json.loads(events[-2])
    assert events[-1] == "[DONE]"
    (call,) = await gate.finished.wait()
    assert call.outcome is Outcome.FAILED
    assert call.charge_nanos == 0


async def test_a_missing_end_mark_is_added(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(no_done=True))
    assert (await ask(gate.port, body=STREAM)).events()[-1] == "[DONE]"


async def test_an_upstream_silent_in_its_stream_is_given_up(quick: Gateway, up: Upstream) -> None:
    up.script(Fault(hold_chunks=asyncio.Event(), hold_after=2))
    reply = await ask(quick.port, body=STREAM)
    assert json.loads(reply.events()[-2])["error"]["code"] == "idle_timeout"


async def test_gzip_is_unpacked(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(coding="gzip"))
    reply = await ask(gate.port, body=CHAT)
    assert reply.json()["object"] == "chat.completion"


async def test_an_endless_event_is_refused(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(long_line_bytes=20_000_000))
    reply = await ask(gate.port, body=STREAM)
    assert (reply.status, reply.error()["code"]) == (502, "upstream_garbled")


async def test_the_next_target_is_tried_before_the_first_byte(up: Upstream, config: Config) -> None:
    async with (
        Upstream() as second,
        gateway([target(up.port, "one"), target(second.port, "two", priority=1)], config=config) as gate,
    ):
        up.script(Fault(status=500))
        reply = await ask(gate.port, body=STREAM)
        assert reply.status == 200
        assert reply.headers["x-openhearth-target"] == "two"
        (call,) = await gate.finished.wait()
        assert call.attempts == 2
        up.seen.clear()
        await ask(gate.port, body=CHAT)  # the first target cools down now
        assert up.seen == []


async def test_no_retry_after_the_first_byte(up: Upstream, config: Config) -> None:
    async with (
        Upstream() as second,
        gateway([target(up.port, "one"), target(second.port, "two", priority=1)], config=config) as gate,
    ):
        up.script(Fault(close_after=700))
        reply = await ask(gate.port, body=STREAM)
        assert "error" in reply.events()[-2]
        assert second.seen == []


async def test_the_callers_mistake_is_not_tried_elsewhere(up: Upstream, config: Config) -> None:
    async with (
        Upstream() as second,
        gateway([target(up.port, "one"), target(second.port, "two", priority=1)], config=config) as gate,
    ):
        up.script(Fault(status=400))
        assert (await ask(gate.port, body=CHAT)).status == 400
        assert second.seen == []


async def test_when_all_targets_fail_the_answer_names_the_attempts(config: Config) -> None:
    dead = [msgspec.structs.replace(target(1, name), origin=Origin("http", "127.0.0.1", 1)) for name in ("one", "two")]
    async with gateway(dead, config=config) as gate:
        reply = await ask(gate.port, body=CHAT)
    assert reply.status == 503
    assert reply.error()["code"] == "no_target_left"
    assert "one: upstream_connect" in str(reply.error()["message"])


async def test_retries_are_bounded(config: Config) -> None:
    async with Upstream() as up:
        up.always = Fault(status=500)
        async with gateway([target(up.port, f"t{number}") for number in range(9)], config=config) as gate:
            assert (await ask(gate.port, body=CHAT)).status == 503
        assert len(up.seen) == config.upstream.attempts


async def test_early_answers_and_interim_ones_are_understood(gate: Gateway, up: Upstream) -> None:
    up.script(Fault(interim=(100, 103)))
    assert (await ask(gate.port, body=CHAT)).status == 200
    up.script(Fault(early=True, status=413))
    assert (await ask(gate.port, body={**CHAT, "pad": "x" * 100_000})).status == 413


async def test_leaving_at_once_frees_everything(up: Upstream, config: Config) -> None:
    hole = target(up.port)
    async with gateway([hole], config=config) as gate:
        async with connect(gate.port) as connection:
            await connection.send(request(body=CHAT))
            await asyncio.sleep(0.05)
        async with asyncio.timeout(30):
            while gate.limits.open:
                await asyncio.sleep(0.01)
        assert gate.relay.open == set()


async def test_a_whole_answer_is_held_up_to_its_limit(up: Upstream, config: Config) -> None:
    limits = msgspec.structs.replace(config.limits, answer_body_bytes=1_000_000)
    async with gateway([target(up.port)], config=msgspec.structs.replace(config, limits=limits)) as gate:
        up.words = ("x" * 900_000,)
        assert (await ask(gate.port, body=CHAT)).status == 200
        up.words = ("x" * 1_100_000,)
        reply = await ask(gate.port, body=CHAT)
        assert (reply.status, reply.error()["code"]) == (502, "upstream_garbled")


@pytest.mark.parametrize("start", [b"", b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n'])
async def test_a_stream_that_begins_with_an_error_has_a_status_or_another_target(
    up: Upstream, config: Config, start: bytes
) -> None:
    said = start + b'data: {"error":{"message":"no room for key sk-mock","code":"no_room"}}\n\ndata: [DONE]\n\n'
    fault = Fault(body=said, headers={"content-type": "text/event-stream"})
    up.script(fault, fault)
    async with gateway([target(up.port, "one")], config=config) as gate:
        reply = await ask(gate.port, body=STREAM)
        assert (reply.status, reply.error()["code"]) == (502, "no_room")
    async with (
        Upstream() as second,
        gateway([target(up.port, "one"), target(second.port, "two", priority=1)], config=config) as gate,
    ):
        reply = await ask(gate.port, body=STREAM)
        assert (reply.status, reply.headers["x-openhearth-target"]) == (200, "two")
        (call,) = await gate.finished.wait()
        assert (call.attempts, call.outcome) == (2, Outcome.OK)
