"""What is not a matter of one route: names that stand twice, ways around the check, and what withheld work costs."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.types import ASGIApp

from openhearth.app.platform import platform
from openhearth.config import Config, Engines, Moderation, Store
from tests.fakes.asgi import Answer, ask
from tests.fakes.upstream import Reply, Upstream
from tests.moderation.vendors import GUARD, Vendors, attach
from tests.moderation.ways import FINE_PICTURE, SOUND, VILE_PICTURE
from tests.permissions.callers import asked, new_key

HEAR = "/v1/audio/transcriptions"


class Held(msgspec.Struct):
    """A platform with two keys: what one sends is moderated, and what the other gets."""

    app: ASGIApp
    up: Upstream
    vendors: Vendors
    admin: str
    sends: str
    gets: str

    async def post(self, key: str, path: str, body: object) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return await ask(self.app, "POST", path, headers=headers, body=data)

    async def charge(self, answer: Answer) -> float:
        told = await asked(self.app, "GET", f"/v1/generation?id={answer.headers['x-request-id']}", self.gets)
        return float(told.json()["data"]["total_cost"])


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[Held]:
    config = Config(
        store=Store(folder=str(tmp_path)), engines=Engines(enabled=False), moderation=Moderation(model=GUARD)
    )
    async with Upstream() as up, platform(config, {}) as built:
        vendors = Vendors(up)
        await attach(built.app, built.first_key, up)
        keys = [(await new_key(built.app, built.first_key, one, moderate=one))[1] for one in ("input", "output")]
        up.seen.clear()
        yield Held(built.app, up, vendors, built.first_key, *keys)


def _code(answer: Answer) -> tuple[int, str, str | None]:
    error: dict[str, Any] = answer.json().get("error") or answer.json()["detail"]
    return answer.status, error.get("code") or error["status"], error["param"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/fish/v1/tts", b'{"model":"s1","text":"vile","text":"fine"}'),
        ("/v1/audio/speech", b'{"model":"tts-1","voice":"alloy","input":"fine","x":{"y":"vile","y":"fine"}}'),
        ("/v1/rerank", b'{"model":"jina-reranker-v3","query":"fine","documents":["a"],"x":{"y":"vile","y":"b"}}'),
        ("/v1/images/generations", b'{"model":"gpt-image-1","prompt":"fine","x":{"y":"vile","y":"fine"}}'),
        ("/v1/embeddings", b'{"model":"text-embedding-3-small","input":"fine","x":{"y":"vile","y":"fine"}}'),
    ],
)
async def test_what_was_looked_at_is_what_is_sent(held: Held, path: str, body: bytes) -> None:
    """Of a name that stands twice, another reader might take the other value."""
    assert (await held.post(held.sends, path, body)).status == 200
    assert b"fine" in held.up.seen[-1].body
    assert all(b"vile" not in seen.body for seen in held.up.seen)


async def test_what_comes_by_another_way_is_refused(held: Held) -> None:
    body = {"model_id": "scribe_v1", "file": SOUND, "webhook": True}
    refused = await held.post(held.gets, "/elevenlabs/v1/speech-to-text", body)
    assert _code(refused) == (400, "unsupported_content", "webhook")
    assert held.vendors.asked() == []
    assert (await held.post(held.sends, "/elevenlabs/v1/speech-to-text", body)).status == 200


@pytest.mark.parametrize("link", ["https://pictures.test/a.png", "data:image/png;base64,AAAA", ["http://a.test/b"]])
async def test_a_picture_in_a_field_of_the_vendors_own_is_refused(held: Held, link: object) -> None:
    body = {"model": "gpt-image-1", "prompt": "fine", "reference": link}
    refused = await held.post(held.sends, "/v1/images/generations", body)
    assert _code(refused) == (400, "unsupported_content", "reference")
    assert held.vendors.asked() == []
    assert (await held.post(held.gets, "/v1/images/generations", body)).status == 200


async def test_a_transcript_is_let_go_in_windows_and_ends_where_it_is_flagged(held: Held) -> None:
    words = [*(f"fine{number} " for number in range(60)), "vi", "le", " end"]
    deltas = [{"type": "transcript.text.delta", "delta": word} for word in words]
    last = {"type": "transcript.text.done", "text": "".join(words)}
    pieces = tuple(f"data: {json.dumps(event)}\n\n".encode() for event in (*deltas, last))
    held.up.add(HEAR, Reply(pieces=pieces, headers={"content-type": "text/event-stream"}))
    answer = await held.post(held.gets, HEAR, {"model": "whisper-1", "file": SOUND, "stream": True})
    assert answer.status == 200
    assert answer.events()[-2]["error"]["code"] == "content_flagged"
    assert answer.events()[-1] == "[DONE]"
    assert b"fine0" in answer.body
    assert b'"le"' not in answer.body
    assert b"end" not in answer.body
    assert await held.charge(answer) > 0
    free = await held.post(held.sends, HEAR, {"model": "whisper-1", "file": SOUND, "stream": True})
    assert free.body == b"".join(pieces)


async def test_no_answer_of_the_guard_means_no_answer_and_the_work_is_charged(held: Held) -> None:
    held.up.add("/v1/moderations", Reply(b'{"error": {"message": "no"}}', 500))
    for path, body in (
        (HEAR, {"model": "whisper-1", "file": SOUND}),
        (HEAR, {"model": "whisper-1", "file": SOUND, "stream": True}),
        ("/v1/ocr", {"model": "textin", "image": f"data:image/png;base64,{base64.b64encode(FINE_PICTURE).decode()}"}),
        ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "fine"}),
    ):
        answer = await held.post(held.gets, path, body)
        assert answer.status == 502, path
        assert b"fine day" not in answer.body
        assert await held.charge(answer) > 0, path


async def test_pictures_behind_a_flagged_one_are_charged_as_well(held: Held) -> None:
    data = [{"b64_json": base64.b64encode(one).decode()} for one in (VILE_PICTURE, FINE_PICTURE, FINE_PICTURE)]
    held.up.add("/v1/images/generations", Reply(json.dumps({"created": 1, "data": data}).encode()))
    price = {"model": "gpt-image-1", "rates": {"image_micros": 1000}}
    await asked(held.app, "POST", "/admin/v1/prices", held.admin, price)
    answer = await held.post(held.gets, "/v1/images/generations", {"model": "gpt-image-1", "prompt": "fine", "n": 3})
    assert _code(answer) == (400, "content_flagged", None)
    assert await held.charge(answer) == 0.003
