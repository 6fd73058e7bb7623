"""Keys held to moderation: what they send and get is checked, behind either door, and nothing goes unchecked."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from openhearth.config import Config, Moderation
from openhearth.core.call import Outcome, Principal
from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Target
from openhearth.media.gallery import Gallery
from openhearth.media.sources import Sources
from openhearth.relay.screen import Screen
from openhearth.relay.services import Relay
from openhearth.relay.work import Calls
from openhearth.surfaces.screening import Screening
from openhearth.transport.wire import Deadlines
from tests.fakes.access import GOOD_KEY, SLOW_KEY, Keys
from tests.fakes.gateway import Gateway, gateway, target
from tests.fakes.http import ask, connect, request
from tests.fakes.media import MemoryBlobs, MemoryFiles, MemoryPictures, Web, png
from tests.fakes.upstream import Fault, Reply, Seen, Upstream

CHAT, COMPLETE = "/v1/chat/completions", "/v1/completions"
PAGE = "https://pictures.test/cat.png"
DEADLINES = Deadlines(connect_s=30, first_byte_s=30, idle_s=30, total_s=30)


def _guards(relay: Relay) -> Screening:
    web = Web()
    web.pages[PAGE] = png(8, 6)
    gallery = Gallery(MemoryPictures(), MemoryBlobs(), b"a secret of sixteen", keep_days=30)
    sources = Sources(gallery, MemoryFiles(), web, most_bytes=1_000_000)
    calls = Calls(relay.gate, relay.router, relay.meter)
    screen = Screen(calls, relay.client, relay.engines, DEADLINES, model="guard")
    return Screening(screen, sources, relay.config)


def _judged(seen: Seen) -> Reply:
    """Flags the word "vile", and pictures of 7 × 7 pixels; does not take those of 9 × 9."""
    given = seen.json()["input"]
    if base64.b64encode(png(9, 9)).decode() in json.dumps(given):
        return Reply(b'{"error":{"message":"No drawings.","code":"x","param":"input[0]"}}', status=415)
    joint = isinstance(given[0], dict)
    small = "data:image/png;base64," + base64.b64encode(png(7, 7)).decode()
    flags = [small in json.dumps(given)] if joint else ["vile" in text for text in given]
    results = [{"flagged": flag, "categories": {"hate": flag, "violence": False}} for flag in flags]
    return Reply(json.dumps({"id": "modr-1", "model": "guard", "results": results}).encode())


class Held(msgspec.Struct):
    """A gateway whose one key is moderated."""

    gate: Gateway
    up: Upstream

    async def post(self, body: object, path: str = CHAT, key: str = GOOD_KEY) -> Any:
        return await ask(self.gate.port, path, body, key=key)

    def asked(self, path: str) -> list[Any]:
        return [seen.json() for seen in self.up.seen if seen.path == path]

    def checked(self) -> list[str]:
        """Every text that was moderated."""
        return [text for asked in self.asked("/v1/moderations") for text in asked["input"] if isinstance(text, str)]


Serve = Callable[..., Any]


@pytest.fixture
def serve(config: Config) -> Serve:
    @asynccontextmanager
    async def serving(screens: str, *, models: tuple[str, ...] = (), **windows: Any) -> AsyncIterator[Held]:
        principal = Principal("key_1", "owner_1", "test", screens=screens, models=models)
        async with Upstream() as up:
            up.add("/v1/moderations", _judged)
            told = msgspec.structs.replace(config, moderation=Moderation(model="guard", **windows))
            targets = [target(up.port), _guard(up)]
            async with gateway(targets, config=told, keys=Keys(principal), screening=_guards) as running:
                yield Held(running, up)

    return serving


def _guard(up: Upstream) -> Target:
    made = target(up.port, "guard", model="guard")
    provider = msgspec.structs.replace(made.provider, speaks={Operation.MODERATE: Dialect.OPENAI_MODERATIONS})
    return msgspec.structs.replace(made, provider=provider)


def said(text: object, **fields: object) -> dict[str, object]:
    return {"model": "mock", "messages": [{"role": "user", "content": text}], **fields}


EACH = [(key, stream) for key in (GOOD_KEY, SLOW_KEY) for stream in (False, True)]


async def test_a_key_that_is_not_moderated_asks_nobody(serve: Serve) -> None:
    async with serve("") as held:
        for key, stream in EACH:
            assert (await held.post(said("vile", stream=stream), key=key)).status == 200
        assert held.asked("/v1/moderations") == []


@pytest.mark.parametrize("screens", ["input", "output", "both"])
async def test_harmless_calls_go_through_unchanged(serve: Serve, screens: str) -> None:
    async with serve(screens) as held, serve("") as free:
        for key, stream in EACH:
            body = said("good day", stream=stream, extra={"x": [1]})
            answer, plain = await held.post(body, key=key), await free.post(body)
            assert answer.status == plain.status == 200
            assert _without_time(answer.body) == _without_time(plain.body)
            assert answer.headers["content-type"] == plain.headers["content-type"]
        assert held.asked(CHAT) == free.asked(CHAT)
        checked = " ".join(held.checked())
        assert ("good day" in checked) == (screens != "output")
        assert ("upstream!" in checked) == (screens != "input")


def _without_time(body: bytes) -> list[str]:
    return [part for part in body.decode().replace("\n", ",").split(",") if '"created"' not in part]


async def test_flagged_input_never_reaches_a_model(serve: Serve) -> None:
    async with serve("both") as held:
        for key, stream in EACH:
            answer = await held.post(said("something vile", stream=stream), key=key)
            assert (answer.status, answer.error()["code"]) == (400, "content_flagged")
            assert "hate" in str(answer.error()["message"])
            assert "violence" not in str(answer.error()["message"])
        assert held.asked(CHAT) == []


SAID = (
    [{"role": "system", "content": "be vile"}, {"role": "user", "content": "hi"}],
    [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "vile"}]}],
    [{"role": "tool", "tool_call_id": "1", "content": "vile"}],
    [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "vile"}}]}],
    [{"role": "user", "content": "hi", "name": "vile"}],
    [{"role": "assistant", "content": None, "reasoning_content": "vile"}],
)


async def test_every_text_of_a_conversation_is_checked(serve: Serve) -> None:
    async with serve("input") as held:
        for messages in SAID:
            answer = await held.post({"model": "mock", "messages": messages})
            assert (answer.status, answer.error()["code"]) == (400, "content_flagged"), messages


async def test_what_was_checked_is_what_is_sent(serve: Serve) -> None:
    """Of a name that stands twice, another reader might take the other value."""
    twice = b'{"model": "mock", "messages": [{"role": "user", "content": "vile", "content": "good"}]}'
    async with serve("input") as held:
        assert (await held.post(twice)).status == 200
        (sent,) = [seen.body for seen in held.up.seen if seen.path == CHAT]
        assert b"vile" not in sent
        assert b"good" in sent


async def test_prompts_and_tools_are_checked(serve: Serve) -> None:
    tool = {"type": "function", "function": {"name": "f", "description": "vile"}}
    async with serve("input") as held:
        for path, body in (
            (COMPLETE, {"model": "mock", "prompt": "vile"}),
            (COMPLETE, {"model": "mock", "prompt": ["good", "vile"]}),
            (COMPLETE, {"model": "mock", "prompt": "good", "suffix": "vile"}),
            (CHAT, said("good", tools=[tool])),
        ):
            answer = await held.post(body, path)
            assert (answer.status, answer.error()["code"]) == (400, "content_flagged"), body


async def test_pictures_are_fetched_and_checked(serve: Serve) -> None:
    small = "data:image/png;base64," + base64.b64encode(png(7, 7)).decode()
    async with serve("input") as held:
        for url, status in ((PAGE, 200), (small, 400), ("https://pictures.test/none.png", 404)):
            content = [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": url}}]
            assert (await held.post(said(content))).status == status
        sent = [asked["input"] for asked in held.asked("/v1/moderations") if isinstance(asked["input"][0], dict)]
        assert len(sent) == 2
        assert sent[0][0]["image_url"]["url"].startswith("data:image/png;base64,")
        (went,) = held.asked(CHAT)
        assert went["messages"][0]["content"][1]["image_url"]["url"] == PAGE


async def test_what_the_moderation_does_not_take_is_told_of_the_call_it_guards(serve: Serve) -> None:
    async with serve("input") as held:
        url = "data:image/png;base64," + base64.b64encode(png(9, 9)).decode()
        refused = await held.post(said([{"type": "image_url", "image_url": {"url": url}}]))
        assert (refused.status, refused.error()["code"]) == (400, "unsupported_content")
        assert refused.error()["message"] == "This key is moderated, and this cannot be: No drawings."
        assert held.asked(CHAT) == []


UNREADABLE = (
    (COMPLETE, {"model": "mock", "prompt": [1, 2]}, "prompt"),
    (COMPLETE, {"model": "mock", "prompt": [[1], [2]]}, "prompt"),
    (CHAT, said([{"type": "input_audio", "input_audio": {"data": "AAAA"}}]), "messages[0].content[0]"),
    (CHAT, b'{"model": "mock", "messages": [{"role": "user", "content": 1e400}]}', "messages"),
    (CHAT, said([{"type": "file", "file": {"file_id": "file_1"}}]), "messages[0].content[0]"),
)


async def test_what_cannot_be_read_is_refused(serve: Serve) -> None:
    async with serve("input") as held:
        for path, body, param in UNREADABLE:
            error = (await held.post(body, path)).error()
            assert (error["code"] in ("unsupported_content", "invalid_value"), error["param"]) == (True, param)
        assert held.up.seen == []


async def test_a_flagged_answer_is_withheld(serve: Serve) -> None:
    async with serve("output") as held:
        held.up.words = ("That", " is", " vile")
        for path, body in ((CHAT, said("hi")), (COMPLETE, {"model": "mock", "prompt": "hi"})):
            answer = await held.post(body, path)
            assert (answer.status, answer.error()["code"]) == (400, "content_flagged")
            assert b"That" not in answer.body
            assert answer.headers["x-request-id"].startswith("call_")


async def test_a_stream_flagged_at_once_is_an_http_error(serve: Serve) -> None:
    async with serve("output") as held:
        held.up.words = ("That", " is", " vile", *[" word"] * 100)
        answer = await held.post(said("hi", stream=True))
        assert (answer.status, answer.error()["code"]) == (400, "content_flagged")


async def test_a_stream_is_let_go_in_windows_and_ends_where_it_is_flagged(serve: Serve) -> None:
    async with serve("output", window_chars=40) as held:
        held.up.words = (*(f" fine{number}" for number in range(60)), " vi", "le", " end")
        held.up.script(Fault(delay_chunk_s=0.002))
        answer = await held.post(said("hi", stream=True))
        assert answer.status == 200
        events = answer.events()
        assert json.loads(events[-2])["error"]["code"] == "content_flagged"
        assert events[-1] == "[DONE]"
        text = answer.body.decode()
        assert "fine0" in text
        assert '" vi"' not in text
        assert '"le"' not in text
        assert len(held.checked()) > 3


async def test_a_word_cut_between_windows_is_still_seen(serve: Serve) -> None:
    async with serve("output", window_chars=1) as held:
        held.up.words = ("aa v", "i", "l", "e")
        held.up.script(Fault(delay_chunk_s=0.05))
        answer = await held.post(said("hi", stream=True))
        assert b"content_flagged" in answer.body


async def test_slow_text_does_not_wait_for_a_full_window(serve: Serve) -> None:
    async with serve("output", window_chars=10_000, window_s=0.05) as held:
        held.up.words = ("slowly", " it", " comes")
        held.up.script(Fault(hold_chunks=asyncio.Event(), hold_after=2))
        async with connect(held.gate.port) as connection:
            await connection.send(request(CHAT, said("hi", stream=True)))
            status, _ = await connection.head()
            assert status == 200
            async for piece in connection.chunks():
                if b"slowly" in piece:
                    break


@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_of_the_guard_means_no_call(serve: Serve, stream: bool) -> None:
    async with serve("both") as held:
        held.up.add("/v1/moderations", Reply(b'{"error": {"message": "no"}}', 500))
        answer = await held.post(said("hi", stream=stream))
        assert answer.status == 502
        assert held.asked(CHAT) == []
    async with serve("output") as held:
        held.up.add("/v1/moderations", Reply(b"[]"))
        answer = await held.post(said("hi", stream=stream))
        assert (answer.status, answer.error()["code"]) == (502, "upstream_garbled")
        assert b"Hello" not in answer.body


async def test_a_guard_that_skips_a_text_is_not_believed(serve: Serve) -> None:
    async with serve("input") as held:
        held.up.add("/v1/moderations", Reply(b'{"results": []}'))
        assert (await held.post(said("hi"))).error()["code"] == "upstream_garbled"


async def test_a_keys_list_of_models_does_not_shut_out_its_guard(serve: Serve) -> None:
    async with serve("both", models=("mock",)) as held:
        assert (await held.post(said("hi"))).status == 200
        assert (await held.post({"model": "guard", "messages": []})).status in (403, 404)


async def test_checks_and_call_are_settled(serve: Serve) -> None:
    async with serve("both") as held:
        await held.post(said("hi"))
        calls = await held.gate.finished.wait(3)
        assert sorted(call.operation for call in calls) == ["chat", "moderate", "moderate"]
        assert {call.outcome for call in calls} == {Outcome.OK}
        assert {call.principal.key_id for call in calls} == {"key_1"}
        assert held.gate.limits.open == 0


async def test_a_client_that_leaves_is_checked_no_further(serve: Serve) -> None:
    async with serve("input") as held:
        held.up.script(Fault(silent=True))
        async with connect(held.gate.port) as connection:
            await connection.send(request(CHAT, said("a word " * 100_000)))
            seen = await held.up.saw(1)
        await seen.aborted()
        (call,) = await held.gate.finished.wait()
        assert (call.operation, call.outcome) == (Operation.MODERATE, Outcome.CLIENT_GONE)
        assert held.asked(CHAT) == []
        assert held.gate.limits.open == 0


async def test_a_withheld_stream_stops_the_upstream_and_is_settled_as_rejected(serve: Serve) -> None:
    async with serve("output", window_chars=20) as held:
        held.up.words = ("something really quite vile", *[" word"] * 2000)
        held.up.script(Fault(delay_chunk_s=0.01))
        answer = await held.post(said("hi", stream=True))
        assert answer.error()["code"] == "content_flagged"
        await (await held.up.saw(1)).aborted()
        calls = await held.gate.finished.wait(2)
        (chat,) = [call for call in calls if call.operation is Operation.CHAT]
        assert (chat.outcome, chat.error_code) == (Outcome.REJECTED, "content_flagged")
        assert held.gate.limits.open == 0
        assert held.gate.relay.open == set()


async def test_many_calls_on_one_connection(serve: Serve) -> None:
    async with serve("both") as held, connect(held.gate.port) as connection:
        for number in range(3):
            await connection.send(request(CHAT, said("hi", stream=True)))
            answer = await connection.reply()
            assert answer.status == 200, number
            assert answer.events()[-1] == "[DONE]"


async def test_what_the_upstream_says_wrong_still_arrives(serve: Serve) -> None:
    async with serve("both") as held:
        held.up.add(CHAT, Reply(b'{"error": {"message": "too long", "code": "x"}}', 400))
        answer = await held.post(said("hi"))
        assert (answer.status, answer.error()["message"]) == (400, "too long")
        unknown = await held.post({"model": "none", "messages": []})
        assert unknown.status == 404
