"""POST /v1/audio/transcriptions and /translations: uploads, links, ids, upstreams of this form, streams, failures."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from openhearth.core.form import FilePart
from openhearth.core.provider import Target
from tests.fakes.access import GOOD_KEY
from tests.fakes.asgi import ask
from tests.fakes.upstream import Fault, Reply, Seen, Upstream
from tests.surfaces.hearing import (
    FILE_ID,
    HEAR,
    PLAIN,
    SOUND,
    TRANSLATE,
    VERBOSE,
    embedded_target,
    heard,
    json_reply,
    openai_target,
    serving,
)


async def test_a_form_goes_on_with_all_its_fields_and_only_the_model_renamed(tmp_path: Path) -> None:
    def renamed(up: Upstream) -> Target:
        return openai_target(up, upstream_model="whisper-1")

    async with serving(tmp_path, renamed) as app:
        times = (("timestamp_granularities[]", "word"), ("timestamp_granularities[]", "segment"))
        given = (("language", "en"), ("model", "ear"), *times, ("response_format", "verbose_json"), ("vendor", "7"))
        app.up.add(HEAR, json_reply(VERBOSE, **{"x-other": "1"}))
        answer = await app.hear(*given)
        assert (answer.status, answer.json()) == (200, VERBOSE)
        sent = heard(app.up.seen[0])
        assert sorted(sent.fields) == sorted([*(pair for pair in given if pair[0] != "model"), ("model", "whisper-1")])
        assert (sent.filename, sent.mime, sent.sound) == ("talk.ogg", "audio/ogg", SOUND)
        assert app.up.seen[0].headers["authorization"] == "Bearer sk-up"
        assert answer.headers["x-openhearth-target"] == "open"
        (call,) = app.routed.finished.calls
        assert (call.usage.audio_ms, call.usage.source) == (2500, "upstream")
        assert app.routed.limits.open == 0


@pytest.mark.parametrize(
    ("response_format", "kind", "body"),
    [
        ("text", "text/plain; charset=utf-8", b"Hello there.\n"),
        ("srt", "text/plain; charset=utf-8", b"1\n00:00:00,000 --> 00:00:02,000\nHello there.\n"),
        ("vtt", "text/vtt", b"WEBVTT\n\n00:00.000 --> 00:02.000\nHello there.\n"),
        ("json", "application/json", json.dumps(PLAIN).encode()),
    ],
)
async def test_what_the_upstream_wrote_comes_back_byte_for_byte(
    tmp_path: Path, response_format: str, kind: str, body: bytes
) -> None:
    async with serving(tmp_path) as app:
        app.up.add(HEAR, Reply(body, headers={"content-type": kind}))
        answer = await app.hear(("model", "ear"), ("response_format", response_format))
        assert (answer.headers["content-type"], answer.body) == (kind, body)
        assert app.routed.finished.calls[0].usage.audio_ms > 0


async def test_openais_client_reads_every_format(tmp_path: Path) -> None:
    async with serving(tmp_path) as app, app.client() as client:
        plain = await client.audio.transcriptions.create(model="ear", file=("talk.ogg", SOUND))
        assert plain.text == "Hello there."
        app.up.add(HEAR, json_reply(VERBOSE))
        verbose = await client.audio.transcriptions.create(
            model="ear", file=("talk.ogg", SOUND), response_format="verbose_json", timestamp_granularities=["word"]
        )
        assert verbose.words is not None
        assert [word.word for word in verbose.words] == ["Hello", "there."]
        app.up.add(HEAR, Reply(b"Hello there.\n", headers={"content-type": "text/plain"}))
        text = await client.audio.transcriptions.create(model="ear", file=("talk.ogg", SOUND), response_format="text")
        assert text == "Hello there.\n"
        app.up.add(TRANSLATE, json_reply({"text": "Good day."}))
        with pytest.warns(DeprecationWarning, match="deprecated"):
            translated = await client.audio.translations.create(model="ear", file=("talk.ogg", SOUND))
        assert translated.text == "Good day."


STREAM = (
    b'event: transcript.text.delta\ndata: {"type":"transcript.text.delta","delta":"Hello"}\n\n',
    b'data: {"type":"transcript.text.delta","delta":" there."}\n\n',
    b'data: {"type":"transcript.text.done","text":"Hello there.","usage":{"type":"tokens","input_tokens":20,'
    b'"output_tokens":4,"total_tokens":24}}\n\n',
)


async def test_a_stream_passes_on_and_is_counted(tmp_path: Path) -> None:
    async with serving(tmp_path) as app, app.client() as client:
        app.up.add(HEAR, Reply(headers={"content-type": "text/event-stream"}, pieces=STREAM))
        stream = await client.audio.transcriptions.create(model="ear", file=("a.ogg", SOUND), stream=True)
        events = [event async for event in stream]
        assert [event.type for event in events] == ["transcript.text.delta"] * 2 + ["transcript.text.done"]
        (call,) = app.routed.finished.calls
        assert (call.usage.input_tokens, call.usage.output_tokens, call.stream) == (20, 4, True)


async def test_an_upstream_that_cannot_stream_is_streamed_for_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        answer = await app.hear(("model", "ear"), ("stream", "true"))
        delta, done = answer.events()
        assert (delta["delta"], done["text"]) == ("Hello there.", "Hello there.")
        assert app.routed.finished.calls[0].usage.audio_ms == 2500


async def test_a_stream_that_breaks_off_says_so(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        app.up.add(HEAR, Reply(headers={"content-type": "text/event-stream"}, pieces=STREAM[:1]))
        answer = await app.hear(("model", "ear"), ("stream", "true"))
        assert answer.events()[-2]["error"]["code"] == "upstream_truncated"
        assert app.routed.finished.calls[0].error_code == "upstream_truncated"


async def test_an_error_inside_an_upstreams_stream_is_ours(tmp_path: Path) -> None:
    fault = b'event: error\ndata: {"error":{"message":"No.","code":"audio_too_long","param":"file","status":400}}\n\n'
    rest = asyncio.Event()
    async with serving(tmp_path, embedded_target) as app:
        app.up.add(HEAR, Reply(headers={"content-type": "text/event-stream"}, pieces=(STREAM[0], fault)))
        app.up.script(Fault(hold_chunks=rest))
        async with app.calling(("stream", "true")) as caller:
            await caller.until(b"Hello")
            rest.set()
            answer = await caller.end()
        assert answer.events()[-2]["error"]["param"] == "file"
        assert app.routed.finished.calls[0].error_code == "audio_too_long"


@pytest.mark.parametrize(
    "source",
    [
        {"file": FILE_ID},
        {"file_id": FILE_ID},
        {"url": "data:audio/ogg;base64," + base64.b64encode(SOUND).decode()},
        {"url": "data:audio/ogg;base64,\n" + quote(base64.b64encode(SOUND).decode(), safe="")},
        {"file": "http://127.0.0.1:{port}/talk.ogg"},
        {"url": "http://127.0.0.1:{port}/talk.ogg"},
    ],
)
async def test_a_recording_may_be_named_in_place_of_a_file(tmp_path: Path, source: dict[str, str]) -> None:
    async with serving(tmp_path) as app:
        app.up.add("/talk.ogg", Reply(SOUND, headers={"content-type": "audio/ogg"}))
        body = {name: value.replace("{port}", str(app.up.port)) for name, value in source.items()}
        answer = await app.post({"model": "ear", "temperature": 0.5, "keywords": ["a", "b"], "prompt": None, **body})
        assert answer.status == 200, answer.body
        sent = heard(app.up.seen[-1])
        assert sent.sound == SOUND
        assert sent.mime == "audio/ogg"
        assert (sent["temperature"], sent["keywords[]"], sent["prompt"]) == (["0.5"], ["a", "b"], [])
        assert not sent["url"]


async def test_a_form_may_name_a_recording_too(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        assert (await app.form((("model", "ear"), ("url", FILE_ID)), ())).status == 200
        assert heard(app.up.seen[0]).filename == "talk.ogg"


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"model": "ear"}, 400, "file"),
        ({"model": "ear", "url": "ftp://a/b"}, 400, "url"),
        ({"model": "ear", "url": "http://10.0.0.1/a.ogg"}, 400, "url"),
        ({"model": "ear", "file": "file_unknown"}, 404, "file_id"),
        ({"model": "ear", "url": "data:audio/ogg;base64,***a"}, 400, "url"),
        ({"model": "ear", "url": "data:audio/ogg;base64,T2dn.w=="}, 400, "url"),
        ({"model": "x" * 300, "url": FILE_ID}, 400, "model"),
        ({"model": "nobody", "url": FILE_ID}, 404, "model"),
        ({"model": "ear", "url": FILE_ID, "temperature": "hot"}, 400, "temperature"),
        ({"model": "ear", "url": FILE_ID, "response_format": "pdf"}, 400, "response_format"),
        ({"model": "ear", "url": FILE_ID, "stream": 7}, 400, "stream"),
        ({"model": "ear", "url": FILE_ID, "language": {"a": "x" * 100}}, 400, "language"),
    ],
)  # fmt: skip
async def test_bad_requests_name_the_field(tmp_path: Path, body: dict[str, Any], status: int, param: str) -> None:
    async with serving(tmp_path) as app:
        answer = await app.post(body)
        assert (answer.status, answer.json()["error"]["param"]) == (status, param), answer.body
        assert app.up.seen == []


async def test_a_body_that_is_no_form_and_no_json_is_told_both(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        headers = {"authorization": f"Bearer {GOOD_KEY}", "content-type": "application/x-www-form-urlencoded"}
        answer = await ask(app.routed.app, "POST", HEAR, headers=headers, body=b"model=ear")
        assert answer.status == 415
        assert "multipart/form-data" in answer.json()["error"]["message"]
        assert "application/json" in answer.json()["error"]["message"]


async def test_a_recording_too_large_to_upload_or_to_send_on_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path, relay_bytes=5000) as app:
        answer = await app.hear(("model", "ear"))
        assert (answer.status, answer.json()["error"]["code"]) == (413, "recording_too_large")
        answer = await app.hear(("model", "ear"), sound=bytes(2_000_001))
        assert (answer.status, answer.json()["error"]["code"]) == (413, "file_too_large")
        assert app.up.seen == []


async def test_two_files_or_one_of_another_name_are_refused(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        part = FilePart("file", "a", "audio/ogg", SOUND)
        for files in ((part, part), (msgspec.structs.replace(part, name="audio"),)):
            answer = await app.form((("model", "ear"),), files)
            assert (answer.status, answer.json()["error"]["code"]) == (400, "unexpected_file")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault(status=429, headers={"retry-after": "7"}), 429, "upstream_busy"),
        (Fault(status=401), 502, "upstream_refused_credential"),
        (Fault(status=500), 502, "upstream_down"),
        (Fault(status=400), 400, "overloaded"),
        (Fault(reset_after=20), 502, "upstream_disconnected"),
    ],
)
async def test_an_upstreams_failure_is_told_and_not_charged(
    tmp_path: Path, fault: Fault, status: int, code: str
) -> None:
    async with serving(tmp_path) as app:
        app.up.script(fault)
        answer = await app.hear(("model", "ear"))
        assert (answer.status, answer.json()["error"]["code"]) == (status, code)
        assert app.routed.finished.calls[0].charge_nanos == 0


async def test_a_stranger_is_turned_away_before_anything_is_stored(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        assert (await app.hear(("model", "ear"), key="sk-wrong")).status == 401


async def test_leaving_aborts_the_upstream(tmp_path: Path) -> None:
    async with serving(tmp_path) as app:
        app.up.script(Fault(silent=True))
        async with app.calling(("model", "ear")) as caller:
            seen = await app.up.saw(1, 30)
            caller.leave()
            await seen.aborted()
        assert app.routed.finished.calls[0].error_code == "client_gone"


async def test_the_embedded_engine_is_told_where_the_recording_lies(tmp_path: Path) -> None:
    read: list[bytes] = []

    def answer(seen: Seen) -> Reply:
        read.append(Path(json.loads(seen.body)["path"]).read_bytes())
        return json_reply(PLAIN, **{"x-openhearth-audio-ms": "1234", "x-openhearth-dropped": "beam"})

    async with serving(tmp_path, embedded_target, unix=True, relay_bytes=10) as app:
        app.up.add(HEAR, answer)
        got = await app.hear(("language", "en"), ("beam", "3"))
        assert got.json() == PLAIN
        assert read == [SOUND]
        assert json.loads(app.up.seen[0].body)["fields"] == [["language", "en"], ["beam", "3"]]
        assert Path(json.loads(app.up.seen[0].body)["path"]).parent == app.spool
        assert got.headers["x-openhearth-dropped"] == "beam"
        assert app.routed.finished.calls[0].usage.audio_ms == 1234


async def test_the_engines_own_refusal_and_its_full_line_are_passed_on(tmp_path: Path) -> None:
    refused = b'{"error":{"message":"No sound.","code":"invalid_audio","param":"file"}}'
    full = b'{"error":{"message":"Busy.","code":"engine_queue_full","param":null}}'
    async with serving(tmp_path, embedded_target) as app:
        app.up.script(Fault(status=400, body=refused), Fault(status=429, body=full, headers={"retry-after": "9"}))
        answer = await app.hear()
        assert (answer.status, answer.json()["error"]["param"]) == (400, "file")
        answer = await app.hear()
        assert (answer.status, answer.json()["error"]["code"]) == (429, "engine_queue_full")
        assert answer.headers["retry-after"] == "9"
