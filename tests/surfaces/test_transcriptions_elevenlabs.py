"""Transcripts from and for ElevenLabs: its own form, and the two forms translated into each other."""

import json
from pathlib import Path

import pytest

from openhearth.core.form import FilePart
from tests.fakes.upstream import Fault
from tests.surfaces.hearing import (
    FILE_ID,
    HEAR,
    NATIVE,
    SCRIBE,
    SOUND,
    VERBOSE,
    heard,
    json_reply,
    scribe_target,
    serving,
)


@pytest.mark.parametrize(
    ("response_format", "expected"),
    [
        ("json", b'{"text":"Hi all. Bye."'),
        ("text", b"Hi all. Bye.\n"),
        ("srt", b"1\n00:00:00,000 --> 00:00:01,000\nHi all.\n\n2\n00:00:01,500 --> 00:00:02,000\nBye.\n"),
        ("vtt", b"WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHi all.\n"),
    ],
)
async def test_elevenlabs_answers_in_openais_formats(tmp_path: Path, response_format: str, expected: bytes) -> None:
    async with serving(tmp_path, scribe_target) as app:
        answer = await app.hear(
            ("model", "ear"), ("response_format", response_format), ("language", "english"), ("prompt", "Be brief."),
            ("keywords[]", "Kokoro"), ("chunking_strategy", "auto"),
        )  # fmt: skip
        assert answer.body.startswith(expected)
        sent = heard(app.up.seen[0])
        assert (sent["model_id"], sent["language_code"], sent["keyterms"]) == (["scribe_v2"], ["en"], ["Kokoro"])
        assert app.up.seen[0].headers["xi-api-key"] == "xi-up"
        assert set(answer.headers["x-openhearth-dropped"].split(", ")) == {"chunking_strategy", "prompt"}
        assert app.routed.finished.calls[0].usage.audio_ms == 2000


async def test_elevenlabs_tells_speakers_apart_for_openais_diarized_form(tmp_path: Path) -> None:
    async with serving(tmp_path, scribe_target) as app:
        body = (await app.hear(("model", "ear"), ("response_format", "diarized_json"))).json()
        assert [(one["speaker"], one["text"]) for one in body["segments"]] == [
            ("speaker_0", "Hi all."), ("speaker_1", "Bye."),
        ]  # fmt: skip
        assert heard(app.up.seen[0])["diarize"] == ["true"]
        refused = await app.hear(("model", "ear"), ("known_speaker_names[]", "Ann"))
        assert (refused.status, refused.json()["error"]["param"]) == (400, "known_speaker_names")


async def test_a_stream_of_elevenlabs_is_made_of_its_sentences(tmp_path: Path) -> None:
    async with serving(tmp_path, scribe_target) as app:
        *deltas, done = (await app.hear(("model", "ear"), ("stream", "true"))).events()
        assert [one["delta"] for one in deltas] == ["Hi all.", " Bye."]
        assert done["text"] == "Hi all. Bye."


async def test_elevenlabs_own_form_reaches_elevenlabs_untouched(tmp_path: Path) -> None:
    async with serving(tmp_path, scribe_target) as app:
        given = (("diarize", "true"), ("keyterms", "a"), ("keyterms", "b"), ("entity_detection", "pii"))
        answer = await app.hear(("model_id", "ear"), *given, path=f"{NATIVE}?enable_logging=false")
        assert (answer.status, answer.json()) == (200, SCRIBE)
        sent = heard(app.up.seen[0])
        assert sent.fields == [("model_id", "scribe_v2"), *given]
        assert sent.sound == SOUND
        assert app.up.seen[0].path == "/v1/speech-to-text?enable_logging=false"
        assert app.routed.finished.calls[0].usage.audio_ms == 2000


async def test_elevenlabs_form_is_served_by_an_upstream_of_openais_form(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        app.up.add(HEAR, json_reply(VERBOSE))
        wanted = json.dumps([{"format": "srt"}, {"format": "txt"}])
        answer = await app.hear(
            ("model_id", "ear"), ("language_code", "eng"), ("keyterms", "Kokoro"), ("additional_formats", wanted),
            ("num_speakers", "2"), path=NATIVE,
        )  # fmt: skip
        body = answer.json()
        assert (body["language_code"], body["text"]) == ("eng", "Hello there.")
        assert [(one["text"], one["type"], one["start"]) for one in body["words"]] == [
            ("Hello", "word", 0.0), (" ", "spacing", 0.5), ("there.", "word", 0.75),
        ]  # fmt: skip
        assert [one["requested_format"] for one in body["additional_formats"]] == ["srt", "txt"]
        assert body["additional_formats"][0]["content"].startswith("1\n00:00:00,000 -->")
        sent = heard(app.up.seen[0])
        assert (sent["language"], sent["keywords[]"], sent["response_format"]) == (["en"], ["Kokoro"], ["verbose_json"])
        assert sent["timestamp_granularities[]"] == ["word", "segment"]
        assert answer.headers["x-openhearth-dropped"] == "num_speakers"


@pytest.mark.parametrize(
    ("field", "param"),
    [
        (("diarize", "true"), "diarize"),
        (("webhook", "true"), "webhook"),
        (("use_multi_channel", "true"), "use_multi_channel"),
        (("timestamps_granularity", "character"), "timestamps_granularity"),
        (("entity_detection", "all"), "entity_detection"),
        (("additional_formats", '[{"format":"docx"}]'), "additional_formats"),
        (("additional_formats", "srt"), "additional_formats"),
        (("file_format", "pcm_s16le_16"), "file_format"),
        (("temperature", "3"), "temperature"),
        (("temperature", "1.5"), "temperature"),
        (("diarize", "maybe"), "diarize"),
        (("timestamps_granularity", "line"), "timestamps_granularity"),
        (("keyterms", "x" * 50), "keyterms"),
    ],
)
async def test_what_only_elevenlabs_can_do_is_refused_elsewhere(
    tmp_path: Path, field: tuple[str, str], param: str
) -> None:
    async with serving(tmp_path) as app:
        answer = await app.hear(("model_id", "ear"), field, path=NATIVE)
        assert answer.status == 400
        assert answer.json()["detail"]["param"] == param
        assert app.up.seen == []


async def test_elevenlabs_clients_get_errors_in_their_form(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        answer = await app.hear(("model_id", "ear"), path=NATIVE, key="sk-wrong")
        assert (answer.status, answer.json()["detail"]["status"]) == (401, "invalid_api_key")
        app.up.script(Fault(status=500))
        answer = await app.hear(("model_id", "ear"), path=NATIVE)
        assert (answer.status, answer.json()["detail"]["status"]) == (502, "upstream_down")
        app.up.add(HEAR, json_reply(VERBOSE))
        files = (FilePart("file", "a", "audio/ogg", SOUND),)
        assert (await app.form((("model_id", "ear"),), files, NATIVE, "xi-api-key")).status == 200


async def test_elevenlabs_form_may_be_json(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        app.up.add(HEAR, json_reply(VERBOSE))
        body = {"model_id": "ear", "url": FILE_ID, "additional_formats": [{"format": "txt"}, {"format": "srt"}]}
        answer = await app.post({**body, "keyterms": ["a", "b"]}, f"{NATIVE}?enable_logging=false")
        assert [one["requested_format"] for one in answer.json()["additional_formats"]] == ["txt", "srt"]
        assert heard(app.up.seen[0])["keywords[]"] == ["a", "b"]
        assert answer.headers["x-openhearth-dropped"] == "enable_logging"
