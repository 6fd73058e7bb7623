"""Digests of what passes: exactly the bytes the client sent and got, kept before the answer ends, never in its way."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from openhearth.core.call import Principal
from openhearth.core.envelope import Envelope
from openhearth.doors import asgi
from openhearth.stores.receipt_ports import DigestRecord
from openhearth.surfaces.calls.model_names import ModelName
from openhearth.surfaces.calls.witness import Witness
from openhearth.surfaces.openai import chat
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import ask, calling
from tests.fakes.gateway import gateway, target
from tests.fakes.upstream import Fault, Upstream

ASKS = {"x-openhearth-receipt": "true"}
KEYED = {"authorization": f"Bearer {GOOD_KEY}", "content-type": "application/json", **ASKS}
CALL_ID = "call_0192"


class Digests:
    """Keeps digests; ``events`` is shared with what is sent, so that a test sees the order."""

    def __init__(self) -> None:
        self.kept: list[DigestRecord] = []
        self.events: list[str] = []
        self.is_away = False

    async def add_digests(self, digests: DigestRecord) -> None:
        if self.is_away:
            raise OSError("The store is away.")
        self.kept.append(digests)
        self.events.append("kept")

    async def digests(self, call_id: str) -> DigestRecord | None:
        return next((one for one in self.kept if one.call_id == call_id), None)


def answering(
    pieces: Sequence[bytes], *, kind: bytes = b"application/json", call_id: str = CALL_ID, ends: bool = True
) -> ASGIApp:
    """An application that reads the request and answers in pieces."""

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        headers = [(b"content-type", kind), (b"x-request-id", call_id.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, piece in enumerate(pieces, 1):
            await send({"type": "http.response.body", "body": piece, "more_body": not ends or number < len(pieces)})

    return app


@pytest.fixture
def digests() -> Digests:
    return Digests()


async def test_request_and_answer_are_hashed_as_they_pass(digests: Digests) -> None:
    pieces = [b'{"model": ', b'"gpt-4o-x"', b"}"]
    app = Witness(answering(pieces), digests, now=lambda: 7.5)
    answer = await ask(app, "POST", "/", headers=ASKS, body=b'{"model": "gpt-4o"}')
    assert answer.body == b"".join(pieces)
    assert answer.headers["x-openhearth-receipt"] == f"/v1/calls/{CALL_ID}/receipt"
    assert digests.kept == [
        DigestRecord(
            CALL_ID,
            sha256(b'{"model": "gpt-4o"}').hexdigest(),
            19,
            sha256(answer.body).hexdigest(),
            len(answer.body),
            True,
            200,
            "gpt-4o-x",
            7.5,
        )
    ]


async def test_digests_are_kept_before_the_answer_ends(digests: Digests) -> None:
    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            digests.events.append("sent" if message.get("more_body", True) else "ended")
            await send(message)

        await Witness(answering([b"{", b"}"]), digests)(scope, receive, sent)

    await ask(noted, "POST", "/", headers=ASKS)
    assert digests.events == ["sent", "sent", "kept", "ended"]


@pytest.mark.parametrize("value", ["false", "0", "no", ""])
async def test_nothing_is_kept_unless_it_is_asked_for(digests: Digests, value: str) -> None:
    app = Witness(answering([b"{}"]), digests)
    assert (await ask(app, "POST", "/", headers={"x-openhearth-receipt": value})).body == b"{}"
    answer = await ask(app, "POST", "/")
    assert ("x-openhearth-receipt" in answer.headers, digests.kept) == (False, [])


async def test_a_value_that_is_neither_yes_nor_no_is_refused(digests: Digests) -> None:
    answer = await ask(Witness(answering([b"{}"]), digests), "POST", "/", headers={"x-openhearth-receipt": "maybe"})
    assert (answer.status, answer.json()["error"]["param"]) == (400, "x-openhearth-receipt")


async def test_what_is_no_call_has_no_receipt(digests: Digests) -> None:
    answer = await ask(Witness(answering([b"{}"], call_id="req_1"), digests), "GET", "/", headers=ASKS)
    assert ("x-openhearth-receipt" in answer.headers, digests.kept) == (False, [])


async def test_an_answer_that_ends_early_is_marked(digests: Digests) -> None:
    await ask(Witness(answering([b"data: {}\n\n"], ends=False), digests), "POST", "/", headers=ASKS)
    assert [(one.answer_complete, one.answer_bytes) for one in digests.kept] == [(False, 10)]


async def test_an_application_that_breaks_still_breaks(digests: Digests) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        await answering([b"{"], ends=False)(scope, receive, send)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await ask(Witness(broken, digests), "POST", "/", headers=ASKS)
    assert [one.answer_complete for one in digests.kept] == [False]


async def test_a_store_that_is_away_does_not_take_the_answer_away(
    digests: Digests, caplog: pytest.LogCaptureFixture
) -> None:
    digests.is_away = True
    answer = await ask(Witness(answering([b"{}"]), digests), "POST", "/", headers=ASKS)
    assert (answer.body, answer.complete) == (b"{}", True)
    assert f"No receipt for {CALL_ID}" in caplog.text


JSON, EVENTS = b"application/json; charset=utf-8", b"text/event-stream"


@pytest.mark.parametrize(
    ("kind", "pieces", "name"),
    [
        (JSON, [b'{"model": "m", "x": 1}'], "m"),
        (JSON, [b'{"mod', b'el": "m"}', b""], "m"),
        (JSON, [b'{"data": [' + b"0.5, " * 500_000 + b'0], "model": "embedder"}'], "embedder"),
        (JSON, [b'{"data": [' + b"0.5, " * 300_000, b'0], "model": "embedder"}'], ""),
        (JSON, [b'{"modelVersion": "gemini-x"}'], "gemini-x"),
        (JSON, [b'{"model": "m", "message": "text", "response": 5}'], "m"),
        (JSON, [b'{"model": 5}'], ""),
        (JSON, [b"no json"], ""),
        (JSON, [b'{"model": "a\\nb' + b"c" * 300 + b'"}'], "a?b" + "c" * 253),
        (EVENTS, [b": hi\n\nda", b'ta: {"model": "m"}\n\ndata: [DONE]\n\n'], "m"),
        (EVENTS, [b'event: message_start\r\ndata: {"message": {"model": "claude"}}\r\n\r\n'], "claude"),
        (EVENTS, [b'data: {"type": "response.created", "response": {"model": "o"}}\n\n'], "o"),
        (EVENTS, [b'data: {"model": "at the end"}'], "at the end"),
        (EVENTS, [b"data: [DONE]\n\n"], ""),
        (b"image/png", [b'{"model": "m"}'], ""),
    ],
)
def test_the_model_of_an_answer_is_read_in_passing(kind: bytes, pieces: list[bytes], name: str) -> None:
    read = ModelName(kind)
    for number, piece in enumerate(pieces, 1):
        read.feed(piece, is_last=number == len(pieces))
    assert read.name == name


# -- around the real relay -----------------------------------------------------------------------------------------


@pytest.fixture
async def up() -> AsyncIterator[Upstream]:
    async with Upstream() as upstream:
        yield upstream


@pytest.fixture
async def relayed(up: Upstream, digests: Digests) -> AsyncIterator[ASGIApp]:
    async def no_pictures(_: Request, __: Envelope, ___: Principal) -> Response | None:
        return None

    async with gateway([target(up.port)]) as running:
        routes = chat.routes(running.relay, running.relay.config.limits, no_pictures)
        yield Witness(asgi.app(routes), digests)


def _asked(*, stream: bool) -> bytes:
    return json.dumps({"model": "mock", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}).encode()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_relayed_answers_are_hashed_to_the_byte(relayed: ASGIApp, digests: Digests, stream: bool) -> None:
    body = _asked(stream=stream)
    answer = await ask(relayed, "POST", "/v1/chat/completions", headers=KEYED, body=body)
    assert (answer.status, answer.complete) == (200, True)
    (kept,) = digests.kept
    assert kept.call_id == answer.headers["x-request-id"]
    assert (kept.request_sha256, kept.request_bytes) == (sha256(body).hexdigest(), len(body))
    assert (kept.answer_sha256, kept.answer_bytes) == (sha256(answer.body).hexdigest(), len(answer.body))
    said = answer.events()[0] if stream else answer.json()
    assert (kept.model_returned, kept.answer_complete) == (said["model"], True)


async def test_a_client_that_leaves_has_a_receipt_of_what_it_got(
    relayed: ASGIApp, up: Upstream, digests: Digests
) -> None:
    up.script(Fault(hold_chunks=asyncio.Event()))
    async with calling(relayed, "POST", "/v1/chat/completions", headers=KEYED, body=_asked(stream=True)) as caller:
        await caller.until(b"data:")
        caller.leave()
        answer = await caller.end()
    (kept,) = digests.kept
    assert (kept.answer_complete, kept.answer_bytes) == (False, len(answer.body))
    assert kept.answer_sha256 == sha256(answer.body).hexdigest()


async def test_a_call_that_fails_has_a_receipt_of_its_failure(relayed: ASGIApp, up: Upstream, digests: Digests) -> None:
    up.script(Fault(status=400))
    answer = await ask(relayed, "POST", "/v1/chat/completions", headers=KEYED, body=_asked(stream=False))
    assert [(one.status, one.answer_sha256) for one in digests.kept] == [(400, sha256(answer.body).hexdigest())]
