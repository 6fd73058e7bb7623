"""The native forms: /fish and /elevenlabs, to their upstreams as they came, to the embedded voices in their shape."""

import base64
import json
from pathlib import Path

import msgspec
import pytest

from openhearth.engines.speak.voices import HIBARI, KOKORO
from tests.engines.speakers import decoded_s
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import ask
from tests.fakes.voices import SOUND, TIMES
from tests.surfaces.speaking import speaking

ELEVEN = "/elevenlabs/v1/text-to-speech"
FISH = "/fish/v1/tts"
WHOLE = b"".join(SOUND)
FORM = {"content-type": "multipart/form-data; boundary=b"}
CLONE = b'--b\r\ncontent-disposition: form-data; name="title"\r\n\r\nMine\r\n--b--\r\n'


async def test_elevenlabs_clients_hear_the_embedded_voices(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        for place in ("", "/stream"):
            path = f"{ELEVEN}/af_nova{place}?output_format=mp3_22050_32&optimize_streaming_latency=2"
            answer = await here.post(path, {"text": "Hello there.", "voice_settings": {"stability": 0.5, "speed": 1.2}})
            assert answer.status == 200, answer.body
            assert answer.headers["content-type"] == "audio/mpeg"
            assert answer.headers["x-openhearth-target"] == KOKORO
            dropped = answer.headers["x-openhearth-dropped"].split(", ")
            assert dropped == ["voice_settings.stability", "optimize_streaming_latency"]
            assert decoded_s(answer.body) > 0.2
        assert here.tones[KOKORO].said[0][1:] == ("af_nova", 1.2)


async def test_the_key_may_come_as_elevenlabs_clients_send_it(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        headers = {"xi-api-key": GOOD_KEY, "content-type": "application/json"}
        answer = await ask(here.app, "POST", f"{ELEVEN}/heart", headers=headers, body=b'{"text":"Hello there."}')
        assert answer.status == 200


async def test_embedded_times_are_elevenlabs_object_and_lines(tmp_path: Path) -> None:
    text = "Hello there, hello dog. The apple, the dog and the boy."
    async with speaking(tmp_path) as here:
        path = f"{ELEVEN}/heart/with-timestamps?output_format=pcm_24000"
        whole = (await here.post(path, {"text": text})).json()
        sound = base64.b64decode(whole["audio_base64"])
        times = whole["alignment"]
        assert "".join(times["characters"]) == text
        assert times["character_end_times_seconds"][-1] <= len(sound) / 48_000
        assert whole["normalized_alignment"]["characters"]
        lines = await here.post(f"{ELEVEN}/heart/stream/with-timestamps?output_format=pcm_24000", {"text": text})
        assert lines.headers["content-type"] == "application/json"
        parts = [json.loads(line) for line in lines.body.split(b"\n") if line]
        assert len(parts) >= 2
        assert b"".join(base64.b64decode(part["audio_base64"]) for part in parts) == sound
        assert parts[1]["alignment"]["character_start_times_seconds"][0] > 0


async def test_a_link_in_place_of_the_sound(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        for path, body in (
            (f"{ELEVEN}/heart?response_format=url", {"text": "Hello there."}),
            (f"{FISH}?response_format=url", {"text": "Hello there."}),
        ):
            link = (await here.post(path, body)).json()["audio"]
            assert link.startswith("http://gate.test/media/audio/")
            place = link.removeprefix("http://gate.test")
            sound = await ask(here.app, "GET", place)
            assert sound.status == 200
            assert sound.headers["content-type"] == "audio/mpeg"
            assert decoded_s(sound.body) > 0.2
            part = await ask(here.app, "GET", place, headers={"range": "bytes=2-5"})
            assert (part.status, part.body) == (206, sound.body[2:6])
            owner, signature, name = place.removeprefix("/media/audio/").split("/")
            for wrong in (
                f"{owner}/{signature[::-1]}/{name}",
                f"other/{signature}/{name}",
                f"{owner}/{signature}/x.mp3",
            ):
                assert (await ask(here.app, "GET", f"/media/audio/{wrong}")).status == 404


async def test_elevenlabs_errors_are_in_elevenlabs_shape(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        for path, body, status, said in (
            (f"{ELEVEN}/heart", {"text": ""}, 400, "empty_input"),
            (f"{ELEVEN}/heart", {}, 400, "missing_field"),
            (f"{ELEVEN}/nobody", {"text": "Hi"}, 400, "voice_not_found"),
            (f"{ELEVEN}/heart?output_format=ogg", {"text": "Hi"}, 400, "invalid_value"),
            (f"{ELEVEN}/heart", {"text": "Hi", "model_id": "tts-9"}, 404, "model_not_found"),
            (f"{ELEVEN}/heart", {"text": "Hi", "voice_settings": {"speed": 0}}, 400, "invalid_value"),
            (f"{ELEVEN}/heart", {"text": "Hi", "voice_settings": {"speed": "x"}}, 400, "invalid_type"),
            (f"{ELEVEN}/heart?response_format=base64", {"text": "Hi"}, 400, "invalid_value"),
        ):
            answer = await here.post(path, body)
            assert answer.status == status, answer.body
            assert answer.json()["detail"]["status"] == said
            assert answer.json()["detail"]["message"]
        refused = await here.post(f"{ELEVEN}/heart", {"text": "Hi"}, key="wrong")
        assert refused.status == 401
        assert refused.json()["detail"]["status"] == "invalid_api_key"


async def test_a_familys_own_model_is_spoken_here_while_nobody_has_it(tmp_path: Path) -> None:
    """The libraries of both always name one."""
    async with speaking(tmp_path) as here:
        eleven = await here.post(f"{ELEVEN}/alloy", {"text": "Hello.", "model_id": "eleven_multilingual_v2"})
        fish = await here.post(FISH, {"text": "Hello."}, headers={"model": "s1"})
        for answer in (eleven, fish):
            assert answer.status == 200, answer.body
            assert answer.headers["x-openhearth-target"] == HIBARI
        assert eleven.headers["x-openhearth-dropped"] == "model_id"
        assert fish.headers["x-openhearth-dropped"] == "model"
        assert "x-openhearth-dropped" not in (await here.post(FISH, {"text": "Hello."})).headers


async def test_a_wrong_speed_is_named_where_each_family_has_it(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        eleven = await here.post(f"{ELEVEN}/heart", {"text": "Hello.", "voice_settings": {"speed": 9}})
        assert eleven.json()["detail"]["param"] == "voice_settings.speed"
        for name in ("speed", "volume"):
            fish = await here.post(FISH, {"text": "Hello.", "prosody": {name: 99}})
            assert fish.json()["param"] == f"prosody.{name}"


@pytest.mark.parametrize("place", ["", "/stream", "/with-timestamps", "/stream/with-timestamps"])
async def test_to_elevenlabs_everything_goes_as_it_came(tmp_path: Path, place: str) -> None:
    body = {"text": "Hi", "seed": 7, "next_text": "more", "voice_settings": {"style": 0.3}}
    async with speaking(tmp_path, "elevenlabs") as here:
        answer = await here.post(f"{ELEVEN}/Rachel{place}?output_format=mp3_22050_32&enable_logging=false", body)
        assert answer.status == 200, answer.body
        sent = here.vendors.bodies[0]
        assert sent["path"] == f"/eleven/text-to-speech/Rachel{place}"
        assert sent["query"] == "output_format=mp3_22050_32&enable_logging=false"
        assert sent["model_id"] == "eleven_multilingual_v2"
        assert {name: sent[name] for name in body} == body
        assert "x-openhearth-dropped" not in answer.headers
        if place.endswith("timestamps"):
            assert answer.json()["alignment"] == TIMES
        else:
            assert answer.body == WHOLE


async def test_what_elevenlabs_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    async with speaking(tmp_path, "elevenlabs") as here:
        answer = await here.post(f"{ELEVEN}/Rachel", {"text": "Hi", "made_up": 1})
        assert answer.status == 422
        assert answer.json() == {"detail": {"status": "invalid_request", "message": "no such format or field"}}


async def test_elevenlabs_times_from_a_model_without_any_are_refused(tmp_path: Path) -> None:
    async with speaking(tmp_path, "openai", "fish") as here:
        for model in ("tts-1", "s1"):
            answer = await here.post(f"{ELEVEN}/x/with-timestamps", {"text": "Hi", "model_id": model})
            assert answer.status == 400
            assert answer.json()["detail"]["status"] == "timestamps_not_available"


async def test_voices_for_elevenlabs_clients(tmp_path: Path) -> None:
    async with speaking(tmp_path, installed=(HIBARI,)) as here:
        voices = (await here.get("/elevenlabs/v1/voices")).json()["voices"]
        assert [voice["voice_id"] for voice in voices] == ["heart"]
        assert voices[0]["category"] == "premade"


@pytest.mark.parametrize("packed", [False, True])
async def test_fish_clients_hear_the_embedded_voices(tmp_path: Path, packed: bool) -> None:
    body = {
        "text": "Hello there.", "reference_id": "af_nova", "format": "wav", "sample_rate": 44100, "latency": "normal",
        "prosody": {"speed": 2.0, "volume": -6},
    }  # fmt: skip
    async with speaking(tmp_path) as here:
        data = msgspec.msgpack.encode(body) if packed else msgspec.json.encode(body)
        headers = {"content-type": "application/msgpack"} if packed else {}
        answer = await here.post(FISH, data, headers=headers)
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["x-openhearth-dropped"] == "latency"
        assert int.from_bytes(answer.body[24:28], "little") == 44_100
        assert here.tones[KOKORO].said[0][1:] == ("af_nova", 2.0)


async def test_to_fish_the_body_goes_as_it_came(tmp_path: Path) -> None:
    async with speaking(tmp_path, "fish", ours=True) as here:
        references = [{"audio": b"\0\1", "text": "sample"}]
        packed = msgspec.msgpack.encode({"text": "Hi", "references": references, "top_p": 0.7})
        answer = await here.post(FISH, packed, headers={"content-type": "application/msgpack", "model": "s2-pro"})
        assert answer.body == WHOLE
        assert here.vendors.seen[-1].body == packed
        assert here.vendors.bodies[0]["model"] == "s2-pro"
        await here.post(FISH, {"text": "Hi", "chunk_length": 200})
        assert here.vendors.bodies[1] == {"text": "Hi", "chunk_length": 200, "model": "s1"}
        await here.post(FISH, {"text": "Hi", "model": "s1"})
        assert here.vendors.bodies[2] == {"text": "Hi", "model": "s1"}  # in the header, where Fish has it
        assert b"model" not in here.vendors.seen[-1].body
        for headers in ({}, {"model": "s1"}):
            ours = await here.post(FISH, {"text": "Hello there.", "reference_id": "af_nova"}, headers=headers)
            assert ours.headers["x-openhearth-target"] == KOKORO


async def test_fish_errors_are_in_fishs_shape(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        for body, status, said in (
            ({"text": ""}, 400, "empty_input"),
            ({"text": 5}, 400, "invalid_type"),
            ({"text": "Hi", "reference_id": "nobody"}, 400, "voice_not_found"),
            ({"text": "Hi", "format": "flv"}, 400, "invalid_value"),
            ({"text": "Hi", "prosody": {"speed": "x"}}, 400, "invalid_type"),
            ({"text": "Hi", "references": [{"audio": "x", "text": "y"}]}, 400, "cloning_not_supported"),
            ({"text": "Hi", "model": "tts-9"}, 404, "model_not_found"),
            ({"text": "Hi", "format": "opus", "opus_bitrate": 1}, 400, "invalid_value"),
            ({"text": "Hi", "format": "opus", "opus_bitrate": 600}, 400, "invalid_value"),
        ):
            answer = await here.post(FISH, body)
            assert answer.status == status, answer.body
            assert answer.json()["code"] == said
            assert answer.json()["status"] == status
        assert (await here.post(FISH, {"text": "Hi"}, key="wrong")).json()["status"] == 401
        assert (await here.post(FISH, b"x", headers={"content-type": "text/plain"})).status == 415
        assert (await here.post(FISH, b"\xc1", headers={"content-type": "application/msgpack"})).status == 400


async def test_what_fish_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    async with speaking(tmp_path, "fish") as here:
        answer = await here.post(FISH, {"text": "Hi", "made_up": 1})
        assert answer.status == 422
        assert answer.json()[0]["type"] == "extra_forbidden"
        broke = await here.post(FISH, {"text": "Hi", "reference_id": "broke"})
        assert broke.status == 502
        assert broke.json()["code"] == "upstream_refused_credential"


async def test_voices_for_fish_clients_are_the_embedded_ones_or_fishs_own(tmp_path: Path) -> None:
    async with speaking(tmp_path) as here:
        page = (await here.get("/fish/model?page_size=2&page_number=2")).json()
        assert (page["total"], len(page["items"])) == (55, 2)
        assert (await here.get("/fish/model/af_nova")).json()["title"] == "Nova"
        assert (await here.get("/fish/model/nobody")).status == 404
        assert (await here.get("/fish/model?page_size=0")).status == 400
        refused = await here.post("/fish/model", CLONE, headers=FORM)
        assert refused.status == 400
        assert refused.json()["code"] == "cloning_not_supported"
    (tmp_path / "fish").mkdir()
    async with speaking(tmp_path / "fish", "fish") as here:
        assert (await here.get("/fish/model?title=x")).json()["items"][0]["_id"] == "theirs"
        assert here.vendors.seen[-1].path == "/model?title=x"
        made = await here.post("/fish/model", CLONE, headers=FORM)
        assert (made.status, made.json()["_id"]) == (201, "new-voice")
        assert here.vendors.seen[-1].body == CLONE
        wrong = await here.post("/fish/model", b"--b--", headers=FORM)
        assert wrong.status == 422
