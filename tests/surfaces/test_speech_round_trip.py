"""Our speech, heard by our Whisper, is the words that were to be said: the real engines on the whole platform."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from openhearth.app.platform import Platform, platform
from openhearth.config import Config, Engines, Store
from openhearth.core.form import FilePart, written
from tests.engines.spoken_packs import needed
from tests.fakes.asgi import Answer, calling

PATIENCE_S = 170

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Platform]:
    needed(("hibari-tts", "whisper-base"))
    config = Config(store=Store(folder=str(tmp_path)), engines=Engines(threads=1))
    async with platform(config, {name: value for name, value in os.environ.items() if "API_KEY" not in name}) as made:
        yield made


async def ask(running: Platform, path: str, body: bytes, kind: str) -> Answer:
    headers = {"authorization": f"Bearer {running.first_key}", "content-type": kind}
    async with calling(running.app, "POST", path, headers=headers, body=body) as caller:
        assert caller.task is not None
        await asyncio.wait_for(asyncio.shield(caller.task), PATIENCE_S)
        return caller.answer


async def heard(running: Platform, text: str, voice: str, model: str, form: str) -> str:
    """What Whisper hears of ``text`` spoken."""
    order = {"input": text, "voice": voice, "model": model, "response_format": form}
    spoken = await ask(running, "/v1/audio/speech", msgspec.json.encode(order), "application/json")
    assert spoken.status == 200, spoken.body
    upload = written((("model", "whisper-base"),), (FilePart("file", f"speech.{form}", "audio/mpeg", spoken.body),))
    answer = await ask(running, "/v1/audio/transcriptions", upload.body, upload.content_type)
    assert answer.status == 200, answer.body
    return str(answer.json()["text"])


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def same(wanted: list[str] | str, found: list[str] | str) -> float:
    """The share of the wanted words (or characters) that are there, each as often as it should be."""
    left = list(found)
    hits = 0
    for one in wanted:
        if one in left:
            left.remove(one)
            hits += 1
    return hits / len(wanted)


async def test_english_is_heard_as_it_was_said(running: Platform) -> None:
    english = "Hello, this platform speaks without any cloud key. The meeting starts on Monday."
    assert same(words(english), words(await heard(running, english, "alloy", "hibari-tts", "mp3"))) >= 0.9
    numbers = await heard(running, "Doctor Smith paid $5.20 for 35% of it.", "alloy", "hibari-tts", "opus")
    assert "$5" in numbers
    assert "20" in numbers
    assert "35" in numbers


async def test_spanish_and_chinese_are_heard_as_they_were_said(running: Platform) -> None:
    needed(("kokoro-tts",))
    spanish = "Hola, este modelo habla español sin conexión a internet."
    assert same(words(spanish), words(await heard(running, spanish, "coral", "kokoro-tts", "flac"))) >= 0.9
    chinese = "你好，今天的天气很好，我们一起去公园吧。"
    said = re.sub(r"\W", "", await heard(running, chinese, "alloy", "kokoro-tts", "wav"))
    assert same(re.sub(r"\W", "", chinese), said) >= 0.85
