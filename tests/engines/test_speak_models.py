"""The real speech models in their own process: what only they can show."""

import base64
import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from openhearth.engines.speak.settings import MODULE, PACKS
from openhearth.engines.speak.voices import HIBARI, KOKORO
from tests.engines.speakers import decoded_s
from tests.engines.spoken_packs import needed

pytestmark = pytest.mark.timeout(180)
PATH = "/v1/audio/speech"
SENTENCE = "Hello, this platform speaks without any cloud key."


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=120)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(120)
        self.sock.connect(str(self._path))


class Child:
    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, **fields: Any) -> tuple[int, bytes]:
        return self._send("POST", PATH, {"input": SENTENCE, **fields})

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._send("GET", "/health")[1])
        return found

    def _send(self, method: str, target: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        with contextlib.closing(UnixConnection(self.path)) as connection:
            connection.request(method, target, json.dumps(body) if body is not None else None)
            with connection.getresponse() as response:
                return response.status, response.read()


@contextlib.contextmanager
def started(name: str, folder: Path) -> Iterator[Child]:
    packs = needed(PACKS[name])
    path = folder / "speak.sock"
    settings = {"name": name, "words": str(packs.place(HIBARI)), "model": str(packs.place(name)), "threads": 1}
    command = [sys.executable, "-m", MODULE, "--socket", str(path), "--settings", json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        try:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                assert process.poll() is None
                with contextlib.suppress(OSError, http.client.HTTPException):
                    Child(path).health()
                    break
                time.sleep(0.1)
            yield Child(path)
        finally:
            process.stdin.close()
            process.wait(30)


@pytest.fixture(scope="module")
def hibari(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with started(HIBARI, tmp_path_factory.mktemp("hibari")) as child:
        yield child


@pytest.fixture(scope="module")
def kokoro(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with started(KOKORO, tmp_path_factory.mktemp("kokoro")) as child:
        yield child


def sound(pcm: bytes) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.frombuffer(pcm, "<i2").astype(float) / 32767


def voiced_s(samples: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Seconds in which something is heard."""
    frames = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    return float((np.sqrt((frames**2).mean(axis=1)) > 0.01).sum() * 0.02)


def test_hibari_says_a_sentence_at_the_pace_of_speech(hibari: Child) -> None:
    status, data = hibari.say(response_format="pcm")
    assert status == 200
    samples = sound(data)
    assert 2.5 < len(samples) / 24_000 < 6.0
    assert voiced_s(samples) > 2.0
    assert 0.2 < np.abs(samples).max() <= 1.0


def test_the_same_text_gives_the_same_sound(hibari: Child) -> None:
    assert hibari.say(response_format="pcm") == hibari.say(response_format="pcm")


def test_the_times_of_characters_fit_the_sound(hibari: Child) -> None:
    """The pause of a comma is quiet, and it is where the answer says."""
    _, data = hibari.say(input="Hello, hello.", response_format="pcm", stream_format="sse", timestamps=True, speed=1.0)
    events = [json.loads(line[6:]) for line in data.decode().split("\n") if line.startswith("data: ")]
    samples = sound(b"".join(base64.b64decode(event["audio"]) for event in events if "audio" in event))
    times = next(event["alignment"] for event in events if event.get("alignment"))
    comma = times["characters"].index(",")
    word = samples[int(times["starts_s"][0] * 24_000) : int(times["starts_s"][comma] * 24_000)]
    pause = samples[int(times["starts_s"][comma] * 24_000) : int(times["ends_s"][comma] * 24_000)]
    middle = pause[len(pause) // 3 : -len(pause) // 3]
    assert np.sqrt((middle**2).mean()) < 0.3 * np.sqrt((word**2).mean())
    assert times["ends_s"][-1] <= len(samples) / 24_000


def test_kokoro_speaks_three_languages_with_many_voices(kokoro: Child) -> None:
    for text, voice in (
        ("Hello there, how are you?", "bm_george"),
        ("你好，我用OpenAI写程序。", "alloy"),
        ("Hola, buenos días.", "coral"),
    ):
        status, data = kokoro.say(input=text, voice=voice, response_format="pcm")
        assert status == 200, data
        assert voiced_s(sound(data)) > 0.8


def test_kokoro_speaks_faster_when_asked(kokoro: Child) -> None:
    usual, fast = (kokoro.say(input="Hello there.", speed=speed, response_format="flac")[1] for speed in (1.0, 2.0))
    assert decoded_s(fast) < 0.75 * decoded_s(usual)


def test_a_listener_who_leaves_ends_a_sentence_of_kokoros(kokoro: Child) -> None:
    text = "The quick brown fox jumps over the lazy dog, " * 6
    connection = UnixConnection(kokoro.path)
    connection.request("POST", PATH, json.dumps({"input": text}))
    deadline = time.monotonic() + 60
    while not kokoro.health()["running"] and time.monotonic() < deadline:
        time.sleep(0.02)
    connection.close()
    while kokoro.health()["running"] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not kokoro.health()["running"]
