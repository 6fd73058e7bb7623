"""The engine's own process with the real model: what only Whisper can show."""

import contextlib
import http.client
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from typing_extensions import override

from openhearth.core.form import FilePart, written
from openhearth.engines.transcribe.settings import MODULE, NAME, TranscribeSettings
from tests.pictures.packed import pack_file
from tests.speech.spoken import CHINESE, ENGLISH, RATE, SPANISH, encoded, recording, samples, word_errors

HEAR = "/v1/audio/transcriptions"
TRANSLATE = "/v1/audio/translations"
PATIENCE_S = 240
GOOD = 0.15

pytestmark = pytest.mark.timeout(PATIENCE_S + 30)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=PATIENCE_S)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(self._path))


class Engine:
    """The engine's process at its socket."""

    def __init__(self, process: "subprocess.Popen[bytes]", path: Path) -> None:
        self.process = process
        self.path = path

    def send(self, method: str, target: str, body: bytes = b"", kind: str = "") -> tuple[int, bytes]:
        with contextlib.closing(UnixConnection(self.path)) as connection:
            connection.request(method, target, body or None, {"content-type": kind} if kind else {})
            with connection.getresponse() as response:
                return response.status, response.read()

    def hear(self, sound: bytes, *fields: tuple[str, str], path: str = HEAR) -> bytes:
        form = written(fields, (FilePart("file", "sound", "application/octet-stream", sound),))
        status, body = self.send("POST", path, form.body, form.content_type)
        assert status == 200, body
        return body

    def json(self, sound: bytes, *fields: tuple[str, str], path: str = HEAR) -> dict[str, Any]:
        value = json.loads(self.hear(sound, *fields, path=path))
        assert isinstance(value, dict)
        return value

    @property
    def worker(self) -> int:
        (pid,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(pid)

    def most_memory_bytes(self) -> int:
        status = Path(f"/proc/{self.worker}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("hear")
    model = pack_file(NAME, "model.bin").parent
    path = folder / "e.sock"
    (folder / "spool").mkdir()
    settings = TranscribeSettings(name=NAME, model=str(model), spool=str(folder / "spool"), threads=1)
    command = [
        sys.executable,
        "-m",
        MODULE,
        "--socket",
        str(path),
        "--settings",
        msgspec.json.encode(settings).decode(),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert process.stdin is not None
    try:
        one = Engine(process, path)
        _until(lambda: _is_ready(one))
        yield one
        _until(lambda: list((folder / "spool").iterdir()) == [])  # removed once the answer is out
    finally:
        process.stdin.close()
        process.wait(30)


def _is_ready(engine: Engine) -> bool:
    with contextlib.suppress(OSError):
        return engine.send("GET", "/health")[0] == 200
    return False


def test_english_is_heard_with_times_of_segments_and_words(engine: Engine) -> None:
    wanted = (("response_format", "verbose_json"), ("timestamp_granularities[]", "word"),
              ("timestamp_granularities[]", "segment"), ("include[]", "logprobs"))  # fmt: skip
    body = engine.json(recording("english"), *wanted)
    assert word_errors(body["text"], ENGLISH) <= GOOD
    assert body["language"] == "english"
    assert body["language_probability"] > 0.9
    length_s = len(samples("english")) / RATE
    assert body["duration"] == pytest.approx(length_s, abs=0.1)
    words = body["words"]
    assert words[0]["word"].startswith("Hello")
    assert all(one["start"] <= one["end"] <= other["start"] + 0.05 for one, other in pairwise(words))
    assert all(0.0 <= one["probability"] <= 1.0 for one in words)
    assert 0.0 <= words[0]["start"] < 1.0
    assert length_s - 2.0 < words[-1]["end"] <= length_s
    assert "".join(one["text"] for one in body["segments"]).strip() == body["text"]
    assert all(one["no_speech_prob"] < 0.5 and one["tokens"] for one in body["segments"])
    chances = body["logprobs"]
    assert "".join(bytes(one["bytes"]).decode() for one in chances).strip() == body["text"]
    assert all(-50 < one["logprob"] <= 0 for one in chances)
    assert math.exp(sum(one["logprob"] for one in chances) / len(chances)) > 0.5


def test_chinese_is_heard_in_simplified_characters(engine: Engine) -> None:
    simplified = engine.json(recording("chinese"), ("languages[]", "zh"), ("languages[]", "en"))
    assert simplified["languages"] == [{"code": "zh"}]
    assert word_errors(simplified["text"], CHINESE) <= GOOD


def test_speech_is_translated_to_english(engine: Engine) -> None:
    text = engine.json(recording("spanish"), path=TRANSLATE)["text"].lower()
    assert {"train", "station", "monday"} <= set(text.replace(".", " ").replace(",", " ").split())


def test_more_keywords_than_the_model_can_hold_are_refused(engine: Engine) -> None:
    status, error = _refused(engine, ("keywords[]", "antidisestablishmentarianism " * 3), times=60)
    assert (status, error["code"], error["param"]) == (400, "keywords_too_long", "keywords")


def _refused(engine: Engine, field: tuple[str, str], *, times: int = 1) -> tuple[int, dict[str, Any]]:
    form = written((field,) * times, (FilePart("file", "a", "audio/ogg", recording("english")),))
    status, body = engine.send("POST", HEAR, form.body, form.content_type)
    return status, json.loads(body)["error"]


def test_a_language_that_the_model_never_heard_is_refused(engine: Engine) -> None:
    status, error = _refused(engine, ("language", "yue"))
    assert (status, error["code"], error["param"]) == (400, "unknown_language", "language")


def test_silence_and_noise_give_no_words(engine: Engine, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    noise = random.normal(0, 900, 4 * RATE).astype(np.int16)
    body = engine.json(encoded([np.zeros(4 * RATE, np.int16), noise], "wav", tmp_path / "a"))
    assert body == {"text": "", "languages": [], "usage": {"type": "duration", "seconds": 8.0}}


def test_an_hour_in_two_languages_is_heard_in_the_memory_of_a_minute(engine: Engine, tmp_path: Path) -> None:
    before = engine.most_memory_bytes()
    silent = [np.zeros(60 * RATE, np.int16)] * 29
    sound = encoded([*silent, _minute("spanish"), *silent, _minute("english")], "flac", tmp_path / "hour")
    body = engine.json(sound, ("response_format", "verbose_json"))
    assert body["duration"] == pytest.approx(3600, abs=1)
    assert body["language"] == "spanish"
    assert {int((one["start"] + 1) // 60) for one in body["segments"]} == {29, 59}
    assert word_errors(body["text"], f"{SPANISH} {ENGLISH}") <= GOOD
    assert engine.most_memory_bytes() - before < 120_000_000  # an hour of samples alone would be 230 MB


def _minute(name: str) -> npt.NDArray[np.int16]:
    spoken = samples(name)
    return np.concatenate([spoken, np.zeros(60 * RATE - len(spoken), np.int16)])


def test_leaving_kills_the_work_and_the_next_request_is_heard(engine: Engine, tmp_path: Path) -> None:
    worker = engine.worker
    sound = encoded([samples("english")] * 10, "flac", tmp_path / "long")
    form = written((), (FilePart("file", "a", "audio/flac", sound),))
    with contextlib.closing(UnixConnection(engine.path)) as connection:
        connection.request("POST", HEAR, form.body, {"content-type": form.content_type})
        _until(lambda: b'"running":1' in engine.send("GET", "/health")[1])
    _until(lambda: not os.path.exists(f"/proc/{worker}"))
    assert word_errors(engine.json(recording("english"))["text"], ENGLISH) <= GOOD


def _until(is_so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
