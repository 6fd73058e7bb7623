"""The moderation engine's HTTP face: form, bounds, the line, leaving."""

import asyncio
import base64
import json
import threading
from typing import Any

import pytest
from openai.types import ModerationCreateResponse
from starlette.applications import Starlette

from openhearth.core.errors import RequestError
from openhearth.engines.moderate.app import build
from openhearth.engines.moderate.categories import CATEGORIES, Scores
from openhearth.engines.moderate.judge import load_rules
from openhearth.engines.moderate.settings import ModerateSettings
from tests.fakes.asgi import Answer, ask, calling
from tests.fakes.media import png


class Scripted:
    """Witnesses that look for their own words."""

    def __init__(self) -> None:
        self.rules = load_rules()
        self.pieces: list[str] = []
        self.pictures = 0
        self.gate = threading.Event()
        self.gate.set()

    def words(self, text: str) -> Scores:
        self.gate.wait(30)
        return {"hate": 0.9} if "vile" in text else {}

    def meaning(self, pieces: list[str]) -> Scores:
        self.pieces += pieces
        return {"violence/graphic": 0.7} if any("gore" in piece for piece in pieces) else {}

    def picture(self, data: bytes, param: str) -> Scores:
        if len(data) < 10:
            raise RequestError("broken", param=param, code="picture_damaged")
        self.pictures += 1
        return {"sexual": 0.6}


def engine(judge: Scripted | None = None, **settings: Any) -> Starlette:
    return build(ModerateSettings("", "", "", **settings), judge or Scripted())


async def moderate(app: Starlette, body: Any) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(app, "POST", "/v1/moderations", body=data)


def uri(data: bytes = b"") -> str:
    return f"data:image/png;base64,{base64.b64encode(data or png()).decode()}"


def picture(url: object) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url}}


async def test_the_answer_has_openais_form_and_all_categories() -> None:
    answer = await moderate(engine(), {"input": "vile", "model": "local-moderation"})
    assert answer.status == 200
    parsed = ModerationCreateResponse.model_validate_json(answer.body, strict=True)
    assert (parsed.model, len(parsed.results), parsed.id[:5]) == ("local-moderation", 1, "modr-")
    assert parsed.results[0].flagged
    assert parsed.results[0].categories.hate
    result = answer.json()["results"][0]
    for name in ("categories", "category_scores", "category_applied_input_types"):
        assert tuple(result[name]) == CATEGORIES
    assert result["category_scores"]["hate"] == pytest.approx(0.9)
    assert set(map(str, result["category_applied_input_types"].values())) == {"['text']"}


async def test_each_text_has_its_result_and_parts_have_one() -> None:
    app = engine()
    listed = (await moderate(app, {"input": ["fine", "vile", ""]})).json()["results"]
    assert [result["flagged"] for result in listed] == [False, True, False]
    parts = [{"type": "text", "text": "fine"}, picture(uri()), {"type": "text", "text": "vile"}]
    (joint,) = (await moderate(app, {"input": parts})).json()["results"]
    assert (joint["categories"]["hate"], joint["categories"]["sexual"]) == (True, True)
    assert joint["category_applied_input_types"]["sexual"] == ["text", "image"]
    assert joint["category_applied_input_types"]["hate"] == ["text"]


async def test_a_picture_alone_is_judged_for_what_we_can_see() -> None:
    (result,) = (await moderate(engine(), {"input": [picture(uri())]})).json()["results"]
    applied = result["category_applied_input_types"]
    assert {category for category, kinds in applied.items() if kinds} == {"sexual"}


async def test_a_part_of_a_category_flags_the_whole() -> None:
    (result,) = (await moderate(engine(), {"input": "gore"})).json()["results"]
    assert result["categories"]["violence/graphic"]
    assert result["categories"]["violence"]
    assert result["category_scores"]["violence"] == pytest.approx(0.7)


async def test_a_long_text_is_judged_to_its_end() -> None:
    judge = Scripted()
    text = "".join(f"All was well in the garden on day {day}. " for day in range(3000)) + "Here comes the gore."
    (result,) = (await moderate(engine(judge), {"input": text})).json()["results"]
    assert result["flagged"]
    assert all(f"day {day}." in " ".join(judge.pieces) for day in (0, 1500, 2999))


async def test_fields_without_effect_are_named_or_refused() -> None:
    answer = await moderate(engine(), {"input": "fine", "model": "x", "user": "u", "threshold": 1, "a\r\nb": 2})
    assert answer.headers["x-openhearth-dropped"] == "threshold, a??b"
    strict = await moderate(engine(strict=True), {"input": "fine", "model": "x", "user": "u", "threshold": 1})
    assert (strict.status, strict.json()["error"]["param"]) == (422, "threshold")


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        (b"{", 400, None, "invalid_json"), (b"[]", 400, None, "invalid_json"), ({}, 400, "input", "missing_field"),
        ({"input": None}, 400, "input", "missing_field"), ({"input": 1}, 400, "input", "invalid_type"),
        ({"input": {}}, 400, "input", "invalid_type"), ({"input": []}, 400, "input", "invalid_value"),
        ({"input": ["a", 1]}, 400, "input[1]", "invalid_type"), ({"input": [1]}, 400, "input[0]", "invalid_type"),
        ({"input": ["a", {"type": "text", "text": "b"}]}, 400, "input[1]", "invalid_type"),
        ({"input": ["a"] * 1025}, 400, "input", "invalid_value"),
        ({"input": "a" * 200_001}, 400, "input", "context_length_exceeded"),
        ({"input": ["a" * 100_001] * 2}, 400, "input", "context_length_exceeded"),
        ({"input": [{"type": "audio"}]}, 400, "input[0].type", "invalid_value"),
        ({"input": [{"type": "text", "text": "a"}, "b"]}, 400, "input[1].type", "invalid_value"),
        ({"input": [{"type": "text"}]}, 400, "input[0].text", "invalid_type"),
        ({"input": [{"type": "image_url"}]}, 400, "input[0].image_url.url", "invalid_type"),
        ({"input": [{"type": "image_url", "image_url": "data:,"}]}, 400, "input[0].image_url.url", "invalid_type"),
        ({"input": [picture(7)]}, 400, "input[0].image_url.url", "invalid_type"),
        ({"input": [picture("https://a.test/b.png")]}, 400, "input[0].image_url.url", "invalid_image"),
        ({"input": [picture("data:image/png,raw")]}, 400, "input[0].image_url.url", "invalid_image"),
        ({"input": [picture("data:image/png;base64,%%%")]}, 400, "input[0].image_url.url", "invalid_image"),
        ({"input": [picture("data:;base64,AAAA")]}, 400, "input[0].image_url.url", "picture_damaged"),
        ({"input": [picture(uri())] * 9}, 400, "input[8]", "too_many_images"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named(body: object, status: int, param: str | None, code: str) -> None:
    answer = await moderate(engine(), body)
    error = answer.json()["error"]
    assert (answer.status, error["param"], error["code"]) == (status, param, code)


async def test_health_and_unknown_paths() -> None:
    app = engine()
    health = (await ask(app, "GET", "/health")).json()
    assert (health["model"], health["queue"], health["oldest_s"]) == ("local-moderation", 0, 0)
    answer = await ask(app, "POST", "/v1/chat/completions")
    assert (answer.status, answer.json()["error"]["code"]) == (404, "not_found")


async def test_a_full_line_says_when_to_come_back() -> None:
    judge = Scripted()
    judge.gate.clear()
    app = engine(judge, slots=1, queue=1)
    body = json.dumps({"input": "fine"}).encode()
    try:
        async with (
            calling(app, "POST", "/v1/moderations", body=body),
            calling(app, "POST", "/v1/moderations", body=body),
        ):
            await _until_queue(app, 2)
            answer = await moderate(app, {"input": "fine"})
            assert (answer.status, answer.json()["error"]["code"]) == (429, "engine_queue_full")
            assert int(answer.headers["retry-after"]) >= 1
    finally:
        judge.gate.set()


async def test_who_leaves_gives_the_place_up() -> None:
    judge = Scripted()
    judge.gate.clear()
    app = engine(judge, slots=1, queue=1)
    async with calling(app, "POST", "/v1/moderations", body=json.dumps({"input": "fine"}).encode()) as caller:
        await _until_queue(app, 1)
        caller.leave()
        judge.gate.set()
        await caller.end()
    await _until_queue(app, 0)
    assert (await moderate(app, {"input": "fine"})).status == 200


async def _until_queue(app: Starlette, count: int) -> None:
    async with asyncio.timeout(30):
        while (await ask(app, "GET", "/health")).json()["queue"] != count:
            await asyncio.sleep(0.01)
