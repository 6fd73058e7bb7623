"""How a picture chat ends when it does not end well: failures, leaving, silence, expiry."""

import asyncio
import json
import re

import pytest

from openhearth.config import Config, Limits, Media
from openhearth.core.call import Outcome
from openhearth.core.errors import (
    Moderated,
    RequestError,
    UpstreamBusy,
    UpstreamDown,
    UpstreamRejected,
    UpstreamTimeout,
)
from openhearth.core.money import Price
from tests.fakes.asgi import calling
from tests.fakes.picture_app import PORTRAIT, PictureApp, json_headers, said, target, text_of

SEED_TEXT = f"{PORTRAIT} 衣服换成红色,并且带上墨镜🕶"
MARKDOWN = re.compile(r"!\[([^\]]*)\]\((\S+)\)")
PAID = Price(image_micros=1000)


def pictures_of(text: str) -> list[str]:
    return [match[2] for match in MARKDOWN.finditer(text)]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RequestError("What is 'flurb'?", code="instruction_not_understood"), 400, "instruction_not_understood"),
        (Moderated("Refused."), 451, "content_refused"),
        (UpstreamRejected("Too small.", upstream_status=400), 400, "upstream_rejected"),
        (UpstreamBusy("Busy.", retry_after_s=3), 429, "upstream_busy"),
        (UpstreamDown("Down."), 502, "upstream_down"),
        (UpstreamTimeout("Slow."), 504, "upstream_timeout"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_failure_before_anything_was_sent_is_a_status(
    error: Exception, status: int, code: str, stream: bool
) -> None:
    app = PictureApp([target(price=PAID)])
    app.editor.script["editor"] = [error]
    answer = await app.chat(SEED_TEXT, stream=stream)
    assert answer.status == status
    assert answer.json()["error"]["code"] == code
    (call,) = app.calls.all
    assert (call.charge_nanos, call.error_code) == (0, code)
    assert app.limits.open == 0
    assert app.records.rows == {}


async def test_failure_later_is_an_error_event_and_the_end() -> None:
    app = PictureApp([target(price=PAID)])
    app.editor.break_after_first = UpstreamDown("It broke.")
    answer = await app.chat(SEED_TEXT, n=2, stream=True)
    assert answer.status == 200
    assert answer.complete
    *_, last, done = answer.events()
    assert last["error"]["code"] == "upstream_down"
    assert done == "[DONE]"
    (call,) = app.calls.all
    assert (call.outcome, call.charge_nanos) == (Outcome.FAILED, 0)


async def test_a_web_page_in_place_of_a_picture_is_named() -> None:
    app = PictureApp()
    app.web.pages["https://share.test/p"] = b"<!DOCTYPE html><html></html>"
    answer = await app.chat("https://share.test/p 换成红色", stream=True)
    assert answer.status == 415
    assert "web page" in answer.json()["error"]["message"]


async def test_the_next_target_of_the_same_model_is_asked_and_named() -> None:
    app = PictureApp([target("first"), target("second", priority=1, price=PAID)])
    app.editor.script["first"] = [UpstreamBusy("Busy.")]
    answer = await app.chat(SEED_TEXT, stream=True)
    assert answer.headers["x-openhearth-target"] == "second"
    assert app.editor.targets == ["first", "second"]
    (call,) = app.calls.all
    assert (call.attempts, call.target_id, call.charge_nanos) == (2, "second", 1_000_000)
    assert app.health.cooling("first")


async def test_leaving_in_the_middle_aborts_the_work_and_costs_nothing() -> None:
    app = PictureApp([target(price=PAID)])
    app.editor.hold = asyncio.Event()
    body = json.dumps({"model": "chat-seededit", "messages": [{"role": "user", "content": SEED_TEXT}], "stream": True})
    async with calling(app.app, "POST", "/v1/chat/completions", headers=json_headers(), body=body.encode()) as call:
        await call.until(b"recolouring")
        call.leave()
        await call.end()
    assert app.editor.closed.is_set()
    (done,) = app.calls.all
    assert (done.outcome, done.charge_nanos) == (Outcome.CLIENT_GONE, 0)
    assert app.limits.open == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_leaving_before_the_first_byte_aborts_the_work(stream: bool) -> None:
    app = PictureApp([target(price=PAID)])
    app.editor.hold_before = asyncio.Event()
    body = json.dumps(
        {"model": "chat-seededit", "messages": [{"role": "user", "content": SEED_TEXT}], "stream": stream}
    )
    async with calling(app.app, "POST", "/v1/chat/completions", headers=json_headers(), body=body.encode()) as call:
        await app.editor.waiting.wait()
        call.leave()
        await call.end()
    assert app.editor.closed.is_set()
    assert [(done.outcome, done.charge_nanos) for done in app.calls.all] == [(Outcome.CLIENT_GONE, 0)]
    assert app.limits.open == 0


async def test_a_client_that_stops_reading_is_given_up() -> None:
    app = PictureApp(config=Config(limits=Limits(stream_idle_s=0.02)))
    app.editor.hold = asyncio.Event()
    body = json.dumps({"model": "chat-seededit", "messages": [{"role": "user", "content": SEED_TEXT}], "stream": True})
    async with calling(app.app, "POST", "/v1/chat/completions", headers=json_headers(), body=body.encode()) as call:
        await call.until(b"recolouring")
        call.reads.clear()
        app.editor.hold.set()
        await call.end()
    assert [done.outcome for done in app.calls.all] in ([Outcome.OK], [Outcome.CLIENT_GONE])
    assert not call.answer.complete
    assert app.limits.open == 0


async def test_a_fault_of_ours_in_the_stream_says_nothing_but_its_kind() -> None:
    app = PictureApp([target(price=PAID)])
    app.editor.break_after_first = ZeroDivisionError("secret detail")
    body = json.dumps({"model": "chat-seededit", "messages": [{"role": "user", "content": SEED_TEXT}], "stream": True})
    async with calling(app.app, "POST", "/v1/chat/completions", headers=json_headers(), body=body.encode()) as call:
        await call.end()
    assert call.answer.complete
    assert call.answer.events()[-2]["error"]["code"] == "internal_error"
    assert b"secret detail" not in call.answer.body
    assert [(done.outcome, done.charge_nanos) for done in app.calls.all] == [(Outcome.FAILED, 0)]


async def test_silence_is_filled_with_comments() -> None:
    app = PictureApp(config=Config(limits=Limits(keepalive_comment_s=0.01)))
    app.editor.hold = asyncio.Event()
    body = json.dumps({"model": "chat-seededit", "messages": [{"role": "user", "content": SEED_TEXT}], "stream": True})
    async with calling(app.app, "POST", "/v1/chat/completions", headers=json_headers(), body=body.encode()) as call:
        await call.until(b": keep-alive\n\n: keep-alive\n\n")
        app.editor.hold.set()
        answer = await call.end()
    assert answer.events()[-1] == "[DONE]"


async def test_a_key_limited_to_the_chat_name_may_use_it() -> None:
    app = PictureApp()
    assert (await app.chat(SEED_TEXT, key="sk-c")).status == 200
    body = {"model": "seededit", "prompt": "red", "image": PORTRAIT}
    assert (await app.post("/v1/images/edits", body, key="sk-c")).status == 403


async def test_results_expire() -> None:
    app = PictureApp(config=Config(media=Media(keep_days=1)))
    first = await app.chat(SEED_TEXT)
    (link,) = pictures_of(text_of(first))
    assert (await app.get(link)).status == 200
    app.clock.now += 86_401
    assert (await app.get(link)).status == 404
    late = await app.chat(SEED_TEXT, said(first), "再亮一点")
    assert late.status == 404
    assert await app.gallery.sweep() == 1
    assert app.records.rows == {}
    assert app.blobs.data == {}


async def test_messages_that_cannot_be_read_are_named() -> None:
    app = PictureApp()
    wrong = await app.chat({"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]})
    assert wrong.status == 400
    assert "input_audio" in wrong.json()["error"]["message"]
    empty = await app.post("/v1/chat/completions", {"model": "chat-seededit", "messages": []})
    assert empty.json()["error"]["code"] == "missing_user_message"
    absent = await app.post("/v1/chat/completions", {"model": "chat-seededit"})
    assert absent.json()["error"]["param"] == "messages"


@pytest.mark.parametrize("fields", [{}, {"n": 0}, {"stream": "yes"}, {"messages": 7}])
async def test_a_model_that_is_not_the_keys_is_refused_before_the_rest_is_judged(fields: dict[str, object]) -> None:
    app = PictureApp([target(), target("other", "other")])
    body = {"model": "chat-other", "messages": [], **fields}
    answer = await app.post("/v1/chat/completions", body, key="sk-c")
    assert (answer.status, answer.json()["error"]["code"]) == (403, "model_not_allowed")
