"""The speech engine's HTTP face: formats, events, times, the line, refusals, and an end when nobody listens."""

import base64
import json
from typing import Any

import pytest
from starlette.types import ASGIApp

from openhearth.engines.speak.app import build
from openhearth.engines.speak.settings import SpeakSettings
from openhearth.engines.speak.voices import HIBARI, KOKORO, KOKORO_NAMES, OPENAI_NAMES, chosen, voices
from tests.engines.speakers import EDGE_S, PHONEME_S, Tone, decoded_s, speech, until
from tests.fakes.asgi import Answer, ask, calling

PATH = "/v1/audio/speech"
TEXT = "Hello there, hello dog. The apple, the dog and the boy."


def app(tone: Tone | None = None, name: str = HIBARI, **settings: Any) -> ASGIApp:
    readers = ("zh", "es") if name == KOKORO else ()
    return build(SpeakSettings(name, "", "", **settings), speech(tone or Tone(), *readers))


async def say(served: ASGIApp, **fields: Any) -> Answer:
    return await ask(served, "POST", PATH, body=json.dumps({"input": TEXT, **fields}).encode())


def seconds(tone: Tone) -> float:
    """How long what was said is, by the fake model's own measure."""
    return sum((2 * EDGE_S + PHONEME_S * len(phonemes)) / speed for phonemes, _, speed in tone.said)


@pytest.mark.parametrize(
    ("form", "mime"),
    [("mp3", "audio/mpeg"), ("opus", "audio/ogg"), ("aac", "audio/aac"), ("flac", "audio/flac"), ("wav", "audio/wav")],
)
async def test_each_format_is_answered_piece_by_piece(form: str, mime: str) -> None:
    tone = Tone()
    answer = await say(app(tone), response_format=form)
    assert answer.status == 200
    assert answer.headers["content-type"] == mime
    assert len(tone.said) == 2
    assert len([piece for piece in answer.pieces if piece]) >= 2
    assert decoded_s(answer.body) == pytest.approx(seconds(tone), abs=0.15)


async def test_pcm_is_24_khz_with_16_bits() -> None:
    tone = Tone()
    answer = await say(app(tone), response_format="pcm")
    assert len(answer.body) / 48_000 == pytest.approx(seconds(tone), abs=0.01)


async def test_the_first_sentence_is_sent_before_the_second_is_spoken() -> None:
    tone = Tone()
    tone.allowed = 1
    body = json.dumps({"input": TEXT, "response_format": "wav"}).encode()
    async with calling(app(tone), "POST", PATH, body=body) as one:
        await until(lambda: len(tone.said) == 2)
        await until(lambda: one.answer.body)
        first = len(one.answer.body)
        assert not one.answer.complete
        tone.allowed = 2
        whole = await one.end()
    assert len(whole.body) > first > 44


async def test_events_carry_the_file_and_the_usage() -> None:
    tone = Tone()
    answer = await say(app(tone), response_format="wav", stream_format="sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = answer.events()
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"event: speech.audio.delta\n" in answer.body
    data = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert decoded_s(data) == pytest.approx(seconds(tone), abs=0.05)
    assert done["type"] == "speech.audio.done"
    usage = done["usage"]
    assert usage["output_tokens"] == round(seconds(tone) * 20)
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


async def test_events_tell_when_each_character_is_said() -> None:
    answer = await say(app(), response_format="pcm", stream_format="sse", timestamps=True, speed=4.0)
    found = [event["alignment"] for event in answer.events() if "alignment" in event]
    said = "".join(character for one in found for character in one["characters"])
    assert said == TEXT
    starts = [start for one in found for start in one["starts_s"]]
    assert starts == sorted(starts)
    sound = b"".join(base64.b64decode(event["audio"]) for event in answer.events() if "audio" in event)
    assert starts[-1] < len(sound) / 48_000 + 0.1


async def test_every_character_has_its_time_once_whatever_stands_between_sentences() -> None:
    text = "\n🎉 Hello there, the dog.  \n\nThe apple [🎉] is open there. Well, the boy! 🎉"
    answer = await say(app(), input=text, response_format="pcm", stream_format="sse", timestamps=True)
    found = [event for event in answer.events() if "alignment" in event]
    assert "".join(character for one in found for character in one["alignment"]["characters"]) == text
    read = "".join(character for one in found for character in one["normalized_alignment"]["characters"])
    assert "dog. The apple" in read
    starts = [start for one in found for start in one["alignment"]["starts_s"]]
    assert starts == sorted(starts)


@pytest.mark.parametrize(("speed", "of_model"), [(1.0, 1.0), (2.0, 2.0), (4.0, 2.0), (0.25, 0.5)])
async def test_speed_is_the_models_where_it_can_and_the_tempo_beyond(speed: float, of_model: float) -> None:
    tone = Tone()
    answer = await say(app(tone), response_format="wav", speed=speed)
    assert tone.said[0][2] == of_model
    assert decoded_s(answer.body) == pytest.approx(seconds(tone) / (speed / of_model), rel=0.06)


async def test_what_has_no_effect_is_said() -> None:
    answer = await say(app(), instructions="whisper", made_up=1, seed=None)
    assert answer.headers["x-openhearth-dropped"] == "instructions, made_up"
    assert (await say(app(), response_format="wav", bit_rate=64_000)).headers["x-openhearth-dropped"] == "bit_rate"
    assert "x-openhearth-dropped" not in (await say(app(), response_format="opus", bit_rate=64_000)).headers


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": ""}, "input", "empty_input"),
        ({"input": " \n"}, "input", "empty_input"),
        ({"input": "…"}, "input", "empty_input"),
        ({"input": None}, "input", "missing_field"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": "a" * 51}, "input", "input_too_long"),
        ({"input": "Привет"}, "input", "language_not_supported"),
        ({"input": "你好"}, "input", "language_not_supported"),
        ({"voice": "nobody"}, "voice", "voice_not_found"),
        ({"voice": {"name": "x"}}, "voice", "invalid_type"),
        ({"voice": 5}, "voice", "invalid_type"),
        ({"response_format": "ogg"}, "response_format", "invalid_value"),
        ({"speed": 0.2}, "speed", "invalid_value"),
        ({"speed": 4.1}, "speed", "invalid_value"),
        ({"speed": "fast"}, "speed", "invalid_type"),
        ({"stream_format": "chunks"}, "stream_format", "invalid_value"),
        ({"timestamps": True}, "timestamps", "invalid_value"),
        ({"sample_rate": 12345}, "sample_rate", "invalid_value"),
        ({"language": "klingon"}, "language", "invalid_value"),
        ({"language": "fr"}, "language", "language_not_supported"),
        ({"volume_db": 99}, "volume_db", "invalid_value"),
        ({"bit_rate": 1}, "bit_rate", "invalid_value"),
    ],
)
async def test_bad_input_is_refused_by_field(fields: dict[str, Any], param: str, code: str) -> None:
    answer = await say(app(characters=50), **{"input": "Hello dog", **fields})
    assert answer.status == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


async def test_text_of_which_nothing_remains_to_be_said_is_refused() -> None:
    refused = await say(app(name=KOKORO), input="º ª", language="es")
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "empty_input"


async def test_another_model_and_path_are_not_served_and_a_broken_body_is_refused() -> None:
    served = app()
    assert (await say(served, model="tts-1")).status == 404
    assert (await ask(served, "POST", "/v1/chat/completions", body=b"{}")).status == 404
    assert (await ask(served, "POST", PATH, body=b"[1]")).status == 400
    assert (await ask(served, "POST", PATH, body=b" " * 2_000_000)).status == 413


async def test_the_unknown_voice_names_those_there_are() -> None:
    message = (await say(app(), voice="nobody")).json()["error"]["message"]
    assert "heart" in message
    assert "alloy" in message


async def test_a_voice_of_a_language_nobody_reads_must_be_told_what_to_read() -> None:
    served = app(name=KOKORO)
    refused = await say(served, voice="ff_siwis")
    assert refused.status == 400
    assert refused.json()["error"]["param"] == "voice"
    assert (await say(served, voice="ff_siwis", language="en")).status == 200


async def test_openai_names_and_no_name_mean_a_voice_of_the_texts_language() -> None:
    for text, first in (("Hello there", "af_nova"), ("你好，世界", "zf_xiaobei"), ("Hola, ¿cómo estás?", "ef_dora")):
        tone = Tone()
        assert (await say(app(tone, KOKORO), input=text, voice={"id": "nova"})).status == 200
        assert tone.said[0][1] == first
    tone = Tone()
    await say(app(tone, KOKORO), input="你好")
    assert tone.said[0][1] == "zf_xiaoxiao"


def test_every_openai_name_means_a_voice_of_each_model_and_language() -> None:
    for name in OPENAI_NAMES:
        for language in ("en", "zh", "es"):
            found = chosen(KOKORO, name, language)
            assert found is not None
            assert found.reads == language
        assert chosen(HIBARI, name, "en") == voices(HIBARI)[0]
    assert len(voices(KOKORO)) == len(KOKORO_NAMES) == 54
    bella = chosen(KOKORO, "Bella", "en")
    assert bella is not None
    assert bella.id == "af_bella"


async def test_one_speaks_the_next_waits_and_a_full_line_says_when() -> None:
    tone = Tone()
    served = app(tone, queue=1)
    tone.allowed = 0
    body = json.dumps({"input": TEXT}).encode()
    async with calling(served, "POST", PATH, body=body), calling(served, "POST", PATH, body=body) as second:
        await until(lambda: len(tone.said) == 1)
        health = (await ask(served, "GET", "/health")).json()
        assert (health["model"], health["running"], health["waiting"]) == (HIBARI, 1, 1)
        refused = await say(served)
        assert refused.status == 429
        assert refused.json()["error"]["code"] == "engine_queue_full"
        assert int(refused.headers["retry-after"]) >= 1
        tone.allowed = 10**6
        assert (await second.end()).complete


async def test_a_client_that_leaves_ends_the_rendering_and_frees_the_place() -> None:
    tone = Tone()
    served = app(tone)
    tone.allowed = 0
    async with calling(served, "POST", PATH, body=json.dumps({"input": TEXT}).encode()) as caller:
        await until(lambda: len(tone.said) == 1)
        caller.leave()
        await until(lambda: tone.stopped == 1)
        await caller.end()
    tone.allowed = 10**6
    assert (await say(served)).status == 200
    assert len(tone.said) == 3


async def test_a_client_that_leaves_between_lines_gets_no_further_line() -> None:
    tone = Tone()
    served = app(tone)
    text = "Hello there, hello dog. " * 20
    async with calling(served, "POST", PATH, body=json.dumps({"input": text}).encode()) as caller:
        await until(lambda: caller.answer.pieces)
        caller.leave()
        await caller.end()
    said = len(tone.said)
    await say(served)
    assert len(tone.said) <= said + 2
