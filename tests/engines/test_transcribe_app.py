"""The engine that hears, around a scripted worker: forms, formats, the line, leaving, and workers that fail."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from openhearth.core.form import FilePart, written
from openhearth.engines.transcribe.app import build
from openhearth.engines.transcribe.frames import Frame, decode, is_last
from openhearth.engines.transcribe.settings import TranscribeSettings
from openhearth.engines.workshop import Workshop
from tests.engines.scripted_listener import COMMAND
from tests.fakes.asgi import Answer, Caller, ask, calling

ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
HEAR = "/v1/audio/transcriptions"
PATIENCE_S = 60.0


class Engine:
    """The app, and the folder where recordings lie."""

    def __init__(self, app: Starlette, spool: Path) -> None:
        self.app = app
        self.spool = spool

    async def hear(self, *fields: tuple[str, str], path: str = HEAR, sound: bytes = b"sound") -> Answer:
        form = written(fields, (FilePart("file", "a.wav", "audio/wav", sound),))
        return await ask(self.app, "POST", path, headers={"content-type": form.content_type}, body=form.body)

    def calling(self, *fields: tuple[str, str]) -> "Any":
        return calling(self.app, "POST", HEAR, headers=JSON, body=self.named(*fields))

    def named(self, *fields: tuple[str, str], place: Path | None = None) -> bytes:
        file = place or self.spool / "recording"
        if place is None:
            file.write_bytes(b"sound")
        return json.dumps({"path": str(file), "fields": fields}).encode()


JSON = {"content-type": "application/json"}


@asynccontextmanager
async def engine(
    folder: Path, *, queue: int = 2, silence_s: float = PATIENCE_S, strict: bool = False
) -> AsyncIterator[Engine]:
    spool = folder / "spool"
    spool.mkdir()
    settings = TranscribeSettings(name="w", model="", spool=str(spool), queue=queue, upload_bytes=1000, strict=strict)
    workshop: Workshop[Frame] = Workshop(COMMAND, ENVIRON, decode=decode, is_last=is_last, silence_s=silence_s)
    app = build(settings, workshop)
    async with app.router.lifespan_context(app):
        yield Engine(app, spool)
    assert [file for file in spool.iterdir() if file.name != "recording"] == []


async def test_a_form_is_answered_in_every_format(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        plain = (await one.hear()).json()
        assert plain["text"].startswith("Hello 5. es simplified")
        assert plain["usage"] == {"type": "duration", "seconds": 2.0}
        assert plain["languages"] == [{"code": "es"}]
        text = await one.hear(("response_format", "text"))
        assert text.headers["content-type"] == "text/plain; charset=utf-8"
        assert text.headers["x-openhearth-audio-ms"] == "2000"
        assert text.body.startswith(b"Hello 5.")
        assert (await one.hear(("response_format", "srt"))).body.startswith(
            b"1\n00:00:00,000 --> 00:00:01,000\nHello 5.\n"
        )
        assert (await one.hear(("response_format", "vtt"))).body.startswith(b"WEBVTT\n\n00:00:00.000 -->")
        verbose = (await one.hear(("response_format", "verbose_json"), ("timestamp_granularities[]", "word"))).json()
        assert (verbose["language"], verbose["duration"], verbose["language_probability"]) == ("spanish", 2.0, 0.75)
        assert verbose["words"][0] == {"word": "Hello", "start": 0.0, "end": 0.5, "probability": 0.5}
        assert (await one.hear(("include[]", "logprobs"))).json()["logprobs"][0]["token"] == " Hello"


async def test_fields_reach_the_worker(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        heard = (
            await one.hear(("language", "Mandarin"), ("chinese", "as_heard"), ("keywords[]", "a"), ("keywords[]", "b"))
        ).json()
        assert "zh as_heard a+b" in heard["text"]
        assert "zh traditional" in (await one.hear(("language", "zh-TW"))).json()["text"]
        assert (await one.hear(path="/v1/audio/translations")).json().keys() == {"text"}


async def test_a_stream_gives_deltas_then_the_whole(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(("stream", "true"))
        assert answer.headers["content-type"].startswith("text/event-stream")
        *deltas, done = answer.events()
        assert [event["type"] for event in deltas] == ["transcript.text.delta"] * 2
        assert "".join(event["delta"] for event in deltas) == done["text"]
        assert done["usage"]["total_tokens"] == 100 + 3
        assert answer.body.startswith(b": heard 1 of 2 s")


async def test_our_own_server_names_a_file_of_the_spool_and_no_other(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await ask(one.app, "POST", HEAR, headers=JSON, body=one.named(("language", "en")))
        assert answer.json()["text"].startswith("Hello 5. en")
        assert (one.spool / "recording").exists()
        for place in (Path("/etc/passwd"), one.spool / ".." / "x", one.spool):
            refused = await ask(one.app, "POST", HEAR, headers=JSON, body=one.named(place=place))
            assert (refused.status, refused.json()["error"]["param"]) == (400, "path")


@pytest.mark.parametrize(
    ("field", "param"),
    [
        (("language", "klingon"), "language"),
        (("languages[]", "klingon"), "languages"),
        (("response_format", "diarized_json"), "response_format"),
        (("known_speaker_names[]", "Ann"), "known_speaker_names"),
        (("temperature", "2"), "temperature"),
    ],
)
async def test_what_the_model_cannot_do_is_refused(tmp_path: Path, field: tuple[str, str], param: str) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(field)
        assert answer.status == 400
        assert answer.json()["error"]["param"] == param


async def test_subtitles_do_not_stream(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(("stream", "true"), ("response_format", "srt"))
        assert (answer.status, answer.json()["error"]["param"]) == (400, "stream")


async def test_fields_without_effect_are_reported(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(("timestamp_granularities[]", "word"), ("beam", "9"), ("include[]", "logprobs"))
        assert answer.headers["x-openhearth-dropped"] == "timestamp_granularities, beam"


async def test_strictness_refuses_unknown_fields(tmp_path: Path) -> None:
    async with engine(tmp_path, strict=True) as one:
        answer = await one.hear(("beam", "9"))
        assert (answer.status, answer.json()["error"]["param"]) == (422, "beam")


async def test_a_form_without_a_file_or_with_too_large_a_one_is_refused(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        form = written((("language", "en"),), ())
        answer = await ask(one.app, "POST", HEAR, headers={"content-type": form.content_type}, body=form.body)
        assert (answer.status, answer.json()["error"]["param"]) == (400, "file")
        assert (await one.hear(sound=bytes(2000))).status == 413


async def test_a_refusal_of_the_worker_is_an_answer_and_keeps_the_worker(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        before = (await one.hear()).json()["text"]
        answer = await one.hear(("prompt", "refuse"), ("stream", "true"))
        assert (answer.status, answer.json()["error"]["code"]) == (400, "invalid_audio")
        assert (await one.hear()).json()["text"] == before
        bug = await one.hear(("prompt", "bug"))
        assert bug.status == 500
        assert b"secret" not in bug.body


async def test_a_failure_inside_a_stream_is_an_event(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(("prompt", "fail late"), ("stream", "true"))
        assert answer.status == 200
        assert answer.events()[-1]["error"]["code"] == "audio_too_long"
        assert answer.complete


async def test_a_worker_that_dies_is_an_error_and_the_next_request_works(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await one.hear(("prompt", "die"))
        assert (answer.status, answer.json()["error"]["code"]) == (502, "worker_ended")
        assert (await one.hear()).status == 200


async def test_a_worker_that_hangs_is_replaced(tmp_path: Path) -> None:
    async with engine(tmp_path, silence_s=3.0) as one:
        answer = await one.hear(("prompt", "spin"))
        assert (answer.status, answer.json()["error"]["code"]) == (504, "worker_silent")
        assert (await one.hear()).status == 200


async def test_leaving_stops_the_work_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        pid = int((await one.hear()).json()["text"].split()[-1])
        async with one.calling(("prompt", "spin"), ("stream", "true")) as caller:
            await _said(caller)
            caller.leave()
            await _gone(pid)
        assert int((await one.hear()).json()["text"].split()[-1]) != pid


async def test_a_full_line_says_when_to_come_back_and_health_counts(tmp_path: Path) -> None:
    async with engine(tmp_path, queue=1) as one:
        async with one.calling(("prompt", "spin"), ("stream", "true")) as first:
            await _said(first)
            async with one.calling() as second:
                await _until(one, {"running": 1, "waiting": 1})
                refused = await one.hear()
                assert (refused.status, refused.json()["error"]["code"]) == (429, "engine_queue_full")
                assert int(refused.headers["retry-after"]) >= 1
                first.leave()
                async with asyncio.timeout(PATIENCE_S):
                    await second.task
                assert second.answer.status == 200
        await _until(one, {"running": 0, "waiting": 0})


async def test_other_paths_are_not_served(tmp_path: Path) -> None:
    async with engine(tmp_path) as one:
        answer = await ask(one.app, "GET", "/v1/models")
        assert (answer.status, answer.json()["error"]["code"]) == (404, "not_found")


async def _said(caller: Caller) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while b"Hello" not in caller.answer.body:
            await asyncio.sleep(0.01)


async def _gone(pid: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240 - no disk behind it
            await asyncio.sleep(0.01)


async def _until(one: Engine, counts: dict[str, int]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not counts.items() <= (await ask(one.app, "GET", "/health")).json().items():
            await asyncio.sleep(0.01)
