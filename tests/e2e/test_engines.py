"""Engines as an operator sees them: tested through the admin surface, started before anybody asks."""

import asyncio
import http.client
import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openhearth.engines.unix_http import get
from tests.e2e.conftest import Running, running

CHAT = "smollm2-135m-instruct"
ENDS = ("0", "2")  # its tokens that end an answer
LOAD_S = 90.0


def _states(server: Running) -> dict[str, str]:
    engines = json.loads(server.get("/admin/v1/engines")[2])["data"]
    return {engine["name"]: engine["state"] for engine in engines}


def test_testing_an_embedded_target_starts_its_engine(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__ENGINES__CHAT=CHAT) as server:
        assert set(_states(server).values()) <= {"stopped", "not_installed"}
        probe = server.post("/admin/v1/targets/local-edit/test", {})
        assert (probe["ok"], probe["state"], probe["error"]) == (True, "ready", "")
        assert 0 < float(str(probe["load_s"])) < LOAD_S
        states = _states(server)
        assert (states[CHAT], states["local-edit"]) == ("stopped", "ready")


def test_testing_an_engine_without_its_pack_says_how_to_get_it(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__PACKS__FOLDER=str(tmp_path / "packs")) as server:
        probe = server.post(f"/admin/v1/targets/{CHAT}/test", {})
        assert (probe["ok"], probe["state"]) == (False, "not_installed")
        assert f"openhearth packs fetch {CHAT}" in str(probe["error"])


def test_preload_starts_what_is_installed(tmp_path: Path) -> None:
    environ = {"OPENHEARTH__ENGINES__PRELOAD": "true", "OPENHEARTH__ENGINES__CHAT": CHAT}
    with running(tmp_path / "data", **environ) as server:
        end = time.monotonic() + LOAD_S
        while not set(_states(server).values()) <= {"ready", "not_installed"} and time.monotonic() < end:
            time.sleep(0.1)
        states = _states(server)
        assert (states[CHAT], states["local-edit"]) == ("ready", "ready")
        assert "engine preloaded" in server.log()


def test_a_server_stops_at_once_while_it_preloads(tmp_path: Path) -> None:
    with running(tmp_path / "data", OPENHEARTH__ENGINES__PRELOAD="true") as server:
        server.process.terminate()
        assert server.process.wait(20) in (0, -signal.SIGTERM)
        assert "Traceback" not in server.log()


@pytest.fixture
def shallow() -> Iterator[Path]:
    """A folder in which the engine's socket lies: it would not fit below a test's usual long name."""
    with tempfile.TemporaryDirectory(prefix="oh") as folder:
        yield Path(folder)


def test_killing_an_engine_at_work_is_told_at_once_and_the_next_call_works(shallow: Path) -> None:
    with running(shallow, OPENHEARTH__ENGINES__CHAT=CHAT) as server:
        for has_begun in (True, False):
            address = server.url.removeprefix("http://")
            with closing(http.client.HTTPConnection(address, timeout=LOAD_S)) as connection:
                _ask_for_much(connection, server, stream=has_begun)
                pid = _at_work(server)
                answer = connection.getresponse() if has_begun else None
                begun = answer.readline() if answer else b""
                os.kill(pid, signal.SIGKILL)
                killed_at = time.monotonic()
                answer = answer or connection.getresponse()
                said = begun + answer.read()
            passed_s = time.monotonic() - killed_at
            assert passed_s < 10, passed_s  # a twentieth of a second where nothing else runs
            assert answer.status == (200 if has_begun else 502)
            assert b'"code":"upstream_disconnected"' in said
        short = {"model": CHAT, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 4}
        assert server.post("/v1/chat/completions", short)["object"] == "chat.completion"
        assert _engine(server)["restarts"] == 2
        page = server.get("/metrics")[2].decode()
        assert f'openhearth_engine_restarts_total{{engine="{CHAT}"}} 2.0' in page
        model = json.loads(server.get(f"/v1/models/{CHAT}")[2])
        assert (model["engine"]["state"], model["engine"]["restarts"]) == ("ready", 2)


def _ask_for_much(connection: http.client.HTTPConnection, server: Running, *, stream: bool) -> None:
    body = {"model": CHAT, "messages": [{"role": "user", "content": "Count from 1 to 1000."}], "max_tokens": 4000,
            "logit_bias": dict.fromkeys(ENDS, -100)}  # fmt: skip
    headers = {"authorization": f"Bearer {server.key}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps({**body, "stream": stream}), headers)


def _engine(server: Running) -> dict[str, object]:
    engines: list[dict[str, object]] = json.loads(server.get("/admin/v1/engines")[2])["data"]
    return next(engine for engine in engines if engine["name"] == CHAT)


def _at_work(server: Running) -> int:
    """The engine's process, caught with the request in its hands: it is asked itself, on its own socket."""
    end = time.monotonic() + LOAD_S
    while time.monotonic() < end:
        try:
            status, body = asyncio.run(get(str(server.data / "run" / f"{CHAT}.sock"), "/health", 5.0))
            if status == 200 and json.loads(body)["running"]:
                return int(str(_engine(server)["pid"]))
        except OSError:
            pass  # not there yet
        time.sleep(0.01)
    raise AssertionError(server.log())
