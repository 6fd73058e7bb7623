"""POST /v1/audio/speech and GET /v1/audio/voices: to the embedded voices and to every form of upstream."""

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from openhearth.config import Config
from openhearth.core.call import Outcome
from openhearth.engines.speak.voices import HIBARI, KOKORO
from tests.engines.speakers import decoded_s, until
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import calling
from tests.fakes.upstream import Fault, Reply
from tests.fakes.voices import SOUND
from tests.surfaces.speaking import speaking

PATH = "/v1/audio/speech"
WHOLE = b"".join(SOUND)


async def test_without_a_model_english_is_hibaris_and_the_rest_kokoros(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        for text, voice, model in (
            ("Hello there", "alloy", HIBARI),
            ("Hello there", "bm_george", KOKORO),
            ("你好，世界", "alloy", KOKORO),
            ("¿Dónde está la estación?", "", KOKORO),
        ):
            answer = await here.post(PATH, {"input": text, "voice": voice})
            assert answer.status == 200, answer.body
            assert answer.headers["x-openhearth-target"] == model
            assert answer.headers["content-type"] == "audio/mpeg"
            assert decoded_s(answer.body) > 0.2


async def test_the_installed_one_is_taken_when_the_better_one_is_not(tmp_path: Path) -> None:
    async with speaking(tmp_path, installed=(KOKORO,)) as here:
        answer = await here.post(PATH, {"input": "Hello there", "voice": "alloy"})
        assert answer.headers["x-openhearth-target"] == KOKORO


async def test_an_alias_is_ours_and_never_the_engines(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        answer = await here.post(PATH, {"model": "voice", "input": "Hello there"})
        assert (answer.status, answer.headers["x-openhearth-target"]) == (200, HIBARI)


async def test_the_call_is_counted_and_settled_once(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        await here.post(PATH, {"input": "Hello there", "stream_format": "sse"})
        assert here.limits.open == 0
        (call,) = here.limits.settled
        assert call.outcome is Outcome.OK
        assert call.usage.input_tokens > 0
        assert call.usage.output_tokens > 0


async def test_what_an_embedded_voice_cannot_honour_is_reported_or_refused(tmp_path: Path) -> None:
    body = {"input": "Hello there", "voice": "alloy", "instructions": "sadly", "other": 1}
    async with speaking(tmp_path) as here:
        assert (await here.post(PATH, body)).headers["x-openhearth-dropped"] == "instructions, other"
    (tmp_path / "strict").mkdir()
    async with speaking(tmp_path / "strict", config=Config(strict_fields=True)) as here:
        refused = await here.post(PATH, body)
        assert refused.status == 422
        assert refused.json()["error"]["param"] == "instructions"


BAD: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"input": ""}, "input", "empty_input"),
    ({"input": 5}, "input", "invalid_type"),
    ({"input": None}, "input", "missing_field"),
    ({"voice": []}, "voice", "invalid_type"),
    ({"voice": {"id": 5}}, "voice", "invalid_type"),
    ({"voice": "nobody", "model": HIBARI}, "voice", "voice_not_found"),
    ({"response_format": "ogg"}, "response_format", "invalid_value"),
    ({"response_format": 5}, "response_format", "invalid_type"),
    ({"speed": 9}, "speed", "invalid_value"),
    ({"speed": "fast"}, "speed", "invalid_type"),
    ({"stream_format": "x"}, "stream_format", "invalid_value"),
    ({"instructions": 1}, "instructions", "invalid_type"),
    ({"model": 5}, "model", "invalid_type"),
    ({"input": "x" * 51}, "input", "input_too_long"),
)


async def test_bad_input_is_refused_by_field(tmp_path: Path) -> None:
    config = Config(speech=msgspec.structs.replace(Config().speech, characters=50))
    async with speaking(tmp_path, config=config) as here:
        for fields, param, code in BAD:
            answer = await here.post(PATH, {"input": "Hello there", "voice": "alloy", **fields})
            assert answer.status == 400, answer.body
            assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == (param, code)
        assert not here.limits.open


async def test_an_unknown_model_a_wrong_key_and_a_wrong_kind_of_body(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        assert (await here.post(PATH, {"input": "Hi", "model": "nope"})).status == 404
        assert (await here.post(PATH, {"input": "Hi"}, key="wrong")).status == 401
        assert (await here.post(PATH, b"input=Hi", headers={"content-type": "text/plain"})).status == 415


async def test_voices_are_listed_with_what_they_speak(tmp_path: Path) -> None:
    async with speaking(tmp_path, installed=(HIBARI,)) as here:
        found = (await here.get("/v1/audio/voices")).json()["data"]
        assert len(found) == 55
        heart = found[0]
        assert (heart["id"], heart["model"], heart["language"], heart["installed"]) == ("heart", HIBARI, "en-US", True)
        assert heart["gender"] == "female"
        assert heart["preview_text"]
        nova = next(voice for voice in found if voice["id"] == "af_nova")
        assert nova["openai_names"] == ["nova"]
        assert not nova["installed"]
        assert not next(voice for voice in found if voice["id"] == "jf_alpha")["native_language_supported"]


async def test_a_client_that_leaves_stops_the_voice_and_pays_for_what_it_heard(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        tone = here.tones[HIBARI]
        tone.allowed = 1
        body = msgspec.json.encode({"input": "Hello there, hello dog. The apple, the dog and the boy."})
        headers = {"authorization": f"Bearer {GOOD_KEY}", "content-type": "application/json"}
        async with calling(here.app, "POST", PATH, headers=headers, body=body) as caller:
            await until(lambda: caller.answer.body and len(tone.said) == 2)
            caller.leave()
            await until(lambda: tone.stopped)
            await until(lambda: here.limits.settled)
        assert here.limits.settled[0].outcome is Outcome.CLIENT_GONE


async def test_openais_body_goes_on_as_it_came_and_the_sound_comes_back(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai") as here:
        body = {"model": "tts-1", "input": "Hi", "voice": "alloy", "instructions": "sadly", "vendor_extra": {"a": [1]}}
        answer = await here.post(PATH, body)
        assert answer.body == WHOLE
        assert answer.headers["content-type"] == "audio/mpeg"
        assert here.vendors.bodies == [body]
        assert "x-openhearth-dropped" not in answer.headers


async def test_a_name_with_its_provider_loses_it_on_the_way(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai") as here:
        await here.post(PATH, {"model": "openai/gpt-4o-mini-tts", "input": "Hi", "voice": "alloy"})
        assert here.vendors.bodies[0]["model"] == "gpt-4o-mini-tts"


async def test_openais_events_come_back_and_their_usage_is_counted(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai") as here:
        answer = await here.post(PATH, {"model": "tts-1", "input": "Hi", "voice": "alloy", "stream_format": "sse"})
        *deltas, done = answer.events()
        assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == WHOLE
        assert done["usage"]["total_tokens"] == 115
        usage = here.limits.settled[0].usage
        assert (usage.input_tokens, usage.output_tokens, usage.source) == (14, 101, "upstream")


async def test_what_openai_refuses_is_the_clients_to_read(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai") as here:
        answer = await here.post(PATH, {"model": "tts-1", "input": "Hi", "voice": "alloy", "speed": 9})
        assert answer.status == 400
        assert answer.json()["error"]["param"] == "speed"
        assert here.limits.settled[0].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(status=500), 502),
        (Fault(status=429, headers={"retry-after": "7"}), 429),
        (Fault(status=401), 502),
        (Fault(reset_after=0), 502),
        (Fault(status=504), 504),
    ],
)
async def test_what_breaks_before_the_first_sound_is_a_status(tmp_path: Path, fault: Fault, status: int) -> None:
    async with speaking(tmp_path, "openai") as here:
        here.vendors.script(fault)
        answer = await here.post(PATH, {"model": "tts-1", "input": "Hi", "voice": "alloy"})
        assert answer.status == status
        if status == 429:
            assert answer.headers["retry-after"] == "7"


async def test_what_breaks_later_leaves_the_answer_without_an_end(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai") as here:
        here.vendors.script(Fault(content_length=1000, keep_alive=False))
        answer = await here.post(PATH, {"model": "tts-1", "input": "Hi", "voice": "alloy"})
        assert not answer.complete or answer.status != 200
        assert here.limits.settled[0].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b'{"ok":true}'),
        Reply(b"", headers={"content-type": "audio/mpeg"}),
        Reply(b"data: {}\n\n", headers={"content-type": "text/event-stream"}),
    ],
)
async def test_an_answer_that_is_no_speech_is_an_error(tmp_path: Path, reply: Reply) -> None:
    async with speaking(tmp_path, "openai") as here:
        here.vendors.add("/v1/audio/speech", reply)
        answer = await here.post(PATH, {"model": "tts-1", "input": "Hi", "voice": "alloy"})
        assert not (answer.status == 200 and answer.complete)
        assert here.limits.settled[0].outcome is Outcome.FAILED


async def test_to_fish_and_back(tmp_path: Path) -> None:
    async with speaking(tmp_path, "fish") as here:
        body = {"model": "s1", "input": "Hi", "voice": "v1", "speed": 3, "instructions": "x", "response_format": "wav"}
        answer = await here.post(PATH, body)
        assert answer.status == 200, answer.body
        assert answer.body == WHOLE
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["x-openhearth-dropped"] == "instructions, speed"
        assert here.vendors.bodies == [
            {
                "text": "Hi",
                "format": "wav",
                "reference_id": "v1",
                "prosody": {"speed": 2.0, "volume": 0.0},
                "model": "s1",
            }
        ]
        refused = await here.post(PATH, {"model": "s1", "input": "Hi", "response_format": "flac"})
        assert refused.status == 400
        assert refused.json()["error"]["param"] == "response_format"


async def test_to_elevenlabs_and_back_as_events(tmp_path: Path) -> None:
    async with speaking(tmp_path, "elevenlabs") as here:
        body = {"model": "eleven_turbo_v2_5", "input": "Hi", "voice": "Rachel", "stream_format": "sse", "speed": 1.1}
        answer = await here.post(PATH, body)
        *deltas, done = answer.events()
        assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == WHOLE
        assert done["type"] == "speech.audio.done"
        sent = here.vendors.bodies[0]
        assert sent["path"] == "/eleven/text-to-speech/Rachel/stream"
        assert sent["query"] == "output_format=mp3_44100_128"
        assert sent["model_id"] == "eleven_turbo_v2_5"
        assert sent["voice_settings"] == {"speed": 1.1}


async def test_elevenlabs_samples_become_a_wav_file(tmp_path: Path) -> None:
    async with speaking(tmp_path, "elevenlabs") as here:
        body = {"model": "eleven_v3", "input": "Hi", "voice": "Rachel", "response_format": "wav"}
        answer = await here.post(PATH, body)
        assert answer.body[:4] == b"RIFF"
        assert answer.body[44:] == WHOLE
        assert here.vendors.bodies[0]["query"] == "output_format=pcm_24000"
